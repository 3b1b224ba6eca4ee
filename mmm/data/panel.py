"""Is this table the panel that the study describes: every geo, every period, every number in its place?

    panel = load_panel(study)
    panel["panel"].spend            # geo, time, channel

`load_panel` reads the source, checks every cell that the study uses, collects all problems into one `InputError`, and
only then builds the tree that `mmm/DESIGN.md` describes. A panel is complete and regular: a hole, a gap or a
duplicate is an error with its place and remedy, never filled in silence.

To give a column a new meaning, add a field to `mmm.study.Data`, list it in `Data.columns` and place it in `_assemble`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.data.dates import ONE_DAY, find_frequency, parse_dates, period_starts, periods_per_year
from mmm.data.exports import AGREE, read_exports
from mmm.data.grid import grid_problems
from mmm.data.identity import data_hash
from mmm.data.ingest import read_source
from mmm.data.numbers import decimal_sign, read_numbers
from mmm.data.table import Origin, Table
from mmm.errors import InputError, StudyError, closest, listing
from mmm.study import Data, Study, load_study

SCHEMA_VERSION = 1
NATIONAL = "national"

EXPOSURE_UNITS = {
    "impression": "impressions",
    "click": "clicks",
    "grp": "GRPs",
    "view": "views",
    "reach": "people reached",
    "send": "sends",
    "visit": "visits",
}
"""The unit of exposure by a part of the column's name."""

Rows = Float[np.ndarray, " row"]
Grid = Float[np.ndarray, "geo time"]
Media = Float[np.ndarray, "geo time channel"]


@dataclass(frozen=True)
class Cells:
    """Checked columns, still one value a row of the file: `numbers` by their place in the study."""

    time: pd.Series
    geo: pd.Series
    numbers: dict[str, Rows]
    frequency: str


def load_panel(study: Study) -> xr.DataTree:
    """The study's data as a tree with one group, `/panel`. Raises `InputError` with everything that is wrong."""
    source = study.data.source
    if isinstance(source, tuple):
        return panel_from_table(read_exports(study), study, "the joined exports")
    name = source if isinstance(source, str) else source.table
    return panel_from_table(read_source(study), study, name)


def panel_from_frame(frame: pd.DataFrame, study: Study) -> xr.DataTree:
    """As `load_panel`, from a table in memory; `data.source` is not read."""
    return panel_from_table(Table(frame.reset_index(drop=True), (Origin("the table"),)), study, "the table")


def load_study_and_panel(path: str | Path) -> tuple[Study, xr.DataTree]:
    """Study and panel at once, so that the faults of the study and those of its data are listed together."""
    try:
        study = load_study(path)
    except StudyError as error:
        if isinstance(error.usable, Study):
            try:
                load_panel(error.usable)
            except InputError as more:
                raise StudyError([*error.problems, *more.problems], error.source) from None
        raise
    return study, load_panel(study)


def panel_from_table(table: Table, study: Study, name: str) -> xr.DataTree:
    """The checked panel of a table that was read from `name`."""
    cells, problems = _check(table, study.data)
    if problems or cells is None:
        raise InputError(problems, name)
    panel = _assemble(cells, study)
    panel, notes = _windowed(panel, study.data, len(table.frame) - len(cells.time))
    tree = xr.DataTree.from_dict({"/panel": panel})
    tree.attrs = {
        "study": json.dumps(study.canonical(), sort_keys=True),
        "schema_version": SCHEMA_VERSION,
        "data_hash": data_hash(panel),
        "frequency": cells.frequency,
        "periods_per_year": periods_per_year(cells.frequency),
        "notes": "\n".join(notes),
    }
    return tree


