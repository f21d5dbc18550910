"""The demo music: complete, fetched once, and a clear sentence where it cannot be had."""

import shutil
import subprocess
from pathlib import Path

import pytest

from engine import demo


def package(folder: Path, name: str, *files: str) -> None:
    """What `dpkg -x` leaves of a package."""
    for file in files:
        path = folder / name / "usr/share/games" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(demo.SMALLEST))
    rights = folder / name / "usr/share/doc" / name / "copyright"
    rights.parent.mkdir(parents=True, exist_ok=True)
    rights.write_text(f"The terms of {name}.")


@pytest.fixture
def fake_apt(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A distribution with two packages; the list of the commands that were run."""
    commands: list[list[str]] = []

    def run(command: list[str], cwd: Path, **_: object) -> subprocess.CompletedProcess:
        commands.append(command)
        name = command[-1]
        if command[0] == "apt-get" and "download" in command:
            if name not in ("one", "two"):
                return subprocess.CompletedProcess(command, 100, "", "Unable to locate package")
            (cwd / f"{name}_1.0_all.deb").touch()
        elif command[0] == "dpkg":
            unpacked = Path(command[-1])
            top = unpacked.parent
            package(top, unpacked.name, "x/music/a/song.ogg", "x/music/b/song.ogg")
            (unpacked / "usr/share/games/x/music/a/jingle.ogg").write_bytes(b"short")
            (unpacked / "usr/share/games/x/music/c").symlink_to("a")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return commands


def relative(folder: Path, tracks: list[Path]) -> list[str]:
    return [str(track.relative_to(folder)) for track in tracks]


def test_tracks_keep_their_folders_and_links_and_jingles_stay_out(tmp_path: Path, fake_apt: list):
    found = demo.fetch(tmp_path, ("one", "two"), fewest=4)
    wanted = ["one/a/song.ogg", "one/b/song.ogg", "two/a/song.ogg", "two/b/song.ogg"]
    assert relative(tmp_path, found) == wanted
    terms = (tmp_path / demo.CREDITS).read_text()
    assert "The terms of one." in terms
    assert "The terms of two." in terms
    assert sorted(path.name for path in tmp_path.iterdir()) == [demo.CREDITS, "one", "two"]


def test_what_is_there_is_not_fetched_again(tmp_path: Path, fake_apt: list):
    first = demo.fetch(tmp_path, ("one",), fewest=2)
    fake_apt.clear()
    assert demo.fetch(tmp_path, ("one",), fewest=2) == first
    assert fake_apt == []


def test_an_interrupted_copy_is_made_again(tmp_path: Path, fake_apt: list):
    demo.fetch(tmp_path, ("one",), fewest=2)
    (tmp_path / "one" / demo.DONE).unlink()
    (tmp_path / "one/a/song.ogg").write_bytes(b"half")
    demo.fetch(tmp_path, ("one",), fewest=2)
    assert (tmp_path / "one/a/song.ogg").stat().st_size == demo.SMALLEST


def test_a_package_that_is_gone_is_left_out_after_fresh_lists(tmp_path: Path, fake_apt: list):
    found = demo.fetch(tmp_path, ("one", "gone"), fewest=2)
    assert len(found) == 2
    assert sum("update" in command for command in fake_apt) == 1


def test_too_few_tracks_is_an_error_that_says_what_to_do(tmp_path: Path, fake_apt: list):
    with pytest.raises(demo.DemoError, match=r"2 of at least 40 .* make demo MUSIC="):
        demo.fetch(tmp_path, ("one",))


def test_other_systems_are_told_to_bring_their_music(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(demo.DemoError, match=r"apt-get and dpkg is not here.*MUSIC="):
        demo.fetch(tmp_path / "demo")
    assert demo.main([str(tmp_path / "demo")]) == 1
    assert "MUSIC=" in caplog.text


def test_the_real_collection_is_varied(demo_tracks: list[Path]):
    assert len(demo_tracks) >= 12
    packages = {name for name in demo.ALL for track in demo_tracks if name in track.parts}
    assert len(packages) >= 3
