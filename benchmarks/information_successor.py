"""Where the training of a resident model on other latents begins: with the weights of the last one.

    PYTHONPATH=. python benchmarks/information_successor.py --model resident-1.safetensors \
        --music FOLDER ... --out start.safetensors

A whitening is free up to a rotation. Of those of the new frames (engine.information.audible_mel),
the one is taken whose latents are most like those that the model read before, by the orthogonal
solution of P. Schönemann ("A generalized solution of the orthogonal Procrustes problem", 1966), so
that the network's weights go on meaning what they meant. What it writes is for
`python -m engine.information.train --start`.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine import audio
from engine.information import audible_mel, checkpoints, dataset, log_mel
from engine.information.latent_kinds import AUDIBLE_MEL, LOG_MEL
from engine.information.log_mel import Whitening

EVERY = 5  # frames are enough


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--music", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    before = checkpoints.load(options.model)
    if before.latents != LOG_MEL:
        raise SystemExit(f"{options.model} reads {before.latents} latents: those need no successor")
    old, new = frames(options.music)
    start = replace(before, latents=AUDIBLE_MEL, whitening=aligned(new, before.whitening(old)))
    checkpoints.save(options.out, start, before.architecture)


def frames(music: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """The same moments of all recordings as they were read before, and as they are read now."""
    old, new = [], []
    for found in dataset.tracks(music):
        path = found.root + b"/" + found.relpath
        try:
            samples = log_mel.resampled(audio.decode(path, cap_s=dataset.CAP_SECONDS))
        except audio.AudioError as error:
            print(f"{os.fsdecode(path)} is left out: {error}", file=sys.stderr)
            continue
        old.append(log_mel.band_frames(samples)[::EVERY])
        new.append(audible_mel.frames(samples)[::EVERY])
    return np.concatenate(old), np.concatenate(new)


def aligned(frames: np.ndarray, wanted: np.ndarray) -> Whitening:
    """The whitening of frames [n, bands] whose latents are closest to `wanted` [n, dimensions]."""
    whitening = log_mel.fit_whitening(frames)
    latents = whitening(frames).astype(np.float64)
    left, _, right = np.linalg.svd(latents.T @ (wanted - wanted.mean(0)))
    return replace(whitening, projection=(whitening.projection @ (left @ right)).astype(np.float32))


if __name__ == "__main__":
    main()
