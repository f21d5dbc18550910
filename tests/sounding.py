"""Libraries of tracks that sound, recorded as an analysis would, with values made up."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import sounds

from engine.library import Library
from engine.records import Analysis, Media, Outcome, Tags
from engine.schema import SPACE_DIMENSIONS

MARKUP = "<b>bold</b> *it* [x](http://example.org) :smile: :red[y] $z^2$"  # title of the first
FLAC = ("flac", "flac")


def library_of(
    folder: Path, files: Mapping[str, tuple[str, str]], seconds: Sequence[float], seed: int = 1
) -> Path:
    """`folder`/library of sounds in `folder`/music: name → encoder, and codec as analysed."""
    music = folder / "music"
    music.mkdir()
    rng = np.random.default_rng(seed)
    with Library.create(folder / "library") as writer:
        for number, (name, (encoder, codec)) in enumerate(files.items()):
            tune = sounds.tune(seconds[number], seed=number)
            state = sounds.encode(music / name, tune, codec=encoder).stat()
            place = os.fsencode(music), os.fsencode(name), state.st_size, state.st_mtime_ns
            writer.record(*place, made_up(number, codec, seconds[number], rng))
    return folder / "library"


def made_up(number: int, codec: str, seconds: float, rng: np.random.Generator) -> Analysis:
    """Tempo 100, 101 …; everything else by chance."""
    dsp = {
        "tempo_bpm": 100.0 + number,
        "loudness_lufs": -12.0,
        **{f"key_{profile}": "A" for profile in ("temperley", "krumhansl", "edma")},
        **{f"scale_{profile}": "minor" for profile in ("temperley", "krumhansl", "edma")},
    }
    vectors = {s: rng.random(n, dtype=np.float32) for s, n in SPACE_DIMENSIONS.items()}
    effnet = {space: vectors[space] for space in ("effnet", "styles")}
    musicnn = {space: vectors[space] for space in ("musicnn", "tags")}
    title = MARKUP if number == 0 else f"Title {number}"
    return Analysis(
        content_hash=f"{number:032x}",
        media=Media(seconds, 44_100, 2, codec),
        tags=Tags(title, "Artist", "Album", 2000),
        outcomes=(
            Outcome("dsp", "f", "ok", values=dsp),
            Outcome("effnet", "f", "ok", values={"voice": 0.9}, vectors=effnet),
            Outcome("musicnn", "f", "ok", values={"valence": 5.0, "arousal": 6.0}, vectors=musicnn),
        ),
    )
