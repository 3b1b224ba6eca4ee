"""How often is each gate wrong, and how often does it see a real fault?

    failure_rates("null", 200)           # share of channels without fault that each gate passes, fails, cannot test
    failure_rates("confounded", 200)     # the same where hidden demand drives spend and sales, and the effect is zero

The simulated market has what makes sales hard: demand is an AR(0.9) series with noise on top, and a second channel
works beside the first; season and trend are held still. Exposure is carried over (retention 0.5) before it works. The
kinds of channel:

    null         flighting independent of demand, no effect
    effective    the same flighting, with an effect three standard errors large
    confounded   half of the flighting's variance is the demand itself, no effect

A market may bring a series that the channel cannot move, say the sales of another product: `sister` is the share of its
wandering's variance that is the market's demand, the rest an AR(0.9) of its own, with noise on top.

The "model" under test is right and certain: it states the true contribution (for a confounded channel the biased one,
as a mix model would), so that whatever a gate says against a sound channel is a false alarm. How far a confounded
channel is overstated is `claimed`, in units of what a regression in levels finds: where the model claims no more than
adjustment finds (about 0.7), only early sales betray the demand, and `ceiling` says how well any test could do. To
measure a gate of your own, list it in `verdict` and call `failure_rates`; what was measured last is in `rates`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from causal.adjustment import GEO, SEASON, TREND, Setting, season, trend
from causal.evidence import Evidence
from causal.verdict import judge

Kind = Literal["null", "effective", "confounded"]

WEEKS_A_YEAR = 52.18
RETENTION = 0.5
OWN_PERSISTENCE = 0.5
NOISE = 0.5
LAGS = 13
SAMPLES = 200
SHARE_OF_DEMAND = 0.5
EFFECT = 0.3


def failure_rates(
    kind: Kind,
    channels: int,
    geos: int = 1,
    periods: int = 156,
    persistence: float = 0.9,
    seed: int = 0,
    claimed: float = 1.0,
    sister: float | None = None,
) -> pd.DataFrame:
    """Shares of `pass`, `fail` and `not_testable` by gate; the last row counts channels that any gate fails."""
    rng = np.random.default_rng(seed)
    results = []
    for _ in range(channels):
        evidence = simulate(kind, geos, periods, persistence, rng, claimed, sister)
        judged = judge(evidence, "channel", (SEASON, TREND, GEO, "other"))
        results.append({result.gate: result.result for result in judged})
    table = pd.DataFrame(results)
    shares = pd.DataFrame({result: (table == result).mean() for result in ("pass", "fail", "not_testable")})
    shares.loc["any"] = [np.nan, float((table == "fail").any(axis=1).mean()), np.nan]
    return shares


def simulate(
    kind: Kind,
    geos: int,
    periods: int,
    persistence: float,
    rng: np.random.Generator,
    claimed: float = 1.0,
    sister: float | None = None,
) -> Evidence:
    """One channel among two, with known truth, as `Evidence`: half of demand and flighting is shared by all geos."""
    length = periods + LAGS

    def series(memory: float) -> Float[np.ndarray, "geo time"]:
        if geos == 1:
            return wander(1, length, memory, rng)
        return (wander(1, length, memory, rng) + wander(geos, length, memory, rng)) / np.sqrt(2)

    demand, own, other = series(persistence), series(OWN_PERSISTENCE), carry_over(series(OWN_PERSISTENCE))
    flighting = own
    if kind == "confounded":
        flighting = np.sqrt(SHARE_OF_DEMAND) * demand + np.sqrt(1 - SHARE_OF_DEMAND) * own
    exposure = carry_over(flighting) + 4.0
    effect = EFFECT / float(exposure.std()) if kind == "effective" else 0.0
    kpi = 50 + demand + NOISE * rng.standard_normal((geos, length)) + 0.5 * other + effect * exposure
    stated = effect
    if kind == "confounded":
        stated = claimed * float(np.cov(demand.ravel(), exposure.ravel())[0, 1] / exposure.var())
    blocks = {SEASON: season(periods, WEEKS_A_YEAR), TREND: trend(periods, WEEKS_A_YEAR)}
    blocks = {name: np.repeat(block[None], geos, axis=0) for name, block in blocks.items()}
    blocks[GEO] = np.repeat(np.eye(geos)[:, None], periods, axis=1)
    exposures = np.stack([exposure, other], axis=-1)[:, LAGS:]
    contribution = np.array([stated * exposures[..., 0].sum(), 0.5 * exposures[..., 1].sum()])
    return Evidence(
        setting=Setting(kpi[:, LAGS:], np.ones(geos), blocks, WEEKS_A_YEAR),
        channels=("channel", "other"),
        exposure=np.repeat(exposures[None], SAMPLES, axis=0),
        contribution=np.repeat(contribution[None], SAMPLES, axis=0),
        window=("2023-01-02", "2025-12-22"),
        units="KPI units",
        seed=int(rng.integers(2**31)),
        untouched={} if sister is None else {"another product": _sister(demand, sister, rng)[:, LAGS:]},
    )


def _sister(
    demand: Float[np.ndarray, "geo time"], share: float, rng: np.random.Generator
) -> Float[np.ndarray, "geo time"]:
    own = wander(len(demand), demand.shape[1], 0.9, rng)
    return 50 + np.sqrt(share) * demand + np.sqrt(1 - share) * own + NOISE * rng.standard_normal(demand.shape)


def wander(series: int, length: int, persistence: float, rng: np.random.Generator) -> Float[np.ndarray, "geo time"]:
    """Stationary AR(1) series of unit variance."""
    noise = rng.standard_normal((series, length))
    values = noise.copy()
    for time in range(1, length):
        values[:, time] = persistence * values[:, time - 1] + np.sqrt(1 - persistence**2) * noise[:, time]
    return values


def carry_over(flighting: Float[np.ndarray, "geo time"]) -> Float[np.ndarray, "geo time"]:
    """Geometric adstock over `LAGS` periods, weights adding to one."""
    weights = RETENTION ** np.arange(LAGS)
    carried = np.zeros_like(flighting)
    for lag, weight in enumerate(weights / weights.sum()):
        carried[:, lag:] += weight * flighting[:, : flighting.shape[1] - lag]
    return carried
