"""How large is a channel's effect once everything that could explain it otherwise is held still?

    kpi[g,t] = effect * exposure[g,t] + covariates[g,t] . gamma + u[g,t],      u[g,t] = persistence * u[g,t-1] + noise

This is the whole arithmetic of the observational side: least squares on rows from which the persistence of demand was
taken out first (Prais and Winsten), because sales wander, and two wandering series agree by chance far more often than
a textbook interval says: for AR(0.9) demand and 156 weeks ordinary least squares finds a channel without effect
significant in 55 % of cases. The persistence is the restricted maximum-likelihood value, which, unlike the residual
autocorrelation, is not pulled towards zero by the many columns of a seasonal adjustment.

The standard error is the larger of two: the model's own, and one that lets the rows of a period be correlated across
geos and with their neighbours in time (Driscoll and Kraay, Review of Economics and Statistics, 1998). Geos that share
a national shock are not independent witnesses. Degrees of freedom are counted in periods for the same reason.

Every question that a gate asks is this regression on other rows or other columns. To write a gate, call `adjust` once
and work with the three arrays that come back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

PERSISTENCES = np.linspace(0.0, 0.98, 50)
RIPPLES = (0.0, 0.2, 0.4, 0.6, 0.8)
LAGS = 4
"""Neighbouring periods that the standard error lets be correlated, after the persistence was taken out."""
RIDGE = 1e-10
"""Keeps a normal equation solvable where a column lost its rows; columns are of order one, so it changes nothing."""


@dataclass(frozen=True)
class Observations:
    """One channel's question: the KPI, its exposure, what is held still, and which cells count."""

    kpi: Float[np.ndarray, "geo time"]
    exposure: Float[np.ndarray, "geo time"]
    covariates: Float[np.ndarray, "geo time covariate"]
    present: Bool[np.ndarray, "geo time"]


@dataclass(frozen=True)
class Adjusted:
    """The same rows without persistence: `kpi` and `exposure` are what the covariates leave of them.

    `basis` has orthonormal columns that span the covariates; `persistence` is what was taken out.
    """

    kpi: Float[np.ndarray, "geo time"]
    exposure: Float[np.ndarray, "geo time"]
    basis: Float[np.ndarray, "geo time rank"]
    present: Bool[np.ndarray, "geo time"]
    persistence: float

    @property
    def degrees(self) -> int:
        """Degrees of freedom, in periods: level, exposure and every further column cost one each."""
        geos, periods = (int(self.present.any(axis=axis).sum()) for axis in (1, 0))
        return max(periods - 1 - (self.basis.shape[-1] - geos) - 1, 1)


@dataclass(frozen=True)
class Estimate:
    """An effect per unit of exposure, its standard error and the degrees of freedom behind it."""

    effect: float
    standard_error: float
    degrees: int

    @property
    def ratio(self) -> float:
        """The effect in standard errors."""
        return self.effect / self.standard_error


def observations(
    kpi: Float[np.ndarray, "geo time"],
    exposure: Float[np.ndarray, "geo time"],
    covariates: Float[np.ndarray, "geo time covariate"],
) -> Observations:
    """A question about complete or holed data: a cell without a KPI is left out, with no trace in its neighbour."""
    present = np.isfinite(kpi)
    return Observations(np.where(present, kpi, 0.0), exposure, covariates, present)


def whiten(
    values: Float[np.ndarray, "*batch geo time"], persistence: float, present: Bool[np.ndarray, "geo time"]
) -> Float[np.ndarray, "*batch geo time"]:
    """`v[t] - persistence * v[t-1]`; the first cell after the start or a hole is scaled to match, and a hole is 0."""
    follows = np.zeros_like(present)
    follows[:, 1:] = present[:, 1:] & present[:, :-1]
    before = np.zeros_like(values)
    before[..., 1:] = values[..., :-1]
    return np.where(follows, values - persistence * before, np.sqrt(1 - persistence**2) * values) * present


def unwhiten(
    values: Float[np.ndarray, "geo time"], persistence: float, present: Bool[np.ndarray, "geo time"]
) -> Float[np.ndarray, "geo time"]:
    """What `whiten` made these values of."""
    whole = np.zeros_like(values)
    for time in range(values.shape[1]):
        follows = present[:, time] & present[:, time - 1] if time else np.zeros(len(values), dtype=bool)
        started = values[:, time] / np.sqrt(1 - persistence**2)
        whole[:, time] = np.where(follows, persistence * whole[:, time - 1] + values[:, time], started)
    return whole * present


def settle(data: Observations) -> Observations:
    """The same question about sums that fade, `v[t] + ripple * v[t-1] + ...`: sales wander, and there is noise on top.

        AR(1) + noise:  u[t] = persistence * u[t-1] + e[t] - ripple * e[t-1],     so  u / (1 - ripple L)  is AR(1)

    Taken for an AR(1), the sum looks less persistent than demand is, and demand is left in what `adjust` compares. The
    ripple is the restricted maximum-likelihood value; sums have unit Jacobian, so likelihoods are of the same sales.
    """
    whole = replace(data, covariates=independent(data.covariates, data.present))
    candidates = [faded(whole, ripple) for ripple in RIPPLES]
    return max(candidates, key=lambda each: persistence_likelihood(each).max())


def faded(data: Observations, ripple: float) -> Observations:
    """KPI, exposure and covariates as sums that fade by `ripple` a period and start anew after a hole."""
    columns = np.concatenate([data.kpi[..., None], data.exposure[..., None], data.covariates], axis=-1)
    sums = columns * data.present[..., None]
    for time in range(1, sums.shape[1]):
        sums[:, time] += ripple * sums[:, time - 1] * data.present[:, time, None]
    return Observations(sums[..., 0], sums[..., 1], sums[..., 2:], data.present)


