"""A market to plan for without a fit: Hill curves whose parameters scatter over joint draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mmm.plan.outlook import Outlook, grid


def _market(
    *,
    slopes: tuple[float, ...] = (1.0, 2.0, 3.0),
    halves: tuple[float, ...] = (0.6, 1.2, 1.6),
    tops: tuple[float, ...] = (400.0, 500.0, 300.0),
    spend: tuple[float, ...] = (100.0, 150.0, 50.0),
    observed: tuple[float, ...] | None = None,
    samples: int = 16,
    periods: int = 4,
    reach: float = 2.0,
    scatter: float = 0.2,
    currency: float = 1.0,
) -> Outlook:
    """`tops` is what a channel earns at full saturation, `halves` the multiple where it earns half of that."""
    size = len(slopes)
    multiples = grid(reach)
    noise = np.exp(scatter * np.random.default_rng(7).normal(size=(2, samples, size, 1)))
    power = multiples ** np.array(slopes)[:, None]
    half = (np.array(halves)[:, None] * noise[0]) ** np.array(slopes)[:, None]
    curves = currency * np.array(tops)[:, None] * noise[1] * power / (power + half)
    weeks = pd.date_range("2025-01-06", periods=2 * periods, freq="W-MON")
    pattern = np.arange(1.0, periods + 1)[:, None] / np.arange(1.0, periods + 1).sum()
    return Outlook(
        currency="EUR",
        channels=tuple(["tv", "search", "social", "radio", "print", "video"][:size]),
        periods=weeks[periods:],
        reference=weeks[:periods],
        periods_per_year=52.18,
        flighting=currency * pattern * np.array(spend),
        observed=np.array(observed or [3.0] * size),
        multiples=multiples,
        curves=curves,
        delay=np.zeros(size),
        value_per_kpi=1.0,
    )


@pytest.fixture(scope="session")
def market() -> Callable[..., Outlook]:
    """Makes an `Outlook`; every keyword of `_market` has a default."""
    return _market
