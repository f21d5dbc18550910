"""Find the audio files under some folders, by extension, and by content where that says nothing.

A file with an audio extension is reported without being opened: whether it holds audio is the
decoder's to say. Any other file is audio when its first bytes are (a FLAC named cover.txt). MP4,
Matroska and Windows Media hold songs and films alike: whether one is called .mp4 or .m4v, .webm or
.mkv, it is a track if it has sound and no pictures that move (engine/films.py); a cover is none.
Symbolic links are followed after everything else, and a file or folder is visited once, so that
loops end and two links to one file are one track. Paths are bytes: names need not be UTF-8.

A folder that begins with a dot is music like any other (".38 Special", "...And Justice for All").
Not looked into are folders that systems, servers and tools are known to make, which SYSTEM_FOLDERS
names, and what begins with a dot directly in somebody's home folder; unless they are roots. Signs
to media players such as .nomedia do not count: the roots are what somebody wants analysed.
"""
# pathlib has no paths of bytes.
# ruff: noqa: PTH111, PTH116, PTH119, PTH120, PTH122

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine import films
from engine.films import Content

AUDIO_EXTENSIONS = frozenset(
    b".mp3 .mp2 .mp1 .mpga .flac .ogg .oga .opus .spx .m4a .m4b .m4r .aac .adts .alac .wav .wave "
    b".w64 .rf64 .bwf .aif .aiff .aifc .wma .wv .ape .mpc .mp+ .mpp .tta .tak .ofr .shn .au .snd "
    b".caf .mka .weba .ac3 .eac3 .dts .dtshd .amr .awb .3ga .dsf .dff .ra .oma .aa3 .voc "
    b".qoa".split()
)
# Of containers that hold songs or films, which their content tells.
CONTAINER_EXTENSIONS = frozenset(b".mp4 .m4v .mov .3gp .3g2 .webm .mkv .asf .wmv".split())
# Of films only. Films have sound too, but a film is not a track.
VIDEO_EXTENSIONS = frozenset(b".avi .mpg .mpeg .flv .ts .m2ts .vob .ogv .ogm .rm .rmvb".split())
UNFINISHED_EXTENSIONS = frozenset(b".part .partial .crdownload .download .!qb .aria2 .tmp".split())
SNIFFED_BYTES = 4096  # holds two MPEG audio frames of up to 1,441 bytes, the largest common size

TRASH = "recycle bin"
VERSIONS = "snapshots or earlier versions"
SYSTEM = "folder of the system"
TOOL = "folder of a program"
# The folders that are not looked into, as their makers write them; case does not count.
SYSTEM_FOLDERS: dict[str, tuple[bytes, ...]] = {
    TRASH: (
        b"$RECYCLE.BIN",
        b"#recycle",  # Synology
        b"@Recycle",  # QNAP
        b".recycle",  # Samba
        b".Recycle.Bin",  # Unraid
        b"Network Trash Folder",  # AFP
        b"files_trashbin",  # Nextcloud, ownCloud
    ),
    VERSIONS: (
        b"#snapshot",  # Synology
        b"@Recently-Snapshot",  # QNAP
        b".snapshot",
        b".snapshots",
        b"~snapshot",
        b".zfs",
        b".MobileBackups",
        b"Backups.backupdb",  # Time Machine
        b".stversions",  # Syncthing
        b".sync",  # Resilio
        b".dropbox.cache",
        b"files_versions",
    ),
    SYSTEM: (
        b"System Volume Information",
        b".Spotlight-V100",
        b".fseventsd",
        b".DocumentRevisions-V100",
        b".TemporaryItems",
        b"Temporary Items",
        b".AppleDouble",
        b".AppleDB",
        b".AppleDesktop",
        b"__MACOSX",
        b"@eaDir",  # Synology
        b"@tmp",
        b"@SynoResource",
        b".SynologyWorkingDirectory",
        b".@__thumb",  # QNAP
        b".@upload_cache",
        b".@analytic",
        b".@backup_config",
    ),
    TOOL: (
        b".cache",
        b".config",
        b".local",
        b".thumbnails",
        b".git",
        b".svn",
        b".hg",
        b".bzr",
        b".mozilla",
        b".npm",
        b".venv",
        b".stfolder",
        b".tmp.drivedownload",  # Google Drive
        b".tmp.driveupload",
    ),
}
# Of systems that heed case: ZZ Top's "Recycler" is an album.
CASED_FOLDERS = {b"RECYCLER": TRASH, b"lost+found": SYSTEM}
TRASH_START = b".trash"  # .Trash, .Trashes, .Trash-1000; case does not count
_REASON_OF = {name.lower(): why for why, names in SYSTEM_FOLDERS.items() for name in names}
# Where home folders lie, besides $HOME: of Linux, macOS, NAS, and Windows below Linux.
_HOMES = re.compile(
    rb"/root|/(?:var/|export/)?home/[^/]+|(?:/mnt/[a-z])?/Users/[^/]+"
    rb"|/(?:volume\d+|share|var/services)/homes/[^/]+"
)
# What Android's media store makes of files that were deleted, or are not complete.
_ANDROID = re.compile(rb"\.(trashed|pending)-\d+-")

