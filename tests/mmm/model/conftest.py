"""Panels small enough to read, and the model that a study makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.data import panel_from_frame
from mmm.study import load_study


def _market(
    *,
    seed: int = 1,
    periods: int = 60,
    geos: int = 1,
    currency: float = 1.0,
    model: Mapping[str, Any] | None = None,
    fit: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    change: Callable[[pd.DataFrame], None] | None = None,
    noise: float = 0.05,
    level: float = 100.0,
) -> xr.DataTree:
    """The panel of two paid channels whose spend is their exposure; KPI is 1.2 level with 20 % of it from media.

    `currency` multiplies money, that is KPI and spend; `data` and `model` add to those parts of the study, and `change`
    is applied to the table before it is read.
    """
    random = np.random.default_rng(seed)
    spend = np.where(random.random((2, geos, periods)) < 0.7, random.lognormal(2.0, 0.5, (2, geos, periods)), 0.0)
    relative = spend / spend.mean(axis=(1, 2), keepdims=True)
    kpi = level * (1.0 + 0.15 * relative[0] + 0.05 * relative[1] + noise * random.normal(size=(geos, periods)))
    frame = pd.DataFrame(
        {
            "week": np.tile(pd.date_range("2024-01-01", periods=periods, freq="W-MON").strftime("%Y-%m-%d"), geos),
            "geo": np.repeat([f"geo{index}" for index in range(geos)], periods),
            "sales": currency * kpi.ravel(),
            "tv_spend": currency * spend[0].ravel(),
            "radio_spend": currency * spend[1].ravel(),
            "price": random.normal(10.0, 1.0, geos * periods),
            "reach": random.uniform(100.0, 200.0, geos * periods).round(),
            "frequency": random.uniform(1.0, 5.0, geos * periods),
            "mails": random.integers(0, 50, geos * periods).astype(float),
            "people": np.repeat(1000.0 * np.arange(1, geos + 1), periods),
        }
    )
    if change:
        change(frame)
    columns = {
        "source": "none.csv",
        "time": "week",
        "kpi": {"column": "sales"},
        "channels": {"tv": {"spend": "tv_spend"}, "radio": {"spend": "radio_spend"}},
    } | ({"geo": "geo"} if geos > 1 else {})
    study = {"study": "market", "currency": "EUR", "data": columns | dict(data or {})}
    return panel_from_frame(frame, load_study(study | {"model": dict(model or {}), "fit": dict(fit or {})}))


@pytest.fixture(scope="session")
def market() -> Callable[..., xr.DataTree]:
    """Makes a panel of a small market; every keyword of `_market` has a default."""
    return _market
