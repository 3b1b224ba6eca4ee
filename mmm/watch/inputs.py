"""Is the model still fed what it was fitted on? Spend, prices, controls and channels of new periods against the old.

    read_inputs(longer, new)        # readings of the monitors below; longer: old rows, then the `new` ones

| monitor | what it follows | rule |
|---|---|---|
| `spend` | each channel's spend | chart of its innovations, season and memory aside, in ranks of its own past |
| `cost_per_exposure` | money per exposure of channels that have both | chart of the innovations of its logarithm |
| `range` | spend and exposure by geo, controls | beyond what the window saw by half of it: a slip or another market |
| `silent_channel` | channels that stopped | twice the longest pause that the window saw, at least a twelfth of a year |
| `new_channel` | channels the window never saw | any spend at all |

Inputs are decisions, so an alert is no error: it says that the model is asked about what it did not learn from.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool, Float

from mmm.errors import listing
from mmm.watch.chart import Series, Signal, chart, innovations, limit_for
from mmm.watch.reading import Reading, day, of_chart

BEYOND = 0.5
"""How far beyond the window's largest value is another market, as a share of it (controls: of their range)."""
CHARTED_RATE = 0.04
"""False alarms a year that charts of inputs are designed for, a fifth of the others': their scores come from a short
history and are less normal than a forecast's, and alarms are five to ten times as frequent as designed."""
SHORTEST_HISTORY_YEARS = 1.0
SEASONS = 2
"""Yearly waves that spend is freed of, where the window has two years to learn them from."""


def read_inputs(panel: xr.Dataset, new: Bool[np.ndarray, " time"]) -> list[Reading]:
    """Readings of all inputs; rows before the window do not count as history."""
    rows = np.asarray(panel["in_window"].values) | new
    panel, new = panel.isel(time=rows), new[rows]
    return [*_spend(panel, new), *_prices(panel, new), *_range(panel, new), *_coming_and_going(panel, new)]


def _paid(panel: xr.Dataset) -> list[str]:
    return [str(name) for name in panel["channel"].values[panel["paid"].values.astype(bool)]]


def _per_year(panel: xr.Dataset) -> float:
    return float(panel.attrs["periods_per_year"])


def _charted(panel: xr.Dataset, series: Series, new: np.ndarray, count: int, seasonal: bool, normal: bool) -> Signal:
    years = np.arange(len(series)) / _per_year(panel)
    order = SEASONS if seasonal and (~new).sum() >= 2 * _per_year(panel) else 0
    waves = [wave(2 * np.pi * k * years) for k in range(1, order + 1) for wave in (np.sin, np.cos)]
    seasons = np.stack(waves, axis=-1) if waves else np.empty((len(series), 0))
    scores = innovations(series[~new], series[new], seasons, normal)
    return chart(scores, limit_for(count, _per_year(panel), rate=CHARTED_RATE))


def _spend(panel: xr.Dataset, new: np.ndarray) -> Iterator[Reading]:
    channels, times = _paid(panel), panel["time"].values[new]
    for name in channels:
        money = panel["spend"].sel(channel=name).sum("geo").to_numpy()
        if (~new).sum() < SHORTEST_HISTORY_YEARS * _per_year(panel) or np.ptp(money[~new]) == 0:
            yield Reading("spend", name, "not_testable")
            continue
        typical = money[~new][money[~new] > 0].mean()
        signal = _charted(panel, np.log1p(money / typical), new, len(channels), seasonal=True, normal=True)
        since = signal.first or 0
        now, before = money[new][since:].mean(), money[~new].mean()
        beyond = float((money[new][since:] > money[~new].max()).mean())
        message = (
            f"{name}'s spend is not what it was: {now:,.0f} a period since {day(times[since])}, {before:,.0f} in the "
            f"window.{f' {beyond:.0%} of these periods are above all that the model has seen.' if beyond else ''}"
        )
        remedy = (
            "If this is the plan at work, refresh once a few periods are in, and read the channel's curve with the "
            "width that its report gives. If nobody planned it, check bookings and the export."
        )
        yield of_chart("spend", name, signal, times, message, remedy)


def _prices(panel: xr.Dataset, new: np.ndarray) -> Iterator[Reading]:
    times = panel["time"].values[new]
    priced = []
    for name in _paid(panel):
        money, seen = (panel[variable].sel(channel=name).sum("geo").to_numpy() for variable in ("spend", "exposure"))
        if not np.allclose(money, seen):
            priced.append((name, money, seen))
    for name, money, seen in priced:
        both = (money > 0) & (seen > 0)
        price = np.where(both, np.log(np.where(both, money, 1.0) / np.where(both, seen, 1.0)), np.nan)
        if (both & ~new).sum() < SHORTEST_HISTORY_YEARS * _per_year(panel) or np.nanstd(price[~new]) == 0:
            yield Reading("cost_per_exposure", name, "not_testable")
            continue
        signal = _charted(panel, price, new, len(priced), seasonal=False, normal=False)
        since = signal.first or 0
        change = float(np.expm1(np.nanmean(price[new][since:]) - np.nanmean(price[~new])))
        message = (
            f"{name} pays {change:+.0%} for an exposure since {day(times[since])}, against its mean over the window."
        )
        remedy = (
            "Its return on money moves with the price even if its effect does not. Check for a changed definition of "
            "the exposure or of the cost; a true change of price calls for a refresh before the next plan."
        )
        yield of_chart("cost_per_exposure", name, signal, times, message, remedy)


