"""Train a model of information content: on folders of music, or on latents that a library keeps.

    python -m engine.information.train ~/Music --out DIR
    python -m engine.information.train --latents LIBRARY/latents/1a2b3c4d-2 --out DIR

The first learns from mel frames, and needs nothing else. The second learns from Music2Latent's
latents, which `precompute.py --keep-latents` leaves in the library, and its model needs that codec.
A model of one's own says what is surprising for one's own collection.

An interrupted run goes on where it stopped when the same command is given again; with larger
--steps, so does a finished one. Other settings are refused, and other music is told. DIR holds
model.safetensors (the model for use, precompute.py --ic-model takes it), log.tsv, state.pt (to go
on from) and frames/ (the music as the model sees it, which may be deleted).
"""

# ruff: noqa: E402 - Ctrl-C is to be met in one line while the modules are loaded, too
from engine.stopping import end_on_ctrl_c, raise_on_ctrl_c, stopped_by_signals

INTERRUPTED = 130
NOT_BEGUN = "Interrupted before the training began: what was read is kept."

if __name__ == "__main__":
    end_on_ctrl_c(NOT_BEGUN)

import argparse
import logging
import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import torch

from engine import models, shell
from engine.console import Console
from engine.information import (
    audible_mel,
    checkpoints,
    dataset,
    latent_cache,
    latent_kinds,
    log_mel,
    material,
    systems,
    training,
)
from engine.information.precision import PRECISIONS, imitated
from engine.information.training_progress import Shown

log = logging.getLogger(__name__)

# Without --steps: so many passes over all frames, within these bounds. On 10 hours of music the
# loss held out was 1.17 after 240 steps, 0.91 after 520, 0.87 after 1,000 and 0.84 after 2,000.
PASSES, FEWEST_STEPS, MOST_STEPS = 20, 500, 4_000
WHITENED = 200_000  # frames, at least, that a whitening is fitted to where there are more
KEPT = ("start",)  # of the card of a run that is gone on with
LAST_SEED = 2**31 - 1  # with the number of a step, it makes a seed of 64 bits
BY_HEART = 1.01  # a loss held out that has risen so far above its lowest is told


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0, 2 when nothing could be begun, 130 on Ctrl-C.

    Ctrl-C during the training ends it after its step, with 0.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.folders) == bool(options.latents):
        parser.error("give folders of music, or --latents DIR")
    if options.latents and (options.validation or options.variants):
        parser.error("--validation and --variants are for folders of music, not for --latents")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        raise_on_ctrl_c()
        _check(options)
        trainer = _resumed(options)
        learned = _material(options, {} if trainer is None else trainer.card)
        if trainer is None:
            trainer = _begun(options, learned)
        else:
            learned.notes.update(
                {name: trainer.card[name] for name in KEPT if name in trainer.card}
            )
            _tell_other_music(trainer.card, learned.notes)
    except KeyboardInterrupt:
        log.error(NOT_BEGUN)
        return INTERRUPTED
    except ValueError as error:
        log.error("%s.", error)
        return 2
    _learn(trainer, learned, options)
    _tell(trainer, options)
    return 0


def _learn(
    trainer: training.Trainer, learned: material.Material, options: argparse.Namespace
) -> None:
    learning = learned.learning
    log.info(
        "%.1f hours of music in %d recordings; %d steps, %d done",
        learned.seconds / 3600,
        len(learning.lengths),
        trainer.settings.steps,
        trainer.step,
    )
    card = {
        **learned.notes,
        "settings": asdict(trainer.settings),
        "frames": len(learning.values),
        "recordings": len(learning.lengths),
    }
    if warning := imitated(trainer.settings.precision, trainer.device):
        log.warning("%s", warning)
    shown = Shown(sys.stderr, trainer.settings.steps, trainer.step)
    stopped = Event()  # a step is finished then, and saved
    with closing(shown), stopped_by_signals(stopped.set):
        training.train(
            trainer,
            learning,
            learned.validation,
            options.out,
            card,
            options.every,
            stopped.is_set,
            shown,
        )


