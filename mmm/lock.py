"""How are two commands kept from writing into one run at the same time?

The operating system locks a file in the run folder. The lock belongs to the process, so it ends with the process
however that ends: a killed command never leaves a run locked, and there is no stale lock to judge. The file holds who
has it, for the message that the other command gets.

    with locked(run):
        ...
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


class RunBusy(RuntimeError):
    """Another command is working in this run folder."""


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Holds the run's lock for the block; raises `RunBusy` at once if another process has it."""
    path = run / LOCK
    handle = _acquire(path)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path) -> int:
    """Opens and locks the file, again if its last owner removed it in between."""
    import fcntl

    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = path.read_text(encoding="utf-8").strip() if path.exists() else ""
            os.close(handle)
            raise RunBusy(
                f"Another mmm command ({owner or 'a process'}) is working in {path.parent}. "
                "Wait until it has ended, or name another folder with --out."
            ) from None
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            return handle
        os.close(handle)
