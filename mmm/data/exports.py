"""How do raw exports of many platforms become one table? Each with its own names and days, joined on time and geo.

    data:
      frequency: W-MON                       # what the study works in; exports may be daily
      source:
        - {source: shop.csv, time: order_date, columns: {sales: Net revenue}}
        - {source: "meta-*.csv", time: Day, columns: {social_spend: Amount spent}, missing: zero}
        - {source: google.csv, time: Day, columns: {search_spend: Cost}, where: {Campaign type: Search}, missing: zero}

Within an export, the rows of a period (and geo) are added up where the column is an amount (KPI, spend, exposure), and
averaged where it is a state (controls, treatments, frequency, population, a value per KPI). The first export that holds
the KPI decides which periods there are.

Every conflict and gap is listed at once, with its file and column: columns that are not there, cells that are not
numbers, files of one export that hold the same rows, exports that disagree about a cell, periods that one of them lacks
or holds only some days of. `missing: zero` says of an export that no row means nothing was spent: platforms write none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmm.data.dates import WEEKDAYS, WORDS, parse_dates
from mmm.data.ingest import find_files, read_database, read_files
from mmm.data.numbers import decimal_sign, read_numbers
from mmm.data.privacy import personal_columns
from mmm.data.table import Origin, Table
from mmm.errors import InputError, closest, listing
from mmm.study import Data, Export, Study, TableSource

STATES = ("controls", "treatments", "population", "kpi.value_per_kpi")
"""Places in the study whose columns are averaged; so is `channels.*.frequency`."""
AGREE = 1e-9


@dataclass
class Part:
    """What one export says: its name, and by column of the study a value for each period and geo."""

    name: str
    export: Export
    values: dict[str, pd.Series] = field(default_factory=dict)


def read_exports(study: Study) -> Table:
    """The joined table of all exports, with the study's own column names. Raises `InputError` with every problem."""
    data = study.data
    assert isinstance(data.source, tuple)
    alias = WORDS.get(str(data.frequency), data.frequency)
    alias = "W-MON" if alias == "W" else alias
    if alias is None:
        raise InputError(["data.frequency is needed with a list of sources: state what they are brought to, W-MON say"])
    problems: list[str] = []
    parts = [part for export in data.source if (part := _read(study, export, alias, problems))]
    places = {column: place for place, column in data.columns().items() if place not in ("time", "geo")}
    given = {column for part in parts for column in part.values}
    named = {column for export in data.source for column in export.columns}
    if not problems:
        problems += [
            f"data.{places[column]} names the column {column!r}, which no export gives: {closest(column, given)}"
            for column in places
            if column not in given
        ]
    problems += [
        f"data.source maps {column!r}, which the study does not use: {closest(column, places)}"
        for column in sorted(named - set(places))
    ]
    if problems:
        raise InputError(problems, "data.source")
    return _joined(parts, places, data)


def _read(study: Study, export: Export, alias: str, problems: list[str]) -> Part | None:
    """One export by period and geo; what is wrong with it goes to `problems`."""
    name = export.source.table if isinstance(export.source, TableSource) else Path(export.source).name
    try:
        if isinstance(export.source, TableSource):
            table = read_database(export.source, study.folder)
        else:
            table = read_files(find_files(study.resolve(export.source)))
    except InputError as error:
        problems += [f"{name}: {said}" for said in error.problems]
        return None
    found = [*personal_columns(table.frame), *_twice(table)]
    known = [str(column) for column in table.frame.columns]
    geo = export.geo if study.data.geo else None
    mapped = _mapped(export, study.data, known)
    asked = {"time": export.time, **({"geo": geo} if geo else {}), **mapped, **{f"where.{c}": c for c in export.where}}
    found += [
        f"{place} names the column {column!r}, which is not in the file: {closest(column, known)}"
        for place, column in asked.items()
        if column not in known
    ]
    part = Part(name, export)
    if not found:
        found += _aggregate(part, table, mapped, geo, study.data, alias)
    problems += [f"{name}: {said}" for said in found]
    return part


def _mapped(export: Export, data: Data, known: list[str]) -> dict[str, str]:
    """The file's column for each of the study's that this export gives: as mapped, else those of the same name."""
    wanted = [column for place, column in data.columns().items() if place not in ("time", "geo")]
    same = {column: column for column in wanted if column in known and not export.columns}
    return same | {column: theirs for column, theirs in export.columns.items() if column in wanted}


def _twice(table: Table) -> Iterator[str]:
    """Rows that two files of one export both hold: exports that overlap."""
    if len(table.origins) < 2:
        return
    number = np.searchsorted([origin.first for origin in table.origins], table.frame.index, side="right")
    groups = table.frame.assign(**{"\x00file": number}).drop_duplicates()
    again = groups.drop(columns="\x00file").duplicated(keep="first")
    if again.any():
        rows = [table.where(int(row)) for row in groups.index[again]]
        yield f"{len(rows)} rows stand in two files ({listing(rows, 3)}): their periods overlap, remove one copy"


