"""How are linear coefficients integrated out? Exactly, through the design's own orthonormal basis.

With residual r = y - media - Z mean and Z = Q R (Q orthonormal, computed once),

    r = Z b + noise,   b ~ N(0, D^2),   noise ~ N(0, sigma^2 I)
    Q'r ~ N(0, S),     S = R D^2 R' + sigma^2 I        (as many dimensions as Z has columns)
    r - QQ'r ~ N(0, sigma^2 I) on the complement       (n - p dimensions)

so the marginal density costs one projection and one small Cholesky factor whatever the number of periods, and prior
scales inside D may be sampled. The complement is an explicit residual: r'r - |Q'r|^2 would cancel.

Given everything else the coefficients are Gaussian again, so posterior draws of them are exact, made afterwards:

    b | r ~ N( D (I + W'W)^-1 W' Q'r / sigma,  D (I + W'W)^-1 D ),    W = R D / sigma
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Float, PRNGKeyArray

from mmm.model.spec import Arrays

LOG_TWO_PI = 1.8378770664093453


def collapsed_log_density(
    arrays: Arrays, residual: Float[Array, "time geo"], sd: Float[Array, " column"], sigma: Float[Array, ""]
) -> Float[Array, ""]:
    """Log density of `residual` (KPI minus media) with the linear coefficients integrated out.

    `sd` is the prior standard deviation of each design column, `sigma` that of the noise. Rows outside the mask
    count nothing.
    """
    centred = arrays.mask * (residual - arrays.design @ arrays.design_mean)
    inside = jnp.einsum("tgd,tg->d", arrays.basis, centred)
    outside = centred - arrays.basis @ inside
    factor = jnp.linalg.cholesky(_covariance(arrays, sd, sigma))
    standardised = solve_triangular(factor, inside, lower=True)
    observations = arrays.mask.sum()
    return (
        -0.5 * observations * LOG_TWO_PI
        - jnp.log(jnp.diagonal(factor)).sum()
        - 0.5 * (standardised @ standardised)
        - (observations - inside.shape[0]) * jnp.log(sigma)
        - 0.5 * (outside * outside).sum() / sigma**2
    )


def draw_coefficients(
    key: PRNGKeyArray,
    arrays: Arrays,
    residual: Float[Array, "time geo"],
    sd: Float[Array, " column"],
    sigma: Float[Array, ""],
) -> Float[Array, " column"]:
    """One exact draw of the linear coefficients from their conditional distribution."""
    centred = arrays.mask * (residual - arrays.design @ arrays.design_mean)
    inside = jnp.einsum("tgd,tg->d", arrays.basis, centred)
    weighted = arrays.triangle * (sd / sigma)
    factor = jnp.linalg.cholesky(jnp.eye(sd.shape[0]) + weighted.T @ weighted)
    mean = cho_solve((factor, True), weighted.T @ inside / sigma)
    noise = solve_triangular(factor.T, jax.random.normal(key, sd.shape), lower=False)
    return arrays.design_mean + sd * (mean + noise)


def _covariance(
    arrays: Arrays, sd: Float[Array, " column"], sigma: Float[Array, ""]
) -> Float[Array, "direction direction"]:
    scaled = arrays.triangle * sd
    return scaled @ scaled.T + sigma**2 * jnp.eye(scaled.shape[0])
