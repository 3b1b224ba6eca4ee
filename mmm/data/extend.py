"""How do new periods follow those that a run was made from?

    late = read_new(study, Path("new.csv"), parent)     # the file's panel, by the study's mapping, no window
    longer = extend(parent, late)                       # parent's periods, then the new ones
    longer.panel, longer.new, longer.restated

The file may hold the new periods alone, or old ones again: what it says of an old period that the run knew otherwise is
a *restatement*, listed cell by cell, and taken over only where that is asked for (`restate=True`, as a refresh does).
New periods join the window only where they are to be learned from (`learn=True`); otherwise they are rows with a KPI
to be predicted, and nothing that the model scales by moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool
from pandas.tseries.frequencies import to_offset

from mmm.data.panel import load_panel
from mmm.errors import InputError, listing
from mmm.speech import natural
from mmm.study import Study, Window

SAME = 1e-6
"""Relative difference below which a cell was not restated: exports round."""
BY_CHANNEL = ("spend", "exposure", "frequency", "treatments", "controls")


@dataclass(frozen=True)
class Extension:
    """A longer panel, which of its rows are new, and the old cells that the new file has otherwise:
    `time, geo, variable, name, before, after`."""

    panel: xr.Dataset
    new: Bool[np.ndarray, " time"]
    restated: pd.DataFrame


def read_new(study: Study, path: Path, parent: xr.Dataset) -> xr.DataTree:
    """The panel of a new file, read as `study` reads its own, whatever the study's window.

    Where the study joins a list of exports, `path` is a folder with new ones of the same names.
    """
    source = study.data.source
    if isinstance(source, tuple):
        if not path.is_dir():
            raise InputError([f"{path}: the study joins several exports, so give the folder that has the new ones"])
        place = path.resolve()
        late: object = tuple(
            export.model_copy(update={"source": str(place / Path(export.source).name)})
            if isinstance(export.source, str)
            else export
            for export in source
        )
    else:
        late = str(path.resolve())
    changes = {"source": late, "window": Window(), "frequency": str(parent.attrs["frequency"])}
    return load_panel(study.model_copy(update={"data": study.data.model_copy(update=changes)}))


def extend(parent: xr.Dataset, late: xr.Dataset, *, learn: bool = False, restate: bool = False) -> Extension:
    """`parent` with the periods of `late` that follow it. Raises `InputError` where they do not follow."""
    _refuse_other_geos(parent, late)
    labels = ("geo", "channel", "treatment", "control")
    late = late.sel({name: parent[name].values for name in labels if name in parent.dims})
    last = parent["time"].values[-1]
    fresh = late.sel(time=late["time"].values > last)
    _refuse_gap(parent, late, fresh)
    both = np.intersect1d(parent["time"].values, late["time"].values)
    restated = _restated(parent.sel(time=both), late.sel(time=both))
    old = _with_rows(parent, late.sel(time=both)) if restate else parent
    fresh = fresh.assign_coords(in_window=("time", np.full(fresh.sizes["time"], learn)))
    varying = [str(name) for name in old.data_vars if "time" in old[name].dims]
    panel = xr.concat([old[varying], fresh[varying]], "time", join="exact", compat="override", coords="minimal")
    panel = panel.assign({name: old[name] for name in old.data_vars if name not in varying})
    for name in panel.data_vars:
        panel[name] = panel[name].transpose(*parent[name].dims).assign_attrs(parent[name].attrs)
    panel = panel.assign_attrs(parent.attrs)
    return Extension(panel, panel["time"].values > last, restated)


def _refuse_other_geos(parent: xr.Dataset, late: xr.Dataset) -> None:
    known, found = (set(map(str, panel["geo"].values)) for panel in (parent, late))
    problems = (
        [f"the new data lack the geos {listing(sorted(known - found, key=natural))}: add them"] if known - found else []
    )
    if found - known:
        problems.append(
            f"the new data have geos that the run does not know, {listing(sorted(found - known, key=natural))}: "
            "correct their names, or fit a study that has them"
        )
    if problems:
        raise InputError(problems)


def _refuse_gap(parent: xr.Dataset, late: xr.Dataset, fresh: xr.Dataset) -> None:
    last = pd.Timestamp(parent["time"].values[-1])
    following = last + to_offset(str(parent.attrs["frequency"]))
    if not fresh.sizes["time"]:
        ends = pd.Timestamp(late["time"].values[-1])
        raise InputError(
            [
                f"the new data end on {ends:%Y-%m-%d} and the run's on {last:%Y-%m-%d}, so nothing is new: give data "
                "that go further"
            ]
        )
    first = pd.Timestamp(fresh["time"].values[0])
    if first != following:
        raise InputError(
            [
                f"the run's data end on {last:%Y-%m-%d} and the new data begin on {first:%Y-%m-%d}: the periods from "
                f"{following:%Y-%m-%d} are missing, add them"
            ]
        )


def _restated(before: xr.Dataset, after: xr.Dataset) -> pd.DataFrame:
    """Cells that both files have and that differ."""
    found = []
    for variable in ("kpi", *BY_CHANNEL):
        if variable not in before or variable not in after:
            continue
        old = before[variable]
        new = after[variable].transpose(*old.dims)
        apart = np.abs(new.values - old.values) > SAME * np.maximum(np.abs(old.values), np.abs(new.values))
        apart |= np.isnan(new.values) != np.isnan(old.values)
        for place in np.argwhere(apart):
            at = {dim: old[dim].values[index] for dim, index in zip(old.dims, place, strict=True)}
            name = next((str(at[dim]) for dim in old.dims if dim not in ("geo", "time")), "")
            cell = tuple(place)
            values = (float(old.values[cell]), float(new.values[cell]))
            found.append((pd.Timestamp(at["time"]), str(at["geo"]), variable, name, *values))
    return pd.DataFrame(found, columns=["time", "geo", "variable", "name", "before", "after"])


def _with_rows(parent: xr.Dataset, rows: xr.Dataset) -> xr.Dataset:
    """The parent with the values that `rows` has for its periods."""
    panel = parent.copy(deep=True)
    for name in parent.data_vars:
        if "time" in parent[name].dims and name in rows:
            panel[name].loc[{"time": rows["time"].values}] = rows[name].transpose(*parent[name].dims)
    return panel
