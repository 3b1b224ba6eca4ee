"""Do experiments and model contradict each other? Asked before their answers are merged, experiment by experiment.

    leave_one_out(fit, table)    # each experiment against the model that did not see it
    pairs(fit, table)            # two experiments on one channel, whatever the channel's level

An experiment is predicted by the model that knows everything else. Where the fit has used the experiments, the draws
are reweighted to undo one of them; where it has not, they are reweighted to take in all the others:

    w[draw] ~ 1 / p(lift_i | draw)       or       w[draw] ~ product over j != i of p(lift_j | draw)
    P(lift_i) = sum_draw w[draw] F((lift_i - predicted_i[draw]) / scale_i),       p = 2 min(P, 1 - P)

with the likelihood by which experiments enter the model (Student t, `mmm.data.lift`). Weights are Pareto-smoothed;
above k = 0.7 a few draws carry the answer and it is `not_testable`: refit without the experiment (Vehtari, Gelman and
Gabry, Statistics and Computing, 2017). Without any other experiment the fit that has not used it needs no weights.

Two experiments on one channel are compared by the ratio r of what the model predicts for them, in which the channel's
level cancels and only carryover and saturation are left:

    z = (lift_i - r lift_j) / sqrt(scale_i^2 + r^2 scale_j^2 + lift_j^2 var(r))

How far a result lies from what was expected is also told by a z, and by a Bayes factor: how many times better is it
explained by an experiment that is off by a bias of standard deviation tau than by one that is not,

    B(tau) = sum_draw w[draw] t((lift - predicted[draw]) / hypot(scale, tau))  /  the same with tau = 0,

with densities t, over a grid of tau as shares of the effect (`BIASES`); the largest B is the most that can be said for
a conflict.

A conflict is stated and never averaged. The mix model still fuses what it is given: leave one of the two out, or widen
its standard error by what the conflict says it left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float
from scipy import stats

from causal.experiment import amount, predict
from mmm.data.lift import DEGREES_OF_FREEDOM, TRANSPORT

SAMPLES = 1000
MOST_PARETO_K = 0.7
FALSE_ALARMS = 0.05
BIASES = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Standard deviations of a bias or a failure to carry over, as shares of the larger of lift and expectation."""
COLUMNS = [
    "experiment",
    "other",
    "channel",
    "measured",
    "predicted",
    "statistic",
    "z",
    "bayes_factor",
    "bias",
    "pareto_k",
    "result",
    "message",
]


@dataclass(frozen=True)
class Measured:
    """One experiment and what each draw predicts of it, in KPI units."""

    experiment: str
    channel: str
    lift: float
    scale: float
    predicted: Float[np.ndarray, " draw"]

    @property
    def log_likelihood(self) -> Float[np.ndarray, " draw"]:
        return self.log_likelihood_off_by(0.0)

    def log_likelihood_off_by(self, bias: float) -> Float[np.ndarray, " draw"]:
        """The same for an experiment that may be off by a bias of this standard deviation, in KPI units."""
        scale = np.hypot(self.scale, bias)
        return np.asarray(stats.t.logpdf((self.lift - self.predicted) / scale, DEGREES_OF_FREEDOM) - np.log(scale))

    @property
    def below(self) -> Float[np.ndarray, " draw"]:
        """How likely each draw thinks a smaller lift."""
        return np.asarray(stats.t.cdf((self.lift - self.predicted) / self.scale, DEGREES_OF_FREEDOM))


@dataclass(frozen=True)
class Contradiction:
    """How far a result lies from what was expected of it: z, the largest Bayes factor for a bias, and that bias."""

    expected: float
    z: float
    bayes_factor: float
    bias: float


def conflicts(fit: xr.DataTree, table: pd.DataFrame) -> pd.DataFrame:
    """Both questions in one table: `leave_one_out`, then `pairs`."""
    return conflicts_of(predictions(fit, table), "lift" in fit.children)


def conflicts_of(measured: list[Measured], used: bool) -> pd.DataFrame:
    """The same of experiments that have been predicted already; `used` says that the fit has taken them in."""
    return pd.DataFrame([*_left_out(measured, used), *_pairs(measured)], columns=COLUMNS)


def contradiction(one: Measured, weights: Float[np.ndarray, " draw"]) -> Contradiction:
    """A result against draws of these weights, which must not have seen it."""
    expected = float(weights @ one.predicted)
    spread = float(weights @ one.predicted**2) - expected**2
    size = max(abs(one.lift), abs(expected))

    def density(bias: float) -> float:
        return float(weights @ np.exp(one.log_likelihood_off_by(bias * size)))

    none = max(density(0.0), np.finfo(float).tiny)
    factors = {bias: density(bias) / none for bias in BIASES}
    worst = max(factors, key=lambda bias: factors[bias])
    z = (one.lift - expected) / float(np.sqrt(one.scale**2 + max(spread, 0.0)))
    return Contradiction(expected, z, factors[worst], worst)


def before(measured: list[Measured], used: bool) -> tuple[Float[np.ndarray, " draw"], float]:
    """Weights of the draws without what these experiments told the fit, and the tail's k: the model before them."""
    draws = len(measured[0].predicted)
    return smoothed(sum((-one.log_likelihood for one in measured if used), np.zeros(draws)))


