"""Train a model of information content: on folders of music, or on latents that a library keeps.

    python -m engine.information.train ~/Music --out DIR
    python -m engine.information.train --latents LIBRARY/latents/1a2b3c4d --out DIR

The first learns from log-mel frames, and needs nothing else. The second learns from Music2Latent's
latents, which `precompute.py --keep-latents` leaves in the library, and its model needs that codec.
A model of one's own says what is surprising for one's own collection.

An interrupted run goes on where it stopped when the same command is given again; with larger
--steps, so does a finished one. DIR holds model.safetensors (the model for use, precompute.py
--ic-model takes it), log.tsv, state.pt (to go on from) and frames/ (the music as the model sees
it, which may be deleted).
"""

import argparse
import logging
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event

import torch

from engine.console import Console
from engine.information import checkpoints, dataset, log_mel, material, training
from engine.information.training_progress import Shown

log = logging.getLogger(__name__)

# Without --steps: so many passes over all frames, within these bounds. On 10 hours of music the
# loss held out was 1.17 after 240 steps, 0.91 after 520, 0.87 after 1,000 and 0.84 after 2,000.
PASSES, FEWEST_STEPS, MOST_STEPS = 20, 500, 4_000
WHITENED = 1_000_000  # frames, at least, that a whitening is fitted to where there are more
BY_HEART = 1.01  # a loss held out that has risen so far above its lowest is told


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.folders) == bool(options.latents):
        parser.error("give folders of music, or --latents DIR")
    if options.latents and (options.validation or options.variants):
        parser.error("--validation and --variants are for folders of music, not for --latents")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        _check(options)
        learned = _material(options)
        trainer = _trainer(options, learned)
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
    shown = Shown(sys.stderr, trainer.settings.steps, trainer.step)
    with closing(shown), _until_signalled() as is_stopped:
        training.train(
            trainer,
            learning,
            learned.validation,
            options.out,
            card,
            options.every,
            is_stopped,
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
    command = ["python", "precompute.py", *music, "--ic-model", options.out / training.MODEL]
    log.info("To use the model: %s", shlex.join(str(part) for part in command))


@contextmanager
def _until_signalled() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or a request to end has come meanwhile: a step is finished, and saved."""
    stopped = Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped.is_set
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


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
        help=f"music that is only listened to (default: every {material.HELD_OUT}th track)")
    add("--head", choices=(checkpoints.FLOW, checkpoints.MIXTURE), default=defaults.kind,
        help="how the next frame is predicted; a mixture of Gaussians has no noise levels")
    add("--size", choices=tuple(training.TRUNKS), default=training.SMALL,
        help="of the model; the published one takes some ten times as long")
    add("--steps", type=int,
        help=f"default: {PASSES} passes over the music, {FEWEST_STEPS} to {MOST_STEPS}")
    add("--hours", type=float, default=material.HOURS,
        help="of music that is learned, of more a part (default %(default)s)")
    add("--batch", type=int, default=defaults.batch, help="crops of 48 s a step")
    add("--rate", type=float, default=defaults.rate, help="of learning")
    add("--noise", type=float, default=defaults.noise,
        help="standard deviation of what is added to latents: bounds the density (%(default)s)")
    add("--seed", type=int, default=defaults.seed)
    add("--variants", type=int,
        help="in which each track is learned: its own pitch, and shifted ones "
        f"(default {len(dataset.SEMITONES)})")
    add("--precision", choices=("float32", "bfloat16"), default="float32")
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
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"{options.out} is a file: --out is for a folder")
    numbers = {"steps": options.steps, "batch": options.batch, "hours": options.hours}
    for name, number in numbers.items():
        if number is not None and number <= 0:
            raise ValueError(f"--{name} {number}: it must be more than 0")
    try:
        torch.empty(0, device=options.device)
    except (RuntimeError, AssertionError) as error:  # as torch says that there is no such device
        raise ValueError(f"the device {options.device} cannot be used: take cpu") from error


def _material(options: argparse.Namespace) -> material.Material:
    """Raises ValueError."""
    if options.latents:
        return material.of_latents(options.latents, options.hours)
    return material.of_music(
        options.folders,
        options.validation,
        options.out / "frames",
        options.variants or len(dataset.SEMITONES),
        options.hours,
        Console(sys.stderr),
    )


def _trainer(options: argparse.Namespace, learned: material.Material) -> training.Trainer:
    architecture = {
        **training.TRUNKS[options.size],
        **training.HEADS[options.size][options.head],
    }
    if (options.out / training.STATE).exists():
        changed = {} if options.steps is None else {"steps": options.steps}
        trainer = training.Trainer.resume(options.out, options.device, **changed)
        known = trainer.settings
        asked = (options.head, learned.latents, architecture, options.seed)
        if (known.kind, known.latents, dict(known.architecture), known.seed) != asked:
            raise ValueError(f"{options.out} holds a run with other settings: take another --out")
        return trainer
    settings = training.Settings(
        kind=options.head,
        latents=learned.latents,
        architecture=architecture,
        steps=options.steps or 0,
        batch=options.batch,
        rate=options.rate,
        noise=options.noise,
        seed=options.seed,
        precision=options.precision,
    )
    frames = learned.learning.values
    if not settings.steps:
        usual = round(PASSES * len(frames) / (settings.batch * settings.crop))
        settings = replace(settings, steps=min(MOST_STEPS, max(FEWEST_STEPS, usual)))
    whitening = None
    if learned.latents == checkpoints.LOG_MEL:
        whitening = log_mel.fit_whitening(frames[:: max(1, len(frames) // WHITENED)])
    return training.Trainer(settings, whitening, options.device)


if __name__ == "__main__":
    sys.exit(main())
