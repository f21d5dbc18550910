"""A library of any size with realistic values, made without any music: for tests and timings.

    python -m benchmarks.synthetic LIBRARY [--tracks 100000] [--seed 1] [--audio FOLDER]

Distributions are shaped after what 2,100 mixed clips give (tempo around 116 BPM, loudness around
-11 LUFS, danceability piled up at 0 and 1, valence and arousal between 4 and 7); embeddings lie in
clusters, as those of real music do. One track in a hundred lacks its values, one in five hundred is
a copy of another one, and some names hold what breaks a careless program. With --audio every track
is a hard link to one short generated sound, so that players have something to play.
"""

import argparse
import json
import os
import sqlite3
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.descriptors import KEYS, SCALES
from engine.library import Library
from engine.records import TAG_READING
from engine.schema import SPACE_DIMENSIONS, STAGE_COLUMNS, STAGE_SPACES

GENRES = {
    "Rock": ("Punk", "Indie Rock", "Alternative Rock", "Post Rock", "Hard Rock", "Shoegaze"),
    "Electronic": ("House", "Techno", "Ambient", "Downtempo", "Drum n Bass", "Synth-pop"),
    "Jazz": ("Bop", "Fusion", "Cool Jazz", "Big Band", "Latin Jazz"),
    "Classical": ("Baroque", "Romantic", "Modern", "Impressionist"),
    "Hip Hop": ("Boom Bap", "Trap", "Conscious", "Instrumental"),
    "Folk, World, & Country": ("Folk", "Country", "Fado", "Celtic"),
    "Funk / Soul": ("Soul", "Funk", "Disco", "Gospel"),
    "Reggae": ("Dub", "Roots Reggae", "Ska"),
}
WORDS = (
    "amber", "bright", "cold", "distant", "early", "faint", "golden", "hollow", "inner", "jagged",
    "keen", "low", "misty", "narrow", "open", "pale", "quiet", "red", "slow", "tall", "under",
    "vivid", "warm", "young", "river", "stone", "harbour", "winter", "engine", "garden", "signal",
    "window", "letter", "shadow", "season", "thunder", "island", "mirror", "copper", "velvet",
)  # fmt: skip
# Names that tags really hold, and that are markup, commands or a line's end to somebody.
ODD_NAMES = (
    "*bold* _it_ [link](http://example.org) <b>tag</b>",
    "=1+1 | $x^2$ :smile: `code` :red[alert]",
    "#EXTINF:1,not a comment",
    "two\nlines and a\ttab",
    "\u202egnp.exe",
    "שלום / 音楽 / Ω",
)
CLUSTERS = 200
BATCH = 2000  # tracks made and written at a time: 15 MB of vectors
CURVE_FRAMES = 200  # of any track, to keep a library of 100,000 small
CURVE_GAP = 4  # frames without a value at the start
SOUND_SECONDS = 6
LINKS = 50_000  # to one file; ext4 allows 65,000


def labels(space: str) -> list[str]:
    """As many labels as the space has dimensions; the familiar ones first."""
    known = [f"{genre}---{style}" for genre, styles in GENRES.items() for style in styles]
    if space == "tags":
        known = [style.lower() for styles in GENRES.values() for style in styles]
    more = [f"Other---Style {number}" for number in range(SPACE_DIMENSIONS[space])]
    return (known + more)[: SPACE_DIMENSIONS[space]]


def make(
    folder: Path, tracks: int, seed: int = 1, music: Path | None = None,
    spaces: tuple[str, ...] = ("effnet", "styles", "musicnn", "tags"), ic: bool = False,
) -> None:  # fmt: skip
    """Fill a new library. `music` is the root that the paths lie under; no file need exist."""
    root = os.fsencode(music or "/music")
    with Library.create(folder) as library:
        for space in spaces:
            library.set_labels(space, labels(space))
    rng = np.random.default_rng(seed)
    centres = {s: rng.gamma(0.5, 0.4, (CLUSTERS, SPACE_DIMENSIONS[s])) for s in spaces}
    db = sqlite3.connect(folder / "library.sqlite")
    db.execute("PRAGMA synchronous = OFF")  # a benchmark's library can be made again
    db.execute("INSERT INTO roots VALUES (1, ?)", (root,))
    for first in range(1, tracks + 1, BATCH):
        ids = np.arange(first, min(first + BATCH, tracks + 1))
        _write(db, rng, ids, centres, ic)
    db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")
    db.execute("ANALYZE")
    db.commit()
    db.close()


