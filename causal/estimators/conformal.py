"""Could an effect this large be the wandering of sales? A permutation test that keeps neighbours together.

Suppose the effect were h a measured period, spread in proportion to sales. Take it away, and the whole series, before
and during the experiment, is one that nothing was done to: fit the counterfactual to all of it, and its residuals
u_1 .. u_T are alike. Then the measured block is no more remarkable than any other block of the same length:

    p(h) = share of the T circular shifts of u whose last block has a statistic at least as large as the real one

The interval is every h with p(h) >= 1 - level, so p-value and interval are one test. Shifts keep the autocorrelation of
the residuals, which independent permutations destroy (they are here to compare with other packages). Fitting under the
null, on all periods, is what makes the residuals before and during the experiment alike; those of a fit to the
pre-period alone are too small there. Source: Chernozhukov, Wuethrich and Zhu, JASA 2021, "An exact and robust conformal
inference method for counterfactual and synthetic controls".

The p-value is a multiple of 1/T: with no more than `1 / (1 - level)` periods no effect can be rejected, and the
interval is infinite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from causal.estimators.estimate import Interval

Permutation = Literal["block", "iid"]
Statistic = Callable[[Float[np.ndarray, "sample block"]], Float[np.ndarray, " sample"]]
Residuals = Callable[[float], Float[np.ndarray, " time"]]

SAMPLES = 10_000
DOUBLINGS, HALVINGS = 20, 25
ROUNDING = 1e-9


def total(residuals: Float[np.ndarray, "sample block"]) -> Float[np.ndarray, " sample"]:
    """The size of the block's total: strongest against an effect that keeps its sign."""
    return np.abs(residuals.sum(1))


def absolute(residuals: Float[np.ndarray, "sample block"]) -> Float[np.ndarray, " sample"]:
    """The sum of sizes: what GeoLift and augsynth use, here to compare with them.

    It also rises when the measured block merely varies more, and then rejects every constant effect: no interval is
    left.
    """
    return np.abs(residuals).sum(1)


@dataclass(frozen=True)
class Test:
    """A test of effects: `residuals(h)` refits the counterfactual with an effect of h a period taken away."""

    __test__ = False  # the name is statistics' own; pytest is not meant

    residuals: Residuals
    periods: int
    measured: int
    permutation: Permutation = "block"
    statistic: Statistic = total
    seed: int = 0

    def p_value(self, effect: float = 0.0) -> float:
        """How often chance alone moves a block at least as far as the measured one, if the effect were `effect`."""
        return self.p_value_of(self.residuals(effect))

    def p_value_of(self, residuals: Float[np.ndarray, " time"]) -> float:
        """The same for residuals that the caller has already."""
        values = self.statistic(residuals[_blocks(self)])
        real = self.statistic(residuals[None, -self.measured :])[0]
        return float(np.mean(values >= real - ROUNDING * np.abs(values).max()))

    def critical(self, residuals: Float[np.ndarray, " time"], level: float) -> float:
        """What the measured block's statistic must exceed for a p-value below `1 - level`; infinite if nothing does."""
        others = np.sort(self.statistic(residuals[_blocks(self)])[1:])
        as_large = int(np.ceil((1 - level) * self.periods - ROUNDING)) - 1  # shifts that may be, the real one included
        return float(others[-as_large]) if as_large > 0 else np.inf

    def centre(self, guess: float, scale: float) -> float:
        """The effect that leaves the measured block without a total: the estimate, seen from the null.

        It is the estimate itself wherever a fit to all periods does not bend towards the measured ones. The total falls
        as more of an effect is taken away, so the root is bracketed and halved.
        """

        def surplus(effect: float) -> float:
            return float(self.residuals(effect)[-self.measured :].sum())

        at_guess = surplus(guess)
        if abs(at_guess) <= ROUNDING * scale:
            return guess
        step = float(np.copysign(scale, at_guess))
        for doubling in range(DOUBLINGS):
            if surplus(guess + step * 2.0**doubling) * at_guess <= 0:
                inside, outside = guess, guess + step * 2.0**doubling
                for _ in range(HALVINGS):
                    middle = (inside + outside) / 2
                    inside, outside = (middle, outside) if surplus(middle) * at_guess > 0 else (inside, middle)
                return (inside + outside) / 2
        return guess


def _blocks(test: Test) -> Int[np.ndarray, "sample block"]:
    """Which periods take the measured ones' place, the real ones first."""
    periods, measured = test.periods, test.measured
    if test.permutation == "block":
        return (np.arange(periods)[:, None] + np.arange(periods - measured, periods)) % periods
    rng = np.random.default_rng(test.seed)
    drawn = rng.permuted(np.tile(np.arange(periods), (SAMPLES, 1)), axis=1)[:, :measured]
    return np.concatenate([np.arange(periods - measured, periods)[None], drawn])


def invert(test: Test, estimate: float, scale: float, level: float) -> Interval:
    """The effects that a test does not reject: outwards from the estimate, then by halving.

    Zero is a fixed point of the search: where it is rejected it ends the interval's side, where it is not the search
    goes on from there, so that zero is inside exactly when `p_value(0) >= 1 - level`. A rule that bends far enough can
    make the test reject the estimate itself; the search then starts at the effect that fits the null best, and the
    interval is widened to hold the estimate, too.
    """
    limit = 1 - level - ROUNDING
    if 1 / test.periods >= limit:
        return -np.inf, np.inf

    def accepted(effect: float) -> bool:
        return test.p_value(effect) >= limit

    middle = estimate if accepted(estimate) else test.centre(estimate, scale)
    zero = accepted(0.0)
    low, high = (_edge(accepted, middle, side * scale, zero) for side in (-1.0, 1.0))
    return min(low, estimate), max(high, estimate)


def _edge(accepted: Callable[[float], bool], middle: float, step: float, zero: bool) -> float:
    """The last accepted effect on the side of `step`; `zero` says whether no effect is accepted."""
    inside, outside = middle, np.nan
    if middle * step < 0:
        inside, outside = (0.0, np.nan) if zero else (middle, 0.0)
    for doubling in range(DOUBLINGS):
        if not np.isnan(outside):
            break
        reach = inside + step * 2.0**doubling
        inside, outside = (reach, np.nan) if accepted(reach) else (inside, reach)
    if np.isnan(outside):
        return float(np.copysign(np.inf, step))
    for _ in range(HALVINGS):
        half = (inside + outside) / 2
        inside, outside = (half, outside) if accepted(half) else (inside, half)
    return float(inside)
