"""Train a model of information content on folders of music.

    python -m engine.information.train FOLDER [FOLDER ...] --out DIR [--validation FOLDER ...]

An interrupted run goes on where it stopped when the same command is given again; with larger
--steps, so does a finished one. DIR holds model.safetensors (the model for use, precompute.py
--ic-model takes it), log.tsv, state.pt (to go on from) and frames/ (the music as the model sees
it, which may be deleted).
"""

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import torch

from engine.information import checkpoints, dataset, log_mel, training

log = logging.getLogger(__name__)

HELD_OUT = 10  # without --validation, one track in so many is kept from the training


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        learning, validation = _data(options)
        trainer = _trainer(options, learning)
    except ValueError as error:
        log.error("%s.", error)
        return 2
    card = {
        "training": [str(folder) for folder in options.folders],
        "validation": [str(folder) for folder in options.validation],
        "frames": len(learning.values),
        "recordings": len(learning.lengths),
    }
    log.info("%d frames of %d recordings", len(learning.values), len(learning.lengths))
    with _until_signalled() as is_stopped:
        training.train(trainer, learning, validation, options.out, card, options.every, is_stopped)
    log.info("%s: step %d", options.out / training.MODEL, trainer.step)
    return 0


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
    parser = argparse.ArgumentParser(prog="python -m engine.information.train")
    defaults = training.Settings()
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="music to learn")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="results")
    parser.add_argument(
        "--validation",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help=f"music that is only listened to (default: every {HELD_OUT}th track)",
    )
    heads = (checkpoints.FLOW, checkpoints.MIXTURE)
    parser.add_argument("--head", choices=heads, default=defaults.kind)
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--batch", type=int, default=defaults.batch, help="crops of 48 s a step")
    parser.add_argument("--rate", type=float, default=defaults.rate, help="of learning")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument(
        "--variants",
        type=int,
        default=len(dataset.SEMITONES),
        help="in which each track is learned: its own pitch, and shifted ones",
    )
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=0, help="of the processor (0: all)")
    parser.add_argument("--every", type=float, default=300.0, help="seconds between savings")
    return parser


def _data(options: argparse.Namespace) -> tuple[dataset.Frames, dataset.Frames]:
    """Frames for training and for validation. Raises ValueError."""
    found = dataset.tracks(options.folders)
    held = dataset.tracks(options.validation) if options.validation else found[::HELD_OUT]
    kept_out = {(track.root, track.relpath) for track in held}
    learned = [track for track in found if (track.root, track.relpath) not in kept_out]
    cache = options.out / "frames"
    learning = dataset.read(learned, cache, options.variants)
    return learning, dataset.read(held, cache)


def _trainer(options: argparse.Namespace, learning: dataset.Frames) -> training.Trainer:
    if (options.out / training.STATE).exists():
        trainer = training.Trainer.resume(options.out, options.device, steps=options.steps)
        if (trainer.settings.kind, trainer.settings.seed) != (options.head, options.seed):
            raise ValueError(f"{options.out} holds a run with other settings: take another --out")
        return trainer
    settings = training.Settings(
        kind=options.head,
        architecture={**training.SMALL, **training.SMALL_HEADS[options.head]},
        steps=options.steps,
        batch=options.batch,
        rate=options.rate,
        seed=options.seed,
        precision=options.precision,
    )
    return training.Trainer(settings, log_mel.fit_whitening(learning.values), options.device)


if __name__ == "__main__":
    sys.exit(main())
