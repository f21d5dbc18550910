"""Playlists in XSPF 1: XML that names each track with its own title, artist, album and length.

Goal: entries → bytes that VLC, Strawberry, Clementine or Audacious open, whatever the tags and file
names hold. Source: xspf.org, version 1; `location` is a URI, so that names with line breaks and
bytes that are no text work. Conventions: durations in whole milliseconds; text loses what XML 1.0
cannot hold. Reading refuses document types, and with them entities: they can read files and grow
without bound.
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.parsers import expat

from engine.playlist import Entry, Written, plain, seconds_of, track_title
from engine.playlist_paths import ABSOLUTE, Paths, PlaylistError, located, path_of

NAMESPACE = "http://xspf.org/ns/0/"
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")  # of XML; plain() has removed the others


def xspf(entries: Iterable[Entry], paths: Paths = ABSOLUTE, name: str = "") -> Written:
    """Write a playlist, and what it is called. What lies outside the folder to be replaced is left
    out."""
    root = ElementTree.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    if called := _text(name):
        ElementTree.SubElement(root, "title").text = called
    tracks = ElementTree.SubElement(root, "trackList")
    outside = []
    for entry in entries:
        place = located(entry.path, paths)
        if place is None:
            outside.append(entry.path)
            continue
        track = ElementTree.SubElement(tracks, "track")
        ElementTree.SubElement(track, "location").text = place.uri()
        for fact, text in _facts(entry):  # in the order of the schema
            ElementTree.SubElement(track, fact).text = text
    ElementTree.indent(root)
    data = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Written(data + b"\n", len(tracks), (), tuple(outside))


def _facts(entry: Entry) -> list[tuple[str, str]]:
    """Element and text of what is known; the title as the apps name the track."""
    title = track_title(entry.title, entry.path)
    texts = (("title", title), ("creator", entry.artist), ("album", entry.album))
    shown = [(name, _text(text)) for name, text in texts if text]
    facts = [(name, text) for name, text in shown if text]
    seconds = seconds_of(entry)
    return facts if seconds is None else [*facts, ("duration", str(round(seconds * 1000)))]


def _text(text: str) -> str:
    return plain(_NO_CHARACTERS.sub("\ufffd", text))


def parse(data: bytes) -> list[Entry]:
    """Read a playlist back: its entries in order, with paths as written. PlaylistError for what is
    no XSPF."""
    root = _tree(data)
    if root.tag != f"{{{NAMESPACE}}}playlist":
        raise PlaylistError("This is no XSPF playlist: its first element is another.")
    names = {"NS": NAMESPACE}
    entries = []
    for track in root.iterfind("NS:trackList/NS:track", names):
        location = track.findtext("NS:location", None, names)
        if location is None:
            continue  # the format allows a track that is only described
        texts = [track.findtext(f"NS:{name}", None, names) for name in ("title", "creator")]
        milliseconds = track.findtext("NS:duration", "", names).strip()
        seconds = int(milliseconds) / 1000 if re.fullmatch("[0-9]{1,15}", milliseconds) else None
        album = track.findtext("NS:album", None, names)
        entries.append(Entry(path_of(location.strip()), *texts, seconds, album))
    return entries


def _tree(data: bytes) -> ElementTree.Element:
    """The elements, without any document type."""

    def refuse(*_: object) -> None:
        raise PlaylistError("This playlist brings its own document type, so it is not read.")

    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, _: builder.start(_tag(name), {})
    parser.EndElementHandler = lambda name: builder.end(_tag(name))
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise PlaylistError(f"This is no XML: {error}.") from error
    return builder.close()


def _tag(name: str) -> str:
    return f"{{{name}" if "}" in name else name