NOT_THERE = "there is no such file or folder"
IN_HOME = "hidden folder in a home folder"
RESOURCE_FORK = "macOS resource fork"
UNFINISHED = "unfinished download"
FILM = "film"
NOT_A_FILE = "not a regular file (pipe, socket or device)"
BROKEN_LINK = "link that leads nowhere"
SECOND_WAY = "link to something found elsewhere"


@dataclass(frozen=True)
class Found:
    """One audio file: `root` is the scanned folder (absolute), `relpath` leads from there."""

    root: bytes
    relpath: bytes
    size: int  # bytes
    mtime_ns: int


@dataclass(frozen=True)
class Skipped:
    """Something that was passed over, and why: the reasons are few, so they can be counted."""

    path: bytes
    reason: str


@dataclass
class _Walk:
    """What has been visited, as (device, inode), and the links left for the end."""

    roots: Sequence[bytes] = ()  # real paths: what is looked into, whatever it is called
    folders: set[tuple[int, int]] = field(default_factory=set)
    files: set[tuple[int, int]] = field(default_factory=set)
    links: list[tuple[bytes, bytes]] = field(default_factory=list)  # (root, path)


def find_audio(roots: Sequence[Path | str | bytes]) -> Iterator[Found | Skipped]:
    """Every audio file under `roots` (folders or single files), once, in a fixed order.

    Overlapping roots count as the outermost one. Nothing is raised for what cannot be read: it
    is Skipped, with the reason.
    """
    walk = _Walk(_real_paths(roots))
    for path in outermost(roots):
        try:
            status = os.stat(path)
        except OSError as error:
            yield Skipped(path, _reason(error))
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _folder(walk, path, path, status)
        else:
            yield from _file(walk, os.path.dirname(path), path, status)
    while walk.links:
        root, path = walk.links.pop(0)
        yield from _visit(walk, root, path)


def outermost(roots: Sequence[Path | str | bytes]) -> list[bytes]:
    """The roots as real absolute paths, each once, without those that lie inside another.

    Real, so that a folder and a link to it (~/Music on another disk) are the same tracks.
    """
    paths = _real_paths(roots)
    return [
        path
        for path in paths
        if not any(_is_inside(path, other) for other in paths if other != path)
    ]


def _real_paths(roots: Sequence[Path | str | bytes]) -> list[bytes]:
    return list(dict.fromkeys(os.path.realpath(os.fsencode(root)) for root in roots))


