"""Does a design keep its promise? Power that was promised on the past against detections in a future nobody saw.

    promise(markets=40, lift=0.05)     # promised, detected, their standard errors, minimum detectable effect
    refused("grows", markets=20)       # coverage on the past, and how often the A/A gate refuses a bad design

A market of `causal.estimators.study` is simulated with four weeks more than the design may see. The design is made on
the past; then the lift is planted into the following weeks of the treated geos, and the test is analysed. Up to ten
acceptable assignments are followed, because any of them could have been drawn; errors are over markets, whose futures
differ far more than their pasts: so three assignments make the promise, and many markets are tried.

A bad design treats the one geo that no mixture of others can follow (`FAULTS`): it grows by 60 % over the past, stands
30 % higher after a break, or goes a random walk of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from jaxtyping import Float

from causal.design.history import History, placebo
from causal.design.power import aa_coverage, found, planted, simulate_power
from causal.design.selection import others, select
from causal.estimators.estimate import LEVEL
from causal.estimators.study import simulate

PROMISING, TESTED = 3, 10
"""Acceptable assignments of a market that make the promise, and that are tested."""
Drift = Callable[[int, np.random.Generator], Float[np.ndarray, " time"]]
FAULTS: dict[str, Drift] = {
    "none": lambda weeks, rng: np.ones(weeks),
    "grows": lambda weeks, rng: 1 + 0.6 * np.arange(weeks) / weeks,
    "break": lambda weeks, rng: np.where(np.arange(weeks) < 0.6 * weeks, 1.0, 1.3),
    "wanders": lambda weeks, rng: 1 + 0.3 * np.cumsum(rng.standard_normal(weeks)) / np.sqrt(weeks),
}


def promise(
    markets: int,
    lift: float,
    *,
    geos: int = 40,
    weeks: int = 78,
    measured: int = 4,
    persistence: float = 0.5,
    share: float = 0.25,
    seed: int = 0,
) -> pd.Series:
    """Means over markets and their standard errors (`_se`); `refused` is the share that the A/A gate refused."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(markets):
        market = simulate(geos, weeks + measured, measured, persistence, rng)
        rows.append(_one(market.kpi, market.times, market.geos, measured, lift, share, int(rng.integers(2**31))))
    table = pd.DataFrame(rows)
    errors = (table.std(ddof=1) / np.sqrt(markets)).add_suffix("_se")
    return pd.concat([table.mean(), errors, pd.Series({"gap_se": (table["promised"] - table["detected"]).sem()})])


def refused(
    fault: str, markets: int, *, geos: int = 12, weeks: int = 78, measured: int = 4, seed: int = 0
) -> pd.Series:
    """Mean `coverage` of 90 % intervals on the past of designs that treat one geo with a fault; share `refused`."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(markets):
        market = simulate(geos, weeks, measured, 0.5, rng)
        kpi = market.kpi.copy()
        kpi[0] *= FAULTS[fault](weeks, rng)
        gate = aa_coverage(History(kpi, None, market.geos, market.times), (((0,),),), measured, LEVEL)
        rows.append({"coverage": gate.coverage, "refused": float(bool(gate.refused))})
    return pd.DataFrame(rows).mean()


def _one(
    kpi: np.ndarray, times: pd.DatetimeIndex, geos: tuple[str, ...], measured: int, lift: float, share: float, seed: int
) -> dict[str, float]:
    past = History(kpi[:, :-measured], None, geos, times[:-measured])
    whole = History(kpi, None, geos, times)
    assignments, flat = select(past, (round(share * len(geos)),), seed).assignments, np.ones(measured)
    gate = aa_coverage(past, assignments[:PROMISING], measured, LEVEL)
    power = simulate_power(past, assignments[:PROMISING], flat, LEVEL)
    tests = [placebo(whole, cells[0], others(cells, cells[0]), len(times), measured)
             for cells in assignments[:TESTED]]  # fmt: skip
    return {
        "promised": power.at(lift),
        "detected": float(np.mean([found(planted(test, lift, flat), 1, LEVEL) for test in tests])),
        "false_alarms": float(np.mean([found(test, 1, LEVEL) or found(test, -1, LEVEL) for test in tests])),
        "minimum_detectable": power.minimum_detectable(0.8),
        "coverage": gate.coverage,
        "refused": float(bool(gate.refused)),
    }