def _aggregate(part: Part, table: Table, mapped: dict[str, str], geo: str | None, data: Data, alias: str) -> list[str]:
    frame = table.frame
    for column, wanted in part.export.where.items():
        allowed = {wanted} if isinstance(wanted, str) else set(wanted)
        frame = frame[frame[column].astype("str").str.strip().isin(allowed)]
    if frame.empty:
        return [f"where {part.export.where} leaves no row: check the words"]
    time, problems = parse_dates(frame[part.export.time], table.where)
    places = {column: place for place, column in data.columns().items()}
    decimal, found = decimal_sign([frame[theirs] for theirs in mapped.values()], table.separator)
    problems += found
    numbers = {}
    for column, theirs in mapped.items():
        numbers[column], found = read_numbers(frame[theirs], places[column], decimal, table.where)
        problems += found
    if problems:
        return problems
    period, found = _periods(time, alias)
    problems += found
    keys = [
        period.rename("time"),
        (frame[geo].astype("str").str.strip() if geo else pd.Series("", frame.index)).rename("geo"),
    ]
    if data.geo and not geo:
        problems += [
            f"`{theirs}` is an amount without a region: name its region column as geo, or, of a channel that nobody "
            "bought by region, say national: true"
            for column, theirs in mapped.items()
            if not _is_state(places[column]) and not _is_national(places[column], data)
        ]
    if part.export.missing == "error":
        problems += _part_periods(time, period, alias)
    for column, values in numbers.items():
        grouped = pd.Series(values, frame.index).groupby(keys)
        part.values[column] = grouped.mean() if _is_state(places[column]) else grouped.sum()
    return problems


def _is_state(place: str) -> bool:
    return place.startswith(STATES) or (place.startswith("channels.") and place.endswith(".frequency"))


def _is_national(place: str, data: Data) -> bool:
    return place.startswith(tuple(f"channels.{name}." for name in data.national))


def _periods(time: pd.Series, alias: str) -> tuple[pd.Series, list[str]]:
    """The start of the period that each date lies in."""
    if alias == "MS":
        return time.dt.to_period("M").dt.to_timestamp().astype("datetime64[ns]"), []
    if alias in ("D", "h"):
        return time.dt.floor(alias), []
    first = WEEKDAYS.index(alias.removeprefix("W-")) if alias.removeprefix("W-") in WEEKDAYS else 0
    start = time.dt.normalize() - pd.to_timedelta((time.dt.day_of_week - first) % 7, unit="D")
    days = time.drop_duplicates().sort_values()
    weekly = len(days) > 2 and (days.diff().dropna() >= pd.Timedelta(days=7)).all()
    if weekly and (start != time.dt.normalize()).any():
        found = WEEKDAYS[int(days.dt.day_of_week.mode()[0])]
        return start, [f"its weeks start on {found}, the study's on {WEEKDAYS[first]}: state data.frequency W-{found}"]
    return start, []


def _part_periods(time: pd.Series, period: pd.Series, alias: str) -> list[str]:
    """Periods of which a daily export holds only some days."""
    days = time.dt.normalize().groupby(period).nunique()
    if alias in ("D", "h") or days.max() <= 1:
        return []
    full = pd.Series(days.index.days_in_month, days.index) if alias == "MS" else pd.Series(7, days.index)
    short = days[days < full]
    if short.empty:
        return []
    said = listing([f"{start:%Y-%m-%d} ({count} days)" for start, count in short.items()], 5)
    return [f"has only some days of {len(short)} periods, {said}: complete them, or say `missing: zero` if no row is 0"]


def _joined(parts: list[Part], places: dict[str, str], data: Data) -> Table:
    """All parts on the periods and geos of the KPI; conflicts and gaps are raised together."""
    kpi = next(part.values[data.kpi.column] for part in parts if data.kpi.column in part.values)
    index = kpi.index.sort_values()
    if data.window.end:
        index = index[index.get_level_values("time") <= pd.Timestamp(data.window.end)]
    problems: list[str] = []
    columns = {}
    for column in places:
        told = [part for part in parts if column in part.values]
        columns[column] = _column(column, told, index, problems)
    if problems:
        raise InputError(problems, "data.source")
    frame = pd.DataFrame(columns, index=index).reset_index()
    frame = frame.rename(columns={"time": data.time} | ({"geo": data.geo} if data.geo else {}))
    if not data.geo:
        frame = frame.drop(columns="geo")
    return Table(frame, (Origin("the joined exports"),))


def _column(column: str, parts: list[Part], index: pd.Index, problems: list[str]) -> Float[np.ndarray, " row"]:
    """One column of the study from the exports that give it."""
    found = pd.Series(np.nan, index)
    for place, part in enumerate(parts):
        values = _on(part.values[column], index)
        both = found.notna() & values.notna() & ~np.isclose(found, values, rtol=AGREE, equal_nan=True)
        if both.any():
            names = " and ".join(one.name for one in parts[: place + 1])
            problems.append(
                f"`{column}`: {names} disagree in {_cells(index[both])}: keep one of them for these periods"
            )
        found = found.where(found.notna(), values)
    if found.isna().any() and any(part.export.missing == "zero" for part in parts):
        found = found.fillna(0.0)
    if found.isna().any():
        names = ", ".join(f"{part.name} (`{part.export.columns.get(column, column)}`)" for part in parts)
        lacking = index[found.isna()]
        problems.append(
            f"`{column}`: {names} has nothing for {len(lacking)} of {len(index)} periods, {_cells(lacking)}: add them, "
            "or say `missing: zero` if no row means 0"
        )
    return found.to_numpy(float)


def _on(values: pd.Series, index: pd.Index) -> pd.Series:
    """Values on the KPI's periods and geos; those without a geo hold in every one."""
    if (values.index.get_level_values("geo") == "").all():
        return pd.Series(values.droplevel("geo").reindex(index.get_level_values("time")).to_numpy(), index)
    return values.reindex(index)


def _cells(index: pd.Index) -> str:
    return listing([f"{time:%Y-%m-%d}{f' {geo}' if geo else ''}" for time, geo in index], 5)
