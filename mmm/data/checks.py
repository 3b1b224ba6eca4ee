"""Is there enough in the panel to learn from? One function a question, each yielding what it found.

    check(panel, ask) -> Iterator[Finding]

Data can be complete and correct and still say nothing about a channel: two channels that move together, one that never
pauses, twelve months to learn a yearly season from. A finding names its subject, a statistic, and the remedy; `fail`
is kept for what no model can repair, `caution` for what widens an interval or may bias it, `info` for what to know.

To add a check, write such a function and put it into `CHECKS`; the review, its page and its table pick it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.data.collinear import (
    SLIP,
    beyond_the_rest,
    condition_number,
    correlations,
    level_shift,
    robust_z,
    variance_inflation,
)
from mmm.errors import listing

Severity = Literal["info", "caution", "fail"]


@dataclass(frozen=True)
class Finding:
    """What one check saw: about which column or channel, how grave, the number behind it, and what to do."""

    check: str
    subject: str
    severity: Severity
    statistic: float
    message: str


@dataclass(frozen=True)
class Ask:
    """What the study asks of the data: its time scale, and how many coefficients the model will look for."""

    periods_per_year: float
    seasonal: bool
    parameters: int


def enough_history(panel: xr.Dataset, ask: Ask) -> Iterator[Finding]:
    """At least two years for a yearly season, and several observations a parameter."""
    periods = int(panel.in_window.sum())
    years = periods / ask.periods_per_year
    if ask.seasonal and years < 1.95:
        said = (
            f"{years:.1f} years of history cannot tell a yearly season from a trend or a campaign that came once: "
            "add history back to two years or more, or set model.seasonality.order to 0"
        )
        yield Finding("history", "all", "caution", years, said)
    ratio = periods * panel.sizes["geo"] / ask.parameters
    if ratio < 3:
        said = (
            f"{periods * panel.sizes['geo']} observations for about {ask.parameters} parameters: join small "
            "channels, drop controls, or add history or regions; until then priors decide"
        )
        yield Finding("observations per parameter", "all", "fail" if ratio < 1 else "caution", ratio, said)


def kpi_behaviour(panel: xr.Dataset, ask: Ask) -> Iterator[Finding]:
    """Single weeks far off their neighbours, zeros, and a level that moves for good."""
    for geo in panel.geo.values:
        kpi = panel.kpi.sel(geo=geo).to_numpy()
        where = "" if panel.sizes["geo"] == 1 else f" in {geo}"
        zeros = int((kpi == 0).sum())
        if np.ptp(kpi) == 0:
            said = f"the KPI never changes{where}: check the column"
            yield Finding("constant KPI", str(geo), "fail", 0.0, said)
        elif zeros:
            share = zeros / len(kpi)
            said = f"the KPI is 0 in {zeros} periods{where}: check that they are true zeros and not holes"
            yield Finding("KPI zeros", str(geo), "caution", share, said)
        score = robust_z(kpi - _rolling_median(kpi, 9))
        days = [_day(panel, int(at)) for at in np.flatnonzero(np.abs(score) > 6)]
        if days:
            said = (
                f"the KPI{where} is far from its neighbours on {listing(days, 6)}: explain it with a control (a 0/1 "
                "column), or correct it"
            )
            yield Finding("KPI outliers", str(geo), "caution", float(np.abs(score).max()), said)
    total = panel.kpi.sum("geo").to_numpy()
    shift, at = level_shift(total, ask.periods_per_year)
    if abs(shift) > 6:
        said = (
            f"the KPI's level moves {'up' if shift > 0 else 'down'} for good around {_day(panel, at)}: if "
            "something happened then (a new shop, a price list, a definition), say so with a 0/1 control; "
            "otherwise media may be credited"
        )
        yield Finding("KPI level shift", "all", "caution", shift, said)


def spend_behaviour(panel: xr.Dataset, ask: Ask) -> Iterator[Finding]:
    """Channels that never vary, hardly run, are tiny, or have weeks far out of their usual range."""
    total = float(panel.spend.sum())
    for name in panel.channel.values:
        channel = panel.sel(channel=name)
        exposure = channel.exposure.to_numpy()
        running = exposure > 0
        weeks_on = int(running.any(axis=0).sum())
        if not running.any():
            said = f"{name} is 0 in every period: remove it from the study, its effect cannot be learnt"
            yield Finding("channel without exposure", str(name), "fail", 0.0, said)
            continue
        if weeks_on < 8 and panel.sizes["time"] > 26:
            said = (
                f"{name} ran in only {weeks_on} periods: its effect rests on them; join it with a channel that "
                "works alike"
            )
            yield Finding("channel rarely on", str(name), "caution", float(weeks_on), said)
        spread = float(np.mean([np.std(row) / np.mean(row) for row in exposure if np.mean(row) > 0]))
        if spread < 0.1:
            said = (
                f"{name} varies by only {spread:.0%} of its mean: its effect cannot be told from the baseline; "
                "vary it, pause it in a region, or give it an roi_prior from an experiment"
            )
            yield Finding("channel hardly varies", str(name), "fail" if spread < 1e-6 else "caution", spread, said)
        share = float(channel.spend.sum()) / total if total else 0.0
        if bool(channel.paid) and 0 < share < 0.01:
            said = (
                f"{name} has {share:.1%} of the spend: its ROI will stay uncertain; consider joining it with "
                "another channel"
            )
            yield Finding("tiny channel", str(name), "info", share, said)
        yield from _spend_outliers(panel, str(name), exposure)


def _spend_outliers(panel: xr.Dataset, name: str, exposure: Float[np.ndarray, "geo time"]) -> Iterator[Finding]:
    """Periods several times the largest of all others: bursts are a habit, such a period is an accident or a bill."""
    for geo, row in zip(panel.geo.values, exposure, strict=True):
        ratio = beyond_the_rest(row)
        days = [_day(panel, int(at)) for at in np.flatnonzero(ratio > SLIP)]
        if days:
            where = "" if panel.sizes["geo"] == 1 else f" in {geo}"
            said = (
                f"{name}{where} is up to {ratio.max():.0f} times its largest other period on {listing(days, 6)}: check "
                "for a slipped decimal or a yearly invoice booked at once; saturation is read from such periods"
            )
            yield Finding("exposure outliers", name, "caution", float(ratio.max()), said)


def spend_and_exposure(panel: xr.Dataset, ask: Ask) -> Iterator[Finding]:
    """Money that reached nobody, exposure that nobody paid for, and prices that jump."""
    for name in panel.channel.values[panel.paid.values]:
        spend = panel.spend.sel(channel=name).to_numpy()
        seen = panel.exposure.sel(channel=name).to_numpy()
        if np.array_equal(spend, seen):
            continue
        for kind, wrong in (
            ("spend without exposure", (spend > 0) & (seen == 0)),
            ("exposure without spend", (spend == 0) & (seen > 0)),
        ):
            if wrong.any():
                share = float(wrong.mean())
                days = listing([_day(panel, int(row)) for row in np.flatnonzero(wrong.any(axis=0))], 5)
                said = (
                    f"{name} has {kind} in {int(wrong.sum())} cells ({days}): check that both columns are booked "
                    "in the same period"
                )
                yield Finding(kind, str(name), "caution" if share > 0.02 else "info", share, said)
        yield from _price_jump(panel, str(name), spend.sum(axis=0), seen.sum(axis=0))


def _price_jump(
    panel: xr.Dataset, name: str, spend: Float[np.ndarray, " time"], seen: Float[np.ndarray, " time"]
) -> Iterator[Finding]:
    both = np.flatnonzero((spend > 0) & (seen > 0))
    if len(both) < 24:
        return
    price = np.log(spend[both] / seen[both])
    steps = [np.median(price[i : i + 12]) - np.median(price[i - 12 : i]) for i in range(12, len(price) - 11)]
    worst = int(np.argmax(np.abs(steps)))
    if abs(steps[worst]) > np.log(2):
        factor = float(np.exp(steps[worst]))
        said = (
            f"{name}'s cost per unit of exposure becomes {factor:.1f} times what it was around "
            f"{_day(panel, int(both[worst + 12]))}: check for a changed unit or definition; a true price change is "
            "fine"
        )
        yield Finding("cost per exposure jumps", name, "caution", factor, said)


def collinearity(panel: xr.Dataset, ask: Ask) -> Iterator[Finding]:
    """Channels that move together, so that the data cannot say which of them worked."""
    names = [str(name) for name in panel.channel.values]
    columns = _standardised(panel.exposure.to_numpy())
    for name, factor in zip(names, variance_inflation(columns), strict=True):
        if factor > 10:
            said = (
                f"{1 - 1 / factor:.1%} of {name}'s movement is explained by the other channels: only their sum is "
                "well known; run an experiment on one of them, or move them apart"
            )
            yield Finding("collinear channel", name, "caution", float(min(factor, 1e6)), said)
    correlation = correlations(columns)
    for i, j in zip(*np.where(np.triu(np.abs(correlation) > 0.9, 1)), strict=True):
        said = (
            f"{names[i]} and {names[j]} are correlated {correlation[i, j]:.3f}: join them, or experiment on one of them"
        )
        yield Finding("channels in step", f"{names[i]}, {names[j]}", "caution", float(correlation[i, j]), said)
    number = condition_number(columns)
    if number > 30:
        said = "the channels together are close to redundant: some combination of them hardly ever moved"
        yield Finding("condition number", "all channels", "caution", float(min(number, 1e6)), said)


def levers(panel: xr.Dataset, ask: Ask) -> Iterator[Finding]:
    """Controls and treatments that are constant, or copies of one another or of the season."""
    blocks = [
        (kind, panel[f"{kind}s"].to_numpy(), panel[kind].values)
        for kind in ("treatment", "control")
        if kind in panel.dims
    ]
    if not blocks:
        return
    values = np.concatenate([block for _, block, _ in blocks], axis=-1)
    names = [f"{kind} {name}" for kind, _, labels in blocks for name in labels]
    moving = [i for i in range(len(names)) if np.ptp(values[..., i]) > 0]
    for i in set(range(len(names))) - set(moving):
        said = f"{names[i]} never changes: remove it, it explains nothing"
        yield Finding("constant lever", names[i], "caution", 0.0, said)
    factors = variance_inflation(_standardised(values[..., moving])) if moving else np.empty(0)
    for i, factor in zip(moving, factors, strict=True):
        if factor > 20:
            said = (
                f"{1 - 1 / factor:.1%} of {names[i]} is explained by the other controls and treatments: keep one "
                "of them"
            )
            yield Finding("collinear lever", names[i], "caution", float(min(factor, 1e6)), said)


def _standardised(values: Float[np.ndarray, "geo time column"]) -> Float[np.ndarray, "row column"]:
    """Each geo's columns around their mean and in units of it, stacked: what is left to learn from."""
    centred = values - values.mean(axis=1, keepdims=True)
    scale = values.std(axis=1, keepdims=True)
    return (centred / np.where(scale > 0, scale, 1.0)).reshape(-1, values.shape[-1])


