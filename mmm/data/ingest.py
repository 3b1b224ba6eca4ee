"""How do raw files become one table, before anyone judges their values?

    table = read_source(study)
    table.frame["sales"]        # text from CSV, numbers or dates from formats that have types
    table.where(4)              # "sales.csv line 6"

CSV is read as text, cell by cell, so that a bad value can be named by its line and what was written there; nothing is
guessed, filled or dropped on the way. Excel, Parquet and database tables keep the types they have. A glob gathers
many files of one shape. What cannot be a table (an empty file, a saved web page, two columns of one name) is
refused here, and so is personal data, in whichever column of the file it stands (`mmm.data.privacy`).

To read another format, write a function `path -> Table` and name its ending in `READERS`.
"""

from __future__ import annotations

import csv
import dataclasses
import glob
import gzip
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from mmm.data.privacy import personal_columns
from mmm.errors import InputError, closest, listing
from mmm.study import Study, TableSource
from mmm.textfile import decode, read_head, text_problem

SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Origin:
    """One file or table: its name, the first row of the frame that came from it, and how its rows are counted.

    A text file's `path` lets a row be named by its line; a workbook's header takes row 1; a database's rows start at 1.
    """

    name: str
    first: int = 0
    separator: str = ","
    path: Path | None = None
    header: int = 0

    def place(self, row: int) -> str:
        """What a reader of the file calls its row `row`, which counts from 0."""
        if self.path is None:
            return f"row {row + 1 + self.header}"
        lines = _lines(self.path, self.separator, self.path.stat().st_mtime_ns)
        return f"line {lines[row]}" if row < len(lines) else f"row {row + 1}"


@dataclass(frozen=True)
class Table:
    """Rows as they were read, and the files they came from."""

    frame: pd.DataFrame
    origins: tuple[Origin, ...]

    @property
    def separator(self) -> str:
        """What stood between the cells, or `,` where the source was not text."""
        return self.origins[0].separator

    def where(self, row: int) -> str:
        """The file and the line (or row) that row `row` of the frame was read from."""
        origin = next(origin for origin in reversed(self.origins) if origin.first <= row)
        place = origin.place(row - origin.first)
        return place if len(self.origins) == 1 else f"{origin.name} {place}"


def read_source(study: Study) -> Table:
    """The table behind `data.source`, all its columns, rows in the order of the files.

    Raises `InputError` that lists every file that cannot be read and every column that holds personal data.
    """
    source = study.data.source
    if isinstance(source, TableSource):
        table = read_database(source, study.folder)
        name = source.table
    else:
        paths = find_files(study.resolve(source))
        table = read_files(paths)
        name = paths[0].name if len(paths) == 1 else source
    problems = personal_columns(table.frame)
    if problems:
        raise InputError(problems, name)
    return table


def find_files(pattern: Path) -> list[Path]:
    """The file of that name, or the files that match the glob, sorted."""
    if pattern.exists():
        return [pattern]
    found = sorted(Path(path) for path in glob.glob(str(pattern), recursive=True))
    if not found:
        near = (
            sorted(path.name for path in pattern.parent.glob("*") if path.suffix in READERS)
            if pattern.parent.is_dir()
            else []
        )
        there = f"that folder has {listing(near)}" if near else "that folder has no data files"
        raise InputError(
            [f"data.source: {pattern} does not exist: check the path, which starts at the study's folder; {there}"]
        )
    return found


def read_files(paths: list[Path]) -> Table:
    """One table from files of the same columns; all files' problems are raised together."""
    tables, problems = [], []
    for path in paths:
        try:
            tables.append(read_file(path))
        except InputError as error:
            problems += error.problems
    if not problems:
        problems = [
            f"{path.name} has the columns {listing(list(table.frame))}, while {paths[0].name} has {listing(list(tables[0].frame))}: "
            "files of one source need the same columns"
            for path, table in zip(paths, tables, strict=True)
            if set(table.frame) != set(tables[0].frame)
        ]
    if problems:
        raise InputError(problems)
    return _joined(tables)


def _joined(tables: list[Table]) -> Table:
    if len(tables) == 1:
        return tables[0]
    starts = [sum(len(table.frame) for table in tables[:i]) for i in range(len(tables))]
    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    origins = [dataclasses.replace(table.origins[0], first=start) for table, start in zip(tables, starts, strict=True)]
    return Table(frame, tuple(origins))


