"""What 30 s of music cost on one core: each part of the resident model, and of the published ones.

    python -m benchmarks.information_cost FOLDER_OF_MUSIC [--clips 8]

The published models have random weights here, which cost what the real ones do. Processor seconds
of one thread, the median over the clips, after one that is not counted; then how far the latents of
Music2Latent's encoder are from those in float64, for its settings. Prints Markdown.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from engine import audio
from engine.information import audible_mel, checkpoints, latent_kinds, log_mel, systems
from engine.information.checkpoints import Checkpoint
from engine.information.codec import SAMPLE_RATE, Codec, latent_frames, spectrogram
from engine.information.dataset import tracks
from engine.information.flow import FlowModel
from engine.information.mixture import MixtureModel
from engine.information.model import InformationModel, Noise
from engine.information.music2latent import PER_LATENT, SIGMA_RESCALE, Music2Latent
from engine.information.music2latent_layers import GroupNorm

SECONDS = 30.0
EXCERPT = 8  # s, of which the exact latents are computed
PUBLISHED_TRUNK = {"dim": 256, "depth": 12, "heads": 8}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("music", type=Path)
    parser.add_argument("--clips", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = tracks([options.music])[: options.clips + 1]
    clips = [audio.decode(track.root + b"/" + track.relpath, span_s=SECONDS) for track in found]
    samples = [log_mel.resampled(clip) for clip in clips]
    rows = {
        "resident: mel frames": per_clip(audible_mel.frames, samples),
        "resident: transformer and flow": per_clip(*resident(samples)),
    }
    for name, model in published().items():
        latents = [np.random.default_rng(0).standard_normal((323, 64), np.float32)] * len(clips)
        rows[f"{name}: transformer and likelihood"] = per_clip(model, latents)
    for name, coder in encoders().items():
        rows[f"gmm and pa-flow: Music2Latent in {name}"] = per_clip(coder.encode, samples[:3])
    print("| part | processor seconds |\n| --- | --- |")
    for name, seconds in rows.items():
        print(f"| {name} | {seconds:.2f} |")
    print(f"\n| setting | RMS error over {EXCERPT} s, standard deviations |\n| --- | --- |")
    for name, errors in accuracy([one[: EXCERPT * SAMPLE_RATE] for one in samples[:4]]).items():
        print(f"| {name} | {min(errors):.2g} to {max(errors):.2g} |")


def encoders() -> dict[str, Codec]:
    """Music2Latent's encoder with the same random weights: as it is used, and otherwise."""

    def codec(precision: torch.dtype) -> Codec:
        torch.manual_seed(0)
        return Codec(Music2Latent(False), latent_kinds.MUSIC2LATENT, precision=precision)

    usual, other = codec(torch.float32), codec(torch.float32)
    other._network.to(memory_format=torch.contiguous_format)
    return {
        "float32": usual,
        "bfloat16": codec(torch.bfloat16),
        "float32, default memory layout": other,
    }


def accuracy(samples: list[np.ndarray]) -> dict[str, list[float]]:
    """Setting → for each clip, the root mean square of the latents' error, in standard deviations
    of the exact ones, which are computed in float64."""
    coders = encoders()
    plain = encoders()["float32"]
    for layer in plain._network.modules():
        if isinstance(layer, GroupNorm):
            layer.__class__ = torch.nn.GroupNorm
    coders["float32, channels last, PyTorch's own group norm"] = plain
    exact = copy.deepcopy(coders["float32"]._network).double()
    errors: dict[str, list[float]] = {name: [] for name in coders}
    for one in samples:
        whole = spectrogram(torch.from_numpy(one).double())[None]
        windows = latent_frames(len(one)) * PER_LATENT
        with torch.inference_mode():
            truth = exact.encoder(whole[..., :windows])[0].T.numpy() / SIGMA_RESCALE
        for name, coder in coders.items():
            error = coder.encode(one) - truth
            errors[name].append(float(np.sqrt(np.mean(error**2)) / truth.std()))
    return errors


def resident(samples: list[np.ndarray]) -> tuple[Callable, list[np.ndarray]]:
    """The shipped model at work, and what it reads of the clips."""
    model = InformationModel(checkpoints.load(systems.SHIPPED))
    latents = [model.latents_of(audible_mel.frames(clip)) for clip in samples]
    return lambda one: model.information([one], Noise()), latents


def published() -> dict[str, Callable]:
    """The two published models with random weights, one sequence at a time."""
    flow = FlowModel(64, 4600, **PUBLISHED_TRUNK)
    for block in flow.diff_mlp.layers:  # which start as zeros, and would cost as much
        torch.nn.init.normal_(block.ff.to_out.weight, std=0.02)
    kinds = {
        "pa-flow": Checkpoint(flow.eval(), checkpoints.FLOW, latent_kinds.NOISE_AUGMENTED),
        "gmm": Checkpoint(
            MixtureModel(64, 32, 4600, **PUBLISHED_TRUNK).eval(),
            checkpoints.MIXTURE,
            latent_kinds.MUSIC2LATENT,
        ),
    }
    models = {name: InformationModel(checkpoint) for name, checkpoint in kinds.items()}
    return {
        name: lambda one, model=model: model.information([one], Noise())
        for name, model in models.items()
    }


def per_clip(work: Callable, inputs: list[np.ndarray]) -> float:
    """Processor seconds, the median over all inputs but the first."""
    taken = []
    for one in inputs:
        started = time.process_time()
        work(one)
        taken.append(time.process_time() - started)
    return statistics.median(taken[1:])


if __name__ == "__main__":
    main()
