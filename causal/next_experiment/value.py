"""How much better would the budget be if we had run a test? Arrays and draws; nothing here knows a fit or a plan.

Before a test nobody knows its result, so every result is tried that the posterior thinks possible:

    y_j     = L[s_j] + noise,                 s_j a posterior draw, noise as the test would have it
    w_j[s] ~ p(y_j | L[s])                    the posterior after that result, by reweighting
    V_j     = max over splits of sum_s w_j[s] value[s](split)
    EVSI    = mean over j of ( V_j - the value of the split we would choose today, under w_j )

Today's split is valued under the same weights as the new one, so the noise of the simulation cancels and no term is
negative. With weights that know the draw itself this is the value of perfect information, which bounds every test:

    EVPI    = mean over s of ( max over splits of value[s](split) - value[s](today's split) )

Sources: Raiffa and Schlaifer, Applied Statistical Decision Theory (1961); reweighting as in Heath et al., Medical
Decision Making (2020). Money in the units of the curves. Weights that rest on a handful of draws say nothing:
`effective_draws` is the median of 1 / sum w^2, and below `FEWEST_DRAWS` a value is not to be relied on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mmm.data.lift import DEGREES_OF_FREEDOM, TRANSPORT

RESULTS = 64
"""Results of a test that are tried."""
FEWEST_DRAWS = 20.0
PERFECT = 200
"""Draws whose own best split is solved for the bound."""

Multiples = Float[np.ndarray, "sample channel"]
Draws = Float[np.ndarray, "sample channel multiple"]
Split = Callable[[Draws], Multiples]
"""The multiples that earn the most on each of the given curves, within the plan's limits."""


@dataclass(frozen=True)
class Stakes:
    """The decision that a test could improve: what channels earn, draw by draw, and how a split is chosen."""

    curves: Draws
    multiples: Float[np.ndarray, " multiple"]
    split: Split

    def earned(self, curves: Draws, multiples: Float[np.ndarray, "#sample channel"]) -> Float[np.ndarray, " sample"]:
        """What each split earns on its curves; one split may serve all of them."""
        above = np.clip(np.searchsorted(self.multiples, multiples), 1, len(self.multiples) - 1)
        low, high = self.multiples[above - 1], self.multiples[above]
        share = np.clip((multiples - low) / (high - low), 0.0, 1.0)
        below, over = (np.take_along_axis(curves, at[..., None], -1)[..., 0] for at in (above - 1, above))
        return np.asarray((below + share * (over - below)).sum(-1))

    @property
    def today(self) -> Multiples:
        """The split that is best on the mean of the draws."""
        return self.split(self.curves.mean(0, keepdims=True))


@dataclass(frozen=True)
class Signal:
    """What one test would measure: the lift of every draw, and its standard error, both in KPI units."""

    lift: Float[np.ndarray, " sample"]
    standard_error: float

    @property
    def scale(self) -> float:
        """The error with which the result would enter the mix model."""
        return float(np.hypot(self.standard_error, TRANSPORT * np.abs(self.lift).mean()))


@dataclass(frozen=True)
class Worth:
    """The value of a test's information in the curves' money, with its Monte Carlo error, and what it rests on."""

    value: float
    standard_error: float
    effective_draws: float

    @property
    def reliable(self) -> bool:
        return self.effective_draws >= FEWEST_DRAWS


def log_weights(signal: Signal, results: Float[np.ndarray, " result"]) -> Float[np.ndarray, "result sample"]:
    """How likely each draw makes each result, up to a constant."""
    distance = (results[:, None] - signal.lift) / signal.scale
    return np.asarray(-(DEGREES_OF_FREEDOM + 1) / 2 * np.log1p(distance**2 / DEGREES_OF_FREEDOM))


def normalised(logs: Float[np.ndarray, "*result sample"]) -> Float[np.ndarray, "*result sample"]:
    """Log weights as weights that add up to one."""
    weights = np.exp(logs - logs.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def sample_information(stakes: Stakes, signals: Sequence[Signal], seed: int, results: int = RESULTS) -> Worth:
    """What it is worth to run these tests together before the budget is split."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.linspace(0, len(stakes.curves) - 1, results).round().astype(int))
    logs = np.zeros((results, len(stakes.curves)))
    for signal in signals:
        noise = signal.scale * rng.standard_t(DEGREES_OF_FREEDOM, results)
        logs = logs + log_weights(signal, signal.lift[truth] + noise)
    weights = normalised(logs)
    after = np.einsum("js,scm->jcm", weights, stakes.curves, optimize=True)
    gains = _gains(stakes, after)
    return Worth(
        float(gains.mean()),
        float(gains.std(ddof=1) / np.sqrt(results)),
        float(np.median(1 / (weights**2).sum(1))),
    )


def perfect_information(stakes: Stakes, most: int = PERFECT) -> float:
    """What knowing everything would be worth: no test can be worth more."""
    chosen = np.unique(np.linspace(0, len(stakes.curves) - 1, most).round().astype(int))
    return float(_gains(stakes, stakes.curves[chosen]).mean())


def _gains(stakes: Stakes, curves: Draws) -> Float[np.ndarray, " sample"]:
    """How much more the split that is best on each of the curves earns there than today's."""
    better = stakes.earned(curves, stakes.split(curves)) - stakes.earned(curves, stakes.today)
    return np.maximum(better, 0.0)  # a solver's tolerance, never a loss


def remaining_variance(signal: Signal, seed: int, results: int = RESULTS) -> float:
    """The share of the lift's posterior variance that is left after the test, on average."""
    rng = np.random.default_rng(seed)
    truth = np.linspace(0, len(signal.lift) - 1, results).round().astype(int)
    noise = signal.scale * rng.standard_t(DEGREES_OF_FREEDOM, results)
    weights = normalised(log_weights(signal, signal.lift[truth] + noise))
    mean = weights @ signal.lift
    return float(np.mean(weights @ signal.lift**2 - mean**2) / max(float(signal.lift.var()), np.finfo(float).tiny))
