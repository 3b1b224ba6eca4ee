"""What did the experiments measure, and can the mix model use it? The lift table, read and checked against a panel.

    lift = read_lift(study.resolve(study.experiments), panel)

One row is one measured contrast:

| column | meaning |
|---|---|
| `experiment` | its name |
| `channel` | the channel that was moved, or several with `;` between them |
| `geos` | the treated geos with `;` between them; empty or `all`: every geo |
| `start`, `end` | first and last day on which the spend was moved |
| `measured_until` | last day that the lift counts (the cooldown included); empty: `end` |
| `design` | holdback, go-dark, heavy-up, ...; empty: not said |
| `spend_delta` | money spent more (or less, negative) than without the experiment, in total |
| `lift` | KPI units caused, with its `standard_error` |
| `estimator`, `notes`, `source` | free text |
| `randomised` | yes or no; empty: no |

To carry one more column through, add it to `OPTIONAL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.dates import parse_dates
from mmm.data.ingest import read_file
from mmm.data.numbers import decimal_sign, read_numbers
from mmm.data.table import Table
from mmm.errors import InputError, closest, listing

REQUIRED = ("experiment", "channel", "start", "end", "spend_delta", "lift", "standard_error")
OPTIONAL = ("geos", "measured_until", "design", "estimator", "randomised", "notes", "source")
DEGREES_OF_FREEDOM = 5.0
"""A measured lift scatters around the true one as Student's t with so many: heavy enough tails that one wrong
experiment does not drag the model against the data in silence."""
TRANSPORT = 0.1
"""How far the effect during a test may differ from the model's average one, as a share of the lift."""
YES, NO = frozenset({"yes", "true", "1", "y"}), frozenset({"no", "false", "0", "n", ""})


def read_lift(path: Path, panel: xr.DataTree) -> pd.DataFrame:
    """The lift table in the file's order: `channel` and `geos` as tuples, days as timestamps, `randomised` as bool.

    Raises `InputError` with every problem of the file: a column that is missing, a channel or geo that the panel does
    not have, days outside the panel, a standard error that is not positive.
    """
    table = read_file(path)
    given = {
        str(name).strip().lower().removesuffix("s") if str(name).lower() == "channels" else str(name): name
        for name in table.frame
    }
    missing = [name for name in REQUIRED if name not in given]
    if missing:
        known = [str(name) for name in table.frame]
        raise InputError(
            [
                f"the column {name!r} is missing: add it, or rename the one that holds it; {closest(name, known)}"
                for name in missing
            ],
            path.name,
        )
    frame = pd.DataFrame({name: table.frame[given[name]] if name in given else "" for name in (*REQUIRED, *OPTIONAL)})
    lift, problems = _typed(frame, table)
    data = panel["panel"].to_dataset()
    if not problems:
        problems = [
            problem for row in range(len(lift)) for problem in _row_problems(lift.iloc[row], data, table.where(row))
        ]
    problems += list(_repeated(frame, table))
    if problems:
        raise InputError(problems, path.name)
    return lift


def _typed(frame: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, list[str]]:
    """Every column in its type, and the cells that do not have it."""
    columns: dict[str, object] = {}
    decimal, problems = decimal_sign(
        [frame[name] for name in ("spend_delta", "lift", "standard_error")], table.separator
    )
    for name in ("spend_delta", "lift", "standard_error"):
        columns[name], found = read_numbers(frame[name], "lift", decimal, table.where)
        problems += [sentence.replace(" (lift)", "") for sentence in found]
    text = {
        name: frame[name].astype("str").where(frame[name].notna(), "").str.strip() for name in (*REQUIRED, *OPTIONAL)
    }
    until = text["measured_until"].where(text["measured_until"] != "", text["end"])
    for name, days in (
        ("start", frame["start"]),
        ("end", frame["end"]),
        ("measured_until", until.rename("measured_until")),
    ):
        columns[name], found = parse_dates(days, table.where)
        problems += found
    for name in ("channel", "geos"):
        columns[name] = [tuple(part.strip() for part in cell.split(";") if part.strip()) for cell in text[name]]
    for row, cell in enumerate(text["randomised"].str.lower()):
        if cell not in YES | NO:
            problems.append(f"`randomised` is {cell!r} on {table.where(row)}: write yes or no")
    columns["randomised"] = text["randomised"].str.lower().isin(YES)
    columns |= {name: text[name] for name in ("experiment", "design", "estimator", "notes", "source")}
    return pd.DataFrame(columns)[[*REQUIRED, *OPTIONAL]], problems


def _row_problems(row: pd.Series, panel: xr.Dataset, where: str) -> Iterator[str]:
    """Why one experiment cannot be placed in the panel."""
    at = f"{where} ({row.experiment or 'no name'})"
    channels, geos = [str(name) for name in panel.channel.values], [str(name) for name in panel.geo.values]
    if not row.experiment:
        yield f"{where}: `experiment` is empty: give the experiment a name"
    if not row.channel:
        yield f"{at}: `channel` is empty: name the channel that was moved"
    for name in row.channel:
        if name not in channels:
            yield f"{at}: there is no channel {name!r}: {closest(name, channels)}"
    for name in row.geos:
        if name not in geos and row.geos != ("all",):
            yield f"{at}: there is no geo {name!r}: {closest(name, geos)}"
    first, last = pd.Timestamp(panel.time.values[0]), _end(panel)
    if row.start > row.end:
        yield f"{at}: start {row.start.date()} is after end {row.end.date()}: exchange them"
    if row.measured_until < row.end:
        yield (
            f"{at}: measured_until {row.measured_until.date()} is before end {row.end.date()}: it is the last "
            "day that the lift counts"
        )
    if row.start < first or row.measured_until >= last:
        yield (
            f"{at}: {row.start.date()} to {row.measured_until.date()} is not inside the panel, {first.date()} "
            f"to {(last - pd.Timedelta(days=1)).date()}: "
            "correct the days, or load a panel that covers them"
        )
    if row.standard_error <= 0:
        yield f"{at}: standard_error {row.standard_error} is not positive: write the uncertainty of the lift"
    if row.spend_delta == 0:
        yield f"{at}: spend_delta is 0: write the money spent more (or less, negative) because of the experiment"
    for name in ("lift", "standard_error", "spend_delta"):
        if not np.isfinite(row[name]):
            yield f"{at}: {name} is not a finite number"


def _end(panel: xr.Dataset) -> pd.Timestamp:
    """The moment the last period ends, taking it as long as the one before."""
    times = pd.DatetimeIndex(panel.time.values)
    return times[-1] + (times[-1] - times[-2])


def _repeated(frame: pd.DataFrame, table: Table) -> Iterator[str]:
    same = frame.duplicated(["experiment", "channel", "geos", "start", "end"], keep=False)
    if same.any():
        rows = [table.where(int(row)) for row in np.flatnonzero(same)]
        yield f"the same experiment stands on {listing(rows)}: keep one row a measured contrast"