def _is_inside(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def _folder(walk: _Walk, root: bytes, top: bytes, status: os.stat_result) -> Iterator:
    """Files, then folders, each in the order of their names' bytes, depth first."""
    stack = [(top, status)]
    while stack:
        path, status = stack.pop()
        identity = (status.st_dev, status.st_ino)
        if identity in walk.folders:
            yield Skipped(path, SECOND_WAY)
            continue
        walk.folders.add(identity)
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Skipped(path, _reason(error))
            continue
        inner = []
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield Skipped(entry.path, _reason(error))
                continue
            if stat.S_ISLNK(status.st_mode):
                walk.links.append((root, entry.path))
            elif not stat.S_ISDIR(status.st_mode):
                yield from _file(walk, root, entry.path, status)
            elif reason := _reason_to_skip(path, entry.name):
                yield from _roots_inside(walk, root, entry.path, reason)
            else:
                inner.append((entry.path, status))
        stack.extend(reversed(inner))


def _reason_to_skip(folder: bytes, name: bytes) -> str | None:
    """Why the folder `name` in `folder` is not looked into; None for one that is."""
    lower = name.lower()
    if lower.startswith(TRASH_START):
        return TRASH
    reason = CASED_FOLDERS.get(name) or _REASON_OF.get(lower)
    if reason is None and name.startswith(b".") and _is_home(folder):
        return IN_HOME
    return reason


def _is_home(folder: bytes) -> bool:
    real = os.path.realpath(folder)
    own = os.path.realpath(os.path.expanduser(b"~"))
    return real == own or _HOMES.fullmatch(real) is not None


def _roots_inside(walk: _Walk, root: bytes, path: bytes, reason: str) -> Iterator[Found | Skipped]:
    """Of a folder that is not looked into, the roots in it; it may be one itself."""
    real = os.path.realpath(path)
    inside = [given for given in walk.roots if _is_inside(given, real)]
    if real not in inside:
        yield Skipped(path, reason)
    for given in inside:
        yield from _visit(walk, root, path + given[len(real) :], is_wanted=True)


def _visit(
    walk: _Walk, root: bytes, path: bytes, is_wanted: bool = False
) -> Iterator[Found | Skipped]:
    """What is at a path that no folder's listing has described."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        yield Skipped(path, BROKEN_LINK)
        return
    except OSError as error:
        yield Skipped(path, _reason(error))
        return
    if not stat.S_ISDIR(status.st_mode):
        if (status.st_dev, status.st_ino) in walk.files:
            yield Skipped(path, SECOND_WAY)
        else:
            yield from _file(walk, root, path, status)
    elif not is_wanted and (reason := _reason_to_skip(*os.path.split(path))):
        yield from _roots_inside(walk, root, path, reason)
    else:
        yield from _folder(walk, root, path, status)


def _file(
    walk: _Walk, root: bytes, path: bytes, status: os.stat_result
) -> Iterator[Found | Skipped]:
    name = os.path.basename(path)
    extension = os.path.splitext(name)[1].lower()
    if not stat.S_ISREG(status.st_mode):
        yield Skipped(path, NOT_A_FILE)
    elif android := _ANDROID.match(name):
        yield Skipped(path, TRASH if android[1] == b"trashed" else UNFINISHED)
    elif extension in UNFINISHED_EXTENSIONS:
        yield Skipped(path, UNFINISHED)
    elif name.startswith(b"._"):
        yield Skipped(path, RESOURCE_FORK)
    else:
        try:
            content = Content.SOUND if extension in AUDIO_EXTENSIONS else _content(extension, path)
        except OSError as error:
            yield Skipped(path, _reason(error))
            return
        if content is Content.FILM:
            yield Skipped(path, FILM)
        elif content is Content.SOUND:
            walk.files.add((status.st_dev, status.st_ino))
            relpath = os.path.relpath(path, root)
            yield Found(root, relpath, status.st_size, status.st_mtime_ns)


def _content(extension: bytes, path: bytes) -> Content | None:
    """What a file without an audio extension holds; None for neither sound nor film.

    A container that is damaged is left to the decoder, which says what is wrong, if it has the name
    of one.
    """
    head = _head(path)
    found = None
    if extension not in VIDEO_EXTENSIONS and films.is_container(head):
        with open(path, "rb", buffering=0, opener=_open_unblocked) as file:
            found = films.content(file)
        if found is Content.UNCLEAR and extension in CONTAINER_EXTENSIONS:
            found = Content.SOUND
    elif sniff(head):
        found = Content.SOUND
    return found


def _reason(error: OSError) -> str:
    """The system's words for it; without the path, so that equal reasons can be counted."""
    if isinstance(error, FileNotFoundError):
        return NOT_THERE
    return f"cannot be read: {(error.strerror or type(error).__name__).lower()}"


def _head(path: bytes) -> bytes:
    with open(path, "rb", buffering=0, opener=_open_unblocked) as file:
        return file.read(SNIFFED_BYTES)


def _open_unblocked(path: bytes, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # the entry may have become a pipe meanwhile


_STARTS = (
    b"ID3",
    b"fLaC",
    b"wvpk",
    b"MAC ",
    b"MPCK",
    b"MP+",
    b"TTA1",
    b"tBaK",
    b"OFR ",
    b"ajkg",  # Shorten
    b".snd",
    b"caff",
    b"DSD ",
    b"FRM8",
    b"#!AMR",
    b"qoaf",
    b"Creative Voice File",
    b"riff\x2e\x91\xcf\x11",  # Wave64
)
_OGG_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ")
_OGG_FILM = b"\x80theora"
_MP4_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")


def sniff(head: bytes) -> bool:
    """Whether a file that begins with `head` (SNIFFED_BYTES of it, or all) is an audio file."""
    if head.startswith(_STARTS):
        return True
    if head.startswith(b"OggS"):
        return any(codec in head[:64] for codec in _OGG_CODECS) and _OGG_FILM not in head
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64"):
        return head[8:12] == b"WAVE"
    if head[:4] == b"FORM":
        return head[8:12] in (b"AIFF", b"AIFC")
    if head[4:8] == b"ftyp":
        return head[8:12] in _MP4_AUDIO_BRANDS
    length = _frame_bytes(head)
    return length > 0 and _frame_bytes(head[length:]) > 0


# kbit/s by bitrate index 1-14, for (MPEG-1?, layer); Hz by sample rate index, for MPEG-1.
# ISO/IEC 11172-3, 2.4.2.3, and 13818-3.
_KBITS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44100, 48000, 32000)


def _frame_bytes(head: bytes) -> int:
    """Length of the MPEG audio or ADTS frame that `head` begins with; 0 where it is none."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    if layer == 4:  # the two bits that ADTS has at zero
        is_adts = head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5 if is_adts else 0
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or not 0 < bits < 15 or rate == 3:
        return 0
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    kbits = _KBITS[version == 3, layer][bits - 1]
    padding = head[2] >> 1 & 1
    if layer == 1:
        return (12_000 * kbits // hertz + padding) * 4
    samples = 576 if layer == 3 and version != 3 else 1152
    return samples // 8 * 1000 * kbits // hertz + padding
