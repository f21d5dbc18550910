"""The command that takes the pictures of the README: its music, and no picture forgotten."""

import os
import re
from pathlib import Path

import mutagen
import pytest
from app_pages import analyse_all
from sounds import encode, tune

from benchmarks import synthetic
from docs import pictures
from engine.artwork import artwork
from engine.library import Library

REPOSITORY = Path(__file__).resolve().parent.parent
ELSEWHERE = {"information.png"}  # made by the example in docs/information.md


@pytest.fixture
def music(tmp_path) -> Path:
    """Files as the demo music has them: without tags, with some, and named by their folder."""
    folder = tmp_path / "demo"
    sound = tune(1.0)
    for place, codec in (
        ("asc-music/time_to_strike.mp3", "mp3"),
        ("drascula-music/track12.ogg", "vorbis"),
        ("fretsonfire-songs-sectoid/War of freedom/guitar.ogg", "vorbis"),
        ("singularity-music/Nebula.ogg", "vorbis"),
    ):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        encode(folder / place, sound, codec=codec, strict="experimental")
    named = mutagen.File(folder / "singularity-music/Nebula.ogg", easy=True)
    named.update({"title": "Nebula", "artist": "Maxstack", "album": "Advanced Research"})
    named.save()
    return folder


def test_every_track_gets_a_title_an_artist_an_album_and_a_cover(music, tmp_path):
    before = {track: track.read_bytes() for track in music.rglob("*") if track.is_file()}
    copied = pictures.tagged(music, tmp_path / "copy")
    found = {}
    for track in sorted(p for p in copied.rglob("*") if p.is_file()):
        tags = mutagen.File(track, easy=True)
        found[tags["title"][0]] = (tags["artist"][0], tags["album"][0])
        assert artwork(os.fsencode(track), os.fsencode(copied)) is not None, track
    assert found == {
        "Time to strike": ("Michael Kievernagel", "Advanced Strategic Command"),
        "Track 12": ("Alcachofa Soft", "Drascula: The Vampire Strikes Back"),
        "War of freedom (guitar alone)": ("Sectoid", "Songs for Frets on Fire"),
        "Nebula": ("Maxstack", "Advanced Research"),
    }
    assert {track: track.read_bytes() for track in before} == before


def test_what_was_copied_stays_as_it_is(music, tmp_path):
    copied = pictures.tagged(music, tmp_path / "copy")
    times = {track: track.stat().st_mtime_ns for track in copied.rglob("*")}
    pictures.tagged(music, tmp_path / "copy")
    assert {track: track.stat().st_mtime_ns for track in copied.rglob("*")} == times


def test_every_picture_of_the_readme_is_taken(library_dir):
    synthetic.make(library_dir, 20, ic=True)
    analyse_all(library_dir)
    library = Library.open(library_dir)
    taken = {shot.name for shot in pictures.shots(library, "track=1")} | {"listening", "report"}
    shown = set(re.findall(r"\(docs/([\w-]+\.png)\)", (REPOSITORY / "README.md").read_text()))
    assert shown and shown <= {f"{name}.png" for name in taken}
    there = {file.name for file in (REPOSITORY / "docs").glob("*.png")} - ELSEWHERE
    assert there <= {f"{name}.png" for name in taken}
