"""The export box: each format and kind of paths, and what it says of tracks that it leaves out."""

from pathlib import Path

import pytest
from app_pages import SECONDS, change, read_again, texts
from streamlit.testing.v1 import AppTest

from benchmarks import synthetic
from engine import playlist, playlist_csv, xspf
from engine.library import Library
from engine.playlist_paths import Names
from ui.collection import read

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
    assert 0 <= float(values["danceability"]) <= 1
    head = (tmp_path / "serendip.csv").read_bytes().splitlines()[0].decode("utf-8-sig")
    assert head == (  # scripts read these names: new ones come after them
        "path,title,artist,album,seconds,tempo_bpm,key_edma,scale_edma,loudness_lufs,danceability,"
        "voice,valence,arousal,style,ic_mean,ic_model,danceability_dsp,tag,tag_activation"
    )


def test_a_table_has_the_stand_ins_under_their_own_names(box, tmp_path):
    read_again(
        box,
        tmp_path / "library",
        "UPDATE descriptors SET style = NULL, danceability = NULL, style_activation = NULL",
        "DELETE FROM vectors WHERE space = 'styles' OR (space = 'tags' AND track_id = 5)",
    )
    box.segmented_control(key="export_format").set_value("CSV").run()
    box.button(key="export_save").click().run()
    tracks = playlist_csv.parse((tmp_path / "serendip.csv").read_bytes())
    library = Library.open(tmp_path / "library")
    frame, (ids, matrix) = library.frame(), library.vectors("tags")
    strongest = dict(zip(ids.tolist(), matrix.argmax(axis=1), strict=True))
    labels, filled = library.labels("tags"), 0
    for row, entry in enumerate(tracks):
        track, values = int(frame.index[row]), entry.values
        assert values["style"] == values["danceability"] == ""
        signal = frame["danceability_dsp"].iloc[row]
        assert float(values["danceability_dsp"]) == pytest.approx(signal)
        if track in strongest:
            filled += 1
            assert values["tag"] == labels[strongest[track]]
            activation = matrix[ids.tolist().index(track)].max()
            assert float(values["tag_activation"]) == pytest.approx(float(activation))
        else:
            assert values["tag"] == values["tag_activation"] == ""
    assert 20 < filled < len(tracks)


def test_the_name_is_in_the_file_as_it_was_typed(box, tmp_path):
    box.text_input(key="export_name").set_value("A/B: für Anna").run()
    box.button(key="export_save").click().run()
    saved = (tmp_path / "A-B- für Anna.m3u8").read_text("utf-8", "surrogateescape")
    assert saved.startswith("#EXTM3U\n#PLAYLIST:A/B: für Anna\n#EXTINF:")
    box.segmented_control(key="export_format").set_value("XSPF").run()
    box.button(key="export_save").click().run()
    saved = (tmp_path / "A-B- für Anna.xspf").read_text("utf-8")
    assert "<title>A/B: für Anna</title>\n  <trackList>" in saved


def test_tracks_without_a_title_are_named_as_on_the_page(box, tmp_path):
    box.button(key="export_save").click().run()
    texts_of = [line.text for line in playlist.parse((tmp_path / "serendip.m3u8").read_bytes())]
    held = read(str(tmp_path / "library"), Library.open(tmp_path / "library").generation)
    untitled = held.frame["title"].isna().to_numpy()
    assert untitled.any()
    for row in range(len(held.frame)):
        named = held.name(row)
        text = f"{named['artist']} - {named['title']}" if named["artist"] else named["title"]
        assert text in texts_of


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


def test_what_windows_cannot_hold_is_said_beforehand_and_mended(box, tmp_path):
    box.segmented_control(key="export_paths").set_value("replaced").run()
    box.text_input(key="export_there").set_value("/mnt/music").run()
    assert "cannot hold" not in texts(box)
    box.text_input(key="export_there").set_value("D:\\Music").run()
    assert "2 tracks with names that Windows cannot hold" in texts(box)
    assert "“what?.wav”" in texts(box)
    assert "Names that are not UTF-8" not in texts(box)
    assert saved(box, tmp_path, "a") == TRACKS - 2
    box.segmented_control(key="export_names_Windows").set_value(Names.UNDERSCORE).run()
    assert saved(box, tmp_path, "b") == TRACKS
    lines = [line.path for line in playlist.parse((tmp_path / "b.m3u8").read_bytes())]
    assert "D:\\Music\\what_.wav" in lines and "D:\\Music\\caf_.wav" in lines


def test_what_a_phone_cannot_hold_is_said_beforehand_and_mended(box, tmp_path):
    box.segmented_control(key="export_paths").set_value("replaced").run()
    box.text_input(key="export_there").set_value("/storage/1234-5678/Music").run()
    assert "2 tracks with names that Android cannot hold" in texts(box)
    assert saved(box, tmp_path, "a") == TRACKS - 2
    box.segmented_control(key="export_names_Android").set_value(Names.UNDERSCORE).run()
    saved(box, tmp_path, "b")
    assert b"/storage/1234-5678/Music/what_.wav\n" in (tmp_path / "b.m3u8").read_bytes()


def test_a_list_for_a_stick_keeps_names_unless_it_is_told_otherwise(box, tmp_path):
    box.segmented_control(key="export_paths").set_value("relative").run()
    assert "2 tracks with names that a stick or card (FAT), Windows or Android cannot" in texts(box)
    assert saved(box, tmp_path, "a") == TRACKS
    assert b"/what?.wav\n" in (tmp_path / "a.m3u8").read_bytes()
    box.segmented_control(key="export_names_stick").set_value(Names.LEAVE_OUT).run()
    assert saved(box, tmp_path, "b") == TRACKS - 2


def test_paths_too_long_for_windows_are_said_beforehand_and_mended(box, tmp_path):
    name = "x" * 250 + ".wav"
    change(
        tmp_path / "library", f"UPDATE tracks SET path = CAST('{name}' AS BLOB) WHERE id = 4",
        "UPDATE meta SET value = value + 1 WHERE key = 'generation'",
    )  # fmt: skip
    box.run()
    box.button(key="reread").click().run()
    box.segmented_control(key="export_paths").set_value("replaced").run()
    box.text_input(key="export_there").set_value("D:\\Our Music").run()
    assert "1 track with more than 259 signs in the path there" in texts(box)
    assert saved(box, tmp_path, "a") == TRACKS - 2
    box.segmented_control(key="export_long").set_value(True).run()
    assert saved(box, tmp_path, "b") == TRACKS - 3
    box.button(key="export_use_drive").click().run()
    assert "more than 259 signs" not in texts(box)
    assert 'subst M: "D:\\Our Music"' in [code.value for code in box.code]
    assert saved(box, tmp_path, "c") == TRACKS - 2
    assert f"M:\\{name}\n".encode() in (tmp_path / "c.m3u8").read_bytes()


def saved(box: AppTest, folder: Path, name: str) -> int:
    """The tracks of the list, saved under a name."""
    box.text_input(key="export_name").set_value(name).run()
    box.button(key="export_save").click().run()
    assert not box.exception, box.exception[0].value
    return len(playlist.parse((folder / f"{name}.m3u8").read_bytes()))


def test_what_is_no_folder_is_said(box):
    box.segmented_control(key="export_paths").set_value("replaced").run()
    box.text_input(key="export_here").set_value("Music").run()
    box.text_input(key="export_there").set_value("D:\\").run()
    assert "from / on" in texts(box)
