"""Chained Ogg: where the links lie, and that all of them are heard as one recording."""

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from headers import checked, hash_of_packets, ogg_pages
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import encode, tune

from engine import audio, ogg
from engine.audio import AudioError, content_hash, decode, probe

VORBIS = {"codec": "vorbis", "strict": "experimental"}
# Seconds, rate, channels and codec of links of all kinds.
LINKS = {
    "vorbis": (3, 44_100, 2, VORBIS),
    "more vorbis": (2, 44_100, 2, VORBIS),
    "vorbis, 48 kHz": (2, 48_000, 2, VORBIS),
    "vorbis, slow": (2, 22_050, 2, VORBIS),
    "opus": (3, 48_000, 2, {"codec": "libopus"}),
    "opus, mono": (2, 48_000, 1, {"codec": "libopus"}),
    "flac": (2, 44_100, 2, {"codec": "flac"}),
    "flac, 96 kHz": (2, 96_000, 2, {"codec": "flac"}),
    "flac, 5.1": (2, 44_100, 6, {"codec": "flac", "layout": "5.1"}),
    "flac, mono": (2, 48_000, 1, {"codec": "flac"}),
}


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("links")
    found = {}
    for seed, (name, (seconds, rate, channels, options)) in enumerate(LINKS.items()):
        music = tune(seconds, rate, channels, seed)
        path = encode(folder / f"{seed}.ogg", music, rate, container="ogg", **options)
        found[name] = path.read_bytes()
    return found


def chain(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def spans(*parts: bytes) -> list[tuple[int, int]]:
    return ogg.links(io.BytesIO(b"".join(parts)))


def test_links_lie_where_they_were_joined(links):
    first, second = links["vorbis"], links["opus"]
    whole = len(first) + len(second)
    assert spans(first) == [(0, len(first))]
    assert spans(first, second) == [(0, len(first)), (len(first), whole)]
    assert spans(first, first) == [(0, len(first)), (len(first), 2 * len(first))]  # equal serials
    assert spans(b"fLaC", first) == []


def test_what_lies_between_links_belongs_to_the_one_before(links):
    first, second = links["vorbis"], links["opus"]
    tag = b"ID3\x04\0\0\0\0\x07\0" + bytes(896)
    begin = len(tag) + len(first) + 5000
    assert spans(tag, first, bytes(5000), second) == [(0, begin), (begin, begin + len(second))]


def test_streams_that_begin_together_are_one_link(links):
    """Pages of two streams in turn, as in a film."""
    one, two = ogg_pages(links["vorbis"]), ogg_pages(links["opus"])
    mixed = [page for pair in zip(one, two, strict=False) for page in pair]
    assert spans(*mixed) == [(0, len(b"".join(mixed)))]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damage_never_makes_links_overlap(links, data):
    parts = data.draw(st.lists(st.sampled_from(sorted(links)), min_size=1, max_size=3))
    content = bytearray(b"".join(links[part] for part in parts))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=20)):
        content[place] ^= 255
    cut = data.draw(st.integers(1, len(content)))
    found = spans(bytes(content[:cut]))
    if found:
        assert (found[0][0], found[-1][1]) == (0, cut)
        assert all(end == begin for (_, end), (begin, _) in pairwise(found))
        assert all(begin < end for begin, end in found)


@pytest.mark.parametrize(
    "names",
    [
        ("vorbis", "more vorbis"),
        ("vorbis", "vorbis"),
        ("vorbis", "vorbis, 48 kHz"),
        ("vorbis, 48 kHz", "vorbis"),
        ("vorbis", "flac, mono"),
        ("flac, mono", "vorbis"),
        ("vorbis, slow", "vorbis"),
        ("vorbis", "opus"),
        ("opus", "more vorbis"),
        ("opus", "opus, mono"),
        ("flac", "flac, 96 kHz"),
        ("flac, 96 kHz", "vorbis"),
        ("vorbis", "flac, 5.1"),
        ("flac, 5.1", "vorbis"),
        ("opus, mono", "opus"),
        ("vorbis", "flac, mono", "flac", "opus, mono"),
    ],
    ids=" + ".join,
)
def test_every_link_counts_whatever_it_is(tmp_path: Path, links, names):
    path = chain(tmp_path / "a.ogg", *(links[name] for name in names))
    seconds = sum(LINKS[name][0] for name in names)
    sound = decode(path)
    assert sound.seconds == pytest.approx(seconds, abs=0.05)
    assert sound.media.duration_s == pytest.approx(sound.seconds, abs=0.01)
    assert probe(path)[1].duration_s == pytest.approx(sound.seconds, abs=0.01)
    assert sound.partial is None
    single = [decode(chain(tmp_path / "single.ogg", links[name])) for name in names]
    assert sound.content_hash == content_hash(path)
    assert sound.content_hash not in {one.content_hash for one in single}
    begin = 0.0
    for one in single:  # each is as loud, in each channel, as it is alone
        own = sound.samples[int(begin * sound.sample_rate) :]
        own = own[: int(one.seconds * sound.sample_rate)]
        level = np.sqrt(np.mean(own[2000:-2000] ** 2, axis=0))
        alone = np.sqrt(np.mean(one.samples[2000:-2000] ** 2, axis=0))
        np.testing.assert_allclose(level, np.broadcast_to(alone, level.shape), rtol=0.05)
        begin += one.seconds


