"""Music2Latent as a command: audio to latents, features, and back.

    python -m engine.information.latents encode   song.mp3 song.npy
    python -m engine.information.latents features song.mp3 song.npy
    python -m engine.information.latents decode   song.npy song.wav

Latents are float32 [T, 64], features float32 [T, 8192], 10.77 frames a second. Without --weights,
those of the variant are looked for where the models of information content have them.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from engine import audio
from engine.information import codec, log_mel, options, systems
from engine.information.checkpoints import CheckpointError
from engine.information.latent_kinds import MUSIC2LATENT, NOISE_AUGMENTED
from engine.information.precision import PRECISIONS, imitated

log = logging.getLogger(__name__)

# Of Music2Latent; the system whose codec it is, and its latents.
VARIANTS = {
    "original": (systems.GMM, MUSIC2LATENT),
    "noise-augmented": (systems.PA_FLOW, NOISE_AUGMENTED),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        coder = _coder(chosen)
        if chosen.action == "decode":
            latents = _latents(chosen.source)
            _write_wav(chosen.target, coder.decode(latents, chosen.steps, chosen.seed))
        else:
            samples = log_mel.resampled(audio.decode(chosen.source, cap_s=chosen.seconds))
            work = coder.encode if chosen.action == "encode" else coder.features
            with chosen.target.open("wb") as file:
                np.save(file, work(samples))
    except (CheckpointError, systems.SystemsError) as error:
        log.error("%s", error)
        return 1
    except (audio.AudioError, ArithmeticError, OSError, ValueError) as error:
        log.error("%s", error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine.information.latents",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    # fmt: off
    add("action", choices=("encode", "decode", "features"),
        help="audio to latents; latents to audio; audio to what enters the codec's bottleneck")
    add("source", type=Path, help="audio, or latents (.npy) to decode")
    add("target", type=Path, help=".npy, or .wav when decoding; written over if it is there")
    add("--variant", choices=VARIANTS, default="original",
        help="of the codec, whose latents differ: original (that gmm reads; default) or "
        "noise-augmented (pa-flow)")
    add("--weights", type=Path, metavar="FILE",
        help="a music2latent.pt, of either variant, in place of those found")
    add("--device", default=systems.AUTO,
        help="auto (default): a GPU where there is one; cpu, cuda, cuda:1 …")
    add("--precision", choices=PRECISIONS, default="float32",
        help="of the network's products (default: %(default)s)")
    add("--steps", type=options.count, default=1,
        help="of denoising, when decoding (default: %(default)s)")
    add("--seed", type=options.seed, default=0,
        help="of the noise, when decoding (default: %(default)s)")
    add("--seconds", type=options.seconds, default=audio.CAP_SECONDS,
        help="of longer files, the central part that is encoded (default: %(default)g)")
    # fmt: on
    return parser


def _coder(chosen: argparse.Namespace) -> codec.Codec:
    """Raises SystemsError, which says what brings weights that are not here; CheckpointError."""
    device, precision = systems.device_of(chosen.device), PRECISIONS[chosen.precision]
    if warning := imitated(chosen.precision, device):
        log.warning("%s", warning)
    if chosen.weights:
        return codec.load_codec(chosen.weights, device, precision)
    system, latents = VARIANTS[chosen.variant]
    _, file = systems.PUBLISHED[system]
    place, why = systems.find(file)
    if place is None:
        raise systems.SystemsError(f"{why}; or name a file with --weights.")
    coder = codec.load_codec(place, device, precision)
    if coder.latents != latents:  # both variants' files have one name
        raise systems.SystemsError(f"{place} is not the {chosen.variant} variant: name --weights.")
    return coder


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
