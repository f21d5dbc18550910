"""A report as files: one page, a text, tables, pictures; each appears when it is complete.

report.html   report.md   tables/NAME.tsv   figures/NAME.png   figures/NAME.tsv
"""

import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from engine.report import Report
from engine.report_drawing import Figure
from engine.report_figures import figures
from engine.report_page import LISTED_SENTENCES, page
from engine.report_png import png
from engine.report_tables import tables, tsv
from engine.report_words import sections
from engine.storage import shown

PAGE, TEXT, TABLES, FIGURES = "report.html", "report.md", "tables", "figures"
# Everything that means something in Markdown or HTML, or makes a link of an address.
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&^=:\"'@/-])")
_ADDRESS = re.compile(r"(?<=www)(?=\.)|(?=@)", re.IGNORECASE)


class ReportError(Exception):
    """One sentence for the user: why there is no report, and what to do."""


def files(report: Report) -> Iterator[tuple[str, bytes]]:
    """Relative path and content of each, the page last."""
    drawn = figures(report)
    pictures = {figure.name: png(figure) for figure in drawn}
    for table in tables(report):
        yield f"{TABLES}/{table.name}.tsv", tsv(table.heads, table.rows)
    for figure in drawn:
        yield f"{FIGURES}/{figure.name}.tsv", tsv(*figure.table())
        yield f"{FIGURES}/{figure.name}.png", pictures[figure.name]
    yield TEXT, markdown(report, drawn).encode()
    yield PAGE, page(report, drawn, pictures).encode()


def write(report: Report, out: Path) -> Path:
    """Put the files into a folder, made if absent; files of an earlier report that this one has
    not are removed. Returns the path of the page. ReportError where nothing can be written."""
    try:
        written = set()
        for folder in (out / TABLES, out / FIGURES):
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in files(report):
            _replace(out / name, content)
            written.add(out / name)
        for folder in (out / TABLES, out / FIGURES):
            for file in folder.iterdir():
                if file not in written and file.suffix in (".tsv", ".png"):
                    file.unlink()
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {shown(out)} ({error.strerror or error}); "
            "choose another folder with --out DIR."
        ) from error
    return out / PAGE


def archive(report: Report) -> bytes:
    """The same files in one ZIP."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files(report):
            target.writestr(f"serendip-report/{name}", content)
    return packed.getvalue()


def single_page(report: Report) -> bytes:
    """The page alone, which needs no other file."""
    drawn = figures(report)
    return page(report, drawn, {figure.name: png(figure) for figure in drawn}).encode()


def markdown(report: Report, drawn: tuple[Figure, ...]) -> str:
    """The text, with the pictures beside it."""
    by_name = {figure.name: figure for figure in drawn}
    lines = ["# Report on a music library", ""]
    for section in sections(report):
        lines += [f"## {section.title}", ""]
        lines += [
            f"> **Note:** {sentence.written(escaped)}\n"
            for sentence in section.sentences
            if sentence.warning
        ]
        for paragraph in section.paragraphs:
            said = [s.written(escaped) for s in paragraph if not s.warning]
            if section.name in LISTED_SENTENCES and len(said) > 1:
                lines += [*(f"- {sentence}" for sentence in said), ""]
            elif said:
                lines += [" ".join(said), ""]
        for name, figure in by_name.items():
            if section.shows(name):
                lines += [f"![{escaped(figure.alt)}]({FIGURES}/{name}.png)", ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text that Markdown shows letter by letter."""
    return _MARKUP.sub(r"\\\1", _ADDRESS.sub("\u2060", text))


def _replace(file: Path, content: bytes) -> None:
    """Write beside, then rename: a reader never sees half a file."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)
