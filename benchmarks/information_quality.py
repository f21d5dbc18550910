"""What a trained model of information content is worth, on music that it never heard.

    python benchmarks/information_quality.py --model model.safetensors --training FOLDER ... \
        --held-out FOLDER ... --work DIR

Nats per frame next to two baselines; whether a repeated phrase informs less; whether a foreign, a
transposed or a shuffled phrase informs more; at several noise levels; and how far the seed of the
estimate matters. Intervals are 95 %, by bootstrap over tracks or clips. Edits are made between
frames, which overlap by 23 ms. Writes DIR/quality.json.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from engine.information import checkpoints, dataset
from engine.information.dataset import Frames
from engine.information.model import InformationModel, Noise

ORDER = 8  # of the autoregression
RIDGE = 1e-3  # of its normal equations, as a share of their mean diagonal
LONGEST = 1938  # frames of a track, 180 s
LEVELS = (0.0, 0.3, 0.5, 0.7)
BEFORE, PHRASE, BETWEEN = 108, 86, 54  # frames: 10, 8 and 5 s
SHORTEST = 2 * (BEFORE + PHRASE + BETWEEN)  # frames of a track that is used
AFTER = 6  # frames after an edit that should be surprising
TRANSPOSED = 2  # semitones: one of the data set's variants
BOOTSTRAPS = 2000
SEEDS = 4

random = np.random.default_rng(0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--training", type=Path, nargs="+", required=True)
    parser.add_argument("--held-out", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = checkpoints.load(options.model)
    model = InformationModel(checkpoint)
    cache = options.work / "frames"
    read = dataset.read(dataset.tracks(options.training), cache)
    learned = [track[:LONGEST] for track in whitened(model, read)]
    tracks = dataset.tracks(options.held_out)
    count = len(dataset.SEMITONES)
    variants = whitened(model, dataset.read(tracks, cache, count))
    pairs = list(
        zip(variants[::count], variants[dataset.SEMITONES.index(TRANSPOSED) :: count], strict=True)
    )
    held_out, transposed = zip(*(pair for pair in pairs if len(pair[0]) > SHORTEST), strict=True)
    results = {
        "card": checkpoint.card,
        "nats per frame": nats(model, learned, [track[:LONGEST] for track in held_out]),
        "seeds": seeds(checkpoint, [track[:LONGEST] for track in held_out]),
        "repetition": repetition(model, held_out, options.clips),
        "edits": edits(model, held_out, transposed, options.clips),
    }
    (options.work / "quality.json").write_text(json.dumps(results, indent=1))
    print(json.dumps(results, indent=1))


def whitened(model: InformationModel, frames: Frames) -> list[np.ndarray]:
    """Latents of every recording."""
    return [model.latents_of(frames.recording(n)) for n in range(len(frames.lengths))]


def interval(values: np.ndarray, statistic: Callable = np.mean) -> dict[str, float]:
    """A statistic of independent values, and its interval."""
    draws = random.integers(0, len(values), (BOOTSTRAPS, len(values)))
    low, high = np.quantile([statistic(values[draw]) for draw in draws], (0.025, 0.975))
    return {"value": float(statistic(values)), "low": float(low), "high": float(high)}


def nats(
    model: InformationModel, learned: list[np.ndarray], held_out: list[np.ndarray]
) -> dict[str, dict]:
    """Mean over tracks of each track's mean information, from frame 8 on for all three."""
    gaussian, autoregression = fit_gaussian(learned), fit_autoregression(learned)
    found = {
        "model": np.array([one[0, ORDER:].mean() for one in model.information(held_out)]),
        "Gaussian": np.array([gaussian(track[ORDER:]).mean() for track in held_out]),
        "autoregression": np.array([autoregression(track).mean() for track in held_out]),
    }
    rows = {name: interval(values) for name, values in found.items()}
    for name in ("Gaussian", "autoregression"):
        rows[f"model less {name}"] = interval(found["model"] - found[name])
        rows[f"tracks where the model beats {name}"] = interval(found["model"] < found[name])
    return rows


