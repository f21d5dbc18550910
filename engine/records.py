"""What crosses the boundaries between worker processes, the library and the command line.

Plain frozen dataclasses, picklable, with no heavy import, so that the apps can read them on a
machine that has no model and no audio library.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

# Every (track, stage) ends in exactly one of these.
STATUSES = (
    "ok",
    "partial",  # decoded shorter than the container says, or with damaged samples
    "silent",
    "too_short",
    "unreadable",
    "crashed",  # a native library killed the worker, twice
    "timeout",
    "model_missing",
)
# The statuses whose values are in the table.
HAS_VALUES = ("ok", "partial")


# Raise it when engine.filetags reads something else from the same file: the next run then reads the
# tags of all files anew, without decoding them.
TAG_READING = 1


@dataclass(frozen=True)
class Tags:
    """What the file says of itself; None where it says nothing. Text is in NFC."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: int | None = None
    album_artist: str | None = None
    track_no: int | None = None  # from 1
    disc_no: int | None = None  # from 1
    bitrate: int | None = None  # bit/s, of the sound: stated, or the mean
    genre: str | None = None  # several are joined by "; "


@dataclass(frozen=True)
class Media:
    """What the container says, and what was decoded of it."""

    duration_s: float | None  # seconds; as the container says, else as decoded
    sample_rate: int  # Hz, of the file
    channels: int  # of the file
    codec: str
    analysed_s: float | None = None  # seconds that were decoded; None when only probed


@dataclass(frozen=True)
class Curve:
    """A value over the time of one track, at a steady rate."""

    name: str  # which one of its stage, such as "ic_0.0"
    model: str  # what computed it
    start_s: float  # time of the first frame in the track, s
    hop_s: float  # between frames, s; above 0
    values: np.ndarray  # float32 [frames]; NaN where there is none


@dataclass(frozen=True)
class Fingerprint:
    """What tells a recording again, whatever its level or codec (engine.fingerprint)."""

    signs: bytes  # uint16 little-endian [2, frames]
    sketch: bytes  # int8 [fingerprint_match.SKETCH]: of copies nearly equal, whatever their offset


@dataclass(frozen=True)
class StageValues:
    """What a stage computed for one recording."""

    values: Mapping[str, float | str] = field(default_factory=dict)  # descriptor column → value
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)  # space → float32 [dimensions]
    curves: tuple[Curve, ...] = ()  # each under a name of its own
    acoustic: Fingerprint | None = None
    remark: str | None = None  # a sentence on how far to trust it


@dataclass(frozen=True)
class Outcome:
    """The result of one stage on one track."""

    stage: str
    fingerprint: str
    status: str  # one of STATUSES
    error: str | None = None  # why there are no values, or a remark on them
    seconds: float = 0.0  # of computation
    values: Mapping[str, float | str] = field(default_factory=dict)  # descriptor column → value
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)  # space → float32 [dimensions]
    curves: tuple[Curve, ...] = ()  # each under a name of its own
    acoustic: Fingerprint | None = None


@dataclass(frozen=True)
class Prepared:
    """What is known of a file before its stages; all None where nothing could be read."""

    content_hash: str | None
    media: Media | None
    tags: Tags | None


@dataclass(frozen=True)
class Analysis:
    """Everything that one run found out about one file."""

    content_hash: str | None = None  # of the audio packets: survives renaming and retagging
    media: Media | None = None
    tags: Tags | None = None
    outcomes: tuple[Outcome, ...] = ()
