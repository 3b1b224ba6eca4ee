"""On which markets should a mix model be tried? Random ones of known truth, each breaking one of its assumptions.

    market = FAULTS["synergy"](seed)        # frame, study and true contributions

`sound` draws channels, carryover, saturation and flighting anew for each seed; every fault takes a sound market and
changes one thing about it. The truth of a channel is what the KPI would lose over the window without it.

To add a fault, write a function that takes a sound market and a generator, and list it in `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator

from mmm.data.flighting import FLIGHTINGS, autoregression
from mmm.data.simulate import TrueChannel, simulate

LEVEL = 1_000_000.0
NAMES = ("tv", "search", "social", "radio", "video")


class Market(NamedTuple):
    """An export, the study that reads it, what each channel truly contributes in all, and by `week channel`."""

    frame: pd.DataFrame
    study: dict[str, Any]
    truth: dict[str, float]
    weekly: np.ndarray


Fault = Callable[[Market, Generator], Market]


def sound(seed: int, geos: int = 1, **settings: Any) -> Market:
    """A market in which nothing is broken, of parameters drawn from `seed`."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(len(NAMES), 4.0))
    channels = [
        TrueChannel(
            name,
            share=float(share),
            roi=float(rng.lognormal(np.log(1.5), 0.5)),
            retention=float(rng.uniform(0.0, 0.8)),
            half=float(rng.lognormal(0.2, 0.5)),
            slope=float(rng.uniform(0.8, 2.0)),
            flighting=str(rng.choice(list(FLIGHTINGS))),  # type: ignore[arg-type]
        )
        for name, share in zip(NAMES, shares, strict=True)
    ]
    market = simulate(seed, geos=geos, channels=channels, level=LEVEL, **settings)
    truth = {channel.name: market.truth["true_contribution"][channel.name] for channel in channels}
    return Market(market.frame, market.study(), truth, market.weekly_contribution.sum(axis=0))


def changed(market: Market, weekly: np.ndarray, extra: np.ndarray | float = 0.0) -> Market:
    """The national market with these contributions in place of the true ones, and `extra` KPI beside them."""
    revenue = market.frame["revenue"] + (weekly - market.weekly).sum(axis=1) + extra
    truth = dict(zip(market.truth, weekly.sum(axis=0).tolist(), strict=True))
    return market._replace(frame=market.frame.assign(revenue=revenue), truth=truth, weekly=weekly)


def spend(market: Market) -> np.ndarray:
    """Money by `week channel`."""
    return market.frame[[f"{name}_spend" for name in market.truth]].to_numpy()


def other_shapes(market: Market, rng: Generator) -> Market:
    """Carryover of a Weibull that rises before it decays; returns of an exponential."""
    lag = np.arange(14)
    weight = ((lag + 0.5) / 3.0) ** 0.8 * np.exp(-(((lag + 0.5) / 3.0) ** 1.8))
    money = spend(market) / spend(market).mean(axis=0)
    carried = np.apply_along_axis(lambda one: np.convolve(one, weight / weight.sum())[: len(one)], 0, money)
    shape = -np.expm1(-carried)
    return changed(market, shape * (np.array(list(market.truth.values())) / shape.sum(axis=0)))


def heavy_tails(market: Market, rng: Generator) -> Market:
    """Noise of a Student t with 2 degrees of freedom."""
    return changed(market, market.weekly, 0.02 * LEVEL * rng.standard_t(2.0, len(market.frame)))


def varying(market: Market, rng: Generator) -> Market:
    """Effects that halve and double slowly."""
    waves = [np.exp(0.5 * autoregression(rng, len(market.frame), 0.97)) for _ in market.truth]
    return changed(market, market.weekly * np.stack(waves, axis=-1))


def synergy(market: Market, rng: Generator) -> Market:
    """The first two channels help each other: their joint effect is counted to both, for without either it is lost."""
    first, second = (market.weekly[:, index] / market.weekly[:, index].mean() for index in (0, 1))
    joint = 0.3 * market.weekly[:, :2].mean() * first * second
    without = market.weekly.copy()
    without[:, :2] += joint[:, None]
    return changed(market, without, -joint)


def negative(market: Market, rng: Generator) -> Market:
    """One channel annoys: half of its effect, with the sign turned."""
    return changed(market, market.weekly * np.array([1.0, 1.0, 1.0, 1.0, -0.5]))


def other_season(market: Market, rng: Generator) -> Market:
    """Two sharp holidays a year, three weeks each, that no smooth season follows."""
    week = np.arange(len(market.frame)) % 52
    peak = np.isin(week, (20, 21, 22)) * 0.12 + np.isin(week, (46, 47, 48)) * 0.2
    return changed(market, market.weekly, LEVEL * peak)


def dense_controls(market: Market, rng: Generator) -> Market:
    """Twenty slow controls, three of which matter."""
    weeks = len(market.frame)
    columns = {f"macro_{i}": autoregression(rng, weeks, 0.9) for i in range(20)}
    extra = 0.02 * LEVEL * sum(columns[f"macro_{i}"] for i in range(3))
    study = market.study | {"data": market.study["data"] | {"controls": [*market.study["data"]["controls"], *columns]}}
    return changed(market, market.weekly, extra)._replace(
        frame=market.frame.assign(revenue=market.frame["revenue"] + extra, **columns), study=study
    )


def data_errors(market: Market, rng: Generator) -> Market:
    """Six cells of spend a tenfold of what was spent, and three weeks of KPI a third too low."""
    frame = market.frame.copy()
    for name in market.truth:
        frame.loc[rng.choice(len(frame), 2, replace=False), f"{name}_spend"] *= 10
    frame.loc[rng.choice(len(frame), 3, replace=False), "revenue"] *= 2 / 3
    return market._replace(frame=frame)


def level_break(market: Market, rng: Generator) -> Market:
    """A competitor arrives: the level falls by a tenth in the middle of the window."""
    return changed(market, market.weekly, -0.1 * LEVEL * (np.arange(len(market.frame)) > 80))


def _with(fault: Fault, seed: int) -> Market:
    return fault(sound(seed), np.random.default_rng(seed + 10_000))


FAULTS: dict[str, Callable[[int], Market]] = {
    "sound": sound,
    "geos": partial(sound, geos=5),
    "confounded": partial(sound, confounding=0.05),
    **{
        fault.__name__: partial(_with, fault)
        for fault in (
            other_shapes,
            heavy_tails,
            varying,
            synergy,
            negative,
            other_season,
            dense_controls,
            data_errors,
            level_break,
        )
    },
}
