"""Several readings of one state, while somebody writes."""

from analyses import analysis

from engine.library import Library
from engine.one_state import one_state
from engine.standing import standing, standing_in


def test_what_is_written_meanwhile_is_not_seen(library_dir):
    with Library.create(library_dir) as writer:
        writer.record(b"/music", b"1.mp3", 1, 1, analysis("aa", seed=1))
        library = Library.open(library_dir)
        with one_state(library) as (still, db):
            before = still.generation
            writer.record(b"/music", b"2.mp3", 1, 1, analysis("bb", seed=2))
            assert len(still.frame()) == still.coverage().tracks == len(still.tracks()) == 1
            assert (still.generation, standing_in(db)) == (before, standing(library_dir))
        assert len(library.frame()) == 2
