"""For which loudspeaker each channel of a recording is: how to mix them, and how loud they count.

Loudspeakers are named as FFmpeg names them: FL, FR and FC in front, SL and SR beside, BL, BC and BR
behind, LFE for the bass, T… above. Conventions:

- Channels without names have the usual ones of their number (RFC 9639, which WAVE, Vorbis and Opus
  share but for their order): a file of six is 5.1. There are such for three to eight channels.
- Mixed to stereo as ITU-R BS.775 says: the centre at -3 dB in both sides, what is beside, behind or
  above at -3 dB in its own, the bass in neither; nothing is scaled, so the front stays as it is.
- Loudness weights as ITU-R BS.1770: 1.41 (+1.5 dB) for what is beside or behind, none for the bass,
  1 for all others. A mono recording counts as the same signal on two loudspeakers. Of the surround
  channels of 6.1 and 7.1, the standard's Annex 3 would raise those beside only; FFmpeg's and most
  meters raise all, and so do we, up to 0.5 LU above that.
- Of ambisonics, the first channel is the recording: the other ones say where it comes from.
- Whatever else has no names, or none of the front, is averaged to one channel, and each counts 1.
"""

import av
import numpy as np

USUAL = {
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
# What FFmpeg's muxers name the loudspeakers where nobody did, if that is something else.
_USUAL_TOO = {3: ("FL", "FR", "LFE"), 4: ("FL", "FR", "FC", "BC")}
_UNKNOWN = "NONE"  # FFmpeg's name of a channel without one
_BASS = ("LFE", "LFE2")
_FRONT = ("FL", "FR", "FC")
_AROUND = ("SL", "SR", "SDL", "SDR", "BL", "BC", "BR", "TBL", "TBC", "TBR")
_ABOVE = "T"  # with which their names begin
_HALF_POWER = 0.5**0.5  # -3 dB
_AROUND_WEIGHT = 1.41


def names(layout: av.AudioLayout) -> tuple[str, ...]:
    """The loudspeaker of each channel; the usual ones where the layout names none."""
    found = tuple(channel.name for channel in layout.channels)
    return USUAL.get(len(found), found) if set(found) == {_UNKNOWN} else found


def are_usual(speakers: tuple[str, ...]) -> bool:
    """Whether they mix and count as channels of this number usually do."""
    usual = [table[len(speakers)] for table in (USUAL, _USUAL_TOO) if len(speakers) in table]
    return any(
        np.array_equal(mix(speakers), mix(other))
        and np.array_equal(weights(speakers), weights(other))
        for other in usual or [(_UNKNOWN,) * len(speakers)]
    )


def mix(speakers: tuple[str, ...]) -> np.ndarray:
    """float32 [channels, 1 or 2]: what each channel adds to the mono or stereo signal."""
    if len(speakers) <= 2:
        return np.eye(len(speakers), dtype=np.float32)
    if _is_ambisonic(speakers):
        return np.eye(len(speakers), 1, dtype=np.float32)
    if not set(_FRONT) & set(speakers):
        return np.full((len(speakers), 1), 1 / len(speakers), np.float32)
    return np.array([_sides(name) for name in speakers], np.float32)


def weights(speakers: tuple[str, ...]) -> np.ndarray:
    """float64 [channels]: by how much the power of each counts in the loudness."""
    if len(speakers) == 1:
        return np.array([2.0])
    if len(speakers) == 2:
        return np.ones(2)
    if _is_ambisonic(speakers):
        return 2 * np.eye(len(speakers))[0]
    return np.array([_weight(name) for name in speakers])


def _is_ambisonic(speakers: tuple[str, ...]) -> bool:
    return speakers[0].startswith("AMBI")


def _sides(name: str) -> tuple[float, float]:
    """What a loudspeaker's signal adds to left and right."""
    if name in _BASS or name == _UNKNOWN:
        return 0.0, 0.0
    gain = _HALF_POWER if name in _AROUND or name.startswith(_ABOVE) else 1.0
    left, right = "L" in name, "R" in name
    if left == right:
        gain *= _HALF_POWER
        return gain, gain
    return gain * left, gain * right


def _weight(name: str) -> float:
    if name in _BASS:
        return 0.0
    return _AROUND_WEIGHT if name in _AROUND else 1.0