def read_file(path: Path) -> Table:
    """One file as a table, by its ending."""
    ending = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    reader = READERS.get(ending.lower())
    if reader is None:
        raise InputError(
            [
                f"{path.name} has the ending {ending or 'none'!r}, which is not one of {', '.join(READERS)}: export it as CSV"
            ]
        )
    table = reader(path)
    if table.frame.empty:
        raise InputError([f"{path.name} has a header and no rows: export it again, with its data"])
    return table


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
                "select * from read_csv($path, delim = $separator, quote = '\"', escape = '\"', header = false, skip = 1,"
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
    return Table(frame, (Origin(path.name, separator=separator, path=path),))


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


@cache
def _lines(path: Path, separator: str, changed: int) -> tuple[int, ...]:
    """The line of every row of the file as it was last `changed`: wanted when something is wrong, and then often."""
    return tuple(line for line, _ in _rows(path, separator))


def _ragged(path: Path, separator: str, width: int, error: duckdb.Error) -> list[str]:
    """Why DuckDB refused the file: its encoding, the lines of another width, or its own words."""
    _, problem = decode(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    if problem:
        return [f"{path.name} {problem}"]
    wrong = [f"line {line} ({len(row)})" for line, row in _rows(path, separator) if len(row) != width]
    if wrong:
        return [
            f"{path.name} has {width} columns, but not on {listing(wrong)}: put quotes round cells that hold {separator!r}, or export again"
        ]
    return [f"{path.name} cannot be read as CSV ({str(error).splitlines()[0]}): export it again as CSV UTF-8"]


def read_parquet(path: Path) -> Table:
    """A Parquet file, with the types it has."""
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(
            [f"{path.name} is not a readable Parquet file ({str(error).splitlines()[0]}): export it again"]
        ) from None
    return Table(frame.reset_index(drop=frame.index.name is None), (Origin(path.name),))


def read_excel(path: Path) -> Table:
    """The first sheet of an Excel workbook; its row numbers are those that Excel shows."""
    try:
        frame = pd.read_excel(path, engine="calamine")
    except Exception as error:  # calamine raises its own bare exceptions
        raise InputError(
            [f"{path.name} is not a readable Excel workbook ({error}): save it as .xlsx, or as CSV UTF-8"]
        ) from None
    frame.columns = [
        f"column {i}" if str(name).startswith("Unnamed: ") else str(name).strip()
        for i, name in enumerate(frame.columns, start=1)
    ]
    return Table(frame, (Origin(path.name, header=1),))


def read_database(source: TableSource, folder: Path) -> Table:
    """A table through Ibis: DuckDB, PostgreSQL, or any other engine whose Ibis backend is installed.

    `${NAME}` in the connection is taken from the environment, so that no password stands in a study.
    """
    connection = os.path.expandvars(source.connection)
    if connection.startswith("duckdb:///"):
        file = folder / connection.removeprefix("duckdb:///")
        if not file.exists():
            raise InputError([f"data.source.connection: {file} does not exist: the path starts at the study's folder"])
        connection = f"duckdb:///{file.resolve()}?read_only=True"
    try:
        tables, frame = _query(connection, source.table)
    except Exception as error:  # every backend has its own
        said = str(error).splitlines()[0].replace(connection, source.connection)
        problem = f"data.source.connection: the database does not answer ({said}): check its address and your rights"
        raise InputError([problem]) from None
    if frame is None:
        raise InputError([f"data.source.table: there is no table {source.table!r}: {closest(source.table, tables)}"])
    if frame.empty:
        raise InputError([f"data.source.table: {source.table!r} has no rows: fill it, or name another"])
    return Table(frame, (Origin(source.table),))


def _query(connection: str, table: str) -> tuple[list[str], pd.DataFrame | None]:
    """The names of the tables, and all rows of the one asked for if it is there."""
    import ibis

    with warnings.catch_warnings():
        # ibis 12 still calls DuckDB's old name for this, which DuckDB 1.5 announces to remove
        warnings.filterwarnings("ignore", "fetch_arrow_table", DeprecationWarning)
        database = ibis.connect(connection)
        try:
            tables = sorted(database.list_tables())
            return tables, database.table(table).to_pyarrow().to_pandas() if table in tables else None
        finally:
            database.disconnect()


READERS = {
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
}
