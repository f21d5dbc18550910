"""One writer per library: a file lock that ends with the process, however that ends."""

import fcntl
import os
from pathlib import Path

from engine.storage import LibraryError, shown

LOCK_NAME = "writer.lock"


def take_lock(folder: Path) -> int:
    """The descriptor of the lock file, locked until it is closed or the process is gone.

    The folder is made if absent. LibraryError when another process holds the lock, naming it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise LibraryError(
            f"The library folder {shown(folder)} cannot be written to ({error.strerror}); "
            "choose another with --library."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    except OSError as error:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        if isinstance(error, BlockingIOError):
            raise LibraryError(
                f"Process {holder} is writing to the library in {shown(folder)}; "
                "wait until it has finished, or stop it."
            ) from error
        raise LibraryError(
            f"The disk of {shown(folder)} offers no file locks ({error.strerror}); "
            "keep the library on a local disk with --library."
        ) from error
    return lock
