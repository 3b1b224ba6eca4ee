"""What would the data look like if we knew the truth?

    KPI[g,t] = size[g] * (level + trend + season + controls + promotion + demand + sum_c contribution[c]) + noise
    contribution[c,t] = coefficient[c] * hill(sum_lag weight[c,lag] * exposure[c,t-lag])
    weight[lag] ~ retention^lag,  hill(x) = x^slope / (x^slope + half^slope)

    simulation = simulate(seed=1, weeks=156)
    simulation.frame               # what an export would look like
    simulation.truth["true_roas"]  # what a fit should find
    simulation.study()             # the study that reads the frame, as a mapping

Every test of recovery, and the bundled example, start here. Each channel says how it is spent (`flighting`) and what it
truly does; its coefficient follows from the ROI that it is asked to have. `confounding` lets a hidden demand drive
both the spend and the KPI: the case that breaks naive models.

To add a flighting style, see `mmm.data.flighting`; to add a lever beside media, extend `_levers`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.random import Generator

from mmm.data.flighting import FLIGHTINGS, WEEKS_A_YEAR, Weeks, autoregression, season_shape

Panel = Float[np.ndarray, "geo time"]
ByChannel = Float[np.ndarray, "geo time channel"]

MAX_LAG = 13
"""Lags 0 to 13 carry all the effect: longer carryover would not be recoverable by the default model."""


@dataclass(frozen=True)
class TrueChannel:
    """How a channel is spent and what it truly does.

    `share` is its part of all media spend, `roi` KPI value per money over the whole history, `retention` in [0, 1),
    `half` the exposure, as a multiple of its positive mean, at which half of the possible effect is reached, and
    `cost` the money per thousand exposures (0: no exposure column).
    """

    name: str
    share: float = 0.25
    roi: float = 1.5
    retention: float = 0.4
    half: float = 1.5
    slope: float = 1.0
    flighting: Literal["always_on", "bursts", "pulses", "seasonal", "growing"] = "always_on"
    cost: float = 0.0


@dataclass(frozen=True)
class Simulation:
    """A table as an export would hold it, the mapping of its columns, and the truth behind it."""

    frame: pd.DataFrame
    truth: dict[str, Any]
    weekly_contribution: ByChannel
    columns: dict[str, Any] = field(repr=False)

    def study(self, source: str = "data.csv", name: str = "simulated") -> dict[str, Any]:
        """The bare study (columns only) that reads the frame from `source`."""
        return {"study": name, "currency": "EUR", "data": {"source": source, **self.columns}}


DEFAULT_CHANNELS = (
    TrueChannel("tv", 0.40, 1.2, 0.6, 1.2, 1.0, "bursts"),
    TrueChannel("search", 0.25, 2.5, 0.1, 2.0, 1.0, "always_on"),
    TrueChannel("social", 0.20, 1.8, 0.3, 1.5, 1.0, "pulses"),
    TrueChannel("radio", 0.15, 0.8, 0.4, 1.0, 1.0, "seasonal"),
)


def simulate(
    seed: int,
    *,
    weeks: int = 156,
    geos: int = 1,
    channels: Sequence[TrueChannel] = DEFAULT_CHANNELS,
    start: dt.date = dt.date(2023, 1, 2),
    level: float = 1_000_000.0,
    media_share: float = 0.10,
    trend: float = 0.05,
    season: float = 0.10,
    noise: float = 0.03,
    confounding: float = 0.0,
    controls: bool = True,
    promotion: bool = True,
    newsletter: bool = False,
    heterogeneity: float = 0.2,
) -> Simulation:
    """A market of `geos` regions over `weeks` Mondays from `start`, and its truth.

    `level` is the weekly baseline KPI of the whole market in money; `media_share` the spend relative to it; `trend` its
    growth a year; `season` and `noise` are relative to the level; `confounding` is the standard deviation of a hidden
    AR(0.9) demand relative to the level, which also moves spend (0: spend is exogenous); `heterogeneity` the log-normal
    spread of effects over geos.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(weeks) + start.timetuple().tm_yday / 7
    size = _sizes(rng, geos)
    demand = confounding * autoregression(rng, weeks, 0.9)
    spend = _spend(rng, channels, time, size, level * media_share, demand, confounding)
    exposure = _exposure(rng, channels, spend)
    contribution = _contribution(rng, channels, spend, exposure, heterogeneity)
    frame = _calendar(start, weeks, size)
    base = 1 + trend * np.arange(weeks) / WEEKS_A_YEAR + season * season_shape(time) + demand
    levers = _levers(rng, weeks, controls, promotion, newsletter)
    base = base + sum((effect for _, effect in levers.values()), np.zeros(weeks))
    mean = level * size[:, None] * base + contribution.sum(axis=-1)
    observed = mean + noise * level * size[:, None] * rng.normal(size=(geos, weeks))
    frame["revenue"] = np.maximum(observed, 0.0).round(2).ravel()
    for i, channel in enumerate(channels):
        frame[f"{channel.name}_spend"] = spend[..., i].ravel().round(2)
        if channel.cost:
            frame[f"{channel.name}_impressions"] = exposure[..., i].astype(np.int64).ravel()
    for name, (values, _) in levers.items():
        frame[name] = np.broadcast_to(values, (geos, weeks)).ravel()
    columns = _columns(channels, geos, controls, promotion, newsletter)
    truth = _truth(seed, channels, spend, exposure, contribution, frame, levers, level, size)
    return Simulation(frame, truth, contribution, columns)


