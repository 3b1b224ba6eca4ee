"""How sure is an outcome, and how bad is bad? Numbers of a risk, taken from joint draws.

    mean, p05, p95        what is expected, and the 90 % credible interval
    probability           the share of draws above a threshold
    tail mean (CVaR)      the mean of the worst 5 % of draws: what to expect in a bad case

Draws are of the whole plan: the channels of one posterior draw are added up before anything is summarised. Risk per
channel, added up afterwards, forgets that two channels which explain the same sales cannot both be wrong upwards.

Another measure is another function of the draws along the first axis.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

from mmm.study import INTERVAL

TAIL: Final = INTERVAL[0]
"""The share of draws that counts as the bad case."""

Draws = Float[np.ndarray, "sample *rest"]


def interval(draws: Draws, prefix: str = "") -> dict[str, float]:
    """`mean`, `p05` and `p95` of one quantity's draws, each name after `prefix`."""
    low, high = np.quantile(draws, INTERVAL)
    return {f"{prefix}mean": float(draws.mean()), f"{prefix}p05": float(low), f"{prefix}p95": float(high)}


def tail_mean(draws: Draws, tail: float = TAIL) -> float:
    """The mean of the worst `tail` share of the draws, at least one of them."""
    worst = max(1, round(tail * len(draws)))
    return float(np.partition(draws, worst - 1, axis=0)[:worst].mean())


def probability(draws: Draws, above: float = 0.0) -> float:
    """The share of draws that lie above a threshold."""
    return float((draws > above).mean())