def _check(table: Table, data: Data) -> tuple[Cells | None, list[str]]:
    """Every cell that the study uses; problems from all columns together."""
    frame = table.frame
    columns = {place: column for place, column in data.columns().items() if column in frame.columns}
    known = [str(name) for name in frame.columns]
    problems = [
        f"data.{place} names the column {column!r}, which is not in the data: {closest(column, known)}"
        for place, column in data.columns().items()
        if place not in columns
    ]
    time, frequency = pd.Series(pd.NaT, index=frame.index), ""
    if "time" in columns:
        time, found = parse_dates(frame[columns["time"]], table.where)
        problems += found
        if not found:
            time, frequency, found = _periods(time, data)
            problems += found
    used = table.frame.loc[time.index]
    geo = _geos(used, columns, table, problems)
    if frequency:
        problems += grid_problems(time, geo, frequency, table.where, data.geo is not None)
    numbers = _numbers(used, table, columns, time, geo, problems)
    if not problems:
        problems += _uneven(numbers, columns, time, geo, data)
    return (Cells(time, geo, numbers, frequency) if not problems else None), problems


def _periods(time: pd.Series, data: Data) -> tuple[pd.Series, str, list[str]]:
    """The starts of the periods up to the window's end, the only rows that are looked at, and their frequency."""
    if data.window.end:
        time = time[time < pd.Timestamp(data.window.end) + ONE_DAY]
    first = data.window.start or data.window.end
    if time.empty or (data.window.start and time.max() < pd.Timestamp(data.window.start)):
        return time, "", [f"data.window from {first} holds no period of the data: widen it, or leave it out"]
    frequency, problems = find_frequency(pd.DatetimeIndex(time.unique()).sort_values(), data.frequency)
    return (period_starts(time, frequency) if frequency else time), frequency, problems


def _geos(frame: pd.DataFrame, columns: dict[str, str], table: Table, problems: list[str]) -> pd.Series:
    if "geo" not in columns:
        return pd.Series(NATIONAL, index=frame.index, dtype="str")
    values = frame[columns["geo"]]
    blank = np.flatnonzero(values.isna().to_numpy() | (values.astype("str").str.strip() == "").to_numpy())
    if len(blank):
        first = table.where(int(values.index[blank[0]]))
        problems.append(
            f"`{values.name}` (geo) is missing {len(blank)} times, first at {first}: name every row's region"
        )
    return values.astype("str").str.strip()


def _uneven(
    numbers: dict[str, Rows], columns: dict[str, str], time: pd.Series, geo: pd.Series, data: Data
) -> list[str]:
    """Columns of national channels that differ between geos."""
    problems = []
    for name in data.national:
        for field in data.channels[name].columns():
            place = f"channels.{name}.{field}"
            values = pd.Series(numbers[place], index=geo.index)
            apart = values.groupby(time).transform("max") > values.groupby(time).transform("min") * (1 + AGREE)
            if apart.any():
                first = time[apart].min()
                cells = [f"{values[row]:,.6g} in {geo[row]}" for row in time.index[time == first]]
                problems.append(
                    f"`{columns[place]}` of the national channel {name} differs between geos in "
                    f"{time[apart].nunique()} periods, first on {first:%Y-%m-%d} ({listing(cells, 3)}): write the "
                    "figure of all geos together into every row, or leave `national` out"
                )
    return problems


def _numbers(
    used: pd.DataFrame, table: Table, columns: dict[str, str], time: pd.Series, geo: pd.Series, problems: list[str]
) -> dict[str, Rows]:
    wanted = {place: used[column] for place, column in columns.items() if place not in ("time", "geo")}
    decimal, found = decimal_sign(wanted.values(), table.separator)
    problems += found

    def locate(row: int) -> str:
        day = "no date" if pd.isna(time[row]) else str(time[row]).removesuffix(" 00:00:00")
        return f"{table.where(row)} ({day}, {geo[row]})" if "geo" in columns else f"{table.where(row)} ({day})"

    numbers = {}
    for place, values in wanted.items():
        numbers[place], found = read_numbers(values, place, decimal, locate)
        problems += found
    return numbers