def _sizes(rng: Generator, geos: int) -> Float[np.ndarray, " geo"]:
    if geos == 1:
        return np.ones(1)
    raw = rng.lognormal(0.0, 0.6, geos)
    return raw / raw.sum()


def _spend(
    rng: Generator,
    channels: Sequence[TrueChannel],
    time: np.ndarray,
    size: Float[np.ndarray, " geo"],
    total: float,
    demand: Weeks,
    pull: float,
) -> ByChannel:
    """Money by geo, week and channel; `total` is the market's mean weekly media spend."""
    spends = []
    for channel in channels:
        pattern = FLIGHTINGS[channel.flighting](rng, time) * (np.exp(0.6 * demand / pull) if pull else 1.0)
        by_geo = pattern * rng.lognormal(0.0, 0.25 if len(size) > 1 else 0.0, (len(size), len(time)))
        money = by_geo * size[:, None]
        spends.append(money * (channel.share * total * len(time) / money.sum()))
    return np.stack(spends, axis=-1).round(2)


def _exposure(rng: Generator, channels: Sequence[TrueChannel], spend: ByChannel) -> ByChannel:
    """What people saw: impressions at a price that wanders where the channel has one, else the money itself."""
    seen = []
    for i, channel in enumerate(channels):
        price = channel.cost * np.exp(0.12 * autoregression(rng, spend.shape[1], 0.8)) if channel.cost else 1000.0
        seen.append((spend[..., i] / price * 1000).round(0 if channel.cost else 2))
    return np.stack(seen, axis=-1)


def respond(channel: TrueChannel, exposure: Panel) -> Panel:
    """The channel's adstocked, saturated exposure in [0, 1): its true response before the coefficient."""
    weights = channel.retention ** np.arange(MAX_LAG + 1)
    weights = weights / weights.sum()
    carried = np.zeros_like(exposure)
    for lag, weight in enumerate(weights[: exposure.shape[1]]):
        carried[:, lag:] += weight * exposure[:, : exposure.shape[1] - lag]
    powered = carried**channel.slope
    return powered / (powered + channel.half**channel.slope)


def _relative(exposure: Panel) -> Panel:
    """Exposure in units of each geo's mean over the weeks that have any."""
    weeks_on = np.maximum((exposure > 0).sum(axis=1, keepdims=True), 1)
    mean = exposure.sum(axis=1, keepdims=True) / weeks_on
    return exposure / np.where(mean > 0, mean, 1.0)


def _contribution(
    rng: Generator, channels: Sequence[TrueChannel], spend: ByChannel, exposure: ByChannel, heterogeneity: float
) -> ByChannel:
    """KPI that each channel truly caused; scaled so that its ROI is exactly the one asked for."""
    parts = []
    for i, channel in enumerate(channels):
        money = spend[..., i]
        effect = rng.lognormal(0.0, heterogeneity if len(money) > 1 else 0.0, (len(money), 1))
        response = effect * money.sum(axis=1, keepdims=True) * respond(channel, _relative(exposure[..., i]))
        parts.append(response * (channel.roi * money.sum() / max(response.sum(), 1e-12)))
    return np.stack(parts, axis=-1)


