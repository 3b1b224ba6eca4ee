"""How do raw files become one table, before anyone judges their values?

    table = read_source(study)

CSV is read as text, cell by cell (`mmm.data.csvfile`); Excel, Parquet and database tables keep the types they have.
A glob gathers many files of one shape. Nothing is guessed, filled or dropped on the way. What cannot be a table is
refused here, and so is personal data, in whichever column of the file it stands (`mmm.data.privacy`).

To read another format, write a function `path -> Table` and name its ending in `READERS`.
"""

from __future__ import annotations

import dataclasses
import glob
import os
import warnings
from pathlib import Path

import pandas as pd

from mmm.data.csvfile import read_csv
from mmm.data.privacy import personal_columns
from mmm.data.table import Origin, Table
from mmm.errors import InputError, closest, listing
from mmm.study import Study, TableSource


def read_source(study: Study) -> Table:
    """The table behind `data.source`, all its columns, rows in the order of the files.

    Raises `InputError` that lists every file that cannot be read and every column that holds personal data.
    """
    source = study.data.source
    assert not isinstance(source, tuple)  # a list is joined by `mmm.data.exports`
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
            f"{path.name} has the columns {listing(list(table.frame.columns))}, while {paths[0].name} has "
            f"{listing(list(tables[0].frame.columns))}: "
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
                f"{path.name} has the ending {ending or 'none'!r}, which is not one of {', '.join(READERS)}: "
                "export it as CSV"
            ]
        )
    table = reader(path)
    if table.frame.empty:
        raise InputError([f"{path.name} has a header and no rows: export it again, with its data"])
    return table


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