def test_chains_that_were_read_rightly_keep_their_hash(tmp_path: Path, links):
    """Links that are alike: the same packets in a row, as FFmpeg gives them for the whole file."""
    path = chain(tmp_path / "a.oga", links["flac"], links["flac"])
    assert content_hash(path) == hash_of_packets(path)


def test_chains_differ_by_any_of_their_links(tmp_path: Path, links):
    chains = "vorbis opus", "opus vorbis", "vorbis flac", "vorbis opus flac"
    hashes = {
        content_hash(chain(tmp_path / "a.ogg", *(links[name] for name in names.split())))
        for names in chains
    }
    assert len(hashes) == len(chains)


def test_many_links(tmp_path: Path, links):
    path = chain(tmp_path / "a.ogg", *[links["more vorbis"], links["vorbis, 48 kHz"]] * 15)
    sound = decode(path)
    assert sound.seconds == pytest.approx(60, abs=0.1)
    assert sound.partial is None


def test_the_middle_of_a_chain_is_its_middle(tmp_path: Path, links):
    path = chain(tmp_path / "a.ogg", links["vorbis"], *[links["opus"]] * 3, links["vorbis"])
    decodes: list[bytes] = []
    audio.decode_hooks.append(decodes.append)
    try:
        sound = decode(path, span_s=5)
    finally:
        audio.decode_hooks.remove(decodes.append)
    assert sound.excerpt == pytest.approx((5, 10), abs=0.1)
    assert len(decodes) == 1
    assert sound.content_hash == decode(path).content_hash


def _without_magic(link: bytes) -> bytes:
    return b"\0" + link[1:]


def _with_wrong_checksum(link: bytes) -> bytes:
    return link[:30] + bytes([link[30] ^ 255]) + link[31:]


def _headless(link: bytes) -> bytes:
    return b"".join(ogg_pages(link)[1:])


@pytest.mark.parametrize("damage", [_without_magic, _with_wrong_checksum, _headless])
def test_a_link_that_cannot_be_opened_is_told_and_noted(tmp_path: Path, links, damage):
    first, second, third = links["vorbis"], links["more vorbis"], links["opus"]
    path = chain(tmp_path / "a.ogg", first, damage(second), third)
    sound = decode(path)
    assert sound.seconds == pytest.approx(6, abs=0.05)
    assert "Part 2 of 3 cannot be read" in sound.partial
    whole = chain(tmp_path / "b.ogg", first, third)
    assert sound.content_hash == content_hash(path) != content_hash(whole)
    alone = chain(tmp_path / "c.ogg", first)
    broken = chain(tmp_path / "d.ogg", first, damage(second))
    assert decode(broken).seconds == pytest.approx(3, abs=0.05)
    assert content_hash(broken) != content_hash(alone)


def test_the_first_link_may_be_the_damaged_one(tmp_path: Path, links):
    sound = decode(chain(tmp_path / "a.ogg", _headless(links["vorbis"]), links["opus"]))
    assert sound.seconds == pytest.approx(3, abs=0.05)
    assert "Part 1 of 2" in sound.partial


def test_a_link_that_was_cut_does_not_swallow_the_next(tmp_path: Path, links):
    first, second = links["vorbis"], links["opus"]
    path = chain(tmp_path / "a.ogg", first[: len(first) // 2], second)
    assert len(spans(path.read_bytes())) == 2
    assert decode(path).seconds > 3


def test_damage_inside_a_link_does_not_cut_it(tmp_path: Path, links):
    """A serial number, or the flag of a first page, that is wrong, in a page that is wrong, too."""
    pages = ogg_pages(links["vorbis"])
    middle = len(pages) // 2
    for at in (5, 14):
        page = bytearray(pages[middle])
        page[at] ^= 2
        content = [*pages[:middle], bytes(page), *pages[middle + 1 :]]
        assert len(spans(*content)) == 1
        assert len(spans(*[*content[:middle], checked(bytes(page)), *pages[middle + 1 :]])) > 1


def test_a_chain_without_a_sound_link_is_unreadable(tmp_path: Path, links):
    path = chain(tmp_path / "a.ogg", *[_headless(links["vorbis"])[:5000], _headless(links["opus"])])
    with pytest.raises(AudioError) as caught:
        decode(path)
    assert caught.value.content_hash == content_hash(path)


def test_names_that_look_like_addresses(tmp_path: Path, links):
    folder = tmp_path / "subfile,,start,0,end,9,,:x\n%41"
    folder.mkdir()
    path = chain(folder / "a,end,0,,:b.ogg", links["vorbis"], links["vorbis, 48 kHz"])
    assert decode(path).seconds == pytest.approx(5, abs=0.05)
