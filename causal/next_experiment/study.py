"""Does choosing tests by the value of information lower regret? The loop closed on markets whose truth is known.

    table = closed_loop(markets=200, bias=0.3)      # by policy: regret before and after, money spent on tests

A market has channels with concave curves `a_c * x^b_c`. What one knows of it is a posterior of draws around a centre
that is off by `bias` (a standard deviation of the logarithm: a confounded fit) and as wide as `width` says, which need
not be the same. A policy picks one test; it is run on the truth with its error; the draws are reweighted; the budget is
split again, and judged by the truth:

    regret = what the best split would have earned - what the chosen one earns        both under the truth

Policies: `information` (largest net value), `widest` (the channel whose lift is least known, at the middle test),
`random`, and `none`. No model is fitted here: the posterior is simulated, which tests the choice and not the fit. What
was measured last stands in `causal/DESIGN.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from causal.next_experiment.value import Signal, Stakes, log_weights, normalised, sample_information
from mmm.data.lift import DEGREES_OF_FREEDOM

DRAWS = 400
MULTIPLES = np.round(np.linspace(0.5, 1.5, 21), 3)
SHARES = (0.02, 0.05, 0.1)
"""What a test moves, as shares of a channel's spend over the horizon."""


@dataclass(frozen=True)
class Market:
    """Posterior and truth: one curve a channel, spend 1 at multiple 1 times its `spend`."""

    stakes: Stakes
    truth: Float[np.ndarray, "channel multiple"]
    signals: tuple[tuple[int, float, Signal], ...]
    true_lifts: Float[np.ndarray, " test"]


def closed_loop(
    markets: int, *, channels: int = 5, bias: float = 0.3, width: float = 0.3, noise: float = 0.1, seed: int = 0
) -> pd.DataFrame:
    """One row a policy: `regret` (share of what the best split earns), `regret_se`, `spent` (share of the budget) and
    `gain_per_money`, the fall in regret per unit of money spent on tests, both in money."""
    rng = np.random.default_rng(seed)
    rows = [_one(simulate(channels, bias, width, noise, rng), rng) for _ in range(markets)]
    table = pd.DataFrame(rows)
    found = []
    for policy in POLICIES:
        regret, spent = table[f"{policy}_regret"], table[f"{policy}_spent"]
        fall = table["none_regret"] - regret
        found.append(
            {
                "policy": policy,
                "regret": regret.mean(),
                "regret_se": regret.sem(),
                "fall": fall.mean(),
                "fall_se": fall.sem(),
                "spent": spent.mean(),
                "gain_per_money": fall.mean() / spent.mean() if spent.mean() > 0 else np.nan,
            }
        )
    return pd.DataFrame(found)


def simulate(channels: int, bias: float, width: float, noise: float, rng: np.random.Generator) -> Market:
    """A market of unit budget, whose true curves return 0.5 to 3 on average. `noise` is a test's standard error as a
    share of the lift of a whole channel's budget, over the square root of what it moves."""
    spend = rng.dirichlet(np.full(channels, 3.0))
    level, bend = spend * rng.uniform(0.5, 3.0, channels), rng.uniform(0.3, 0.8, channels)
    centre = np.log(level) + bias * rng.standard_normal(channels)
    draws = np.exp(centre + width * rng.standard_normal((DRAWS, channels)))
    bends = np.clip(bend + 0.1 * rng.standard_normal((DRAWS, channels)), 0.1, 0.95)
    curves = draws[..., None] * MULTIPLES ** bends[..., None]
    truth = level[:, None] * MULTIPLES ** bend[:, None]
    signals, lifts = [], []
    for channel in range(channels):
        for share in SHARES:
            money = share * spend[channel]
            signals.append((channel, money, Signal(share * draws[:, channel], noise * level[channel] * np.sqrt(share))))
            lifts.append(share * level[channel])
    return Market(_stakes(curves, spend), truth, tuple(signals), np.array(lifts))


def _stakes(curves: Float[np.ndarray, "sample channel multiple"], spend: Float[np.ndarray, " channel"]) -> Stakes:
    from causal.next_experiment.decision import splitter

    return Stakes(curves, MULTIPLES, splitter(spend, MULTIPLES))


def _one(market: Market, rng: np.random.Generator) -> dict[str, float]:
    best = market.stakes.earned(market.truth, market.stakes.split(market.truth))
    row: dict[str, float] = {}
    for name, policy in POLICIES.items():
        chosen, curves, spent = policy(market, rng), market.stakes.curves.mean(0), 0.0
        if chosen is not None:
            _, spent, signal = market.signals[chosen]
            result = market.true_lifts[chosen] + signal.scale * rng.standard_t(DEGREES_OF_FREEDOM)
            weights = normalised(log_weights(signal, np.array([result])))[0]
            curves = np.einsum("s,scm->cm", weights, market.stakes.curves)
        earned = market.stakes.earned(market.truth, market.stakes.split(curves))
        row |= {f"{name}_regret": (best - earned) / best, f"{name}_spent": spent}
    return row


def _by_information(market: Market, rng: np.random.Generator) -> int | None:
    net = [
        sample_information(market.stakes, [signal], int(rng.integers(2**31)), 32).value - money
        for _, money, signal in market.signals
    ]
    return int(np.argmax(net)) if max(net) > 0 else None


def _widest(market: Market, rng: np.random.Generator) -> int:
    spread = [signal.lift.std() / money if place % len(SHARES) == 1 else -1.0
              for place, (_, money, signal) in enumerate(market.signals)]  # fmt: skip
    return int(np.argmax(spread))


POLICIES: dict[str, Callable[[Market, np.random.Generator], int | None]] = {
    "none": lambda market, rng: None,
    "random": lambda market, rng: int(rng.integers(len(market.signals))),
    "widest": _widest,
    "information": _by_information,
}
