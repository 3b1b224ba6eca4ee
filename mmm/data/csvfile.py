"""How is a CSV file read, so that a bad cell can be named by its line and by what was written there?

Every cell is text: DuckDB splits the file and casts nothing. The separator is the one that the header uses most; a byte
order mark, quoted names, a first column without a name (as R and pandas write it) and blank lines are all in order. A
row of another width, a name that stands twice, or bytes that are not UTF-8 are refused with their lines.

To accept one more separator, add it to `SEPARATORS`.
"""

from __future__ import annotations

import csv
import glob
import gzip
import io
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import duckdb

from mmm.data.table import Origin, Table
from mmm.errors import InputError, listing
from mmm.textfile import decode, read_head, text_problem

SEPARATORS = ",;\t|"

QUIET = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
"""DuckDB may not fetch an extension from the network because of what a file is called."""


def read_csv(path: Path) -> Table:
    """A CSV file, packed or not, every cell as text; an empty cell is missing."""
    problem = text_problem(path)
    if problem:
        raise InputError([f"{path.name} {problem}"])
    separator, names = _header(path)
    problems = _header_problems(path, names)
    if problems:
        raise InputError(problems)
    with duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    ) as connection:
        try:
            frame = connection.sql(
                "select * from read_csv($path, delim = $separator, quote = '\"', escape = '\"', header = "
                "false, skip = 1,"
                " auto_detect = false, columns = $columns, null_padding = false, compression = $packed)",
                params={
                    "path": glob.escape(str(path)),
                    "separator": separator,
                    "columns": dict.fromkeys(names, "VARCHAR"),
                    "packed": "gzip" if path.suffix == ".gz" else "none",
                },
            ).df()
        except duckdb.Error as error:
            raise InputError(_ragged(path, separator, len(names), error)) from None
    return Table(frame, (Origin(path.name, separator=separator, lines=partial(lines_of, path, separator)),))


def _header(path: Path) -> tuple[str, list[str]]:
    """The separator and the column names; a first column without a name, as R and pandas write it, is `column 1`."""
    text = read_head(path).decode("utf-8-sig", errors="replace")
    first = text.splitlines()[0]
    separator = max(SEPARATORS, key=lambda character: _outside_quotes(first).count(character))
    cells = next(csv.reader(io.StringIO(text), delimiter=separator))
    return separator, [cell.strip() or f"column {i}" for i, cell in enumerate(cells, start=1)]


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _header_problems(path: Path, names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = [
        f"{path.name} has the column {name!r} {names.count(name)} times: rename or remove the others" for name in twice
    ]
    if all(_is_number(name) for name in names):
        problems.append(f"{path.name} starts with numbers ({listing(names, 4)}): its first line must name the columns")
    return problems


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rows(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row of the file after the header with the line it starts on: slower than DuckDB, and never lost."""
    text, _ = decode(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    next(reader, None)
    line = reader.line_num + 1
    for row in reader:
        if row:
            yield line, row
        line = reader.line_num + 1


def lines_of(path: Path, separator: str) -> tuple[int, ...]:
    """The line on which each row of the file starts."""
    return _lines(path, separator, path.stat().st_mtime_ns)


@cache
def _lines(path: Path, separator: str, changed: int) -> tuple[int, ...]:
    """As `lines_of`, for the file as it was last `changed`: wanted when something is wrong, and then often."""
    return tuple(line for line, _ in _rows(path, separator))


def _ragged(path: Path, separator: str, width: int, error: duckdb.Error) -> list[str]:
    """Why DuckDB refused the file: its encoding, the lines of another width, or its own words."""
    _, problem = decode(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    if problem:
        return [f"{path.name} {problem}"]
    wrong = [f"line {line} ({len(row)})" for line, row in _rows(path, separator) if len(row) != width]
    if wrong:
        return [
            f"{path.name} has {width} columns, but not on {listing(wrong)}: put quotes round cells that hold "
            f"{separator!r}, or export again"
        ]
    return [f"{path.name} cannot be read as CSV ({str(error).splitlines()[0]}): export it again as CSV UTF-8"]
