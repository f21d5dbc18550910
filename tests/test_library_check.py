"""What the check of a library finds: each kind of damage is named, and a whole one passes."""

import pytest
from analyses import ROOT, analysis, curve, information

from engine.library import Library
from engine.library_check import problems
from engine.records import Analysis
from engine.storage import FILE_NAME, PAGE_BYTES, LibraryError


@pytest.fixture
def writer(tmp_path):
    with Library.create(tmp_path / "library") as writer:
        writer.record(ROOT, b"a.mp3", 1, 1, analysis("aa"))
        writer.record(ROOT, b"b.mp3", 1, 1, analysis("bb"))
        writer.record(ROOT, b"b.mp3", 1, 1, Analysis("bb", outcomes=(information(curve()),)))
        yield writer


def test_a_whole_library_has_no_problem(writer):
    assert problems(writer.path) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE ledger SET status = 'fine' WHERE stage = 'dsp'", "2 tracks have a status"),
        ("UPDATE ledger SET stage = 'rhythm' WHERE stage = 'dsp'", "2 tracks have a stage"),
        ("DELETE FROM ledger WHERE stage = 'dsp' AND track_id = 1", "1 tracks have descriptors"),
        ("DELETE FROM ledger WHERE stage = 'musicnn'", "2 tracks have a tags vector, but not"),
        ("UPDATE ledger SET status = 'silent'", "have descriptors of effnet, which has none"),
        ("DELETE FROM vectors WHERE space = 'effnet'", "have effnet done, but no effnet vector"),
        ("UPDATE vectors SET space = 'new' WHERE space = 'tags'", "in a space that is none"),
        ("UPDATE vectors SET vector = x'00' WHERE space = 'tags'", "a tags vector cut short"),
        (
            "UPDATE vectors SET vector = CAST(x'0000c07f' || zeroblob(196) AS BLOB) "
            "WHERE space = 'tags'",
            "values that are not finite",
        ),
        ("UPDATE curves SET track_id = 1", "1 tracks have a curve, but not of information"),
        ("UPDATE curves SET vector = x'000000'", "1 tracks have a curve cut short"),
        ("UPDATE curves SET vector = x'0000807f'", "1 tracks have a curve with infinite values"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM tracks WHERE id = 1", "does not exist"),
    ],
)
def test_damage_is_named(writer, damage, problem):
    for statement in damage.split("; "):
        writer._db.execute(statement)
    assert any(problem in found for found in problems(writer.path)), problems(writer.path)


def test_damaged_pages_are_named(writer):
    writer.close()
    file = writer.path / FILE_NAME
    content = bytearray(file.read_bytes())
    page = content.find(b"Kind of Blue") // PAGE_BYTES
    content[page * PAGE_BYTES : page * PAGE_BYTES + 8] = b"\xff" * 8
    file.write_bytes(content)
    try:
        found = problems(writer.path)
    except LibraryError as error:  # how far SQLite gets depends on its version
        found = [str(error)]
    assert found
    assert all(problem.startswith("SQLite: ") or "is damaged" in problem for problem in found)