def _tell(trainer: training.Trainer, options: argparse.Namespace) -> None:
    """What has come of it, and what can be done with it."""
    steps = trainer.settings.steps
    if trainer.step < steps:
        log.info("Stopped at step %d of %d: the same command goes on.", trainer.step, steps)
    else:
        log.info("All %d steps are done; with larger --steps the run goes on.", steps)
    found = training.best(options.out)
    if found is not None and found[2] > BY_HEART * found[1]:
        log.info(
            "Music held out was predicted best at step %d: since then, the model learns the "
            "recordings by heart. More music, or --steps %d and another --out, would do better.",
            found[0],
            found[0],
        )
    music = options.folders or ["MUSIC", "--library", options.latents.parent.parent]
    command = shell.program("precompute.py", *music, "--ic-model", options.out / training.MODEL)
    log.info("To use the model: %s", command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine.information.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, defaults = parser.add_argument, training.Settings()
    # fmt: off
    add("folders", nargs="*", type=Path, metavar="FOLDER", help="music to learn")
    add("--latents", type=Path, metavar="DIR", help="a folder of a library's latents, in place of")
    add("--out", type=Path, required=True, metavar="DIR", help="results")
    add("--validation", nargs="+", type=Path, default=[], metavar="FOLDER",
        help=f"music that is only listened to (default: 1 track in {material.HELD_OUT}, in whole "
        "folders if there are enough)")
    add("--head", choices=(checkpoints.FLOW, checkpoints.MIXTURE),
        help=f"how the next frame is predicted (default {defaults.kind}); a mixture of Gaussians "
        "has no noise levels")
    add("--size", choices=tuple(training.TRUNKS),
        help=f"of the model (default {training.SMALL}); the published one takes some ten times "
        "as long")
    add("--start", metavar="MODEL",
        help="begin with the weights of a model: resident, or a model.safetensors of your own; "
        "takes a fraction of the steps")
    add("--steps", type=int,
        help=f"default: {PASSES} passes over the music, {FEWEST_STEPS} to {MOST_STEPS}")
    add("--hours", type=float,
        help=f"of music that is learned, of more a part (default {material.HOURS:g})")
    add("--batch", type=int, help=f"crops of 48 s a step (default {defaults.batch})")
    add("--rate", type=float, help=f"of learning (default {defaults.rate:g})")
    add("--cooldown", type=float, metavar="SHARE",
        help="of the steps, the last ones, over which the rate falls to zero "
        f"(default {defaults.cooldown:g})")
    add("--noise", type=float,
        help="standard deviation of what is added to latents: bounds the density "
        f"(default {defaults.noise:g})")
    add("--seed", type=int, help=f"of all that is random (default {defaults.seed})")
    add("--variants", type=int,
        help="in which each track is learned: its own pitch, and shifted ones "
        f"(default {len(dataset.SEMITONES)})")
    add("--precision", choices=PRECISIONS,
        help=f"of products (default {defaults.precision})")
    add("--device", default="cpu", help="cpu or cuda")
    add("--threads", type=int, default=0, help="of the processor (0: all)")
    add("--every", type=float, default=300.0, help="seconds between savings")
    # fmt: on
    return parser


def _check(options: argparse.Namespace) -> None:
    """Raises ValueError for what cannot work."""
    for folder in (*options.folders, *options.validation):
        if not folder.exists():
            raise ValueError(f"there is no folder {folder}")
    if options.start and not _model_file(options.start).is_file():
        raise ValueError(f"there is no model {options.start} to start with")
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"{options.out} is a file: --out is for a folder")
    for name in ("steps", "batch", "hours", "rate", "every"):
        number = getattr(options, name)
        if number is not None and not 0 < number < math.inf:
            raise ValueError(f"--{name} {number}: it must be more than 0, and finite")
    if options.cooldown is not None and not 0 <= options.cooldown <= 1:
        raise ValueError(f"--cooldown {options.cooldown}: it must be from 0 to 1")
    if options.noise is not None and not 0 <= options.noise < math.inf:
        raise ValueError(f"--noise {options.noise}: it must be 0 or more, and finite")
    if options.seed is not None and not 0 <= options.seed <= LAST_SEED:
        raise ValueError(f"--seed {options.seed}: it must be from 0 to {LAST_SEED}")
    if options.threads < 0:
        raise ValueError(f"--threads {options.threads}: it must be 0 or more")
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        torch.empty(0, device=options.device)
    except (RuntimeError, AssertionError) as error:  # as torch says that there is no such device
        raise ValueError(f"the device {options.device} cannot be used: take cpu") from error


def _material(options: argparse.Namespace, before: Mapping[str, Any]) -> material.Material:
    """`before`: the card of the run that is gone on with. Raises ValueError."""
    hours = options.hours or before.get("hours", material.HOURS)
    if options.latents:
        return material.of_latents(options.latents, hours)
    return material.of_music(
        options.folders,
        options.validation,
        options.out / "frames",
        options.variants or before.get("variants", len(dataset.SEMITONES)),
        hours,
        Console(sys.stderr),
    )


