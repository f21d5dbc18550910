"""What trained models of information content are worth, on music that they never heard.

    PYTHONPATH=. python benchmarks/information_quality.py --model flow/model.safetensors \
        mixture/model.safetensors --training FOLDER ... --held-out FOLDER ... --work DIR \
        [--markdown FILE] [--claims-only]

Nats per frame; whether a repeated phrase informs less; whether a foreign, a transposed or a
shuffled phrase informs more; at several noise levels; all next to two baselines. How far the
seed of the estimate, and that of the training (several models of one kind), matter. And whether
claims hold that were published of another model, about loudness, timbre and sections. Intervals are
95 %, by bootstrap over pieces: the stems of a song are drawn together. Models of mel frames as they
are heard only (engine.information.audible_mel), with one whitening: others have no common scale.
Takes half an hour for a model and 100 clips on one core. Writes DIR/quality.json. --claims-only
measures the claims, and takes all other figures from there.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from benchmarks import information_clips as clips
from benchmarks import information_quality_claims as claims
from benchmarks import information_quality_claims_report as claims_report
from benchmarks import information_quality_sections as sections
from benchmarks import information_report as report
from benchmarks import information_statistics as statistics
from benchmarks.information_quality_claims import Heard
from engine import audio
from engine.information import audible_mel, checkpoints, dataset, log_mel
from engine.information.checkpoints import Checkpoint
from engine.information.curve import FRAMES_PER_SECOND
from engine.information.latent_kinds import AUDIBLE_MEL
from engine.information.model import InformationModel, Noise

LONGEST = 1938  # frames of a track, 180 s
LEVELS = (0.0, 0.3, 0.5, 0.7)
SETTLE = statistics.ORDER  # frames after a cut, which are surprising for the cut
ESTIMATES = 4  # seeds
GAUSSIAN, AUTOREGRESSION = "Gaussian", "autoregression"

# Latents of each sequence [T, D], and noise levels → information of each, [levels, T].
Informed = Callable[[Sequence[np.ndarray], tuple[float, ...]], list[np.ndarray]]


@dataclass(frozen=True, eq=False)
class System:
    """A model or a baseline."""

    levels: tuple[float, ...]
    information: Informed


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The music that is listened to, and the places of clips in it."""

    tracks: list[clips.Track]
    places: list[clips.Place]
    pieces: np.ndarray  # of each track: stems of one song have one number

    @property
    def starts(self) -> list[np.ndarray]:
        return [track.latents[:LONGEST] for track in self.tracks]

    @property
    def groups(self) -> np.ndarray:
        """The piece of each clip."""
        return self.pieces[[place.track for place in self.places]]


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    loaded = {name_of(path): checkpoints.load(path) for path in options.model}
    if len(loaded) < len(options.model):
        raise SystemExit("Models of the same name: give them different folders.")
    reader = common_reader(loaded)
    cache = options.work / "frames"
    read = dataset.read(dataset.tracks(options.training), cache)
    learned = [reader(read.recording(number))[:LONGEST] for number in range(len(read.lengths))]
    heard = long_enough(options.held_out, cache)
    kept = options.work / "quality.json"
    if options.claims_only:
        results = figures_of(kept, loaded)
    else:
        tracks = [track_of(one, reader) for one in heard]
        places = clips.places([len(one.latents) for one in tracks], options.clips)
        results = measured(loaded, learned, HeldOut(tracks, places, claims.pieces_of(heard)))
    results["claims"] = claimed(recordings(heard, reader, systems_of(loaded, learned)))
    kept.write_text(json.dumps(results, indent=1))
    text = report.markdown(results) + claims_report.markdown(results["claims"])
    if options.markdown is not None:
        options.markdown.write_text(text)
    print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, nargs="+", required=True)
    parser.add_argument("--training", type=Path, nargs="+", required=True, help="for baselines")
    parser.add_argument("--held-out", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the figures as tables")
    parser.add_argument("--claims-only", action="store_true", help="keep the other figures")
    return parser


def figures_of(kept: Path, loaded: dict[str, Checkpoint]) -> dict[str, object]:
    """What was measured before; ends the program where that was of other models."""
    if not kept.is_file():
        raise SystemExit(f"{kept} is not there: run without --claims-only first.")
    results = json.loads(kept.read_text())
    cards = {name: one["card"] for name, one in results["models"].items()}
    if cards != {name: checkpoint.card for name, checkpoint in loaded.items()}:
        raise SystemExit(f"{kept} is of other models: run without --claims-only.")
    if "pieces" not in results["held out"]:
        raise SystemExit(f"{kept} has intervals over tracks: run without --claims-only.")
    return results


def name_of(path: Path) -> str:
    """The file's name, or that of its folder where all files are called alike."""
    return path.resolve().parent.name if path.stem == "model" else path.stem


def common_reader(loaded: dict[str, Checkpoint]) -> Callable[[np.ndarray], np.ndarray]:
    """What all models make of mel energies; ends the program where they differ."""
    if any(checkpoint.latents != AUDIBLE_MEL for checkpoint in loaded.values()):
        raise SystemExit("These models read other frames: measure them with the version of theirs.")
    readers = [checkpoint.whitening for checkpoint in loaded.values()]
    first = readers[0]
    if not all(np.array_equal(each.projection, first.projection) for each in readers):
        raise SystemExit("These models read different latents: measure them one by one.")
    return lambda energies: first(
        audible_mel.heard(energies, audible_mel.inner_noise(len(energies)))
    )


def long_enough(folders: Sequence[Path], cache: Path) -> list[Heard]:
    """Every recording that is long enough for clips, with the frames of all its variants."""
    heard = []
    for found in dataset.tracks(folders):
        try:
            frames = dataset.read([found], cache, len(dataset.SEMITONES))
        except ValueError:  # said in the log, or a jingle
            continue
        if frames.lengths[0] >= clips.LENGTH:
            sound = audio.decode(found.root + b"/" + found.relpath, cap_s=dataset.CAP_SECONDS)
            heard.append(Heard(found, frames, log_mel.band_frames(log_mel.resampled(sound))))
    return heard


def track_of(one: Heard, reader: Callable[[np.ndarray], np.ndarray]) -> clips.Track:
    plain = one.frames.recording(0)
    raised = one.frames.recording(dataset.SEMITONES.index(clips.TRANSPOSED))
    return clips.Track(reader(plain), reader(raised), clips.bar_length(one.bands))


def measured(
    loaded: dict[str, Checkpoint], learned: list[np.ndarray], held_out: HeldOut
) -> dict[str, object]:
    """All figures, ready for JSON."""
    systems = systems_of(loaded, learned)
    means = {name: track_means(one, held_out.starts) for name, one in systems.items()}
    frames = sum(len(track.latents) for track in held_out.tracks)
    return {
        "held out": {
            "tracks": len(held_out.tracks),
            "pieces": len(set(held_out.pieces.tolist())),
            "hours": frames / FRAMES_PER_SECOND / 3600,
            "clips": len(held_out.places),
        },
        "models": {
            name: {"kind": checkpoint.kind, "card": checkpoint.card}
            for name, checkpoint in loaded.items()
        },
        "nats per frame": nats(means, held_out.pieces),
        "repetition": {name: repetition(one, held_out) for name, one in systems.items()},
        "edits": {name: edits(one, held_out) for name, one in systems.items()},
        "seeds of the estimate": {
            name: seeds(checkpoint, held_out, means[name])
            for name, checkpoint in loaded.items()
            if checkpoint.kind == checkpoints.FLOW  # a mixture is computed, not estimated
        },
        "seeds of the training": training_seeds(loaded, means, held_out.pieces),
    }


def systems_of(loaded: dict[str, Checkpoint], learned: list[np.ndarray]) -> dict[str, System]:
    """The models and both baselines."""
    return {
        **{name: model(checkpoint) for name, checkpoint in loaded.items()},
        GAUSSIAN: baseline(statistics.gaussian(learned)),
        AUTOREGRESSION: baseline(statistics.autoregression(learned)),
    }


def model(checkpoint: Checkpoint, seed: int = 0) -> System:
    """A mixture has no noise levels."""
    levels = LEVELS if checkpoint.kind == checkpoints.FLOW else (0.0,)
    informed = InformationModel(checkpoint, seed=seed)
    return System(levels, lambda sequences, at: informed.information(sequences, Noise(at)))


def baseline(density: statistics.Density) -> System:
    """Its figures are the same at all noise levels, which scale what it was fitted to as well."""
    return System((0.0,), lambda sequences, _: [density(one)[None] for one in sequences])


def track_means(system: System, tracks: Sequence[np.ndarray]) -> np.ndarray:
    """Nats per frame of each track, from frame 8 on, which all systems predict."""
    found = system.information(tracks, (0.0,))
    return np.array([one[0, statistics.ORDER :].mean() for one in found])


def nats(means: dict[str, np.ndarray], groups: np.ndarray) -> dict[str, dict]:
    """Means over tracks, of a model less each baseline too, and the share of tracks it wins."""
    rows = {}
    for name, values in means.items():
        rows[name] = {"mean": statistics.mean(values, groups)}
        for other in (GAUSSIAN, AUTOREGRESSION):
            if name in (GAUSSIAN, AUTOREGRESSION):
                continue
            better = (values < means[other]).astype(float)
            rows[name][f"less {other}"] = statistics.mean(values - means[other], groups)
            rows[name][f"tracks better than {other}"] = statistics.mean(better, groups)
    return rows


def repetition(system: System, held_out: HeldOut) -> dict[str, dict]:
    """A phrase heard again less its first hearing, and less what really follows there."""
    pairs = [clips.repeated(held_out.tracks, place) for place in held_out.places]
    again, continued = (
        system.information([pair[number] for pair in pairs], system.levels) for number in (0, 1)
    )
    first_frames = slice(clips.BEFORE + SETTLE, clips.BEFORE + clips.PHRASE)
    second_start = clips.BEFORE + clips.PHRASE + clips.BETWEEN
    second_frames = slice(second_start + SETTLE, second_start + clips.PHRASE)
    rows = {}
    for row, level in enumerate(system.levels):
        first = np.array([one[row, first_frames].mean() for one in again])
        second = np.array([one[row, second_frames].mean() for one in again])
        other = np.array([one[row, second_frames].mean() for one in continued])
        # A baseline tells the two hearings apart by rounding only.
        lower = (second < first - 1e-6 * np.abs(first)).astype(float)
        rows[str(level)] = {
            "share of clips with less": statistics.mean(lower, held_out.groups),
            "again less first": statistics.mean(second - first, held_out.groups),
            "continuation less first": statistics.mean(other - first, held_out.groups),
        }
    return rows


def edits(system: System, held_out: HeldOut) -> dict[str, dict]:
    """How well the rise after an edit tells edited clips from clean ones, and by how many nats."""
    made = [clips.edits(held_out.tracks, place) for place in held_out.places]
    rows: dict[str, dict] = {}
    for kind in made[0]:
        chosen = [each[kind] for each in made]
        edited = rises(system, [(one.edited, one.seams) for one in chosen])
        clean = rises(system, [(one.clean, one.seams) for one in chosen])
        rows[kind] = {
            str(level): {
                "AUC": statistics.auc(edited[:, row], clean[:, row], held_out.groups),
                "nats": statistics.mean(edited[:, row] - clean[:, row], held_out.groups),
            }
            for row, level in enumerate(system.levels)
        }
    return rows


def rises(system: System, cut: Sequence[tuple[np.ndarray, tuple[int, ...]]]) -> np.ndarray:
    """Of clips with their seams, [clips, levels]."""
    found = system.information([clip for clip, _ in cut], system.levels)
    pairs = zip(found, cut, strict=True)
    return np.array([clips.rise(information, seams) for information, (_, seams) in pairs])


def seeds(
    checkpoint: Checkpoint, held_out: HeldOut, first: np.ndarray
) -> dict[str, statistics.Interval]:
    """Spread of tracks' means over seeds of the estimate, of which `first` are the first's."""
    starts = held_out.starts
    further = [track_means(model(checkpoint, seed), starts) for seed in range(1, ESTIMATES)]
    return statistics.spread(np.array([first, *further]), held_out.pieces)


def training_seeds(
    loaded: dict[str, Checkpoint], found: dict[str, np.ndarray], groups: np.ndarray
) -> dict[str, dict]:
    """Spread of tracks' means over models of one kind, and how alike they order the tracks."""
    rows = {}
    for kind in (checkpoints.FLOW, checkpoints.MIXTURE):
        names = [name for name, checkpoint in loaded.items() if checkpoint.kind == kind]
        if len(names) < 2:
            continue
        means = np.array([found[name] for name in names])
        ranks = [spearmanr(one, other).statistic for one, other in combinations(means, 2)]
        rows[kind] = {
            "models": names,
            **statistics.spread(means, groups),
            "lowest rank correlation": float(min(ranks)),
        }
    return rows


def recordings(
    heard: Sequence[Heard],
    reader: Callable[[np.ndarray], np.ndarray],
    systems: dict[str, System],
) -> list[claims.Recording]:
    """Whole recordings, with the information of each system, and of models less the Gaussian."""
    parts = [claims.sounding(one.bands) for one in heard]
    latents = [
        reader(one.frames.recording(0)[part]) for one, part in zip(heard, parts, strict=True)
    ]
    found = {name: one.information(latents, (0.0,)) for name, one in systems.items()}
    made = []
    bands = [one.bands[part] for one, part in zip(heard, parts, strict=True)]
    for part, piece, *curves in zip(bands, claims.pieces_of(heard), *found.values(), strict=True):
        information = {name: curve[0] for name, curve in zip(found, curves, strict=True)}
        for name in list(information):
            if name in (GAUSSIAN, AUTOREGRESSION):
                continue
            information[f"{name} less Gaussian"] = information[name] - information[GAUSSIAN]
        made.append(claims.Recording(part, information, int(piece)))
    return made


def claimed(made: Sequence[claims.Recording]) -> dict[str, object]:
    """All figures of the claims, ready for JSON."""
    longer = sections.long_enough(made)
    spans = {"frames": 1, "seconds": claims.SECOND}
    return {
        "recordings": len(made),
        "pieces": len(set(claims.pieces(made))),
        "size": claims.SECOND,
        "within recordings": {name: claims.correlations(made, n) for name, n in spans.items()},
        "between recordings": claims.between(made),
        "with sections": sections.counts(longer),
        "sections": {str(one): sections.compared(longer, one) for one in sections.SETTINGS},
        "thirds": {
            "all": sections.over_time(longer, False),
            f"without the last {sections.ENDING} s": sections.over_time(longer, True),
        },
    }


if __name__ == "__main__":
    main()
