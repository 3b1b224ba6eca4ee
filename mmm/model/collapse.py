"""How are linear coefficients integrated out? Exactly, in the space of the columns.

With residual r = y - media - Z mean, over the cells that count,

    r = Z b + noise,   b ~ N(0, D^2),   noise ~ N(0, sigma^2 W)
    W = I + ratio 11' within a period,  ratio = (shock / sigma)^2:  all geos of a period share a shock

and with  M = I + D Z'W^-1 Z D / sigma^2  and  w = D Z'W^-1 r / sigma^2  the matrix inversion lemma gives

    log density = -n/2 log(2 pi sigma^2) - log det(W) / 2 - log det(M) / 2 - (r'W^-1 r / sigma^2 - w' M^-1 w) / 2

The inverse of W takes a share kappa_t = ratio / (1 + n_t ratio) of each period's sum away, n_t its number of cells, so
everything follows from moments and sums that `mmm.model.design` makes, and one Cholesky factor as small as the columns
are few, whatever the number of periods and geos; prior scales inside D may be sampled. The last difference loses as
many digits as the columns explain of r'r, three or four of the sixteen: do not do this in float32.

Given everything else the coefficients are Gaussian again, so posterior draws of them are exact, made afterwards:

    b | r ~ N( D M^-1 w,  D M^-1 D )
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Float, PRNGKeyArray

from mmm.model.design import fitted, moments
from mmm.model.spec import Arrays

LOG_TWO_PI = 1.8378770664093453


class Noise(NamedTuple):
    """Standard deviations: of a cell's own noise, and of the shock that all geos of a period share (None: no shock)."""

    sigma: Float[Array, ""]
    shock: Float[Array, ""] | None = None


class _Conditional(NamedTuple):
    """What both the density and the draws need; `square` is r'W^-1 r / sigma^2."""

    square: Float[Array, ""]
    log_det_noise: Float[Array, ""]
    factor: Float[Array, "column column"]
    weighted: Float[Array, " column"]


def collapsed_log_density(
    arrays: Arrays, residual: Float[Array, "time geo"], sd: Float[Array, " column"], noise: Noise
) -> Float[Array, ""]:
    """Log density of `residual` (KPI minus media) with the linear coefficients integrated out.

    `sd` is the prior standard deviation of each design column. Cells outside the mask count nothing.
    """
    given = _conditional(arrays, residual, sd, noise)
    explained = solve_triangular(given.factor, given.weighted, lower=True)
    return (
        -0.5 * (arrays.mask.sum() * LOG_TWO_PI + given.log_det_noise)
        - jnp.log(jnp.diagonal(given.factor)).sum()
        - 0.5 * (given.square - explained @ explained)
    )


def draw_coefficients(
    key: PRNGKeyArray, arrays: Arrays, residual: Float[Array, "time geo"], sd: Float[Array, " column"], noise: Noise
) -> Float[Array, " column"]:
    """One exact draw of the linear coefficients from their conditional distribution."""
    given = _conditional(arrays, residual, sd, noise)
    scatter = solve_triangular(given.factor.T, jax.random.normal(key, sd.shape), lower=False)
    return arrays.design.mean + sd * (cho_solve((given.factor, True), given.weighted) + scatter)


def _conditional(
    arrays: Arrays, residual: Float[Array, "time geo"], sd: Float[Array, " column"], noise: Noise
) -> _Conditional:
    design, scale = arrays.design, sd / noise.sigma
    centred = arrays.mask * (residual - fitted(design, design.mean))
    square, gram, moment = (centred * centred).sum(), design.gram, moments(design, centred)
    log_det = 2.0 * arrays.mask.sum() * jnp.log(noise.sigma)
    if noise.shock is not None:
        ratio, cells, total = (noise.shock / noise.sigma) ** 2, arrays.mask.sum(axis=1), centred.sum(axis=1)
        kappa = ratio / (1.0 + cells * ratio)
        square -= kappa @ total**2
        gram -= (design.sums.T * kappa) @ design.sums
        moment -= (kappa * total) @ design.sums
        log_det += jnp.log1p(cells * ratio).sum()
    factor = jnp.linalg.cholesky(jnp.eye(len(sd)) + scale[:, None] * gram * scale)
    return _Conditional(square / noise.sigma**2, log_det, factor, scale * moment / noise.sigma)
