"""Could an effect this large be the wandering of sales? A permutation test that keeps neighbours together.

Suppose the effect were h a measured period, spread in proportion to sales. Take it away, and the whole series, before
and during the experiment, is one that nothing was done to: fit the counterfactual to all of it, and its residuals
u_1 .. u_T are alike. Then the measured block is no more remarkable than any other block of the same length:

    p(h) = share of the T circular shifts of u whose last block has a statistic at least as large as the real one

The statistic is the size of the block's total in standard deviations of its place. A series measured from its own mean
strays farthest from it at its ends, the more the longer it wanders, and the measured block is at an end:

    u ~ AR(1), mean taken out:    variance of a total = b' (I - J) R (I - J) b,    b the block, J = 11'/T, R = rho^|i-j|

Left out, that is one false alarm in a hundred too many on quiet markets and up to four on wandering ones
(`causal/DESIGN.md`).

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
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from causal.estimators.estimate import Interval
from causal.regression import PERSISTENCES

Permutation = Literal["block", "iid"]
Blocks = Int[np.ndarray, "sample block"]
Statistic = Callable[[Float[np.ndarray, " time"], Blocks], Float[np.ndarray, " sample"]]
Residuals = Callable[[float], Float[np.ndarray, " time"]]

SAMPLES = 10_000
DOUBLINGS, HALVINGS = 20, 25
ROUNDING = 1e-9


def standardised(residuals: Float[np.ndarray, " time"], blocks: Blocks) -> Float[np.ndarray, " sample"]:
    """The size of each block's total in standard deviations of its place; blocks are runs of neighbours."""
    spread = spreads(len(residuals), blocks.shape[1], persistence_of(residuals))
    return total(residuals, blocks) / spread[blocks[:, 0]]


def total(residuals: Float[np.ndarray, " time"], blocks: Blocks) -> Float[np.ndarray, " sample"]:
    """The size of the block's total: strongest against an effect that keeps its sign."""
    return np.abs(residuals[blocks].sum(1))


def absolute(residuals: Float[np.ndarray, " time"], blocks: Blocks) -> Float[np.ndarray, " sample"]:
    """The sum of sizes: what GeoLift and augsynth use, here to compare with them.

    It also rises when the measured block merely varies more, and then rejects every constant effect: no interval is
    left.
    """
    return np.abs(residuals)[blocks].sum(1)


def persistence_of(residuals: Float[np.ndarray, " time"]) -> float:
    """The restricted maximum-likelihood AR(1) coefficient of a series about its mean."""
    candidates = PERSISTENCES[:, None]
    started = np.sqrt(1 - candidates**2)
    level = np.concatenate([started, np.repeat(1 - candidates, len(residuals) - 1, axis=1)], axis=1)
    whitened = np.concatenate([started * residuals[:1], residuals[1:] - candidates * residuals[:-1]], axis=1)
    known = (level**2).sum(1)
    left = (whitened**2).sum(1) - (whitened * level).sum(1) ** 2 / known
    likelihood = np.log1p(-(PERSISTENCES**2)) - np.log(known)
    likelihood -= (len(residuals) - 1) * np.log(np.maximum(left, np.finfo(float).tiny))
    return float(PERSISTENCES[np.argmax(likelihood)])


@lru_cache(maxsize=1024)
def spreads(periods: int, measured: int, persistence: float) -> Float[np.ndarray, " time"]:
    """The standard deviation of the total of the block that starts in each period, round the circle, for an AR(1) of
    unit variance whose mean was taken out."""
    number = np.arange(periods)
    covariance = persistence ** np.abs(number[:, None] - number)
    covariance = covariance - covariance.mean(0) - covariance.mean(1)[:, None] + covariance.mean()
    member = ((number - number[:, None]) % periods < measured).astype(float)
    return np.sqrt(np.maximum(((member @ covariance) * member).sum(1), np.finfo(float).tiny))


@dataclass(frozen=True)
class Test:
    """A test of effects: `residuals(h)` refits the counterfactual with an effect of h a period taken away.

    The block of `measured` periods begins at `start`.
    """

    __test__ = False  # the name is statistics' own; pytest is not meant

    residuals: Residuals
    periods: int
    measured: int
    start: int
    permutation: Permutation = "block"
    statistic: Statistic = standardised
    seed: int = 0

    def p_value(self, effect: float = 0.0) -> float:
        """How often chance alone moves a block at least as far as the measured one, if the effect were `effect`."""
        return self.p_value_of(self.residuals(effect))

    def p_value_of(self, residuals: Float[np.ndarray, " time"]) -> float:
        """The same for residuals that the caller has already."""
        values = self.statistic(residuals, _blocks(self))
        return float(np.mean(values >= values[0] - ROUNDING * np.abs(values).max()))

    def surplus(self, effect: float, level: float, sign: int = 1) -> float:
        """How far the measured block is beyond what a p-value below `1 - level` asks of it, in units of the statistic,
        if an effect of this sign is sought; minus infinity where no block could be far enough."""
        residuals = self.residuals(effect)
        values = self.statistic(residuals, _blocks(self))
        as_large = int(np.ceil((1 - level) * self.periods - ROUNDING)) - 1  # shifts that may be, the real one included
        if as_large <= 0:
            return -np.inf
        return float(np.sign(sign * self.moved(residuals)) * values[0] - np.sort(values[1:])[-as_large])

    def moved(self, residuals: Float[np.ndarray, " time"]) -> float:
        """The measured block's total."""
        return float(residuals[self.start : self.start + self.measured].sum())

    def centre(self, guess: float, scale: float) -> float:
        """The effect that leaves the measured block without a total: the estimate, seen from the null.

        It is the estimate itself wherever a fit to all periods does not bend towards the measured ones. The total falls
        as more of an effect is taken away, so the root is bracketed and halved.
        """

        def surplus(effect: float) -> float:
            return self.moved(self.residuals(effect))

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


def _blocks(test: Test) -> Blocks:
    """Which periods take the measured ones' place, the real ones first."""
    periods, real = test.periods, np.arange(test.start, test.start + test.measured)
    if test.permutation == "block":
        return (np.arange(periods)[:, None] + real) % periods
    rng = np.random.default_rng(test.seed)
    drawn = rng.permuted(np.tile(np.arange(periods), (SAMPLES, 1)), axis=1)[:, : test.measured]
    return np.concatenate([real[None], drawn])


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
