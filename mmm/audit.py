"""What was done to a run, when, and can it be shown that nobody edited the record?

`audit.jsonl` has one JSON object a line and only ever grows. Each entry carries the hash of the one before it:

    hash_n = SHA-256(canonical JSON of entry n without `hash`),    previous_n = hash_(n-1)

so that changing, removing or reordering a line breaks every later one. The head of the chain is also kept in
`run.json`, which shows a log that was cut short. A line torn by a crash was never an entry; it is cut off when the
next entry is written.

    record(run, "stage done", stage="fit", seconds=31.2)
    faults(run)          # [] or sentences: "entry 7 was changed after it was written"
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from typing import Any

NAME = "audit.jsonl"
START = "0" * 64


def record(folder: Path, event: str, **details: Any) -> str:
    """Appends one entry and returns its hash; the caller holds the run's lock."""
    path = folder / NAME
    lines = _whole_lines(path)
    entry = {"n": len(lines) + 1, "at": _now(), "event": event, **details, "previous": _link(lines)}
    entry["hash"] = _hash(entry)
    with path.open("ab") as file:
        file.truncate(sum(len(line) for line in lines))
        file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return str(entry["hash"])


def faults(folder: Path, head: str | None = None) -> list[str]:
    """What does not add up in a run's log, as sentences; `head` is a hash that must occur in it (from `run.json`)."""
    found: list[str] = []
    previous = START
    for number, line in enumerate(_whole_lines(folder / NAME), start=1):
        try:
            entry = json.loads(line)
            kept, hashed = entry.pop("hash"), _hash(entry)
        except (ValueError, KeyError, AttributeError):
            return [*found, f"entry {number} cannot be read: somebody edited {NAME}"]
        if hashed != kept:
            found.append(f"entry {number} was changed after it was written")
        if entry.get("previous") != previous:
            found.append(f"entry {number} does not follow the entry before it: a line was removed, added or moved")
        head = None if kept == head else head
        previous = kept
    if head is not None:
        found.append("the entry that run.json names as the newest is missing: the log was cut short")
    return found


def _whole_lines(path: Path) -> list[bytes]:
    """The lines that end in a newline; what follows the last one was torn by a crash."""
    if not path.exists():
        return []
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _link(lines: list[bytes]) -> str:
    """The hash that the next entry follows; after an unreadable line the chain starts anew, and shows it."""
    try:
        return str(json.loads(lines[-1])["hash"]) if lines else START
    except (ValueError, KeyError, TypeError):
        return START


def _hash(entry: dict[str, Any]) -> str:
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
