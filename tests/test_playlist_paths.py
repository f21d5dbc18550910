"""Where files are on another device: names and lengths that it cannot take, and what helps."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.playlist_paths import (
    LONGEST_ON_WINDOWS,
    Names,
    Paths,
    has_place,
    is_odd,
    is_too_long,
    located,
    replacing,
    with_drive,
)

WINDOWS = replacing("/music", "D:\\Music")
CARD = replacing("/music", "/storage/1234-5678/Music")
STICK = Paths(relative_to=Path("/music/lists"))
POSSIBLE = re.compile(r'[^<>:"|?*\\/\x00-\x1f\ud800-\udfff]*[^<>:"|?*\\/\x00-\x1f\ud800-\udfff. ]')
DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)

# A name here → as it is written with _ for what cannot be.
ODD = {
    "Who?.mp3": "Who_.mp3",
    "12:30.mp3": "12_30.mp3",
    'The "Best".mp3': "The _Best_.mp3",
    "<3.mp3": "_3.mp3",
    "a>b.mp3": "a_b.mp3",
    "a|b.mp3": "a_b.mp3",
    "***.mp3": "___.mp3",
    "AC\\DC.mp3": "AC_DC.mp3",
    "tab\there.mp3": "tab_here.mp3",
    "\udcff.mp3": "_.mp3",
    "Vol. 1.": "Vol. 1",
    "blank ": "blank",
    "...": "___",
    "CON": "CON_",
    "nul.mp3": "nul_.mp3",
    "com1.live.mp3": "com1_.live.mp3",
    "LPT².mp3": "LPT²_.mp3",
}
FINE = ["plain.mp3", "...And Justice.mp3", ".38 Special", "a.b. c", "console.mp3", "é", "com10.mp3"]


def written(path: str, paths: Paths) -> str | None:
    place = located(path, paths)
    return None if place is None else place.text


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("inside", ["/music/{}", "/music/{}/track.mp3"])
def test_names_that_cannot_be_there_are_left_out_or_mended(name, inside):
    path = inside.format(name)
    for paths in (WINDOWS, CARD):
        assert is_odd(path, paths) and not has_place(path, paths)
    mended = inside.format(ODD[name]).removeprefix("/music/")
    with_sign = Paths(replaced=WINDOWS.replaced, names=Names.UNDERSCORE)
    assert written(path, with_sign) == "D:\\Music\\" + mended.replace("/", "\\")
    with_sign = Paths(replaced=CARD.replaced, names=Names.UNDERSCORE)
    assert written(path, with_sign) == f"/storage/1234-5678/Music/{mended}"


@pytest.mark.parametrize("name", FINE)
def test_other_names_stay(name):
    path = f"/music/{name}"
    for paths in (WINDOWS, CARD, STICK):
        assert not is_odd(path, paths) and has_place(path, paths)
    assert written(path, Paths(replaced=WINDOWS.replaced, names=Names.UNDERSCORE)) == (
        f"D:\\Music\\{name}"
    )


def test_a_list_that_moves_with_the_music_keeps_its_names_until_it_is_told_otherwise():
    """Here the files have them; on a stick they may not."""
    path = "/music/a: b/Who?.mp3"
    assert is_odd(path, STICK)
    assert written(path, STICK) == "../a: b/Who?.mp3"
    assert written(path, Paths(STICK.relative_to, names=Names.LEAVE_OUT)) is None
    mended = Paths(STICK.relative_to, names=Names.UNDERSCORE)
    assert written(path, mended) == "../a_ b/Who_.mp3"
    assert written("/music/lists/Who?.mp3", mended) == "Who_.mp3"
    assert written("/music/lists/fine.mp3", mended) == "fine.mp3"


def test_folders_that_are_not_written_do_not_count():
    assert not is_odd("/my: music/a.mp3", replacing("/my: music", "D:\\Music"))
    assert not is_odd("/my: music/a.mp3", Paths(relative_to=Path("/my: music")))


@pytest.mark.parametrize("there", ["/mnt/music", "//server/share", "smb://server/share"])
def test_where_any_name_may_be_all_are_kept(there):
    paths = replacing("/music", there)
    assert not is_odd("/music/Who?.mp3", paths) and has_place("/music/Who?.mp3", paths)
    assert not is_too_long(f"/music/{'x' * 400}.mp3", paths)


@pytest.mark.parametrize(
    ("letter", "units"), [("x", 1), ("é", 1), ("漢", 1), ("😀", 2), ("e\u0301", 2)]
)
def test_paths_are_as_long_as_windows_counts_them(letter, units):
    room = LONGEST_ON_WINDOWS - len("D:\\Music\\") - len(".mp3")
    name = letter * (room // units)
    name += "x" * (room - len(name.encode("utf-16-le")) // 2)
    fits, over = f"/music/{name}.mp3", f"/music/{name}x.mp3"
    assert len(written(fits, WINDOWS).encode("utf-16-le")) == 2 * LONGEST_ON_WINDOWS
    assert not is_too_long(fits, WINDOWS) and is_too_long(over, WINDOWS)
    short = Paths(replaced=WINDOWS.replaced, longest=LONGEST_ON_WINDOWS)
    assert has_place(fits, short) and not has_place(over, short)
    assert has_place(over, WINDOWS)  # unless it is told otherwise


def test_a_drive_letter_in_place_of_the_folder_shortens_the_path():
    paths = replacing("/music", "D:\\Users\\Ann\\Music\\")
    shorter, command = with_drive(paths)
    assert command == 'subst M: "D:\\Users\\Ann\\Music"'
    path = f"/music/{'x' * 245}.mp3"
    assert is_too_long(path, paths) and not is_too_long(path, shorter)
    assert written(path, shorter) == f"M:\\{'x' * 245}.mp3"
    assert with_drive(replacing("/music", "\\\\nas\\music"))[1] == 'net use M: "\\\\nas\\music"'
    taken, command = with_drive(replacing("/music", "m:/Music"))
    assert taken.replaced[1] == "N:\\" and command == 'subst N: "m:\\Music"'


@given(st.lists(st.text(min_size=1).filter(lambda n: "/" not in n and n not in (".", "..")),
                min_size=1, max_size=4))  # fmt: skip
def test_what_is_mended_can_be_there(names):
    path = "/music/" + "/".join(names)
    text = written(path, Paths(replaced=WINDOWS.replaced, names=Names.UNDERSCORE))
    for name in text.removeprefix("D:\\Music\\").split("\\"):
        assert POSSIBLE.fullmatch(name) and not DEVICES.fullmatch(name)
    assert len(text.split("\\")) == 2 + len(names)
    if not is_odd(path, WINDOWS):
        assert text == "D:\\Music\\" + "\\".join(names)
