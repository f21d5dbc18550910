"""Numbers of recordings in a library: new tracks, other levels, moves, losses."""

from contextlib import closing

import numpy as np
import pytest
from copies import VARIANTS, heard, outcome, signs, song

from engine import recording_groups
from engine.library import Library
from engine.library_check import problems
from engine.recording_groups import NO_TRACK, assign, find
from engine.records import Analysis, Fingerprint

SONGS = [heard(song(seed=seed)) for seed in range(4)]
LOUDER = heard(*VARIANTS["10 dB over full scale"](song(seed=0)))
LATER = heard(*VARIANTS["5 s of silence before, 3 s after"](song(seed=0)))


@pytest.fixture
def library(tmp_path):
    with closing(Library.create(tmp_path)) as made:
        yield made


def add(library, name: str, acoustic: Fingerprint | None, version: str = "1") -> int:
    found = Analysis(f"{name} {version}", None, None, (outcome(acoustic),))
    return library.record(b"/m", name.encode(), 1, 1, found)


def test_copies_share_a_number_and_others_have_their_own(library, tmp_path):
    ids = [add(library, f"{n}", found) for n, found in enumerate((*SONGS, LOUDER, LATER))]
    assert set(library.recordings().values()) == {None}
    assert assign(library) == 6
    assert [library.recordings()[track] for track in ids] == [1, 2, 3, 4, 1, 1]
    assert library.tracks()["recording"].tolist() == [1, 2, 3, 4, 1, 1]
    assert assign(library) == 0
    assert problems(tmp_path) == []


def test_numbers_stay_when_tracks_come(library):
    first = add(library, "louder", LOUDER)
    add(library, "other", SONGS[1])
    assign(library)
    before = library.recordings()
    again = add(library, "again", LATER)
    add(library, "new", SONGS[2])
    assert assign(library) == 2
    now = library.recordings()
    assert {track: now[track] for track in before} == before
    assert now[again] == now[first] and len(set(now.values())) == 3


def test_a_run_without_anything_new_writes_nothing(library):
    add(library, "a", SONGS[0])
    assign(library)
    generation = library.generation
    assert assign(library) == 0 and library.generation == generation


def test_a_number_is_not_given_again_while_a_track_has_it(library):
    first, copy = add(library, "a", SONGS[0]), add(library, "b", LOUDER)
    assign(library)
    add(library, "a", SONGS[1], version="2")  # the file holds other audio now
    assert library.recordings()[first] is None
    assign(library)
    assert library.recordings() == {first: 2, copy: 1}


def test_groups_that_turn_out_to_be_one_keep_the_lower_number(library, monkeypatch):
    monkeypatch.setattr(recording_groups, "is_copy", lambda one, other: False)
    one, other = add(library, "a", SONGS[0]), add(library, "b", LOUDER)
    assign(library)
    assert len(set(library.recordings().values())) == 2
    monkeypatch.undo()
    third = add(library, "c", LATER)
    assign(library)
    assert library.recordings() == {one: 1, other: 1, third: 1}


def test_a_fingerprint_computed_again_alike_leaves_the_number(library):
    track = add(library, "a", SONGS[0])
    assign(library)
    library.record(b"/m", b"a", 1, 1, Analysis("a 1", None, None, (outcome(SONGS[0], "2"),)))
    assert library.recordings() == {track: 1}
    library.record(b"/m", b"a", 1, 1, Analysis("a 1", None, None, (outcome(None, "3"),)))
    assert library.recordings() == {} and library.tracks()["recording"].isna().all()


def test_a_file_with_the_same_audio_gets_fingerprint_and_number(library):
    track = add(library, "a", SONGS[0])
    assign(library)
    copy = library.copy_results(track, b"/m", b"copy", 1, 1, None)
    assert library.recordings() == {track: 1, copy: 1}
    assert library.fingerprint(copy) == SONGS[0].signs


def test_tracks_that_are_gone_keep_their_number(library):
    track = add(library, "a", SONGS[0])
    assign(library)
    library.mark_absent([track])
    again = add(library, "b", LOUDER)
    assign(library)
    assert library.recordings()[again] == library.recordings()[track]


def test_what_is_stopped_writes_nothing_and_is_done_by_the_next_run(library):
    one, other = add(library, "a", SONGS[0]), add(library, "b", LOUDER)
    assert assign(library, lambda: True) == 0
    assert set(library.recordings().values()) == {None}
    assign(library)
    assert library.recordings() == {one: 1, other: 1}


def test_a_file_from_elsewhere(library):
    assert find(library, LOUDER) is None
    for number in (0, 1):
        add(library, f"{number}", SONGS[number])
    assign(library)
    assert find(library, LOUDER) == 1
    assert find(library, SONGS[1]) == 2
    assert find(library, SONGS[2]) == NO_TRACK


def test_many_equal_fingerprints_are_compared_once_each(library, monkeypatch):
    compared = []
    monkeypatch.setattr(recording_groups, "is_copy", lambda one, other: compared.append(1) or True)
    for number in range(60):
        add(library, f"{number}", SONGS[0])
    assign(library)
    assert set(library.recordings().values()) == {1} and len(compared) == 59


def test_blocks_have_no_seams(library, monkeypatch):
    monkeypatch.setattr(recording_groups, "ROWS", 2)
    monkeypatch.setattr(recording_groups, "COLUMNS", 3)
    ids = [add(library, f"{n}", found) for n, found in enumerate((*SONGS, LOUDER, LATER))]
    assign(library)
    assert [library.recordings()[track] for track in ids] == [1, 2, 3, 4, 1, 1]


def test_signs_of_no_length_that_a_fingerprint_has_are_refused(library):
    wrong = Fingerprint(np.zeros(3, np.uint8).tobytes(), SONGS[0].sketch)
    with pytest.raises(ValueError, match="length"):
        add(library, "a", wrong)
    assert signs(song()).shape[0] == 2
