"""How often does a monitor cry wolf, and how soon does it see one? Simulated markets, watched for a year.

market: 156 weeks that are fitted, then 52 that are watched; nothing changes, or something does in week 13
false alarms a year = alerts by monitor over all markets / markets
delay               = weeks from the change to the period that raised the alert
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

import mmm
from mmm.data import panel_from_frame
from mmm.data.extend import extend
from mmm.data.simulate import DEFAULT_CHANNELS, simulate
from mmm.model.fit import panel_of
from mmm.watch.inputs import read_inputs
from mmm.watch.monitor import watch_panel
from mmm.watch.reading import Reading

FITTED, WATCHED, CHANGE = 156, 52, 13
CHANNELS = tuple(
    replace(channel, cost=8.0) if channel.name in ("search", "social") else channel for channel in DEFAULT_CHANNELS
)

Change = Callable[[xr.Dataset, np.ndarray], xr.Dataset]


def scaled(variable: str, factor: float, channel: str | None = None) -> Change:
    """A change: one variable (of one channel) times `factor` from the week of the change on."""

    def change(late: xr.Dataset, after: np.ndarray) -> xr.Dataset:
        hit = xr.DataArray(after, dims="time")
        if channel:
            hit = hit & (late["channel"] == channel)
        return late.assign(
            {variable: late[variable].where(~hit, late[variable] * factor).transpose(*late[variable].dims)}
        )

    return change


def market(seed: int) -> tuple[xr.DataTree, xr.Dataset]:
    """The panel that is fitted and the year that follows it."""
    made = simulate(seed=seed, weeks=FITTED + WATCHED, channels=CHANNELS)
    study = mmm.load_study({**made.study(), "fit": {"mode": "quick"}})
    first = panel_from_frame(made.frame.iloc[:FITTED], study)
    return first, panel_of(panel_from_frame(made.frame, study)).isel(time=slice(FITTED, None))


def watched(seed: int, changes: dict[str, Change]) -> Iterator[tuple[str, Reading]]:
    """Alerts of one market by scenario: `nothing`, then every change."""
    panel, late = market(seed)
    fit = mmm.fit(panel)
    after = np.arange(WATCHED) >= CHANGE
    for name, change in ({"nothing": lambda late, _: late} | changes).items():
        yield from ((name, alert) for alert in watch_panel(fit, change(late, after)).alerts)


def inputs(seed: int, changes: dict[str, Change]) -> Iterator[tuple[str, Reading]]:
    """As `watched`, of the monitors of inputs alone, which need no fit."""
    panel, late = market(seed)
    after = np.arange(WATCHED) >= CHANGE
    for name, change in ({"nothing": lambda late, _: late} | changes).items():
        grown = extend(panel_of(panel), change(late, after))
        yield from ((name, alert) for alert in read_inputs(grown.panel, grown.new) if alert.state == "alert")


def summary(alerts: dict[int, list[tuple[str, Reading]]], start: pd.Timestamp) -> pd.DataFrame:
    """By scenario and monitor: the share of markets that raised it, alerts a year, and the median weeks from the change
    to the first true alert."""
    rows = [
        (seed, scenario, alert.monitor, (pd.Timestamp(alert.seen) - start).days / 7 - CHANGE)
        for seed, found in alerts.items()
        for scenario, alert in found
    ]
    table = pd.DataFrame(rows, columns=["seed", "scenario", "monitor", "delay"])
    by = table.groupby(["scenario", "monitor"])
    first = table[table["delay"] >= 0].groupby(["scenario", "monitor", "seed"])["delay"].min()
    return pd.DataFrame(
        {
            "share": by["seed"].nunique() / len(alerts),
            "a_year": by.size() / len(alerts),
            "median_delay": first.groupby(["scenario", "monitor"]).median() + 1,
        }
    )
