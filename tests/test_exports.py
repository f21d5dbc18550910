"""The export box: each format and kind of paths, and what it says of tracks that it leaves out."""

import pytest
from app_pages import SECONDS, change, texts
from streamlit.testing.v1 import AppTest

from benchmarks import synthetic
from engine import playlist, playlist_csv, xspf

TRACKS = 30


@pytest.fixture
def box(tmp_path, monkeypatch) -> AppTest:
    """The box alone, on a list of all tracks under /music."""
    library = tmp_path / "library"
    synthetic.make(library, TRACKS)
    change(
        library,
        "UPDATE tracks SET path = X'636166e92e776176' WHERE id = 2",
        "UPDATE tracks SET path = CAST('what?.wav' AS BLOB) WHERE id = 3",
    )
    monkeypatch.setenv("SERENDIP_LIBRARY", str(library))
    monkeypatch.setattr("sys.argv", ["streamlit"])

    def script():
        import numpy as np

        from ui import exports, opening

        music = opening.opened()
        exports.draw(music, np.arange(len(music.frame)), "serendip", "export")

    session = AppTest.from_function(script, default_timeout=SECONDS).run()
    assert not session.exception
    return session.text_input(key="export_folder").set_value(str(tmp_path)).run()


@pytest.mark.parametrize(
    ("name", "reader"),
    [("M3U8", playlist.parse), ("XSPF", xspf.parse), ("CSV", playlist_csv.parse)],
)
def test_each_format_is_saved_under_its_ending(box, tmp_path, name, reader):
    box.segmented_control(key="export_format").set_value(name).run()
    assert box.download_button(key="export_download").label == f"Download {name}"
    box.button(key="export_save").click().run()
    saved = reader((tmp_path / f"serendip.{name.lower()}").read_bytes())
    assert all(entry.path.startswith("/music/") for entry in saved)
    assert f"{len(saved)} tracks saved." in texts(box)


def test_a_table_has_the_descriptors(box, tmp_path):
    box.segmented_control(key="export_format").set_value("CSV").run()
    box.button(key="export_save").click().run()
    values = playlist_csv.parse((tmp_path / "serendip.csv").read_bytes())[0].values
    assert 42 <= float(values["tempo_bpm"]) <= 208
    assert "---" in values["style"]


def test_the_folder_is_replaced(box, tmp_path):
    box.segmented_control(key="export_paths").set_value("replaced").run()
    assert "Type where the same folder is" in texts(box)
    assert not box.download_button
    box.text_input(key="export_there").set_value("D:\\Music").run()
    box.button(key="export_save").click().run()
    lines = playlist.parse((tmp_path / "serendip.m3u8").read_bytes())
    assert all(line.path.startswith("D:\\Music\\") and "/" not in line.path for line in lines)
    assert len(lines) > TRACKS // 2


def test_what_lies_elsewhere_is_said_beforehand(box):
    box.segmented_control(key="export_paths").set_value("replaced").run()
    box.text_input(key="export_here").set_value("/other").run()
    box.text_input(key="export_there").set_value("//nas/music").run()
    assert "will be left out" in texts(box)
    assert "not in /other" in texts(box)


def test_names_that_are_not_utf8_are_said_beforehand(box):
    said = "Names that are not UTF-8: 1 track (such as “caf"
    assert said in texts(box)
    assert "stricter players may refuse the whole file" in texts(box)
    box.segmented_control(key="export_format").set_value("CSV").run()
    assert said in texts(box)
    assert "addresses that begin with file:" in texts(box)
    box.segmented_control(key="export_format").set_value("XSPF").run()
    assert "UTF-8" not in texts(box)


def test_what_windows_cannot_hold_is_said_beforehand(box):
    box.segmented_control(key="export_paths").set_value("replaced").run()
    box.text_input(key="export_there").set_value("/mnt/music").run()
    assert "no name on Windows" not in texts(box)
    box.text_input(key="export_there").set_value("D:\\Music").run()
    assert "2 tracks will be left out" in texts(box)
    assert "“what?.wav”" in texts(box)
    assert "no name on Windows" in texts(box)
    assert "Names that are not UTF-8" not in texts(box)


def test_what_is_no_folder_is_said(box):
    box.segmented_control(key="export_paths").set_value("replaced").run()
    box.text_input(key="export_here").set_value("Music").run()
    box.text_input(key="export_there").set_value("D:\\").run()
    assert "from / on" in texts(box)
