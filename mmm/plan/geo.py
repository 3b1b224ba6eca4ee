"""How should the budget be split over channels and regions at once?

    plan = allocate_by_geo(fit)                       # every table of `allocate`, with a geo beside each channel

Effects of regions add up, so a channel in a region is one more curve: its flighting there times one multiple. All of
them share the budget, and `mmm.plan.budget` splits it with the same certificate as among channels. The study's bounds,
its groups, its own scenarios and the verdicts hold for a channel in every region. A national channel cannot be bought
by region, and stays one curve.

A plan that also decides the periods is `mmm.plan.flighting`, at the regions' shares of the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.panel import NATIONAL
from mmm.plan.outlook import Outlook, delay_of, finer, grid
from mmm.plan.reference import observed_multiple, paid_panel, reference_of, value_per_kpi
from mmm.plan.scenario import Plan, plan_from, reach_of, settings_with
from mmm.study import Plan as Settings
from mmm.study import Study

SAMPLES: Final = 200
"""Draws behind a regional plan: 10 channels in 40 regions are 400 curves a draw."""

BETWEEN: Final = " | "
"""Stands between channel and geo while a cell goes by one name."""


def allocate_by_geo(
    fit: xr.DataTree,
    budget: Literal["same"] | float | int | Mapping[str, float | int] | None = None,
    bounds: tuple[float | int, float | int] | Mapping[str, tuple[float | int, float | int]] | None = None,
    verdicts: pd.DataFrame | None = None,
    samples: int = SAMPLES,
) -> Plan:
    """`mmm.allocate` with one multiple for each channel in each geo; its tables have `channel` and `geo`.

    Raises `InputError` as `mmm.allocate` does; messages name a cell `channel | geo`.
    """
    from mmm.model.fit import study_of

    study = study_of(fit)
    settings = settings_with(study.plan, tuple(study.data.channels), budget, bounds)
    view = outlook_by_geo(fit, study, settings, samples)
    labels = None if verdicts is None else _spread_verdicts(verdicts, view.channels)
    return _with_geos(plan_from(view, _spread(settings, view.channels), labels))


def outlook_by_geo(fit: xr.DataTree, study: Study, settings: Settings, samples: int) -> Outlook:
    """The outlook whose channels are cells, `channel | geo`."""
    from scipy.interpolate import PchipInterpolator

    from mmm.insight.curves import response_curves

    reference, panel = reference_of(fit, settings.horizon), paid_panel(fit)
    future = None
    if settings.horizon != "history":
        future = fit["panel"].to_dataset().isel(time=reference.rows).assign_coords(time=reference.periods)
    asked = grid(reach_of(settings))
    geos = [str(name) for name in panel["geo"].values]
    cells = [
        (place, channel, where, which)
        for place, channel in enumerate(reference.channels)
        for where, which in _places(channel in study.data.national, geos)
    ]
    curves = response_curves(fit, asked, horizon=future, by_geo=True, samples=samples)
    curves = curves.sel(channel=list(reference.channels)).transpose("sample", "channel", "geo", "multiple")
    by_cell = np.stack([curves.values[:, place, which].sum(axis=1) for place, _, _, which in cells], axis=1)
    amounts = panel["spend"].transpose("time", "channel", "geo").values
    spend = np.stack([amounts[:, place, which].sum(axis=1) for place, _, _, which in cells], axis=1)
    window = panel["in_window"].values.astype(bool)
    return Outlook(
        currency=study.currency,
        channels=tuple(f"{channel}{BETWEEN}{where}" for _, channel, where, _ in cells),
        periods=reference.periods,
        reference=reference.dates,
        periods_per_year=float(fit.attrs["periods_per_year"]),
        flighting=spend[reference.rows],
        observed=observed_multiple(spend[window], spend[reference.rows]),
        multiples=finer(asked),
        curves=PchipInterpolator(asked, by_cell, axis=-1)(finer(asked)),
        delay=delay_of(fit, np.array(reference.channels))[[place for place, *_ in cells]],
        value_per_kpi=value_per_kpi(panel.isel(time=reference.rows)),
    )


def _places(national: bool, geos: list[str]) -> list[tuple[str, list[int]]]:
    """Where a channel is bought, by name, and the geos that each place reaches."""
    return [(NATIONAL, [*range(len(geos))])] if national else [(geo, [index]) for index, geo in enumerate(geos)]


def _spread(settings: Settings, cells: tuple[str, ...]) -> Settings:
    """What the settings say of a channel, said of each of its cells."""

    def every(amounts: Mapping[str, Any]) -> dict[str, Any]:
        own = {cell: amounts[_channel(cell)] for cell in cells if _channel(cell) in amounts}
        return own | ({"default": amounts["default"]} if "default" in amounts else {})

    groups = tuple(
        group.model_copy(update={"channels": tuple(cell for cell in cells if _channel(cell) in group.channels)})
        for group in settings.groups
    )
    scenarios = tuple(own.model_copy(update={"multiples": every(own.multiples)}) for own in settings.scenarios)
    return settings.model_copy(update={"bounds": every(settings.bounds), "groups": groups, "scenarios": scenarios})


def _spread_verdicts(verdicts: pd.DataFrame, cells: tuple[str, ...]) -> pd.DataFrame:
    named = pd.DataFrame({"cell": cells, "channel": [_channel(cell) for cell in cells]})
    return named.merge(verdicts[["channel", "label"]].drop_duplicates("channel"))[["cell", "label"]].rename(
        columns={"cell": "channel"}
    )


def _channel(cell: str) -> str:
    return cell.split(BETWEEN)[0]


def _with_geos(plan: Plan) -> Plan:
    return replace(
        plan,
        allocation=_split(plan.allocation),
        quality=_split(plan.quality),
        finance=_split(plan.finance),
        calendar=_split(plan.calendar),
        curves=_split(plan.curves),
    )


def _split(table: pd.DataFrame) -> pd.DataFrame:
    """`channel | geo` as two columns; what is of all channels is of all geos."""
    parts = table["channel"].astype(str).str.split(BETWEEN, n=1, regex=False)
    geo = [part[1] if len(part) > 1 else "all" for part in parts]
    split = table.assign(channel=[part[0] for part in parts])
    if "geo" in split:
        return split.assign(geo=geo)
    split.insert(list(split).index("channel") + 1, "geo", geo)
    return split