def _rolling_median(values: Float[np.ndarray, " time"], width: int) -> Float[np.ndarray, " time"]:
    return pd.Series(values).rolling(width, center=True, min_periods=1).median().to_numpy()


def _day(panel: xr.Dataset, row: int) -> str:
    return str(pd.Timestamp(panel.time.values[row])).removesuffix(" 00:00:00")


def repeated(panel: xr.Dataset, ask: Ask) -> Iterator[Finding]:
    """The same spend in every region: a national figure, written into each row and so counted once a region."""
    geos = panel.sizes["geo"]
    known = panel["national"] if "national" in panel.coords else xr.zeros_like(panel["paid"])
    if geos == 1:
        return
    for name in panel.channel.values[panel["paid"].values & ~known.values]:
        spend = panel.spend.sel(channel=name).to_numpy()
        if spend.any() and (spend == spend[:1]).all():
            said = (
                f"{name} spends the same in each of {geos} regions in every period: if that is the figure of all of "
                f"them together, it is counted {geos} times; say national: true for it"
            )
            yield Finding("same spend everywhere", str(name), "caution", float(geos), said)


CHECKS: tuple[Callable[[xr.Dataset, Ask], Iterator[Finding]], ...] = (
    enough_history,
    kpi_behaviour,
    spend_behaviour,
    spend_and_exposure,
    collinearity,
    levers,
    repeated,
)
