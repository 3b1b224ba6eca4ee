"""What was tried, where and when? A finished experiment as arrays `geo time`: the border between tables and estimators.

    trial = read_trial(panel, treated=["chicago", "portland"], start="2021-04-01", end="2021-04-15")

`panel` is whatever holds a KPI by geo and time: a long frame with the columns `geo`, `time` and `kpi` (or others, named
by `columns`), a wide frame with dates as its index and a column a geo, or the project's DataTree. No design file is
needed: who was treated and when is enough. Geos that are not treated are controls; `exclude` leaves some out of both.

Spend moves from `start` to `end`; the KPI counts to `measured_until`, the last day of the cooldown. Later periods are
left out, since nobody knows whether the effect has ended there. Everything that is wrong with a panel is reported at
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool, Float

from mmm.errors import InputError, closest, listing

Panel = pd.DataFrame | xr.DataTree
Day = str | pd.Timestamp | np.datetime64
LEAST_BEFORE = 3
"""Periods before the start without which there is nothing to compare with."""


@dataclass(frozen=True)
class Trial:
    """A finished experiment: the last periods are the measured ones, cooldown included."""

    kpi: Float[np.ndarray, "geo time"]
    treated: Bool[np.ndarray, " geo"]
    measured: Bool[np.ndarray, " time"]
    geos: tuple[str, ...]
    times: pd.DatetimeIndex
    start: pd.Timestamp
    end: pd.Timestamp
    measured_until: pd.Timestamp

    @property
    def target(self) -> Float[np.ndarray, " time"]:
        """The mean treated geo."""
        return self.kpi[self.treated].mean(0)

    @property
    def controls(self) -> Float[np.ndarray, "geo time"]:
        return self.kpi[~self.treated]

    @property
    def control_geos(self) -> tuple[str, ...]:
        return tuple(geo for geo, treated in zip(self.geos, self.treated, strict=True) if not treated)

    @property
    def treated_geos(self) -> tuple[str, ...]:
        return tuple(geo for geo, treated in zip(self.geos, self.treated, strict=True) if treated)

    @property
    def cells(self) -> int:
        """Treated geos times measured periods."""
        return int(self.treated.sum() * self.measured.sum())


def read_trial(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    exclude: Sequence[str] = (),
    columns: tuple[str, str, str] = ("geo", "time", "kpi"),
    controls_needed: bool = True,
) -> Trial:
    """Lay a panel out for the estimators.

    `treated` names the geos whose spend was moved from `start` to `end`, both included; `measured_until` is `end`
    unless given. Raises `InputError` with every problem: unknown geos, missing cells, days outside the panel, no
    controls.
    """
    wide = wide_table(panel, columns)
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    until = last if measured_until is None else pd.Timestamp(measured_until)
    names, chosen = [str(name) for name in wide.columns], [treated] if isinstance(treated, str) else list(treated)
    kept = wide.loc[wide.index <= until, [name for name in names if name not in exclude]]
    problems = [
        f"there is no geo {name!r}: {closest(name, names)}" for name in [*chosen, *exclude] if name not in names
    ]
    problems += [f"geo {name!r} is both treated and excluded: name it once" for name in chosen if name in exclude]
    problems += _window_problems(wide.index, first, last, until)
    if not chosen:
        problems.append("no geo is treated: name those whose spend was moved")
    elif controls_needed and not set(kept) - set(chosen):
        problems.append("every geo is treated: leave some as controls, or use `its`, which needs none")
    problems += holes(kept)
    if problems:
        raise InputError(problems, "the experiment's panel")
    return Trial(
        kpi=kept.to_numpy(dtype=float).T.copy(),
        treated=np.isin([str(name) for name in kept.columns], chosen),
        measured=np.asarray(kept.index >= first),
        geos=tuple(str(name) for name in kept.columns),
        times=pd.DatetimeIndex(kept.index),
        start=first,
        end=last,
        measured_until=until,
    )


def wide_table(panel: Panel, columns: tuple[str, str, str] = ("geo", "time", "kpi")) -> pd.DataFrame:
    """Any kind of panel as one table: dates down, geos across, both sorted."""
    if isinstance(panel, xr.DataTree):
        kpi = panel["panel"].to_dataset()["kpi"]
        return pd.DataFrame(
            kpi.transpose("time", "geo").values,
            index=pd.DatetimeIndex(kpi["time"].values),
            columns=[str(name) for name in kpi["geo"].values],
        )
    if set(columns) <= set(panel.columns):
        return _from_long(panel, *columns)
    wide = panel.rename(columns=str)
    words = [name for name in wide if not pd.api.types.is_numeric_dtype(wide[name])]
    if words or not isinstance(wide.index, pd.DatetimeIndex):
        have = listing([str(name) for name in wide])
        raise InputError(
            [
                f"the frame has the columns {have}: give it {listing(columns)}, say what they are called with "
                "`columns`, or give one numeric column a geo with dates as the index"
            ],
            "the experiment's panel",
        )
    return wide.sort_index()


def _from_long(panel: pd.DataFrame, geo: str, time: str, kpi: str) -> pd.DataFrame:
    days = pd.to_datetime(panel[time], errors="coerce")
    problems = []
    if days.isna().any():
        problems.append(f"`{time}` holds {panel[time][days.isna()].iloc[0]!r}: write dates as 2026-01-12")
    if not pd.api.types.is_numeric_dtype(panel[kpi]):
        problems.append(f"`{kpi}` is not numeric: convert it first")
    table = pd.DataFrame({"geo": panel[geo].astype(str), "time": days, "kpi": panel[kpi]})
    twice = table[table.duplicated(["geo", "time"])]
    if len(twice):
        row = twice.iloc[0]
        problems.append(
            f"{len(twice)} rows repeat a geo and a day, first geo={row['geo']}, {row['time']:%Y-%m-%d}: add them up"
        )
    if problems:
        raise InputError(problems, "the experiment's panel")
    return table.pivot(index="time", columns="geo", values="kpi").sort_index()


def _window_problems(times: pd.Index, first: pd.Timestamp, last: pd.Timestamp, until: pd.Timestamp) -> list[str]:
    problems = []
    if first > last:
        problems.append(f"start {first.date()} is after end {last.date()}: exchange them")
    if until < last:
        problems.append(f"measured_until {until.date()} is before end {last.date()}: it is the cooldown's last day")
    if not ((times >= first) & (times <= until)).any():
        problems.append(
            f"no period starts between {first.date()} and {until.date()}: the panel runs from {times[0].date()} to "
            f"{times[-1].date()}"
        )
    if (times < first).sum() < LEAST_BEFORE:
        problems.append(
            f"only {(times < first).sum()} periods lie before {first.date()}: at least {LEAST_BEFORE} are needed, and "
            "some ten times the length of the experiment are good"
        )
    return problems


def holes(wide: pd.DataFrame) -> list[str]:
    """Where the KPI is missing in a wide table, as a problem to report; empty if nowhere."""
    missing = ~np.isfinite(wide.to_numpy(dtype=float))
    if not missing.any():
        return []
    row, column = np.argwhere(missing)[0]
    return [
        f"the KPI is missing in {missing.sum()} of {missing.size:,} cells, first at geo={wide.columns[column]}, "
        f"{wide.index[row].date()}: write true zeros as 0, exclude the geo, or start the panel later"
    ]