def _range(panel: xr.Dataset, new: np.ndarray) -> Iterator[Reading]:
    for variable in ("spend", "exposure", "controls"):
        if variable not in panel:
            continue
        dimension = "control" if variable == "controls" else "channel"
        for name in panel[dimension].values if variable == "controls" else _media(panel, variable):
            values = panel[variable].sel({dimension: name}).transpose("geo", "time").to_numpy()
            if variable != "controls" and not values[:, ~new].any():
                continue  # a new channel, which has a monitor of its own
            yield _beyond(panel, new, variable, str(name), values)


def _media(panel: xr.Dataset, variable: str) -> list[str]:
    """Channels whose spend, or whose exposure that is not the spend itself, is worth asking about."""
    if variable == "spend":
        return _paid(panel)
    same = np.isclose(panel["spend"].transpose(..., "channel"), panel["exposure"].transpose(..., "channel"))
    return [
        str(name)
        for name, one in zip(
            panel["channel"].values, np.all(same.reshape(-1, same.shape[-1]), axis=0).tolist(), strict=True
        )
        if not one
    ]


def _beyond(
    panel: xr.Dataset, new: np.ndarray, variable: str, name: str, values: Float[np.ndarray, "geo time"]
) -> Reading:
    low, high = values[:, ~new].min(axis=1, keepdims=True), values[:, ~new].max(axis=1, keepdims=True)
    margin = BEYOND * (high - low if variable == "controls" else high)
    over = (values[:, new] > high + margin) | ((values[:, new] < low - margin) & (variable == "controls"))
    subject = name if variable == "controls" else f"{name} {variable}"
    if not over.any():
        return Reading("range", subject, "ok", 0.0, 0.0)
    rows = np.flatnonzero(over.any(axis=0))
    times = panel["time"].values[new][rows]
    geo, row = np.argwhere(over)[0]
    where = f" ({panel['geo'].values[geo]})" if panel.sizes["geo"] > 1 else ""
    message = (
        f"{subject} is far outside of what the model has seen in {listing([str(day(time)) for time in times], 4)}: "
        f"{values[:, new][geo, row]:,.6g}{where}, against {low[geo, 0]:,.6g} to {high[geo, 0]:,.6g} in the window."
    )
    remedy = "Check for a slipped decimal or a changed unit. If it is true, what the model says there is extrapolated."
    return Reading(
        "range", subject, "alert", float(over.sum()), 0.0, day(times[0]), day(times[0]), None, message, remedy
    )


def _coming_and_going(panel: xr.Dataset, new: np.ndarray) -> Iterator[Reading]:
    shortest = max(4, round(_per_year(panel) / 12))
    times = panel["time"].values
    for name in _paid(panel):
        active = panel["spend"].sel(channel=name).sum("geo").to_numpy() > 0
        if not active[~new].any():
            yield _new_channel(name, times, active, new)
            continue
        pause = len(active) if not active.any() else int(np.argmax(active[::-1]))
        inside = active[~new][np.argmax(active[~new]) :]
        longest = _longest_pause(inside)
        limit = max(2 * longest, shortest)
        if pause < limit or pause > len(active):
            yield Reading("silent_channel", name, "ok", float(pause), float(limit))
            continue
        since = day(times[len(times) - pause])
        message = f"{name} has spent nothing since {since}, {pause} periods; its longest pause before was {longest}."
        remedy = (
            "If it was stopped, leave it out of the next plan: its effect dies away with its carryover. If it still "
            "runs, its export is broken, and the model credits its sales to others."
        )
        seen = day(times[len(times) - pause + int(limit) - 1])
        yield Reading("silent_channel", name, "alert", float(pause), float(limit), since, seen, None, message, remedy)


def _longest_pause(active: Bool[np.ndarray, " time"]) -> int:
    """The most periods in a row without spend, after the first with any; a pause that still lasts does not count."""
    runs = pd.Series(active).groupby(np.cumsum(active)).size() - 1
    return int(runs.iloc[:-1].max()) if len(runs) > 1 else 0


def _new_channel(name: str, times: np.ndarray, active: np.ndarray, new: np.ndarray) -> Reading:
    if not active[new].any():
        return Reading("new_channel", name, "ok", 0.0, 0.0)
    first = day(times[np.argmax(active)])
    message = f"{name} spends since {first}, and spent nothing in the window: what the model says of it is its prior."
    remedy = "Refresh once it has run for a quarter, or test it: a new channel is the easiest of all to hold out."
    return Reading("new_channel", name, "alert", float(active[new].sum()), 0.0, first, first, None, message, remedy)
