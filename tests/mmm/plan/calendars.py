"""Calendars to decide without a fit: Burr curves and geometric carryover whose parameters scatter over joint draws."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from mmm.media.saturation import burr
from mmm.plan.ascent import Joint
from mmm.plan.joint import Form, Market
from mmm.plan.measure import Measure
from mmm.plan.polytope import Polytope


def calendar_problem(
    *,
    channels: int = 3,
    periods: int = 5,
    max_lag: int = 4,
    samples: int = 8,
    geos: int = 1,
    slope: float = 1.25,
    scatter: float = 0.2,
    most: float = 2.0,
    bounds: tuple[float, float] = (0.5, 1.5),
    budget: float = 1.0,
    multiplies: bool = False,
    effect: float = 0.1,
    measure: Measure | None = None,
    currency: float = 1.0,
    seed: int = 0,
) -> Joint:
    """Each period spends up to `most` mean reference periods, each channel's total keeps to `bounds`."""
    random = np.random.default_rng(seed)
    kernel = (random.uniform(0.2, 0.75, (channels, 1, 1)) + 0.05 * random.normal(size=(channels, 1, samples))).clip(
        0.02, 0.9
    ) ** np.arange(max_lag + 1)[:, None]
    kernel = kernel / kernel.sum(axis=1, keepdims=True)
    shape = (channels, samples)
    parameters = {
        "half_saturation": random.uniform(0.6, 2.5, (channels, 1)) * np.exp(scatter * random.normal(size=shape)),
        "slope": slope * np.exp(scatter / 2 * random.normal(size=shape)),
        "tail": random.uniform(0.05, 1.0, shape),
    }
    size = 100 * np.exp(random.normal(size=(channels, 1)))
    reference = random.uniform(0.3, 1.7, (channels, periods)) * size
    mean = reference.mean(axis=1)
    returns = random.uniform(0.8, 2.5, (channels, 1, 1)) * np.exp(
        scatter * random.normal(size=(channels, samples, geos))
    )
    coefficient = effect * returns if multiplies else 2 * returns * mean[:, None, None] / geos
    worth = np.full((samples, periods + max_lag, geos), 20 * mean.sum() / geos if multiplies else 1.0)
    warm = np.zeros((channels, samples, periods + max_lag, geos))
    for t in range(max_lag):
        warm[:, :, t] = kernel[:, t + 1 :].sum(axis=1)[..., None]
    market = Market(
        kernel=jnp.asarray(kernel),
        warm=jnp.asarray(warm),
        rate=jnp.asarray(np.ones((channels, geos)) / (currency * mean[:, None])),
        coefficient=jnp.asarray(coefficient * (1.0 if multiplies else currency)),
        units=jnp.ones((channels, samples, geos)),
        worth=jnp.asarray(worth * (currency if multiplies else 1.0)),
        parameters=({name: jnp.asarray(values) for name, values in parameters.items()},),
    )
    form = Form(((tuple(range(channels)), burr),), multiplies)
    reference = currency * reference
    limits = limits_of(reference, budget, bounds, most)
    return Joint(form, market, limits, reference, measure or Measure())


def limits_of(reference: np.ndarray, budget: float, bounds: tuple[float, float], most: float) -> Polytope:
    """The budget, a total by channel, and a ceiling by period."""
    channels, periods = reference.shape
    rows = np.vstack([np.ones(reference.size), np.repeat(np.eye(channels), periods, axis=1)])
    total = budget * reference.sum()
    upper = np.maximum(most * reference.mean(axis=1, keepdims=True), reference).ravel()
    return Polytope(
        np.zeros(reference.size), upper, rows,
        np.r_[total, bounds[0] * reference.sum(axis=1)], np.r_[total, bounds[1] * reference.sum(axis=1)],
        ("the budget", *[f"channel {c}: its total" for c in range(channels)]),
        tuple(f"channel {c}, period {t}" for c in range(channels) for t in range(periods)),
    )  # fmt: skip


def with_rows(problem: Joint, row: np.ndarray, low: float, high: float, name: str) -> Joint:
    """The problem with one more limit."""
    limits = problem.limits
    rows = replace(
        limits,
        rows=np.vstack([limits.rows, row]),
        low=np.r_[limits.low, low],
        high=np.r_[limits.high, high],
        names=(*limits.names, name),
    )
    return replace(problem, limits=rows)
