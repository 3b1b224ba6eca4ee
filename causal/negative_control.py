"""Which series can a channel not move, and what were they in the panel's cells?

Sales of a product that the channel does not advertise, of a region that it does not reach, visits of a competitor: what
demand moves and the channel does not is a *negative control*. If the exposure "moves" it, something moves both and is
not held still, and the channel's own effect is inflated by the same thing: the gate is `gates.negative_control`.

    causal.validate(fit, negative_controls=table)       # columns time, geo, and one a series

A series that follows demand closely sees far more of it than the sales themselves, in which the effect hides it; one
that does not follow demand sees nothing, so that passing says no more than the series is worth.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from causal.gates import FEWEST_PERIODS
from mmm.errors import InputError


def read_negative_controls(table: pd.DataFrame, panel: xr.Dataset) -> dict[str, Float[np.ndarray, "geo time"]]:
    """The series laid out as the panel's window, in units of each geo's mean; NaN where the table has no row.

    `table` has the columns `time`, `geo` (unless there is one geo) and one a series. Raises `InputError` with every
    problem: no series, text, a series that the model holds still, two rows for a cell, too few periods that the window
    knows.
    """
    window = panel.isel(time=np.flatnonzero(panel["in_window"].values))
    geos, times = [str(geo) for geo in window["geo"].values], pd.DatetimeIndex(window["time"].values)
    keys = ["geo", "time"] if len(geos) > 1 or "geo" in table else ["time"]
    names = [str(name) for name in table.columns if name not in ("geo", "time")]
    if missing := [key for key in keys if key not in table]:
        raise InputError([f"there is no column {key!r}: add it" for key in missing], "the negative controls")
    rows = table.assign(geo=table["geo"].astype(str) if "geo" in keys else geos[0], time=pd.to_datetime(table["time"]))
    held = {str(name) for kind in ("controls", "treatments") if kind in panel
            for name in panel[panel[kind].dims[-1]].values}  # fmt: skip
    problems = [] if names else ["there is no series: add a column for each"]
    problems += [f"{name!r} is held still by the model, so nothing is left to see: name another series"
                 for name in names if name in held]  # fmt: skip
    problems += [f"{name!r} is not all numbers: write numbers, and leave cells without one empty"
                 for name in names if not pd.api.types.is_numeric_dtype(rows[name])]  # fmt: skip
    if (twice := int(rows.duplicated(["geo", "time"]).sum())) > 0:
        problems.append(f"{twice} rows repeat a cell: give each geo and period once")
    if problems:
        raise InputError(problems, "the negative controls")
    cells = pd.MultiIndex.from_product([geos, times], names=["geo", "time"])
    wide = rows.set_index(["geo", "time"]).reindex(cells)
    series = {name: wide[name].to_numpy(dtype=float).reshape(len(geos), len(times)) for name in names}
    few = {name: int(np.isfinite(values).any(axis=0).sum()) for name, values in series.items()}
    problems = [f"{name!r} has a number in {seen} of the window's {len(times)} periods, the first of which is "
                f"{times[0].date()}: give {FEWEST_PERIODS} or more, at the panel's dates and geos"
                for name, seen in few.items() if seen < FEWEST_PERIODS]  # fmt: skip
    if problems:
        raise InputError(problems, "the negative controls")
    return {name: values / _size(values) for name, values in series.items()}


def _size(values: Float[np.ndarray, "geo time"]) -> Float[np.ndarray, "geo one"]:
    seen = np.isfinite(values)
    mean = np.abs(np.where(seen, values, 0.0).sum(1, keepdims=True) / np.maximum(seen.sum(1, keepdims=True), 1))
    return np.where(mean > 0, mean, 1.0)
