"""The content hash: of everything in a file that changes the decoded samples, and of nothing else.

It is a digest of codec, rate, number of channels and all audio packets, 32 hexadecimal digits. What
a header changes besides is noted after it, in 16 digits more, but only where it is not what headers
usually say, so that a file whose header does nothing special is known by its packets alone:

- Opus: output gain, a pre-skip that encoders do not write, an unusual order of channels.
- Samples that the container (an edit list, a delay) cuts off at either end, if there are more than
  encoders add: what states an encoder's own delay is lost in tagging and copying.
- Loudspeakers of more than two channels, where the container names them (PCM, FLAC, ALAC, WMA), not
  the packets: unusual ones change the mix and the loudness.
- That the file was not read to its end, so that it is never taken for a shorter one.

Not covered, although the samples hang on it: the tables that a decoder is set up with (Vorbis'
setup header, the configurations of AAC and ALAC …). They belong to the packets, nothing changes the
one without the other, and there is no usual one that could go without a note. Gains in tags
(ReplayGain, R128, iTunNORM), volumes of MP4 tracks and lengths in the headers of FLAC and WavPack
are not covered since decoding does not heed them.
"""

import hashlib
import struct

import av

from engine import speakers
from engine.container import Part

USUAL_PRE_SKIPS = range(312, 400)  # libopus' own delay, and older encoders' resampler with it
# Samples; the longest that an encoder leaves: 5,760 at the end of Opus, 4,095 in MP3.
ENCODER_DELAY = 6_000
# The places of the channels in Opus, by their number (RFC 7845, 5.1.1.2).
_OPUS_ORDERS = {
    1: (0,),
    2: (0, 1),
    3: (0, 2, 1),
    4: (0, 1, 2, 3),
    5: (0, 4, 1, 2, 3),
    6: (0, 4, 1, 2, 3, 5),
    7: (0, 4, 1, 2, 3, 5, 6),
    8: (0, 6, 1, 2, 3, 4, 5, 7),
}
# Codecs whose loudspeakers are named by the container.
_NAMED_OUTSIDE = ("pcm_", "adpcm_", "dsd_", "flac", "alac", "wma")


class ContentHash:
    """Takes the packets of one file after the other."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        self._notes: list[str] = []  # what is not usual
        self._parts, self._kind = 0, ""

    def begin(self, part: Part) -> None:
        """The packets of another part follow."""
        kind = f"{part.codec} {part.rate} {part.channels} "
        if kind != self._kind:
            self._digest.update(kind.encode())
        self._parts += 1
        self._part, self._kind = part, kind
        self._first = self._last = None

    def add(self, packet: av.Packet) -> None:
        self._digest.update(packet)
        if self._first is None:
            self._first = packet
        self._last = packet

    def end(self, is_whole: bool) -> None:
        """No more packets of this part; is_whole: it was read to its end."""
        notes = [*_opus_notes(self._part), *_speaker_notes(self._part)]
        start, end = _cut_off(self._first)[0], _cut_off(self._last)[1]
        is_opus = self._part.codec == "opus"
        if start not in (USUAL_PRE_SKIPS if is_opus else range(ENCODER_DELAY)):
            notes.append(f"start {start}")
        if end >= ENCODER_DELAY:
            notes.append(f"end {end}")
        if not is_whole:
            notes.append("cut")
        self._notes += [f"{self._parts} {note}" for note in notes]

    def note_rest(self) -> None:
        """There is more in the file that was not read."""
        self._notes.append("rest")

    def hexdigest(self) -> str:
        noted = hashlib.blake2b(" ".join(self._notes).encode(), digest_size=8).hexdigest()
        return self._digest.hexdigest() + (noted if self._notes else "")


def _opus_notes(part: Part) -> list[str]:
    """What the header of Opus does to the samples (RFC 7845, 5.1), where it is not usual."""
    header = part.stream.codec_context.extradata or b""
    if part.codec != "opus" or not header.startswith(b"OpusHead") or len(header) < 19:
        return []
    (gain,) = struct.unpack_from("<h", header, 16)
    usual = _OPUS_ORDERS.get(part.channels)
    order = tuple(header[21 : 21 + part.channels]) if header[18] else usual
    notes = [f"gain {gain}"] if gain else []
    return notes if order == usual else [*notes, f"order {order}"]


def _speaker_notes(part: Part) -> list[str]:
    named = part.channels > 2 and part.codec.startswith(_NAMED_OUTSIDE)
    return [f"speakers {part.speakers}"] if named and not speakers.are_usual(part.speakers) else []


def _cut_off(packet: av.Packet | None) -> tuple[int, int]:
    """How many samples are cut off at the start and at the end of what a packet decodes to."""
    if packet is None or not packet.has_sidedata("skip_samples"):
        return 0, 0
    return struct.unpack_from("<II", bytes(packet.get_sidedata("skip_samples")))