def _architecture(size: str, head: str) -> dict[str, Any]:
    return {**training.TRUNKS[size], **training.HEADS[size][head]}


def _resumed(options: argparse.Namespace) -> training.Trainer | None:
    """The run that --out holds, if there is one. Raises ValueError if it has other settings.

    What the command line does not say stays as it was.
    """
    if not (options.out / training.STATE).exists():
        return None
    changed = {} if options.steps is None else {"steps": options.steps}
    trainer = training.Trainer.resume(options.out, options.device, **changed)
    known = trainer.settings
    sizes = [
        size
        for size in training.TRUNKS
        if _architecture(size, known.kind) == dict(known.architecture)
    ]
    if known.latents == latent_kinds.LOG_MEL:
        raise ValueError(
            f"{options.out} holds a run of an earlier version, whose model works as it is but "
            "cannot be trained on: take another --out"
        )
    latents = latent_kinds.AUDIBLE_MEL
    if options.latents:
        latents = latent_cache.About.read(options.latents).latents
    settings = {
        "--head": (options.head, known.kind),
        "--size": (options.size, sizes[0] if sizes else "unknown"),
        "--batch": (options.batch, known.batch),
        "--rate": (options.rate, known.rate),
        "--cooldown": (options.cooldown, known.cooldown),
        "--noise": (options.noise, known.noise),
        "--seed": (options.seed, known.seed),
        "--precision": (options.precision, known.precision),
        "latents": (latents, known.latents),
        "--start": (
            options.start and models.digest(_model_file(options.start)),
            trainer.card.get("start", "nothing"),
        ),
    }
    others = [
        f"{name} {had}" for name, (now, had) in settings.items() if now is not None and now != had
    ]
    if others:
        raise ValueError(
            f"{options.out} holds a run with other settings ({', '.join(others)}): take those, or "
            "take another --out"
        )
    return trainer


def _tell_other_music(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """A line for each part of the music that is not what the run had."""
    for name, value in now.items():
        if name in before and before[name] != value:
            words = [shlex.join(of) if isinstance(of, list) else of for of in (before[name], value)]
            log.warning("Before, %s was %s; the run goes on with %s.", name, *words)


def _begun(options: argparse.Namespace, learned: material.Material) -> training.Trainer:
    """Raises ValueError where --start names a model that cannot be begun with."""
    given = {
        name: value
        for name in ("batch", "rate", "cooldown", "noise", "seed", "precision")
        if (value := getattr(options, name)) is not None
    }
    start = _start(options, learned) if options.start else None
    if start is not None:
        head, architecture = start.kind, dict(start.architecture)
    else:
        head = options.head or training.Settings.kind
        architecture = _architecture(options.size or training.SMALL, head)
    settings = training.Settings(
        kind=head,
        latents=learned.latents,
        architecture=architecture,
        steps=options.steps or 0,
        **given,
    )
    frames = learned.learning.values
    if not settings.steps:
        usual = round(PASSES * len(frames) / (settings.batch * settings.crop))
        settings = replace(settings, steps=min(MOST_STEPS, max(FEWEST_STEPS, usual)))
    if start is not None:
        return training.Trainer.from_model(settings, start, options.device)
    whitening = None
    if learned.latents == latent_kinds.AUDIBLE_MEL:
        some = frames[:: max(1, len(frames) // WHITENED)]
        noise = audible_mel.random_noise(np.random.default_rng(settings.seed), len(some))
        whitening = log_mel.fit_whitening(audible_mel.heard(some, noise))
    return training.Trainer(settings, whitening, options.device)


def _start(options: argparse.Namespace, learned: material.Material) -> checkpoints.Checkpoint:
    """The model whose weights are begun with, noted on the card. Raises ValueError."""
    path = _model_file(options.start)
    try:
        start = checkpoints.load(path)
    except checkpoints.CheckpointError as error:
        raise ValueError(str(error).rstrip(".")) from error
    if start.latents != learned.latents:
        raise ValueError(f"{path} reads {start.latents} latents, and these are {learned.latents}")
    if options.head not in (None, start.kind) or options.size is not None:
        raise ValueError(f"--head and --size are those of {path}: leave them out")
    learned.notes["start"] = models.digest(path)
    return start


def _model_file(name: str) -> Path:
    return systems.SHIPPED if name == systems.RESIDENT else Path(name)


if __name__ == "__main__":
    sys.exit(main())
