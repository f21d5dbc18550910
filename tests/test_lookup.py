"""What the library knows of files: under which roots they were found, and by what they hold."""

import pytest
from analyses import ROOT, analysis, dsp
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.library import Library
from engine.lookup import Candidate, Done, Known
from engine.records import Analysis


@pytest.fixture
def writer(tmp_path):
    with Library.create(tmp_path / "library") as writer:
        yield writer


def test_known_is_what_was_recorded(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 2, analysis("aa", dsp()))
    stages = {"dsp": Done("dsp-1", "ok", 1)}
    assert writer.known(ROOT) == {b"a.mp3": Known(track, 1, 2, "aa", True, stages)}


def test_the_same_content_in_a_row_that_was_unknown(writer):
    """by_size and by_content find what a new file may be a copy of."""
    writer.record(ROOT, b"unread.mp3", 10, 1, Analysis(outcomes=(dsp(status="unreadable"),)))
    track = writer.record(ROOT, b"a.mp3", 10, 2, analysis("aa"))
    expected = [Candidate(track, ROOT, b"a.mp3", 10, 2, "aa", True)]
    assert writer.by_size(10) == writer.by_content("aa") == expected
    assert expected[0].absolute == b"/music/a.mp3"
    assert writer.by_size(11) == writer.by_content("bb") == []


def test_a_folder_scanned_alone_finds_what_a_scan_of_its_parent_did(writer):
    jazz = writer.record(b"/music", b"jazz/a.mp3", 1, 1, analysis("aa"))
    rock = writer.record(b"/music/", b"rock/b.mp3", 1, 1, analysis("bb"))
    assert {path: known.id for path, known in writer.known(b"/music/jazz").items()} == {
        b"a.mp3": jazz
    }
    assert writer.record(b"/music/jazz", b"a.mp3", 2, 2, analysis("aa")) == jazz
    assert {path: known.id for path, known in writer.known(b"/music").items()} == {
        b"jazz/a.mp3": jazz,
        b"rock/b.mp3": rock,
    }
    assert writer.location(jazz).absolute == b"/music/jazz/a.mp3"


def test_a_folder_scanned_after_its_part_finds_it_done(writer):
    jazz = writer.record(b"/music/jazz", b"a.mp3", 1, 1, analysis("aa"))
    assert writer.record(b"/", b"music/jazz/a.mp3", 1, 1, analysis("aa")) == jazz
    assert set(writer.known(b"/")) == {b"music/jazz/a.mp3"}
    assert set(writer.known(b"/music")) == {b"jazz/a.mp3"}


def test_folders_whose_names_begin_alike_are_apart(writer):
    for folder in (b"jazz", b"jazz.old", b"jazz0", b"jazz "):
        writer.record(b"/music", folder + b"/a.mp3", 1, 1, analysis("aa"))
        writer.record(b"/" + folder, b"a.mp3", 1, 1, analysis("aa"))
    assert set(writer.known(b"/music/jazz")) == {b"a.mp3"}
    assert set(writer.known(b"/jazz")) == {b"a.mp3"}
    assert len(writer.known(b"/")) == 8


def test_a_root_is_an_absolute_path(writer):
    with pytest.raises(ValueError, match="absolute"):
        writer.record(b"music", b"a.mp3", 1, 1, analysis())


_NAME = st.sampled_from([b"a", b"b", b"a0", b"a.", b"\xff"])


@settings(max_examples=50, deadline=None)
@given(
    paths=st.sets(st.lists(_NAME, min_size=1, max_size=4).map(tuple), min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 3), min_size=8, max_size=8),
    folder=st.lists(_NAME, max_size=2).map(tuple),
)
def test_a_file_is_one_track_under_whatever_root(tmp_path_factory, paths, cuts, folder):
    """Recorded under some root, then again under another: one row each, all of them found."""

    def split(path, cut):
        cut = min(cut, len(path) - 1)
        return b"/" + b"/".join(path[:cut]), b"/".join(path[cut:])

    with Library.create(tmp_path_factory.mktemp("library")) as writer:
        ids = {}
        for path, cut in zip(sorted(paths), cuts, strict=False):
            ids[path] = writer.record(*split(path, cut), 1, 1, Analysis())
        for path, cut in zip(sorted(paths), reversed(cuts), strict=False):
            assert writer.record(*split(path, cut), 1, 1, Analysis()) == ids[path]
        under = b"/" + b"/".join(folder)
        expected = {
            b"/".join(path[len(folder) :]): ids[path]
            for path in paths
            if path[: len(folder)] == folder and len(path) > len(folder)
        }
        assert {path: known.id for path, known in writer.known(under).items()} == expected
        located = {writer.location(id_).absolute: id_ for id_ in ids.values()}
        assert located == {b"/" + b"/".join(path): id_ for path, id_ in ids.items()}