def _write(db: sqlite3.Connection, rng, ids: np.ndarray, centres: dict, ic: bool) -> None:
    missing = rng.random(len(ids)) < 0.01
    copies = (rng.random(len(ids)) < 0.002) & (np.arange(len(ids)) > 0)
    rows = list(_tracks(rng, ids, copies))
    db.executemany(
        f"""INSERT INTO tracks (id, root_id, path, size, mtime_ns, content_hash, title, artist,
        album, year, album_artist, track_no, genre, duration_s, sample_rate, channels, codec,
        bitrate, tag_reading) VALUES (?, 1, ?, 1058444, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, 44100, 2,
        'pcm_s16le', 1411200, {TAG_READING})""",
        rows,
    )
    columns = _descriptors(rng, len(ids), ic)
    names = ", ".join(columns)
    marks = ", ".join("?" * (len(columns) + 1))
    lists = [values.tolist() for values in columns.values()]
    db.executemany(
        f"INSERT INTO descriptors (track_id, {names}) VALUES ({marks})",
        [
            (track, *(None if missing[place] else values[place] for values in lists))
            for place, track in enumerate(ids.tolist())
        ],
    )
    cluster = rng.integers(0, CLUSTERS, len(ids))
    for space, centre in centres.items():
        matrix = _vectors(rng, space, centre[cluster])
        matrix[copies] = matrix[np.flatnonzero(copies) - 1]
        kept = np.flatnonzero(~missing)
        db.executemany(
            "INSERT INTO vectors VALUES (?, ?, ?)",
            ((int(ids[row]), space, matrix[row].tobytes()) for row in kept),
        )
    if ic:
        _write_curves(db, rng, ids, rows, columns, missing)
    done = [(int(t), stage, "made", "ok", 0.1, 1) for t in ids[~missing] for stage in _stages(ic)]
    done += [
        (int(t), stage, "made", "unreadable", 0.1, 1) for t in ids[missing] for stage in _stages(ic)
    ]
    db.executemany(
        """INSERT INTO ledger (track_id, stage, fingerprint, status, seconds, attempts)
        VALUES (?, ?, ?, ?, ?, ?)""",
        done,
    )


def _write_curves(
    db: sqlite3.Connection, rng, ids: np.ndarray, rows: list[tuple], columns: dict, missing
) -> None:
    """A curve for each track with values, around its mean: slow waves, noise, and the first frames
    missing, as a model has nothing to go by there."""
    waves = np.sin(np.linspace(0, 25, CURVE_FRAMES) + rng.uniform(0, 6.3, (len(ids), 1)))
    shape = 0.4 * waves + rng.normal(0, 0.3, waves.shape)
    shape -= shape[:, CURVE_GAP:].mean(axis=1, keepdims=True)
    curves = (shape + columns["ic_mean"][:, np.newaxis]).astype("<f4")
    curves[:, :CURVE_GAP] = np.nan
    db.executemany(
        "INSERT INTO curves VALUES (?, 'ic_0.0', ?, 0, ?, ?)",
        (
            (int(ids[n]), str(columns["ic_model"][n]), rows[n][-1] / CURVE_FRAMES, curves[n])
            for n in np.flatnonzero(~missing)
        ),
    )


def _stages(ic: bool) -> list[str]:
    return [stage for stage in STAGE_SPACES if stage != "information" or ic]


def _tracks(rng, ids: np.ndarray, copies: np.ndarray) -> Iterator[tuple]:
    """Rows of the tracks table; a copy has the sound of the track before it and another name."""
    words = rng.integers(0, len(WORDS), (len(ids), 5))
    seconds = np.clip(rng.lognormal(5.4, 0.4, len(ids)), 20, 3000)
    for place, track in enumerate(ids.tolist()):
        title, artist, album = (
            " ".join(WORDS[word] for word in words[place, span]).title()
            for span in (slice(0, 2), slice(2, 4), slice(3, 5))
        )
        odd = track % 50
        if odd < len(ODD_NAMES):
            title = ODD_NAMES[odd]
        path = f"{artist}/{album}/{track:07d}.wav".encode()
        if track % 97 == 0:
            path = f"{artist}/{track:07d} caf".encode() + b"\xe9.wav"  # Latin-1, not UTF-8
        original = track - 1 if copies[place] else track
        length = float(seconds[place - 1] if copies[place] else seconds[place])
        tagged = track % 20 != 19
        names = (title, artist, album, 1960 + track % 65) if tagged else (None,) * 4
        various = "Various Artists" if track % 10 == 0 else None
        names += (various, 1 + track % 12, "Rock; Pop") if tagged else (None,) * 3
        yield (track, path, f"{original:032x}", *names, length)


