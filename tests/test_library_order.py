"""The order of records on a shelf."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from queries import libraries, table

from engine.facts import Facts
from engine.library_order import sort_library
from engine.query import Query
from engine.selection import select

NAMES = ("path", "artist", "album_artist", "album", "disc_no", "track_no")


def ordered(rows: list[tuple]) -> list[str]:
    """Paths in the order of the library, from rows of NAMES in any order."""
    shuffled = random.Random(1).sample(rows, len(rows))
    frame = table(**dict(zip(NAMES, map(list, zip(*shuffled, strict=True)), strict=True)))
    frame = frame.astype({"disc_no": "Float64", "track_no": "Float64"})
    return frame["path"].iloc[sort_library(frame)].tolist()


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            [
                ("/m/5.mp3", "A", None, "First", None, 1),
                ("/m/4.mp3", "A", None, "First", None, 2),
                ("/m/3.mp3", "A", None, "First", None, 10),
                ("/m/2.mp3", "A", None, "Second", 1, 7),
                ("/m/1.mp3", "A", None, "Second", 2, 3),
                ("/m/0.mp3", "A", None, None, None, None),
                ("/m/6.mp3", "b", None, "A", None, None),
            ],
            id="artist, album, disc, number",
        ),
        pytest.param(
            [
                ("/m/A/1.mp3", "Mol", None, "X", None, 1),
                ("/m/B/1.mp3", "MØL", None, "X", None, 1),
                ("/m/C/1.mp3", "Mola", None, "X", None, 1),
                ("/m/D/1.mp3", "Moz", None, "X", None, 1),
            ],
            id="ø next to o",
        ),
        pytest.param(
            [
                ("/m/Track 2.mp3", None, None, None, None, None),
                ("/m/Track 10.mp3", None, None, None, None, None),
                ("/m/x/Track 1.mp3", None, None, None, None, None),
                ("/m/y/b.mp3", None, None, None, None, 1),
                ("/m/y/a.mp3", "Unknown Artist", None, None, None, 2),
            ],
            id="without an artist folder by folder",
        ),
        pytest.param(
            [
                ("/m/A/1.mp3", "A", None, "Z", None, 1),
                ("/m/B/1.mp3", "C", "B", "Hits", None, 1),
                ("/elsewhere/2.mp3", "A", "b", "HITS", None, 2),
                ("/m/B/3.mp3", "D", "B", "hits", None, 3),
                ("/m/C/1.mp3", "C", None, "A", None, 1),
            ],
            id="by album artist",
        ),
        pytest.param(
            [
                ("/m/A/1.mp3", "Zed", "Various", "Best", None, 1),
                ("/m/Mix/1.mp3", "B", None, "Mix", None, 1),
                ("/m/Mix/2.mp3", "A", None, "mix", None, 2),
                ("/m/Mix/3.mp3", None, None, "Mix", None, 3),
                ("/m/Mix 2/1.mp3", "A", None, "Mix", None, 1),
                ("/m/Mix 2/2.mp3", "C", None, "Mix", None, 2),
                ("/m/B/1.mp3", "Zed", None, "Other", None, 1),
            ],
            id="compilations of one title in two folders",
        ),
        pytest.param(
            [
                ("/m/S/1.mp3", "Santana", None, "S", None, 1),
                ("/m/S/2.mp3", "Santana & Rob Thomas", None, "S", None, 2),
                ("/m/S/3.mp3", "Santana feat. Wyclef", None, "S", None, 3),
                ("/m/S/4.mp3", "Santana", None, "S", None, 4),
                ("/m/T/1.mp3", "Santana & Rob Thomas", None, "T", None, 1),
            ],
            id="guests on an album",
        ),
        pytest.param(
            [
                ("/m/A/CD1/2 x.mp3", "A", None, "A", None, None),
                ("/m/A/CD1/10 x.mp3", "A", None, "A", None, None),
                ("/m/A/Disc 02 - Live/1 x.mp3", "A", None, "A", None, None),
                ("/m/A/bonus/3 x.mp3", "A", None, "A", 3, None),
                ("/m/A/CD10/0 x.mp3", "A", None, "A", None, None),
                ("/m/B/Hits (Disc 1)/1.mp3", "X", None, "Hits", None, 2),
                ("/m/B/Hits (Disc 2)/1.mp3", "Y", None, "Hits", None, 1),
            ],
            id="discs by folder",
        ),
    ],
)
def test_records_on_a_shelf(rows):
    assert ordered(rows) == [row[0] for row in rows]


def test_a_folder_is_a_disc_only_where_it_says_so():
    rows = [
        ("/m/ACDC 2/1.mp3", "A", None, "X", None, 1),
        ("/m/CD 1999/2.mp3", "A", None, "X", None, 2),
        ("/m/Discovery 1/3.mp3", "A", None, "X", None, 3),
        ("/m/CD2/1.mp3", "A", None, "X", None, 1),
    ]
    assert ordered(rows) == [row[0] for row in rows]


def test_an_order_of_names_goes_on_in_the_order_of_the_library():
    rows = [("/m/b.mp3", "A", "x", 2), ("/m/a.mp3", "a", "x", 1), ("/m/c.mp3", "A", "w", 3)]
    names = ("path", "artist", "album", "track_no")
    facts = Facts(table(**dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))))
    for descending in (False, True):
        query = Query(order="artist", descending=descending)
        assert select(query, facts).rows.tolist() == [2, 1, 0]
    assert select(Query(), facts).rows.tolist() == [2, 1, 0]


@given(libraries())
@settings(max_examples=200, deadline=None)
def test_albums_are_not_torn_apart(facts):
    """All tracks are there once, and those of one artist's album follow each other."""
    order = facts.order
    assert sorted(order.tolist()) == list(range(len(facts.frame)))
    lone = facts.frame.assign(path=[f"/m/{row}/x.mp3" for row in range(len(facts.frame))])
    albums = Facts(lone).albums[sort_library(lone)]
    albums = albums[(albums >= 0) & (Facts(lone).artists[sort_library(lone)] >= 0)]
    changes = np.count_nonzero(np.diff(albums)) + 1 if len(albums) else 0
    assert changes == len(np.unique(albums))


@given(libraries())
@settings(max_examples=100, deadline=None)
def test_some_rows_keep_the_order_of_all(facts):
    rows = np.flatnonzero(np.arange(len(facts.frame)) % 2)
    assert facts.sort_rows(rows).tolist() == [row for row in facts.order if row % 2]
