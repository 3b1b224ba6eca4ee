"""Which tests could be run, what would each measure, how precisely, and what does it cost?

    candidates(fit, multiples=(0.0, 2.0), shares=(0.25, 0.5), periods=(4, 8))

One candidate is a channel, what its spend is multiplied by, which geos, and for how long. The lift it would measure
comes from the posterior, draw by draw, on the same draws as the plan's curves; its standard error from what the
synthetic control of these geos missed in the past over blocks as long as the test. A panel of fewer than four geos has
no controls to speak of: there the test switches the whole market, and the error is that of the mix model's own
residuals over such blocks, which an interrupted time series can hardly undercut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import xarray as xr
from jaxtyping import Float

from causal.design.expectation import Expected, effect_by_geo
from causal.design.history import LEAST_GEOS, placebo, read_history
from causal.design.selection import select
from causal.estimators.synthetic_control import mixture_of_changes
from causal.next_experiment.value import Signal


@dataclass(frozen=True)
class Candidate:
    """One test: what would be done, what it would measure and cost."""

    channel: str
    multiple: float
    geos: tuple[str, ...]
    periods: int
    cooldown: int
    spend_delta: float
    value_of_lift: float
    signal: Signal


@dataclass(frozen=True)
class Market:
    """Geos of a given share drawn once, and what is not explained of them, summed over the treated, by period."""

    geos: tuple[str, ...]
    missed: Float[np.ndarray, " time"]

    def standard_error(self, periods: int) -> float:
        """Of a lift over so many periods: the standard deviation of what was missed over such blocks of the past."""
        sums = np.convolve(self.missed, np.ones(periods), "valid")
        return float(np.sqrt(np.mean(sums**2)))


def candidates(
    fit: xr.DataTree,
    *,
    multiples: Sequence[float],
    shares: Sequence[float],
    periods: Sequence[int],
    samples: int,
    seed: int,
) -> list[Candidate]:
    """Every combination, for every paid channel that spends. `shares` do not matter to a national panel, which has one
    geo to treat; `samples` is the number of posterior draws."""
    data = fit["panel"].to_dataset()
    everyone = tuple(str(name) for name in data["geo"].values)
    markets = [_market(fit, share, seed) for share in shares] if len(everyone) >= LEAST_GEOS else [_nation(fit)]
    worth = float((data["value_per_kpi"] * data["kpi"]).sum() / data["kpi"].sum())
    usual = data["spend"].where(data["in_window"]).mean("time")
    found = []
    for channel in (str(name) for name in data["channel"].values[data["paid"].values.astype(bool)]):
        for multiple, length in product(multiples, periods):
            if float(usual.sel(channel=channel).sum()) <= 0:
                continue
            effect = effect_by_geo(fit, channel, everyone, multiple, length, samples)
            for market in markets:
                here = np.asarray(effect.sel(geo=list(market.geos)).sum("geo").values, dtype=float)
                tail = Expected(here, 1.0, length).cooldown
                lift = here[:, : length + tail].sum(1)
                moved = (multiple - 1) * float(usual.sel(channel=channel, geo=list(market.geos)).sum()) * length
                signal = Signal(lift, market.standard_error(length + tail))
                value = worth * float(lift.mean())
                found.append(Candidate(channel, multiple, market.geos, length, tail, moved, value, signal))
    return found


def _market(fit: xr.DataTree, share: float, seed: int) -> Market:
    history = read_history(fit)
    rows = select(history, (max(1, round(share * len(history.geos))),), seed).assignments[0][0]
    trial = placebo(history, rows, (), len(history.times), 1)
    everything = np.ones(len(trial.times), dtype=bool)
    gap = trial.target - mixture_of_changes(trial.target, trial.controls, everything).expected
    return Market(tuple(history.geos[row] for row in rows), gap * len(rows))


def _nation(fit: xr.DataTree) -> Market:
    from mmm.insight.predictive import predictive

    panel = fit["panel"].to_dataset()
    expected = predictive(fit)[0].mean("sample").sum("geo")
    actual = panel["kpi"].sum("geo").sel(time=expected["time"])
    return Market(tuple(str(name) for name in panel["geo"].values), np.nan_to_num((actual - expected).values))