def _descriptors(rng, count: int, ic: bool) -> dict[str, np.ndarray]:
    """Descriptor column → values, as float64 or text."""
    values: dict[str, np.ndarray] = {
        "tempo_bpm": np.clip(rng.normal(116, 24, count), 42, 208),
        "tempo_confidence": rng.beta(3, 2, count) * 5,
        "loudness_lufs": np.clip(rng.normal(-11, 4, count), -45, -3),
        "loudness_range_lu": rng.gamma(3, 2, count),
        "danceability_dsp": np.clip(rng.normal(1.2, 0.25, count), 0, 3),
        "danceability": rng.beta(0.5, 0.4, count).astype(np.float32),
        "voice": rng.beta(0.35, 0.3, count).astype(np.float32),
        "valence": np.clip(rng.normal(5.2, 0.8, count), 1, 9),
        "arousal": np.clip(rng.normal(5.6, 1.1, count), 1, 9),
        "style": rng.choice(labels("styles")[:36], count),
        "style_activation": rng.beta(3, 3, count),
    }
    key, scale = rng.integers(0, 12, count), rng.integers(0, 2, count)
    for profile in ("temperley", "krumhansl", "edma"):
        same = rng.random(count) < 0.7  # so that all three agree on about half
        values[f"key_{profile}"] = np.array(KEYS)[np.where(same, key, (key + 9) % 12)]
        values[f"scale_{profile}"] = np.array(SCALES)[np.where(same, scale, 1 - scale)]
        values[f"strength_{profile}"] = rng.beta(6, 3, count)
    if ic:
        values["ic_mean"] = rng.normal(3.1, 0.5, count)
        # Some were analysed before a better model came.
        values["ic_model"] = np.where(rng.random(count) < 0.1, "synthetic-1", "synthetic-2")
    known = {column for columns in STAGE_COLUMNS.values() for column in columns}
    return {column: values[column] for column in values if column in known}


def _vectors(rng, space: str, centres: np.ndarray) -> np.ndarray:
    """float32, little-endian [tracks, dimensions], around their clusters' centres."""
    shape = centres.shape
    if space in ("styles", "tags"):
        activations = rng.beta(0.08, 3.0, shape) + 0.6 * (centres > 1.2) * rng.random(shape)
        return np.clip(activations, 0, 1).astype("<f4")
    noise = rng.standard_normal(shape, dtype=np.float32) * 0.25
    return np.maximum(centres + noise, 0).astype("<f4")


def make_audio(library: Path, folder: Path) -> None:
    """One generated sound, and a hard link to it for every track of the library."""
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(library / "library.sqlite") as db:
        paths = [row[0] for row in db.execute("SELECT path FROM tracks")]
    sound = None
    for number, path in enumerate(paths):
        if number % LINKS == 0:
            sound = _sound(folder / f"sound-{number // LINKS}.wav")
        target = os.path.join(os.fsencode(folder), path)  # noqa: PTH118 - bytes
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
        if not os.path.lexists(target):
            os.link(sound, target)


def _sound(path: Path) -> Path:
    """A pulsing tone in stereo, 1 MB of WAV."""
    time = np.arange(44100 * SOUND_SECONDS) / 44100
    tone = 0.2 * np.sin(2 * np.pi * 220 * time) * (1 + np.sin(2 * np.pi * 2 * time)) / 2
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(np.repeat((tone * 32767).astype("<i2"), 2).tobytes())
    return path


def main() -> int:
    """Command line; the module's docstring says what it does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--audio", type=Path, help="also make files to play in this folder")
    parser.add_argument(
        "--ic", action="store_true", help="with information content: means and curves"
    )
    options = parser.parse_args()
    music = options.audio.resolve() if options.audio else None
    make(options.library, options.tracks, options.seed, music, ic=options.ic)
    if options.audio:
        make_audio(options.library, options.audio)
    print(json.dumps({"library": str(options.library), "tracks": options.tracks}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
