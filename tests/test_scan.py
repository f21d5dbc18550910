"""What a scan makes of places that are not there."""

import os

import pytest

from engine.scan import RunError, Scan


@pytest.mark.parametrize(("root", "gone_drive"), [("music", True), ("mus", False), ("", True)])
def test_a_file_is_gone_with_its_own_drive_only(tmp_path, root, gone_drive):
    """Not with that of a folder whose name begins alike."""
    top = os.fsencode(tmp_path / root)
    scan = Scan({top: -1}, [], {})  # no device has that number
    path = os.fsencode(tmp_path / "music" / "a.mp3")
    if gone_drive:
        with pytest.raises(RunError, match="went away"):
            scan.is_gone(path)
    else:
        assert scan.is_gone(path)


def test_a_single_file_is_its_own_place(tmp_path):
    path = os.fsencode(tmp_path / "a.mp3")
    with pytest.raises(RunError, match="went away"):
        Scan({path: -1}, [], {}).is_gone(path)