def _levers(
    rng: Generator, weeks: int, controls: bool, promotion: bool, newsletter: bool
) -> dict[str, tuple[np.ndarray, Weeks]]:
    """Columns beside paid media, each with its effect relative to the level."""
    levers: dict[str, tuple[np.ndarray, Weeks]] = {}
    if newsletter:
        sends = np.where(rng.random(weeks) < 0.6, rng.integers(180, 260, weeks) * 1000, 0)
        levers["newsletter_sends"] = (sends, 0.012 * sends / 220_000)
    if promotion:
        depth = np.where(rng.random(weeks) < 0.15, rng.choice([10, 15, 20, 25], weeks), 0)
        levers["promo_depth"] = (depth, 0.005 * depth)
    if controls:
        price = (100 + 3 * autoregression(rng, weeks, 0.95)).round(2)
        rival = (50 + 6 * autoregression(rng, weeks, 0.8)).round(2)
        levers["price_index"] = (price, -0.006 * (price - 100))
        levers["competitor_pressure"] = (rival, -0.003 * (rival - 50))
    return levers


def _calendar(start: dt.date, weeks: int, size: Float[np.ndarray, " geo"]) -> pd.DataFrame:
    """The rows of the export: geo by geo, week by week, with the population of each geo."""
    days = [(start + dt.timedelta(weeks=t)).isoformat() for t in range(weeks)]
    if len(size) == 1:
        return pd.DataFrame({"week": days})
    names = [f"region_{i + 1:02d}" for i in range(len(size))]
    people = (20_000_000 * size).round(-3).astype(np.int64)
    return pd.DataFrame(
        {"week": days * len(size), "geo": np.repeat(names, weeks), "population": np.repeat(people, weeks)}
    )


def _columns(
    channels: Sequence[TrueChannel], geos: int, controls: bool, promotion: bool, newsletter: bool
) -> dict[str, Any]:
    """The `data` section of the study that reads the frame."""
    paid = {
        c.name: {"spend": f"{c.name}_spend"} | ({"exposure": f"{c.name}_impressions"} if c.cost else {})
        for c in channels
    }
    columns: dict[str, Any] = {"time": "week", "kpi": {"column": "revenue", "kind": "revenue"}, "channels": paid}
    if geos > 1:
        columns |= {"geo": "geo", "population": "population"}
    if newsletter:
        columns["organic"] = {"newsletter": {"exposure": "newsletter_sends"}}
    if promotion:
        columns["treatments"] = ["promo_depth"]
    if controls:
        columns["controls"] = ["price_index", "competitor_pressure"]
    return columns


def _truth(
    seed: int,
    channels: Sequence[TrueChannel],
    spend: ByChannel,
    exposure: ByChannel,
    contribution: ByChannel,
    frame: pd.DataFrame,
    levers: dict[str, tuple[np.ndarray, Weeks]],
    level: float,
    size: Float[np.ndarray, " geo"],
) -> dict[str, Any]:
    """What a fit should find: totals over the window, parameters, and the KPI when a channel's history is scaled."""
    names = [channel.name for channel in channels]
    total = contribution.sum(axis=(0, 1))
    multiples = np.linspace(0.0, 2.0, 41)
    scaled = {}
    for i, channel in enumerate(channels):
        now = respond(channel, _relative(exposure[..., i]))
        per_unit = np.divide(
            contribution[..., i].sum(axis=1), now.sum(axis=1), out=np.zeros(len(size)), where=now.sum(axis=1) > 0
        )
        others = frame["revenue"].sum() - total[i]
        scaled[channel.name] = [
            float(others + (per_unit * respond(channel, m * _relative(exposure[..., i])).sum(axis=1)).sum())
            for m in multiples
        ]
    geo_names = list(frame["geo"].unique()) if "geo" in frame else ["national"]
    return {
        "seed": seed,
        "channels": names,
        "true_contribution": dict(zip(names, map(float, total), strict=True)),
        "true_contribution_by_geo": {
            geo: dict(zip(names, map(float, contribution[g].sum(axis=0)), strict=True))
            for g, geo in enumerate(geo_names)
        },
        "true_roas": dict(zip(names, map(float, total / spend.sum(axis=(0, 1))), strict=True)),
        "parameters": {c.name: {"retention": c.retention, "half": c.half, "slope": c.slope} for c in channels},
        "lever_contribution": {name: float(level * effect.sum()) for name, (_, effect) in levers.items()},
        "decision": {
            "additive": True,
            "current": float(frame["revenue"].sum()),
            "multiples": [float(m) for m in multiples],
            "response_when_scaled": scaled,
        },
    }