def fit_gaussian(learned: list[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """-log density of frames on their own."""
    frames = np.concatenate(learned).astype(np.float64)
    return normal(frames.mean(0), np.cov(frames, rowvar=False))


def fit_autoregression(learned: list[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """-log density of each frame from ORDER on, as a linear function of the ORDER before it."""
    past = np.concatenate([lagged(track) for track in learned if len(track) > ORDER])
    now = np.concatenate([track[ORDER:] for track in learned if len(track) > ORDER])
    gram = past.T @ past
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    weights = np.linalg.solve(gram.astype(np.float64), (past.T @ now).astype(np.float64))
    residual = now - past @ weights
    density = normal(residual.mean(0), np.cov(residual, rowvar=False))
    return lambda track: density(track[ORDER:] - lagged(track) @ weights)


def lagged(track: np.ndarray) -> np.ndarray:
    """The ORDER frames before each frame from ORDER on, and 1."""
    parts = [track[ORDER - lag : len(track) - lag] for lag in range(1, ORDER + 1)]
    return np.concatenate((*parts, np.ones((len(track) - ORDER, 1), np.float32)), axis=1)


def normal(mean: np.ndarray, covariance: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    root = np.linalg.cholesky(covariance)
    constant = np.log(np.diag(root)).sum() + 0.5 * len(mean) * np.log(2 * np.pi)
    return lambda x: constant + 0.5 * (np.linalg.solve(root, (x - mean).T) ** 2).sum(0)


def seeds(checkpoint: checkpoints.Checkpoint, held_out: list[np.ndarray]) -> dict[str, float]:
    """Spread of a track's mean over seeds of the estimate, and of the means over tracks."""
    means = np.array(
        [
            [np.nanmean(one) for one in InformationModel(checkpoint, seed=s).information(held_out)]
            for s in range(SEEDS)
        ]
    )
    within = float(means.std(0, ddof=1).mean())
    return {"within a track": within, "between tracks": float(means.mean(0).std(ddof=1))}


def repetition(model: InformationModel, held_out: list[np.ndarray], clips: int) -> dict[str, dict]:
    """A phrase, what follows it in the track, and the phrase again: second less first hearing."""
    length = BEFORE + PHRASE + BETWEEN
    sequences = []
    for track, start in places(held_out, length, clips):
        clip = track[start : start + length]
        sequences.append(np.concatenate((clip, clip[BEFORE : BEFORE + PHRASE])))
    rows = {}
    for row, level in zip(by_level(model, sequences), LEVELS, strict=True):
        # The first frames after a cut are surprising for the cut, not for the phrase.
        first = row[:, BEFORE + AFTER : BEFORE + PHRASE].mean(1)
        second = row[:, length + AFTER :].mean(1)
        rows[str(level)] = {
            "nats per frame": interval(second - first),
            "share of clips with less": interval(second < first),
        }
    return rows


def edits(
    model: InformationModel, held_out: list[np.ndarray], transposed: list[np.ndarray], clips: int
) -> dict[str, dict]:
    """How well the rise after an edit tells edited from untouched clips: area under the curve."""
    length = BEFORE + PHRASE
    kinds: dict[str, list[np.ndarray]] = {"none": []}
    for number, (track, start) in enumerate(places(held_out, length, clips)):
        clip = track[start : start + length]
        begun, rest = clip[:BEFORE], clip[BEFORE:]
        own = next(n for n, each in enumerate(held_out) if each is track)
        other = held_out[(own + 1 + number % (len(held_out) - 1)) % len(held_out)]
        kinds["none"].append(clip)
        foreign = random.integers(0, len(other) - PHRASE)
        add(kinds, "foreign phrase", begun, other[foreign : foreign + PHRASE])
        jumped = random.integers(0, len(track) - PHRASE)
        add(kinds, "elsewhere in the track", begun, track[jumped : jumped + PHRASE])
        # A variant that is higher is faster: the same moment comes earlier.
        moment = round((start + BEFORE) / 2 ** (TRANSPOSED / 12))
        raised = transposed[own][moment : moment + PHRASE]
        filled = np.concatenate((raised, rest))[:PHRASE]
        add(kinds, "transposed phrase", begun, filled)
        quarters = np.array_split(rest, 4)
        shuffled = [quarters[place] for place in (2, 0, 3, 1)]  # none is where it was, or in turn
        add(kinds, "shuffled quarters", begun, np.concatenate(shuffled))
    rises = {kind: rise(model, sequences) for kind, sequences in kinds.items()}
    return {
        kind: {str(level): auc(values[row], rises["none"][row]) for row, level in enumerate(LEVELS)}
        for kind, values in rises.items()
        if kind != "none"
    }


def add(kinds: dict[str, list], kind: str, begun: np.ndarray, rest: np.ndarray) -> None:
    kinds.setdefault(kind, []).append(np.concatenate((begun, rest)))


def rise(model: InformationModel, sequences: list[np.ndarray]) -> np.ndarray:
    """Mean information after the edit less that before, [levels, clips]."""
    found = np.stack(by_level(model, sequences))
    after = found[:, :, BEFORE : BEFORE + AFTER].mean(-1)
    return after - found[:, :, BEFORE // 2 : BEFORE].mean(-1)


def by_level(model: InformationModel, sequences: list[np.ndarray]) -> np.ndarray:
    """Information of sequences of one length, [levels, clips, frames]."""
    return np.stack(model.information(sequences, Noise(LEVELS)), axis=1)


def places(held_out: list[np.ndarray], length: int, clips: int) -> list[tuple[np.ndarray, int]]:
    """Tracks in turn, each with a random start of a clip."""
    chosen = [held_out[number % len(held_out)] for number in range(clips)]
    return [(track, int(random.integers(0, len(track) - length))) for track in chosen]


def auc(edited: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """Probability that an edited clip rises more than its untouched neighbour in a random pair."""
    clips = np.stack((edited, clean), axis=1)
    return interval(clips, lambda pairs: (pairs[:, :1] > pairs[None, :, 1]).mean())


if __name__ == "__main__":
    main()
