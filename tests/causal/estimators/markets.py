"""Simulated markets for the estimators' tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

WEEKS = pd.date_range("2024-01-01", periods=60, freq="W-MON")


def market(geos: int = 8, weeks: int = 60, effect: float = 0.0, seed: int = 0, noise: float = 1.0) -> pd.DataFrame:
    """Geos that share one wandering demand; the first two gain `effect` a week in the last four weeks."""
    rng = np.random.default_rng(seed)
    demand = 10 * np.cumsum(rng.standard_normal(weeks)) / np.sqrt(weeks)
    kpi = 100 + 5 * np.arange(geos)[:, None] + demand + noise * rng.standard_normal((geos, weeks))
    kpi[:2, -4:] += effect
    index = pd.date_range("2024-01-01", periods=weeks, freq="W-MON")
    return pd.DataFrame(kpi.T, index=index, columns=[f"geo{i}" for i in range(geos)])


TREATED = ["geo0", "geo1"]
START, END = WEEKS[-4], WEEKS[-1]