def _assemble(cells: Cells, study: Study) -> xr.Dataset:
    """The dataset of a complete regular panel, whatever the order of the rows was."""
    data = study.data
    times = pd.DatetimeIndex(cells.time.unique()).sort_values()
    geos = sorted(cells.geo.unique())
    order = np.lexsort((cells.time.to_numpy(), pd.Categorical(cells.geo, categories=geos).codes))
    shape = (len(geos), len(times))

    def grid(place: str) -> Grid:
        return cells.numbers[place][order].reshape(shape)

    media = [*data.channels, *data.organic]
    spend, exposure, frequency, units = _media(data, grid, shape, study.currency)
    by_channel = ("geo", "time", "channel")
    kpi_unit = study.currency if data.kpi.kind == "revenue" else data.kpi.column
    exposure_units = units[0] if len(set(units)) == 1 else "see exposure_unit"
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {
        "kpi": (("geo", "time"), grid("kpi.column"), {"units": kpi_unit}),
        "spend": (by_channel, spend, {"units": study.currency}),
        "exposure": (by_channel, exposure, {"units": exposure_units}),
    }
    coordinates: dict[str, object] = {
        "time": ("time", times.to_numpy()),
        "in_window": ("time", np.ones(len(times), dtype=bool)),
        "geo": ("geo", np.array(geos, dtype=str)),
        "channel": ("channel", np.array(media, dtype=str)),
        "paid": ("channel", np.array([name in data.channels for name in media])),
        "exposure_unit": ("channel", np.array(units, dtype=str)),
    }
    if data.national:
        national = np.array([name in data.national for name in media])
        people = grid("population").mean(axis=1) if data.population else np.nansum(grid("kpi.column"), axis=1)
        for amounts in (spend, exposure):  # what all geos saw together, shared out by their size
            amounts[..., national] *= (people / people.sum())[:, None, None]
        coordinates["national"] = ("channel", national)
    if frequency is not None:
        variables["frequency"] = (by_channel, frequency, {"units": "exposures a person reached"})
    for kind, names in (("treatment", data.treatments), ("control", data.controls)):
        if names:
            stacked = np.stack([grid(f"{kind}s[{i}]") for i in range(len(names))], axis=-1)
            variables[f"{kind}s"] = (("geo", "time", kind), stacked, {"units": "as in the data"})
            coordinates[kind] = (kind, np.array(names, dtype=str))
    if data.population:
        variables["population"] = (("geo",), grid("population").mean(axis=1), {"units": "people"})
    value = data.kpi.value_per_kpi
    worth = grid("kpi.value_per_kpi") if isinstance(value, str) else np.full(shape, float(value))
    variables["value_per_kpi"] = (("geo", "time"), worth, {"units": f"{study.currency} per KPI unit"})
    return xr.Dataset(variables, coords=coordinates)


def _media(
    data: Data, grid: Callable[[str], Grid], shape: tuple[int, int], currency: str
) -> tuple[Media, Media, Media | None, list[str]]:
    """Spend, exposure, frequency (or `None`) and the unit of each medium's exposure, paid channels first."""
    spends, exposures, frequencies, units = [], [], [], []
    for name, channel in data.channels.items():
        spends.append(grid(f"channels.{name}.spend"))
        source = next((field for field in ("reach", "exposure") if getattr(channel, field)), "spend")
        exposures.append(grid(f"channels.{name}.{source}"))
        frequencies.append(grid(f"channels.{name}.frequency") if channel.frequency else np.full(shape, np.nan))
        units.append(currency if source == "spend" else exposure_unit(getattr(channel, source)))
    for name, organic in data.organic.items():
        spends.append(np.zeros(shape))
        exposures.append(grid(f"organic.{name}.exposure"))
        frequencies.append(np.full(shape, np.nan))
        units.append(exposure_unit(organic.exposure))
    reached = any(channel.frequency for channel in data.channels.values())
    return np.stack(spends, -1), np.stack(exposures, -1), np.stack(frequencies, -1) if reached else None, units


def exposure_unit(column: str) -> str:
    """What a column of exposure counts, as far as its name tells."""
    return next((unit for part, unit in EXPOSURE_UNITS.items() if part in column.lower()), "exposure units")


def _windowed(panel: xr.Dataset, data: Data, dropped: int) -> tuple[xr.Dataset, list[str]]:
    """Periods before the window marked, with a note of what the window leaves out."""
    window, notes = data.window, []
    if dropped:
        notes.append(f"{dropped} rows after data.window.end {window.end} were left out")
    if window.start:
        inside = panel.time.to_numpy() >= np.datetime64(window.start, "ns")
        panel = panel.assign_coords(in_window=("time", inside))
        if not inside.all():
            notes.append(f"{int((~inside).sum())} periods before data.window.start {window.start} only feed carryover")
    return panel, notes
