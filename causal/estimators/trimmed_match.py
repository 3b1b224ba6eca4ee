"""What did a unit of money return in matched pairs of geos, when a few pairs went astray?

    residual_i(r) = response_i - r * cost_i,    r: the trimmed mean of the residuals is zero

`response` and `cost` are treatment minus control within each pair, over the measured periods. Each pair's residual is
what its response holds beside the return on its cost; random assignment makes it as likely positive as negative. Pairs
with the `trim` share of largest and of smallest residuals are left out, because one store opening in a large geo
outweighs a hundred well-matched pairs. Source: Chen and Au, Annals of Applied Statistics 2022, "Robust causal inference
for incremental return on ad spend with randomized paired geo experiments".

p-value and interval invert the studentised trimmed mean (winsorised variance). It is compared with Student's
distribution at the degrees of freedom of the pairs that were kept; the paper uses the normal one, which is too narrow
with few pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import optimize, stats

from causal.estimators.estimate import LEVEL, Estimate, Window
from mmm.errors import InputError

SYMMETRIC = "Within each pair it was left to chance which geo was treated."
ONE_RETURN = "A unit of money returns the same in every pair that is kept."
REACH, POINTS = 50.0, 2001


class Pairs(NamedTuple):
    """Treatment minus control in each pair: KPI units and money."""

    response: Float[np.ndarray, " pair"]
    cost: Float[np.ndarray, " pair"]


def estimate(
    response: Sequence[float] | Float[np.ndarray, " pair"],
    cost: Sequence[float] | Float[np.ndarray, " pair"],
    *,
    trim: float = 0.0,
    level: float = LEVEL,
    normal: bool = False,
    window: Window | None = None,
) -> Estimate:
    """The KPI that the pairs' cost difference caused; `iroas(estimate, sum(cost))` is the return itself.

    `trim` is the share of pairs left out at each end, decided before looking at the result. Raises `InputError` if the
    pairs cannot tell: fewer than two kept, or cost differences that cancel.
    """
    pairs = Pairs(np.asarray(response, dtype=float), np.asarray(cost, dtype=float))
    cut = int(np.ceil(trim * len(pairs.cost)))
    _check(pairs, cut)
    found = trimmed_return(pairs, cut)
    degrees = np.inf if normal else len(pairs.cost) - 2 * cut - 1
    ratio, spend = ratio_at(pairs, cut), float(pairs.cost.sum())
    low, high = sorted(bound * spend for bound in _interval(ratio, found, _error(pairs, cut, found), degrees, level))
    count = len(pairs.cost)
    return Estimate(
        estimator="trimmed_match",
        att=found * spend / count,
        interval=(low / count, high / count),
        p_value=float(2 * stats.t.sf(abs(ratio(0.0)), degrees)),
        level=level,
        cells=count,
        expected=float("nan"),
        assumptions=(SYMMETRIC, ONE_RETURN),
        window=window,
        own_error=_error(pairs, cut, found) * abs(spend) / count,
    )


def trimmed_return(pairs: Pairs, cut: int) -> float:
    """The return at which the trimmed mean of the residuals is zero; untrimmed, response over cost.

    The trimmed mean is piecewise linear in the return, so each root is a ratio of the sums over some set of kept pairs;
    where there are several, the one with the smallest standard error is taken.
    """
    whole = float(pairs.response.sum() / pairs.cost.sum())
    if cut == 0:
        return whole
    scale = float(np.abs(pairs.response - whole * pairs.cost).max() / np.abs(pairs.cost).mean()) + 1e-12
    grid = whole + scale * np.linspace(-REACH, REACH, POINTS)
    means = np.array([_trimmed_mean(pairs, cut, value) for value in grid])
    places = np.flatnonzero(means[:-1] * means[1:] <= 0)
    roots = [float(optimize.brentq(lambda r: _trimmed_mean(pairs, cut, r), grid[i], grid[i + 1])) for i in places]
    if not roots:
        raise InputError(["no return makes the trimmed residuals cancel: trim less"], "the pairs")
    return min(roots, key=lambda root: _error(pairs, cut, root))


def ratio_at(pairs: Pairs, cut: int) -> Callable[[float], float]:
    """The studentised trimmed mean of the residuals, as a function of the return."""
    count = len(pairs.cost)

    def ratio(value: float) -> float:
        deviation = _winsorised(pairs, cut, value).std(ddof=1) / (1 - 2 * cut / count) / np.sqrt(count)
        return _trimmed_mean(pairs, cut, value) / max(float(deviation), np.finfo(float).tiny)

    return ratio


def _trimmed_mean(pairs: Pairs, cut: int, value: float) -> float:
    residual = np.sort(pairs.response - value * pairs.cost)
    return float(residual[cut : len(residual) - cut].mean())


def _winsorised(pairs: Pairs, cut: int, value: float) -> Float[np.ndarray, " pair"]:
    residual = np.sort(pairs.response - value * pairs.cost)
    return np.clip(residual, residual[cut], residual[len(residual) - 1 - cut])


def _error(pairs: Pairs, cut: int, value: float) -> float:
    """Standard error of the return: the winsorised spread over the kept pairs' mean cost."""
    count = len(pairs.cost)
    order = np.argsort(pairs.response - value * pairs.cost)[cut : count - cut]
    deviation = _winsorised(pairs, cut, value).std() / (1 - 2 * cut / count) / np.sqrt(count)
    return float(deviation / abs(pairs.cost[order].mean()))


def _interval(
    ratio: Callable[[float], float], middle: float, error: float, degrees: int | float, level: float
) -> tuple[float, float]:
    """Where the studentised trimmed mean stays within the quantile: outwards from the estimate."""
    limit = float(stats.t.ppf(0.5 + level / 2, degrees))
    ends = []
    for side in (-1.0, 1.0):
        step = side * max(error, 1e-12)
        for _ in range(60):
            if abs(ratio(middle + step)) > limit:
                break
            step *= 1.5
        else:
            ends.append(float(np.copysign(np.inf, side)))
            continue
        ends.append(float(optimize.brentq(lambda r: abs(ratio(r)) - limit, middle, middle + step)))
    return ends[0], ends[1]


def _check(pairs: Pairs, cut: int) -> None:
    problems = []
    if len(pairs.response) != len(pairs.cost):
        problems.append(f"{len(pairs.response)} responses and {len(pairs.cost)} costs: give one of each a pair")
    elif len(pairs.cost) - 2 * cut < 2:
        problems.append(f"trimming {cut} pairs at each end of {len(pairs.cost)} leaves fewer than two: trim less")
    elif abs(pairs.cost.sum()) < 1e-9 * np.abs(pairs.cost).sum() or not pairs.cost.any():
        problems.append("the cost differences add up to nothing: without a change of spend there is no return")
    if problems:
        raise InputError(problems, "the pairs")
