"""The apps as Streamlit's own test runner sees them, on libraries made for the purpose."""

import re
import sqlite3
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest
from waiting import PATIENCE_S, wait_for

from benchmarks import synthetic

REPOSITORY = Path(__file__).resolve().parent.parent
SECONDS = PATIENCE_S  # for a page


def page(app: str, library: Path, monkeypatch, **params: str | list[str]) -> AppTest:
    """A fresh session, already drawn; params are those of its link."""
    monkeypatch.setenv("SERENDIP_LIBRARY", str(library))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    st.cache_data.clear()
    st.cache_resource.clear()
    session = AppTest.from_file(str(REPOSITORY / app), default_timeout=SECONDS)
    for name, value in params.items():
        session.query_params[name] = value
    session.run()
    assert not session.exception, session.exception[0].value
    return session


def synthetic_library(folder: Path, tracks: int, **options) -> Path:
    """Tracks with everything that `options` of benchmarks.synthetic ask for, and sounds to play."""
    synthetic.make(folder / "library", tracks, music=folder / "music", **options)
    synthetic.make_audio(folder / "library", folder / "music")
    analyse_all(folder / "library")
    return folder / "library"


def changed(library: Path, folder: Path, *statements: str) -> Path:
    """A copy of a library after some SQL."""
    (folder / "library").mkdir()
    with sqlite3.connect(library / "library.sqlite") as old:
        old.backup(sqlite3.connect(folder / "library" / "library.sqlite"))
    change(folder / "library", *statements)
    return folder / "library"


def change(library: Path, *statements: str) -> None:
    """Run SQL on a library, behind the back of its writer."""
    with sqlite3.connect(library / "library.sqlite") as db:
        for statement in statements:
            db.execute(statement)


def analyse_all(library: Path) -> None:
    """The synthetic tracks without values count as analysed: they stay, and lack every value."""
    change(library, "UPDATE ledger SET status = 'ok' WHERE status = 'unreadable'")


def texts(session: AppTest) -> str:
    """All that the page says outside widgets."""
    kinds = ("markdown", "caption", "info", "warning", "error", "success", "subheader", "code")
    said = "\n".join(str(element.value) for kind in kinds for element in session.get(kind))
    return re.sub(r"\\(.)", r"\1", said).replace("\u2060", "")  # as it reads, not as it is escaped


def matches(session) -> int:
    """How many tracks match, as the descriptor app says."""
    line = next(h.value for h in session.subheader if h.value.endswith(" match"))
    return int(line.split(" of ")[0].replace(",", ""))


def rerun_until(session: AppTest, words: str) -> None:
    """Until the page says so, which is drawn anew meanwhile, as a fragment does by itself."""

    def said() -> bool:
        if words not in texts(session):
            session.run()
        return words in texts(session)

    wait_for(said, f"{words!r} on the page", every=0.2)


def read_again(session: AppTest, library: Path, *statements: str) -> None:
    """Change a library while a page shows it, and read it again on that page."""
    change(library, *statements, "UPDATE meta SET value = value + 1 WHERE key = 'generation'")
    session.run()
    session.button(key="reread").click().run()
    assert not session.exception, session.exception[0].value
