"""What would the treated geos have sold, given their own past and series that nobody touched? A structural time series.

    kpi[t]  = level + slope t + season[t] + sum_j b_j related[j,t] + wander[t] + noise[t]
    wander  : an AR(1) with unknown persistence; as it nears one, the local level of a random walk
    b_j     : what the series share counts freely, their differences are shrunk: Normal(0, spread)

Everything but five scales is Gaussian, and integrated out: the KPI before the start is one normal vector, and NUTS has
the size of the season, the spread of the coefficients, size and persistence of the wandering, and the noise to learn.
Given those, the mean of the measured periods is normal; so the effect's posterior is a mixture of normals, one a draw,
and estimate, p-value and interval are its mean, tail and quantiles. Without `related` all untreated geos explain.
Source: Brodersen, Gallusser, Koehler, Remy and Scott, Annals of Applied Statistics 2015, "Inferring causal impact using
Bayesian structural time-series models"; there a spike and slab selects the series, and the level is a random walk.

The work grows with the cube of the periods before the start: long daily series are better summed to weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import linalg

from causal.estimators.estimate import LEVEL, Estimate
from causal.estimators.its import UNTOUCHED, Mixture, explaining, from_mixture, untouched
from causal.estimators.trial import Day, Panel, Trial, read_trial

GOES_ON = "Level, trend, season and the relation to the related series would have gone on as before the start."
WARMUP, DRAWS = 200, 200
SCALES = ("season", "spread", "size", "persistence", "noise")
WIDE = 5.0
"""Prior standard deviation of level, slope and shared mean, in standard deviations of the KPI before the start."""

Matrix = Float[np.ndarray, "time time"]


class Parts(NamedTuple):
    """What the covariance of all periods is made of: level and slope; season; related series; distances in periods."""

    fixed: Matrix
    season: Matrix
    related: Matrix
    apart: Matrix


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    related: Sequence[str] | None = None,
    level: float = LEVEL,
    seed: int = 0,
    **layout: Any,
) -> Estimate:
    """Structural time series of a finished experiment.

    `related` names geos (columns) that serve as explaining series: all that are not treated unless given, and none with
    `()`. `layout` goes to `read_trial`.
    """
    trial = read_trial(panel, treated, start, end, measured_until, controls_needed=False, **layout)
    chosen = trial.control_geos if related is None else tuple(related)
    answers, expected = answers_by_draw(trial, chosen, seed)
    return from_mixture("bsts", answers, trial, expected, level, (GOES_ON, UNTOUCHED) if chosen else (GOES_ON,))


def answers_by_draw(trial: Trial, related: Sequence[str], seed: int = 0) -> tuple[Mixture, Float[np.ndarray, " time"]]:
    """The effect under each posterior draw of the scales, and the expected KPI of the mean treated geo."""
    before, measured = ~trial.measured, trial.measured
    centre, unit = trial.target[before].mean(), trial.target[before].std() or 1.0
    values = (trial.target - centre) / unit
    parts = parts_of(trial, related)
    scales = sample_scales(Parts(*(part[np.ix_(before, before)] for part in parts)), values[before], seed)
    found = [_one_draw(covariance(parts, *draw), values, measured) for draw in scales]
    effect, variance, expected = (np.array(each) for each in zip(*found, strict=True))
    weight = np.full(len(scales), 1 / len(scales))
    return Mixture(weight, unit * effect, unit * np.sqrt(variance), np.inf), centre + unit * expected.mean(0)


def parts_of(trial: Trial, related: Sequence[str]) -> Parts:
    """Gram matrices of the regressors over all periods, each scaled by what came before the start."""
    before, periods = ~trial.measured, len(trial.times)
    columns = explaining(trial, ())
    fixed, waves = columns[:, :2], columns[:, 2:]
    series = untouched(trial, related)
    size = series[:, before].std(1, keepdims=True)
    scaled = (series - series[:, before].mean(1, keepdims=True)) / np.where(size > 0, size, 1.0)
    if len(series):
        fixed = np.column_stack([fixed, scaled.mean(0)])
    number = np.arange(periods, dtype=float)
    return Parts(
        fixed=WIDE**2 * fixed @ fixed.T,
        season=2 * waves @ waves.T / max(waves.shape[1], 1),
        related=scaled.T @ scaled / max(len(series), 1),
        apart=np.abs(number[:, None] - number),
    )


def covariance(parts: Parts, season: Any, spread: Any, size: Any, persistence: Any, noise: Any) -> Any:
    """Covariance of the KPI's periods, in NumPy and JAX alike."""
    regression = parts.fixed + season**2 * parts.season + spread**2 * parts.related
    return regression + size**2 * persistence**parts.apart + noise**2 * (parts.apart == 0)


def sample_scales(parts: Parts, values: Float[np.ndarray, " time"], seed: int) -> Float[np.ndarray, "draw scale"]:
    """Posterior draws of `SCALES`."""
    import jax

    import mmm.engine  # noqa: F401 (double precision, compile cache)

    sampler = _sampler()
    sampler.run(jax.random.PRNGKey(seed), parts, values)
    draws = sampler.get_samples()
    return np.column_stack([np.asarray(draws[name], dtype=float) for name in SCALES])


@lru_cache(maxsize=1)
def _sampler() -> Any:
    """One sampler for the process: it compiles anew only for series of another length."""
    from numpyro.infer import MCMC, NUTS

    return MCMC(NUTS(_model), num_warmup=WARMUP, num_samples=DRAWS, progress_bar=False, jit_model_args=True)


def _model(parts: Parts, values: Any) -> None:
    import numpyro
    from numpyro import distributions as dist

    scales = [numpyro.sample(name, dist.HalfNormal(1.0)) for name in ("season", "spread", "size")]
    scales.append(numpyro.sample("persistence", dist.Uniform(0.0, 1.0)))
    scales.append(numpyro.sample("noise", dist.HalfNormal(1.0)))
    numpyro.sample("kpi", dist.MultivariateNormal(0.0, covariance_matrix=covariance(parts, *scales)), obs=values)


def _one_draw(
    matrix: Matrix, values: Float[np.ndarray, " time"], measured: Bool[np.ndarray, " time"]
) -> tuple[float, float, Float[np.ndarray, " time"]]:
    """Mean and variance of the effect on the mean measured period, and the expected values, by conditioning."""
    before = ~measured
    to_mean = matrix[np.ix_(measured, before)].mean(0)
    factor = linalg.cho_factor(matrix[np.ix_(before, before)], lower=True)
    explained, used = linalg.cho_solve(factor, np.column_stack([values[before], to_mean])).T
    variance = matrix[np.ix_(measured, measured)].mean() - to_mean @ used
    return float(values[measured].mean() - to_mean @ explained), float(variance), matrix[:, before] @ explained