def leave_one_out(fit: xr.DataTree, table: pd.DataFrame) -> pd.DataFrame:
    """Each experiment against the model without it; `statistic` is the p-value, `result` pass, conflict or
    not_testable. `other` is empty. Experiments on several channels, or without exposure to scale, are left out."""
    return pd.DataFrame(_left_out(predictions(fit, table), "lift" in fit.children), columns=COLUMNS)


def pairs(fit: xr.DataTree, table: pd.DataFrame) -> pd.DataFrame:
    """Every two experiments on one channel; `statistic` is z, `predicted` what the other implies of the first."""
    return pd.DataFrame(_pairs(predictions(fit, table)), columns=COLUMNS)


def predictions(fit: xr.DataTree, table: pd.DataFrame, samples: int = SAMPLES) -> list[Measured]:
    """What the draws predict of every experiment on one channel."""
    found = []
    for row in table.to_dict("records"):
        predicted = predict(fit, row, samples) if len(row["channel"]) == 1 else None
        if predicted is not None:
            lift, draws = float(row["lift"]), np.asarray(predicted.values, dtype=float).ravel()
            scale = float(np.hypot(row["standard_error"], TRANSPORT * lift))
            found.append(Measured(str(row["experiment"]), str(row["channel"][0]), lift, scale, draws))
    return found


def smoothed(log_weights: Float[np.ndarray, " draw"]) -> tuple[Float[np.ndarray, " draw"], float]:
    """Weights that add up to one, Pareto-smoothed, and the shape k of their tail; equal weights have k = -inf."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    spread = float(np.ptp(log_weights))
    if spread < 1e-12:
        return np.full(len(log_weights), 1 / len(log_weights)), -np.inf
    logs, k = array_stats.psislw(-log_weights)  # it takes log-likelihoods, whose inverse the weights are
    weights = np.exp(logs - np.max(logs))
    return weights / weights.sum(), float(k)


def _left_out(measured: list[Measured], used: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one in measured:
        others = [other for other in measured if other is not one]
        logs = -one.log_likelihood if used else sum((other.log_likelihood for other in others), 0 * one.predicted)
        weights, k = smoothed(logs)
        below, found = float(weights @ one.below), contradiction(one, weights)
        p_value = 2 * min(below, 1 - below)
        result = "conflict" if p_value < FALSE_ALARMS else "pass"
        if not k <= MOST_PARETO_K:  # a tail that cannot be fitted is no better than a heavy one
            result = "not_testable"
        rows.append(
            {
                "experiment": one.experiment,
                "other": "",
                "channel": one.channel,
                "measured": one.lift,
                "predicted": found.expected,
                "statistic": p_value,
                "z": found.z,
                "bayes_factor": found.bayes_factor,
                "bias": found.bias,
                "pareto_k": k,
                "result": result,
                "message": _said(one, found.expected, result),
            }
        )
    return rows


def _said(one: Measured, expected: float, result: str) -> str:
    if result == "not_testable":
        return (
            f"{one.experiment} ({one.channel}) moves the model so far that its draws cannot say what it would expect "
            "without it: fit the model without this experiment, and compare."
        )
    found, awaited = amount(one.lift), amount(expected)
    if result == "conflict":
        return (
            f"{one.experiment} ({one.channel}) measured {found} KPI units where the model that has not seen it expects "
            f"{awaited}: they contradict each other, and merging them hides it. Find out which of the two is wrong."
        )
    return (
        f"{one.experiment} ({one.channel}) measured {found} KPI units where the model that has not seen it expects "
        f"{awaited}: they agree within their uncertainty."
    )


def _pairs(measured: list[Measured]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one, other in combinations(measured, 2):
        if one.channel != other.channel or not np.all(np.abs(other.predicted) > 0):
            continue
        ratio = one.predicted / other.predicted
        implied = float(ratio.mean()) * other.lift
        error = float(np.sqrt(one.scale**2 + (ratio.mean() * other.scale) ** 2 + ratio.var() * other.lift**2))
        z = (one.lift - implied) / error
        result = "conflict" if 2 * stats.norm.sf(abs(z)) < FALSE_ALARMS else "pass"
        said = (
            f"{one.experiment} measured {amount(one.lift)} KPI units for {one.channel}; what {other.experiment} "
            f"measured implies {amount(implied)} for the same weeks: they agree."
        )
        if result == "conflict":
            said = (
                f"{one.experiment} measured {amount(one.lift)} KPI units for {one.channel}; what {other.experiment} "
                f"measured implies {amount(implied)} for the same weeks: the two contradict each other. Do not average "
                "them."
            )
        rows.append(
            {
                "experiment": one.experiment,
                "other": other.experiment,
                "channel": one.channel,
                "measured": one.lift,
                "predicted": implied,
                "statistic": z,
                "z": z,
                "bayes_factor": np.nan,
                "bias": np.nan,
                "pareto_k": np.nan,
                "result": result,
                "message": said,
            }
        )
    return rows
