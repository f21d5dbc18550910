"""Music2Latent as a command: audio to latents, features, and back.

    python -m engine.information.latents encode   song.mp3    song.npy  --weights music2latent.pt
    python -m engine.information.latents features song.mp3    song.npy  --weights music2latent.pt
    python -m engine.information.latents decode   song.npy    song.wav  --weights music2latent.pt

Latents are float32 [T, 64], features float32 [T, 8192], 10.77 frames a second.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import torch

from engine import audio
from engine.information import codec, log_mel
from engine.information.checkpoints import CheckpointError

log = logging.getLogger(__name__)

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        coder = codec.load_codec(options.weights, options.device, PRECISIONS[options.precision])
        if options.action == "decode":
            latents = _latents(options.source)
            _write_wav(options.target, coder.decode(latents, options.steps, options.seed))
        else:
            samples = log_mel.resampled(audio.decode(options.source, cap_s=options.seconds))
            work = coder.encode if options.action == "encode" else coder.features
            with options.target.open("wb") as file:
                np.save(file, work(samples))
    except (CheckpointError, audio.AudioError, ArithmeticError, OSError, ValueError) as error:
        log.error("%s", error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.information.latents")
    parser.add_argument("action", choices=("encode", "decode", "features"))
    parser.add_argument("source", type=Path, help="audio, or latents (.npy) to decode")
    parser.add_argument("target", type=Path, help=".npy, or .wav when decoding")
    parser.add_argument("--weights", type=Path, required=True, help="music2latent.pt")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--steps", type=int, default=1, help="of denoising, when decoding")
    parser.add_argument("--seed", type=int, default=0, help="of the noise, when decoding")
    parser.add_argument(
        "--seconds",
        type=float,
        default=audio.CAP_SECONDS,
        help="of longer files, the central part that is encoded (default %(default)s)",
    )
    return parser


def _latents(path: Path) -> np.ndarray:
    """Raises ValueError unless the file holds numbers [T, 64]."""
    values = np.load(path, allow_pickle=False)
    if values.ndim != 2 or values.shape[1] != codec.DIMENSIONS or values.dtype.kind != "f":
        raise ValueError(f"{path} holds no latents [T, {codec.DIMENSIONS}]: {values.shape}")
    return values


def _write_wav(path: Path, samples: np.ndarray) -> None:
    with av.open(str(path), "w", format="wav") as out:
        stream = out.add_stream("pcm_s16le", rate=codec.SAMPLE_RATE, layout="mono")
        whole = np.round(samples * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = codec.SAMPLE_RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)


if __name__ == "__main__":
    sys.exit(main())
