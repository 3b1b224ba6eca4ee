"""Coefficients are integrated out exactly: against scipy's dense normal, and against the formulas of a regression."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from scipy.stats import chi2, multivariate_normal

from mmm.model.collapse import Noise, collapsed_log_density, draw_coefficients
from mmm.model.design import Design, fitted
from mmm.model.fit import model_of
from mmm.model.spec import Arrays

Market = Callable[..., xr.DataTree]


def dense(design: Design) -> np.ndarray:
    """The columns written out, `(time, geo, column)`: what each adds up to alone."""
    every = jax.vmap(lambda unit: fitted(design, unit))(jnp.eye(len(design.mean)))
    return np.moveaxis(np.asarray(every), 0, -1)


class Problem(NamedTuple):
    """A residual, prior scales and noise, and the same as dense vectors and matrices over the rows that count."""

    arrays: Arrays
    residual: np.ndarray
    sd: np.ndarray
    noise: Noise
    design: np.ndarray
    rows: np.ndarray
    covariance: np.ndarray

    @property
    def arguments(self) -> tuple[Arrays, jax.Array, jax.Array, Noise]:
        return self.arrays, jnp.asarray(self.residual), jnp.asarray(self.sd), self.noise


@pytest.fixture(scope="module", params=[(1, 0.0), (2, 0.0), (2, 0.1)], ids=["national", "two geos", "shocks"])
def problem(request: pytest.FixtureRequest, market: Market) -> Problem:
    """14 periods, two of them before the window, one KPI missing; intercepts, a slope, a bend, a season and a price."""
    panel = market(
        periods=14, geos=request.param[0], model={"max_lag": 2, "seasonality": {"order": 1}, "trend": {"knots": 2}},
        data={"controls": ["price"], "window": {"start": "2024-01-15"}},
    )  # fmt: skip
    dataset = panel["panel"].to_dataset()
    dataset["kpi"][0, 5] = np.nan
    panel["panel"] = xr.DataTree(dataset)
    arrays = model_of(panel).arrays
    random = np.random.default_rng(2)
    mask = np.asarray(arrays.mask) > 0
    design = dense(arrays.design)
    columns = design.shape[-1]
    residual = random.normal(1.0, 0.3, mask.shape)
    sigma, shock = 0.2, request.param[1]
    period = np.nonzero(mask)[0]
    covariance = sigma**2 * np.eye(len(period)) + shock**2 * (period[:, None] == period)
    noise = Noise(jnp.asarray(sigma), jnp.asarray(shock) if shock else None)
    sd = random.uniform(0.1, 1.0, columns)
    return Problem(arrays, residual, sd, noise, design[mask], residual[mask], covariance)


def test_the_density_is_that_of_a_dense_normal(problem: Problem) -> None:
    mean = problem.design @ np.asarray(problem.arrays.design.mean)
    covariance = problem.design * problem.sd**2 @ problem.design.T + problem.covariance
    found = collapsed_log_density(*problem.arguments)
    assert float(found) == pytest.approx(multivariate_normal(mean, covariance).logpdf(problem.rows), rel=1e-10)


def test_cells_that_do_not_count_change_nothing(problem: Problem) -> None:
    mask = np.asarray(problem.arrays.mask)
    elsewhere = problem._replace(residual=np.where(mask > 0, problem.residual, 1e6))
    densities = [float(collapsed_log_density(*one.arguments)) for one in (problem, elsewhere)]
    assert densities[0] == densities[1]


def test_a_column_without_prior_spread_keeps_its_prior_mean(problem: Problem) -> None:
    sd = np.append(problem.sd[:-1], 0.0)
    drawn = draw_coefficients(jax.random.key(0), *problem._replace(sd=sd).arguments)
    assert float(drawn[-1]) == float(problem.arrays.design.mean[-1])


def conditional(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Mean and precision of the coefficients given the residual, as a regression with known noise has them."""
    weighted = problem.design.T @ np.linalg.inv(problem.covariance)
    precision = weighted @ problem.design + np.diag(problem.sd**-2)
    prior = np.asarray(problem.arrays.design.mean) / problem.sd**2
    return np.linalg.solve(precision, weighted @ problem.rows + prior), precision


def test_drawn_coefficients_have_the_exact_conditional_mean_and_covariance(problem: Problem) -> None:
    draws = 4000
    mean, precision = conditional(problem)

    def one(key: jax.Array) -> jax.Array:
        return draw_coefficients(key, *problem.arguments)

    drawn = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(3), draws)))
    whitened = (drawn - mean) @ np.linalg.cholesky(precision)
    size = len(mean)
    # Whitened draws are standard normal: the squared length of their mean is chi-squared, and so, nearly, is that of
    # the entries of their covariance. Each test is false once in 10,000 seeds; this one is fixed.
    assert draws * (whitened.mean(axis=0) ** 2).sum() < chi2(size).ppf(0.9999)
    deviation = np.sqrt(draws) * (np.cov(whitened.T) - np.eye(size))
    squares = (np.diag(deviation) ** 2 / 2).sum() + (deviation[np.triu_indices(size, 1)] ** 2).sum()
    assert squares < chi2(size * (size + 1) / 2).ppf(0.9999)


def test_the_density_falls_where_the_conditional_says_it_does(problem: Problem) -> None:
    """Bayes: marginal density = likelihood x prior / conditional, at any coefficient; here at the prior mean."""
    prior_mean = np.asarray(problem.arrays.design.mean)
    mean, precision = conditional(problem)
    expected = (
        multivariate_normal(problem.design @ prior_mean, problem.covariance).logpdf(problem.rows)
        + multivariate_normal(prior_mean, np.diag(problem.sd**2)).logpdf(prior_mean)
        - multivariate_normal(mean, np.linalg.inv(precision)).logpdf(prior_mean)
    )
    assert float(collapsed_log_density(*problem.arguments)) == pytest.approx(expected, rel=1e-9)
