"""How steady and how exact the tempo is, beside Essentia's RhythmExtractor2013.

    python benchmarks/tempo.py measure --kept FOLDER MUSIC [MUSIC ...] [--whole] [--limit N]
    python benchmarks/tempo.py report --kept FOLDER [--held-out WORD ...] [--write]

`measure` makes other forms of each piece (FORMS: codecs, rates, levels, rounding) and keeps the
beats that five trackers find in each, one file a piece: 30 s from the middle of every track, or
whole tracks. It goes on where it was stopped, and --limit takes so many tracks, evenly spread.
`report` makes an answer of the kept beats, by our rules and by Essentia's, so that others can be
tried without hearing anything again. --held-out names words in paths of music that no rule was
chosen on. --write renews TEMPO.md.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import sounds  # noqa: E402 - a module of the tests
import soxr  # noqa: E402

from engine import audio, demo, dsp, essentia_algorithms, rhythm  # noqa: E402

REPORT = Path(__file__).with_name("TEMPO.md")
RATE = rhythm.SAMPLE_RATE
CLIP_SECONDS = 30.0
WHOLE_SECONDS = (60.0, 300.0)  # of the tracks that are heard as a whole

REFERENCE = "ref"
# Name in the files → name in the report. The reference is rounded to 16 bits, as on a CD.
FORMS = {
    "float": "not rounded to 16 bits",
    "dither": "16 bits with dither",
    "noise90": "noise at -90 dB",
    "gain-6": "6 dB quieter",
    "gain+3": "3 dB louder",
    "48k": "48 kHz, 16 bits",
    "mp3_320": "MP3, 320 kbit/s",
    "mp3_128": "MP3, 128 kbit/s",
    "aac_256": "AAC, 256 kbit/s",
    "opus_128": "Opus, 128 kbit/s",
}
LATER = "shift"  # 10 ms of silence before it: not the same samples in another form, so kept apart
CODECS = {
    "mp3_320": (".mp3", "mp3", 320_000),
    "mp3_128": (".mp3", "mp3", 128_000),
    "aac_256": (".m4a", "aac", 256_000),
    "opus_128": (".opus", "libopus", 128_000),
}
BANDS = ((-1.0, 1.0), (1.0, 1.5), (1.5, 2.5), (2.5, 3.5), (3.5, 6.0))
TRUSTED = 1.5
CHANGES = (0.01, 0.04)  # of the tempo

# Tempo maps of Frets on Fire's songs (notes.mid beside each recording), and the tempi of Planet
# Blupi's MIDI files (package planetblupi-music-midi), from which its recordings were made.
TRUTHS = {
    "armygeddon/song.ogg": 170.0,
    "chaos_god/song.ogg": 170.0,
    "internal_degeneration/song.ogg": 190.0,
    "mutilated_mime/song.ogg": 180.0,
    "Escape from chaosland/song.ogg": 135.0,
    "Feelings/song.ogg": 95.0,
    "Metal madness/song.ogg": 150.0,
    "War of freedom/song.ogg": 140.0,
    "planetblupi-music-ogg/music004.ogg": 104.0,
    "planetblupi-music-ogg/music005.ogg": 128.98,
    "planetblupi-music-ogg/music006.ogg": 100.0,
    "planetblupi-music-ogg/music007.ogg": 140.06,
    "planetblupi-music-ogg/music008.ogg": 96.13,
    "planetblupi-music-ogg/music009.ogg": 119.05,
}
USUAL = ("noise90", "mp3_320")  # beside WAV and FLAC, which are the reference
CLICKS = range(40, 241)  # BPM
NOISES = 40


@dataclass(frozen=True)
class Answer:
    """A tempo in BPM, None where there is none, and its confidence."""

    bpm: float | None
    confidence: float


@dataclass(frozen=True)
class Piece:
    """What both sides made of one clip or track, by form."""

    path: str
    seconds: float
    whole: bool
    ours: dict[str, Answer]
    theirs: dict[str, Answer]  # by Essentia's rules, from the same beats
    essentia: Answer  # of RhythmExtractor2013 itself, for the reference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    commands = parser.add_subparsers(required=True, dest="command")
    hear = commands.add_parser("measure", help="hear music in all forms")
    hear.add_argument("music", type=Path, nargs="+")
    hear.add_argument("--whole", action="store_true", help="whole tracks of 1 to 5 minutes")
    hear.add_argument("--limit", type=int, help="tracks")
    tell = commands.add_parser("report", help="say what was found")
    tell.add_argument("--held-out", nargs="*", default=[], metavar="WORD")
    tell.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    for command in (hear, tell):
        command.add_argument("--kept", type=Path, required=True, help="folder of what was heard")
    options = parser.parse_args()
    if options.command == "measure":
        measure(options.music, options.kept, options.whole, options.limit)
        return
    text = written(kept(options.kept), options.held_out)
    print(text)
    if options.write:
        REPORT.write_text(text, encoding="utf-8")


# --- hearing


def measure(music: list[Path], folder: Path, whole: bool, limit: int | None) -> None:
    """Write FOLDER/NAME.npz for each track that is long enough and not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    tracks = [path for top in music for path in demo.tracks(top)]
    listen = Listener()
    for path in tracks[:: max(len(tracks) // limit, 1) if limit else 1]:
        name = hashlib.md5(f"{path.parent.name}/{path.name}".encode()).hexdigest()[:12]
        target = folder / f"{name}-{'whole' if whole else 'clip'}.npz"
        if target.exists():
            continue
        try:
            sound = audio.decode(path, span_s=None if whole else CLIP_SECONDS)
        except audio.AudioError as error:
            print(f"{path}: {error}", file=sys.stderr)
            continue
        shortest, longest = WHOLE_SECONDS if whole else (CLIP_SECONDS - 0.1, np.inf)
        if not shortest <= sound.seconds <= longest or sound.is_silent:
            continue
        heard = listen(sound, int(name, 16))
        heard["meta"] = json.dumps({"path": str(path), "seconds": sound.seconds, "whole": whole})
        unfinished = target.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez(file, **heard)
        unfinished.rename(target)


class Listener:
    """Our trackers and Essentia's extractor, each set up once."""

    def __init__(self):
        self.ours = rhythm.BeatTracker()
        self._essentia = essentia_algorithms.load().RhythmExtractor2013(method="multifeature")

    def essentia(self, samples: np.ndarray) -> Answer:
        bpm, _, confidence, *_ = self._essentia(samples)
        return Answer(float(bpm), float(confidence))

    def __call__(self, sound: audio.Audio, seed: int) -> dict[str, np.ndarray]:
        """FORM/beats0 … 4, seconds, and essentia: its tempo and confidence of the reference."""
        heard = {}
        for form, samples in forms(sound, np.random.default_rng(seed)):
            for i, beats in enumerate(self.ours.candidates(samples)):
                heard[f"{form}/beats{i}"] = beats
            if form == REFERENCE:
                answer = self.essentia(samples)
                heard["essentia"] = np.array([answer.bpm, answer.confidence])
        return heard


def forms(sound: audio.Audio, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """The recording in each form, mono at 44.1 kHz."""
    samples = soxr.resample(sound.samples, sound.sample_rate, RATE)
    cd = sixteen_bits(samples)
    yield REFERENCE, mono(cd)
    yield "float", mono(samples)
    dither = rng.random(cd.shape, np.float32) - rng.random(cd.shape, np.float32)
    yield "dither", mono(sixteen_bits(samples, dither))
    noise = rng.standard_normal(cd.shape, np.float32) * np.float32(10 ** (-90 / 20))
    yield "noise90", mono(cd + noise)
    yield "gain-6", mono(sixteen_bits(cd * np.float32(10 ** (-6 / 20))))
    yield "gain+3", mono(cd * np.float32(10 ** (3 / 20)))
    yield "48k", mono(soxr.resample(sixteen_bits(soxr.resample(cd, RATE, 48_000)), 48_000, RATE))
    yield LATER, mono(np.concatenate([np.zeros((RATE // 100, cd.shape[1]), np.float32), cd]))
    for form, (extension, codec, bit_rate) in CODECS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"encoded{extension}"
            sounds.encode(path, cd, RATE, codec, bit_rate=bit_rate)
            yield form, dsp.at_rate(audio.decode(path), RATE)


def sixteen_bits(samples: np.ndarray, dither: np.ndarray | float = 0.0) -> np.ndarray:
    steps = np.round(np.clip(samples, -1, 1 - 2**-15) * 32_768 + dither)
    return (steps / 32_768).astype(np.float32)


def mono(samples: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(samples.mean(axis=1), np.float32)


# --- judging


def kept(folder: Path) -> list[Piece]:
    """What was heard, judged by both rules."""
    pieces = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as heard:
            meta = json.loads(str(heard["meta"]))
            beats = {
                form: [heard[f"{form}/beats{i}"] for i in range(5)]
                for form in (REFERENCE, *FORMS, LATER)
            }
            essentia = Answer(*map(float, heard["essentia"]))
        votes = {form: rhythm.vote(candidates) for form, candidates in beats.items()}
        ours = {form: Answer(found.bpm, found.confidence) for form, found in votes.items()}
        theirs = {form: by_essentias_rules(candidates) for form, candidates in beats.items()}
        pieces.append(Piece(meta["path"], meta["seconds"], meta["whole"], ours, theirs, essentia))
    return pieces


def by_essentias_rules(candidates: list[np.ndarray]) -> Answer:
    """The tracker that agrees most; the mean of its intervals within 5 BPM of the most frequent."""
    gain = rhythm.mutual_agreement(candidates)
    beats = candidates[int(gain.sum(axis=1).argmax())]
    confidence = float(gain.sum() / (len(gain) * (len(gain) - 1)))
    if len(beats) < 2:
        return Answer(None, confidence)
    tempi = 60 / np.diff(beats)
    frequent = 2.0 * np.bincount(np.floor(tempi / 2 + 0.5).astype(int)).argmax()
    close = tempi[np.abs(tempi - frequent) < 5]
    return Answer(float(close.mean()) if len(close) else frequent, confidence)


def changes(answers: dict[str, Answer], forms_of: tuple[str, ...], by: float) -> int:
    """In how many forms the tempo is not the reference's."""
    return sum(differ(answers[REFERENCE].bpm, answers[form].bpm, by) for form in forms_of)


def differ(first: float | None, second: float | None, by: float) -> bool:
    if first is None or second is None:
        return first is not second
    return abs(second / first - 1) > by


def off(bpm: float, truth: float) -> float:
    """Relative error, of the nearest octave."""
    return min(abs(bpm / (truth * factor) - 1) for factor in (0.5, 1, 2))


# --- telling


def written(pieces: list[Piece], held_out: list[str]) -> str:
    groups: dict[str, list[Piece]] = {
        "Clips of 30 s on which the rules were chosen": [],
        "Clips of 30 s of other music": [],
        "Whole tracks": [],
    }
    known, new, whole = groups.values()
    for piece in pieces:
        is_new = any(word in piece.path for word in held_out)
        (whole if piece.whole else new if is_new else known).append(piece)
    groups = {title: group for title, group in groups.items() if group}
    lines = [
        "# How steady and how exact the tempo is",
        "",
        "By `benchmarks/tempo.py`, on music from Debian packages. Both sides hear the same "
        "samples, mono at 44.1 kHz. Ours is `engine/rhythm.py`; Essentia is "
        '`RhythmExtractor2013(method="multifeature")`, whose five beat trackers ours has, too.',
        "",
        "## The same music in other forms",
        "",
        f"Each piece, rounded to 16 bits, against itself in {len(FORMS)} other forms: "
        f"{'; '.join(FORMS.values())}. (A FLAC file holds the same samples as the WAV file.) A "
        "piece counts as changed if its tempo differs by more than 1 %, or by more than 4 %, in "
        "any of the forms. The confidence is that of the reference, each side's own. Essentia's "
        "rules are applied to the same beats here; its own answer for the reference is within 0.5 "
        f"BPM of that in {sum(map(rules_hold, pieces))} of {len(pieces)}.",
        "",
        *usual(groups),
        "",
        "In all forms:",
        "",
    ]
    for title, group in groups.items():
        lines += [*steadiness(title, group), ""]
    trusted = [p for p in pieces if p.ours[REFERENCE].confidence >= TRUSTED]
    lines += by_form(pieces, trusted)
    lines += [*later(trusted), "", *sameness(pieces), "", *truth(pieces), "", *clicks(), ""]
    lines += [*noise(), "", *cost()]
    return "\n".join(lines) + "\n"


def rules_hold(piece: Piece) -> bool:
    bpm = piece.theirs[REFERENCE].bpm
    return bpm is not None and abs(bpm - piece.essentia.bpm) <= 0.5


def usual(groups: dict[str, list[Piece]]) -> list[str]:
    """WAV, FLAC, a good MP3, and noise."""
    forms_of = "; ".join(FORMS[form] for form in USUAL)
    lines = [
        f"As WAV or FLAC file, and in the forms that should not matter ({forms_of}), changed by "
        "more than 1 %:",
        "",
        f"| music | side | confidence under {TRUSTED:g} | changed "
        f"| {TRUSTED:g} and more | changed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for title, group in groups.items():
        for name, side in (("Essentia", "theirs"), ("ours", "ours")):
            cells = []
            for trusted in (False, True):
                inside = [
                    answers
                    for answers in (getattr(piece, side) for piece in group)
                    if (answers[REFERENCE].confidence >= TRUSTED) is trusted
                ]
                changed = sum(changes(answers, USUAL, CHANGES[0]) > 0 for answers in inside)
                cells += [str(len(inside)), str(changed)]
            lines.append(f"| {title} | {name} | {' | '.join(cells)} |")
    return lines


def steadiness(title: str, pieces: list[Piece]) -> list[str]:
    lines = [
        f"{title} ({len(pieces)}):",
        "",
        "| confidence | pieces, Essentia | changed by 1 % | by 4 % "
        "| pieces, ours | changed by 1 % | by 4 % |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for low, high in BANDS:
        cells = []
        for side in ("theirs", "ours"):
            inside = [
                answers
                for piece in pieces
                for answers in (getattr(piece, side),)
                if low <= answers[REFERENCE].confidence < high
            ]
            changed = [
                sum(changes(answers, tuple(FORMS), by) > 0 for answers in inside) for by in CHANGES
            ]
            cells += [str(len(inside)), *map(str, changed)]
        lines.append(f"| {band(low, high)} | {' | '.join(cells)} |")
    return lines


def band(low: float, high: float) -> str:
    if low < 0:
        return f"under {high:g}"
    return f"{low:g} and more" if high > 5 else f"{low:g} to {high:g}"


def by_form(pieces: list[Piece], trusted: list[Piece]) -> list[str]:
    lines = [
        "Changed by more than 1 %, by form, ours; all pieces together:",
        "",
        f"| form | of {len(pieces) - len(trusted)} with a confidence under {TRUSTED:g} "
        f"| of {len(trusted)} with more |",
        "| --- | --- | --- |",
    ]
    doubtful = [piece for piece in pieces if piece not in trusted]
    for form, name in FORMS.items():
        counts = [
            sum(changes(piece.ours, (form,), 0.01) for piece in group)
            for group in (doubtful, trusted)
        ]
        lines.append(f"| {name} | {counts[0]} | {counts[1]} |")
    return [*lines, ""]


def later(trusted: list[Piece]) -> list[str]:
    moved = sum(changes(piece.ours, (LATER,), 0.01) for piece in trusted)
    return [
        f"With 10 ms of silence before it, which moves every frame, {moved} of the {len(trusted)} "
        "pieces of that confidence change by more than 1 %."
    ]


def sameness(pieces: list[Piece]) -> list[str]:
    lines = [
        "## The same samples, heard by both",
        "",
        "| confidence, ours | pieces | within 0.5 BPM of Essentia | within 2 % | another tempo |",
        "| --- | --- | --- | --- | --- |",
    ]
    for low, high in ((-1.0, 1.0), (1.0, TRUSTED), (TRUSTED, 6.0)):
        pairs = [
            (p.ours[REFERENCE].bpm, p.essentia.bpm)
            for p in pieces
            if low <= p.ours[REFERENCE].confidence < high
        ]
        near = sum(a is not None and abs(a - b) <= 0.5 for a, b in pairs)
        other = sum(differ(b, a, 0.02) for a, b in pairs)
        lines.append(
            f"| {band(low, high)} | {len(pairs)} | {near} | {len(pairs) - other} | {other} |"
        )
    return lines


def truth(pieces: list[Piece]) -> list[str]:
    lines = [
        "## Recordings whose tempo is known",
        "",
        "The whole track, or its middle 30 s. The tempi are those of the game or the MIDI file.",
        "",
        "| recording | tempo | Essentia | ours | confidence, Essentia | ours |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    exact, same = {"Essentia": 0, "ours": 0}, {"Essentia": 0, "ours": 0}
    judged = 0
    for suffix, bpm in TRUTHS.items():
        for piece in sorted((p for p in pieces if p.path.endswith(suffix)), key=lambda p: p.whole):
            judged += 1
            answers = {"Essentia": piece.essentia, "ours": piece.ours[REFERENCE]}
            for side, answer in answers.items():
                exact[side] += off(answer.bpm, bpm) <= 0.002
                same[side] += abs(answer.bpm / bpm - 1) <= 0.04
            theirs, ours = answers["Essentia"], answers["ours"]
            name = suffix.removesuffix("/song.ogg").removesuffix(".ogg").rpartition("/")[2]
            lines.append(
                f"| {name}, {'whole' if piece.whole else '30 s'} | {bpm:g} | {theirs.bpm:.2f} "
                f"| {ours.bpm:.2f} | {theirs.confidence:.2f} | {ours.confidence:.2f} |"
            )
    lines += [
        "",
        "Within 0.2 % of the tempo, its half or its double: "
        f"Essentia {exact['Essentia']}, ours {exact['ours']} of {judged}. Within 4 % of the tempo "
        f"itself: Essentia {same['Essentia']}, ours {same['ours']}.",
    ]
    return lines


def clicks() -> list[str]:
    """Steady clicks, 30 s."""
    listen = Listener()
    found = {}
    for bpm in CLICKS:
        samples = sounds.clicks(bpm, CLIP_SECONDS)
        found[bpm] = (listen.essentia(samples).bpm, listen.ours(samples))
    octaves: dict[float, list[int]] = {0.5: [], 1: [], 2: []}
    errors: list[list[float]] = [[], []]
    for bpm, (theirs, ours) in found.items():
        heard = min(octaves, key=lambda factor: abs(np.log(ours.bpm / (bpm * factor))))
        octaves[heard].append(bpm)
        for side, answer in zip(errors, (theirs, ours.bpm), strict=True):
            side.append(off(answer, bpm))
    sure = sum(
        found[bpm][1].confidence >= TRUSTED for factor in (0.5, 2) for bpm in octaves[factor]
    )
    wrong = len(octaves[0.5]) + len(octaves[2])
    near = "; ".join(
        f"{bpm}: {found[bpm][0]:.2f} and {found[bpm][1].bpm:.2f}" for bpm in range(168, 176)
    )
    worst = [100 * max(side) for side in errors]
    return [
        "## Clicks of a known tempo",
        "",
        f"Steady clicks of {min(found)} to {max(found)} BPM, 30 s of each whole number. Ours reads "
        f"the tempo itself at {spans(octaves[1])} BPM, double at {spans(octaves[2])}, half at "
        f"{spans(octaves[0.5])}; of the {wrong} in another octave, {sure} have a confidence of "
        f"{TRUSTED:g} or more. The farthest from the tempo, its half or its double: Essentia "
        f"{worst[0]:.2f} %, ours {worst[1]:.2f} %. By Essentia and by ours: {near}.",
    ]


def spans(numbers: list[int]) -> str:
    """Whole numbers, ascending → "40-60, 70"."""
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    pairs = zip(starts, ends, strict=True)
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in pairs)


def noise() -> list[str]:
    """What has neither a tempo nor a key."""
    describe = dsp.Dsp()
    lines = [
        "## Noise",
        "",
        f"{NOISES} recordings of 30 s each, which have neither a tempo nor a key.",
        "",
        "| noise | tempo, BPM | highest confidence | same key by all three profiles "
        "| strength of a key |",
        "| --- | --- | --- | --- | --- |",
    ]
    for colour, slope in (("white", 0.0), ("pink", 0.5)):
        found = [describe(hiss(slope, seed)) for seed in range(NOISES)]
        tempi = [values["tempo_bpm"] for values in found]
        strengths = [v[f"strength_{name}"] for v in found for name in dsp.KEY_PROFILES]
        agreed = sum(
            len({(v[f"key_{name}"], v[f"scale_{name}"]) for name in dsp.KEY_PROFILES}) == 1
            for v in found
        )
        confidence = max(values["tempo_confidence"] for values in found)
        lines.append(
            f"| {colour} | {min(tempi):.0f} to {max(tempi):.0f} | {confidence:.2f} "
            f"| {agreed} of {NOISES} | {min(strengths):.2f} to {max(strengths):.2f} |"
        )
    return lines


def hiss(slope: float, seed: int) -> audio.Audio:
    """Noise whose amplitude falls as frequency to that power, 30 s of a 16-bit file."""
    count = round(CLIP_SECONDS * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** slope
    samples = np.fft.irfft(spectrum, count)
    samples = (0.1 / samples.std() * samples).astype(np.float32)[:, None]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.wav"
        return audio.decode(sounds.encode(path, samples, RATE, "pcm_s16le"))


def cost() -> list[str]:
    """Processor time, a minute of music on one core."""
    samples = sounds.clicks(120, 60.0) + np.random.default_rng(0).normal(0, 0.01, 60 * RATE)
    samples = samples.astype(np.float32)
    listen = Listener()
    candidates = listen.ours.candidates(samples)
    taken = {}
    for name, work in {
        "Essentia": lambda: listen.essentia(samples),
        "ours": lambda: listen.ours(samples),
        "vote": lambda: rhythm.vote(candidates),
    }.items():
        work()
        times = []
        for _ in range(5):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        taken[name] = float(np.median(times))
    return [
        "## Cost",
        "",
        "For a minute of music on one core, Essentia takes "
        f"{taken['Essentia'] / taken['ours']:.1f} times as long as ours; of ours, "
        f"{100 * taken['vote'] / taken['ours']:.1f} % are the vote between the trackers.",
    ]


if __name__ == "__main__":
    main()
