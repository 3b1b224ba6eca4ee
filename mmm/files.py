"""How does a file appear whole or not at all, and a table the same on every machine?

A file is written under a temporary name in its own folder, flushed to the disk and renamed: whoever looks under the
final name finds the old content or the new, never half of it, whatever was killed in between. `sweep` removes the
temporary names that a killed process left behind.

A table becomes CSV with twelve significant digits, ISO dates and `\\n` line ends, so that equal numbers are equal
bytes. A text cell that a spreadsheet would run as a formula gets an apostrophe in front; `read_table` takes it off.

    write_atomic(run / "run.json", text)
    with replacing(run / "fit.nc") as temporary:       # for writers that want a path
        tree.to_netcdf(temporary)
    with staged(run / "report") as temporary:          # for many files that are good together or not at all
        ...
    write_table(run / "tables" / "channels.csv", frame)
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

TEMPORARY = ".tmp-"
"""How the name of an unfinished file begins."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""The first characters that make a spreadsheet take a text for a formula."""

DIGITS = 12
"""Significant digits of a number in a table: more than any estimate has, fewer than float noise needs."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix; it takes the place of `path` once the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(6)}-{path.name}")
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes | str) -> Path:
    """Writes `content` (text as UTF-8) to `path`, whole or not at all, and returns `path`."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`; once the block ends well, its files take their places in `folder`.

    Where the block raises, `folder` is as it was. Each file is moved whole; other files in `folder` stay. Raises
    `PermissionError` before the block where a file could not take its place.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _refuse_unwritable(folder)
    temporary = folder.with_name(f"{TEMPORARY}{secrets.token_hex(6)}-{folder.name}")
    temporary.mkdir()
    try:
        yield temporary
        for path in sorted(path for path in temporary.rglob("*") if path.is_file()):
            place = folder / path.relative_to(temporary)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
            _flush(place.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(folder: Path) -> list[Path]:
    """Removes what interrupted writers left below `folder` and returns the names."""
    left = sorted(path for pattern in (f"{TEMPORARY}*", ".*.partial") for path in folder.rglob(pattern))
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return left


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_table(path: Path, frame: pd.DataFrame) -> Path:
    """Writes a table as CSV: no index, twelve significant digits, ISO dates, no live formulas."""
    shown = frame.reset_index(drop=True)
    columns = [_cells(shown[name]) for name in shown.columns]
    header = [_disarmed(str(name)) for name in shown.columns]
    plain = pd.DataFrame(dict(enumerate(columns)), index=shown.index)
    return write_atomic(
        path, plain.to_csv(index=False, header=header, float_format=f"%.{DIGITS}g", lineterminator="\n")
    )


def read_table(path: Path) -> pd.DataFrame:
    """A table as `write_table` wrote it, with a `time` column read as dates; only an empty cell is missing."""
    head = pd.read_csv(path, nrows=0).columns
    dates = [name for name in head if name == "time"]
    frame = pd.read_csv(path, parse_dates=dates, keep_default_na=False, na_values=[""])
    for name in frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]:
        frame[name] = frame[name].map(_armed)
    return frame


def _cells(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        whole_days = bool((column.dropna() == column.dropna().dt.normalize()).all())
        return column.dt.strftime("%Y-%m-%d" if whole_days else "%Y-%m-%dT%H:%M:%S")
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column
    return column.map(_disarmed)


def _disarmed(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _armed(value: Any) -> Any:
    escaped = isinstance(value, str) and value.startswith("'") and value[1:].startswith(FORMULA_STARTS)
    return value[1:] if escaped else value


def _refuse_unwritable(folder: Path) -> None:
    """Raises `PermissionError` for the first folder, of `folder` and those in it, that this process may not write."""
    effective = os.access in os.supports_effective_ids
    for place in (folder.parent, folder, *sorted(folder.rglob("*"))):
        if place.is_dir() and not os.access(place, os.W_OK | os.X_OK, effective_ids=effective):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def _flush(path: Path) -> None:
    """Asks the disk to keep `path` before anything relies on it; a folder cannot be opened for that on Windows."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
