"""One writer per library: a file lock that ends with the process, however that ends."""

import fcntl
import os
from pathlib import Path
from typing import BinaryIO

from engine.storage import LibraryError, shown

LOCK_NAME = "writer.lock"


def take_lock(folder: Path) -> BinaryIO:
    """The lock file, locked until it is closed or the process is gone; the folder made if absent.

    LibraryError when another process holds the lock, naming it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Opened to append, since truncating it before it is locked would erase the holder's name.
        lock = (folder / LOCK_NAME).open("ab+", buffering=0)
    except OSError as error:
        raise LibraryError(
            f"The library folder {shown(folder)} cannot be written to ({error.strerror}); "
            "choose another with --library."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(b"%d\n" % os.getpid())
    except OSError as error:
        lock.seek(0)
        holder = lock.read(20).decode("ascii", "replace").strip() or "unknown"
        lock.close()
        if isinstance(error, BlockingIOError):
            raise LibraryError(
                f"Process {holder} is writing to the library in {shown(folder)}; "
                "wait until it has finished, or stop it."
            ) from error
        raise LibraryError(
            f"The library in {shown(folder)} cannot be locked ({error.strerror}); "
            "make room on its disk, or choose a local one with --library."
        ) from error
    return lock
