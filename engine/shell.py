"""Commands as messages print them: each runs as it stands, in a new terminal, from any folder.

Conventions: the Python that runs this, and every path in full: a Path is made absolute, text stays
as it is. POSIX quoting; what holds control characters or bytes that are no text is written in the
$'…' of bash and zsh, byte by byte.
"""

import os
import shlex
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable or "python3"  # empty where Python cannot tell


def word(text: str | bytes | os.PathLike) -> str:
    """One word of a command, whatever it is made of."""
    meant = os.fsdecode(text.absolute() if isinstance(text, Path) else text)
    if meant.isprintable():
        return shlex.quote(meant)
    return "$'" + "".join(f"\\x{byte:02x}" for byte in os.fsencode(meant)) + "'"


def program(name: str, *arguments: str | bytes | os.PathLike) -> str:
    """A program of the top level, such as precompute.py."""
    return " ".join(map(word, (PYTHON, CHECKOUT / name, *arguments)))


def module(name: str, *arguments: str | bytes | os.PathLike) -> str:
    """A program of the package, `python -m engine.NAME`, which Python finds from the checkout."""
    command = " ".join(map(word, (PYTHON, "-m", name, *arguments)))
    return f"cd {word(CHECKOUT)} && {command}"