def adjust(data: Observations, persistence: float | None = None) -> Adjusted:
    """Take persistence and covariates out of KPI and exposure; the persistence is estimated unless given."""
    covariates = independent(data.covariates, data.present)
    if persistence is None:
        persistence = estimate_persistence(replace(data, covariates=covariates))
    columns = whiten(np.moveaxis(covariates, -1, 0), persistence, data.present)
    basis, _ = np.linalg.qr(columns.reshape(len(columns), -1).T)
    pair = whiten(np.stack([data.kpi, data.exposure]), persistence, data.present).reshape(2, -1)
    kpi, exposure = remove(pair, basis).reshape(2, *data.kpi.shape)
    return Adjusted(kpi, exposure, basis.reshape(*data.kpi.shape, -1), data.present, persistence)


def estimate(data: Observations | Adjusted) -> Estimate:
    """The effect of one unit of exposure, with covariates held still."""
    rows = data if isinstance(data, Adjusted) else adjust(data)
    effects, errors = effects_of(rows, rows.exposure[None])
    return Estimate(float(effects[0]), float(errors[0]), rows.degrees)


def effects_of(
    rows: Adjusted, exposures: Float[np.ndarray, "sample geo time"]
) -> tuple[Float[np.ndarray, " sample"], Float[np.ndarray, " sample"]]:
    """Effects and standard errors of many adjusted exposures on the same adjusted KPI."""
    kpi = np.broadcast_to(rows.kpi, exposures.shape)
    return slopes(kpi, exposures, rows.present, rows.degrees)


def slopes(
    kpi: Float[np.ndarray, "sample geo time"],
    exposure: Float[np.ndarray, "sample geo time"],
    present: Bool[np.ndarray, "geo time"],
    degrees: int,
) -> tuple[Float[np.ndarray, " sample"], Float[np.ndarray, " sample"]]:
    """One slope a sample between adjusted rows, with the larger of the two standard errors."""
    energy = np.maximum((exposure**2).sum((1, 2)), np.finfo(float).tiny)
    effects = (exposure * kpi).sum((1, 2)) / energy
    residual = (kpi - effects[:, None, None] * exposure) * present
    periods = int(present.any(axis=0).sum())
    plain = (residual**2).sum((1, 2)) / (present.sum() * degrees / periods) / energy
    scores = (exposure * residual).sum(1)
    spread = (scores**2).sum(-1)
    for lag in range(1, min(LAGS, scores.shape[-1] - 1) + 1):
        spread += 2 * (1 - lag / (LAGS + 1)) * (scores[:, lag:] * scores[:, :-lag]).sum(-1)
    clustered = spread / energy**2 * periods / degrees
    return effects, np.sqrt(np.maximum(np.maximum(plain, clustered), np.finfo(float).tiny))


def remove(
    vectors: Float[np.ndarray, "vector row"], basis: Float[np.ndarray, "row rank"]
) -> Float[np.ndarray, "vector row"]:
    """What is left of each vector outside the span of an orthonormal basis."""
    return vectors - (vectors @ basis) @ basis.T


def independent(
    covariates: Float[np.ndarray, "geo time covariate"], present: Bool[np.ndarray, "geo time"]
) -> Float[np.ndarray, "geo time rank"]:
    """Orthonormal columns with the same span: a covariate that repeats others adds nothing and breaks nothing."""
    columns = (covariates * present[..., None]).reshape(-1, covariates.shape[-1])
    length = np.linalg.norm(columns, axis=0)
    left, size, _ = np.linalg.svd(columns[:, length > 0] / length[length > 0], full_matrices=False)
    kept = left[:, size > 1e-8 * size.max(initial=0.0)]
    return kept.reshape(*present.shape, -1)


def estimate_persistence(data: Observations) -> float:
    """The restricted maximum-likelihood AR(1) coefficient of what neither exposure nor covariates explain."""
    return float(PERSISTENCES[np.argmax(persistence_likelihood(data))])


def persistence_likelihood(data: Observations) -> Float[np.ndarray, " persistence"]:
    """The restricted log likelihood of each of `PERSISTENCES`, in the units of the data.

    The matrix of products of the whitened columns is a quadratic in the persistence, so every candidate costs one
    Cholesky factor: its last pivot is the residual, the others are the determinant. Needs independent covariates.
    """
    scale = [float(np.std(series)) or 1.0 for series in (data.exposure, data.kpi)]
    columns = np.concatenate(
        [data.covariates, data.exposure[..., None] / scale[0], data.kpi[..., None] / scale[1]], axis=-1
    )
    columns = columns * data.present[..., None]
    follows = np.zeros_like(data.present)
    follows[:, 1:] = data.present[:, 1:] & data.present[:, :-1]
    now, before, first = (
        columns[:, 1:][follows[:, 1:]],
        columns[:, :-1][follows[:, 1:]],
        columns[data.present & ~follows],
    )
    candidates = PERSISTENCES[:, None, None]
    products = now.T @ now - candidates * (now.T @ before + before.T @ now) + candidates**2 * (before.T @ before)
    products = products + (1 - candidates**2) * (first.T @ first)
    pivots = np.diagonal(np.linalg.cholesky(products + RIDGE * np.eye(columns.shape[-1])), axis1=1, axis2=2)
    spare = int(data.present.sum()) - columns.shape[-1] + 1
    likelihood = -spare * np.log(pivots[:, -1]) - np.log(pivots[:, :-1]).sum(1)
    likelihood += 0.5 * len(first) * np.log1p(-(PERSISTENCES**2)) - spare * np.log(scale[1]) - np.log(scale[0])
    return likelihood
