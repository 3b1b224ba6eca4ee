"""Fits made by hand: a small panel, and a posterior that the test wrote down instead of sampling it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.data import panel_from_frame
from mmm.model.fit import model_of
from mmm.study import load_study

Values = Mapping[str, Any]
KPI = 100.0

BARE_MODEL = {
    "adstock": "geometric",
    "saturation": "none",
    "max_lag": 2,
    "trend": {"kind": "none"},
    "seasonality": {"order": 0},
}


def _handmade(
    exposure: Mapping[str, list[list[float]]],
    coefficient: Any,
    *,
    retention: Any = 0.5,
    baseline: Any = 1.0,
    sigma: Any = 0.1,
    kpi: Any = None,
    price: float = 1.0,
    value: float = 1.0,
    window_start: str | None = None,
    model: Values | None = None,
    controls: Mapping[str, list[float]] | None = None,
    organic: Mapping[str, list[list[float]]] | None = None,
    posterior: Values | None = None,
    diverging: Any = False,
    fit: Values | None = None,
) -> xr.DataTree:
    """A fit with the draws that are given, `(chain, draw, ...)` or without these two axes for one draw.

    `exposure` of each channel is `[geo][time]`; spend is `price` times it. `coefficient` is `(..., geo, channel)` or
    `(..., channel)`; without carryover, one exposure at the channel's typical size brings `coefficient` times the
    geo's mean KPI. KPI is 100 everywhere unless `kpi` says otherwise.
    """
    media = dict(exposure) | dict(organic or {})
    grids = {name: np.asarray(rows, dtype=float) for name, rows in media.items()}
    geos, periods = next(iter(grids.values())).shape
    weeks = pd.date_range("2024-01-01", periods=periods, freq="W-MON")
    observed = np.broadcast_to(np.asarray(KPI if kpi is None else kpi, dtype=float), (geos, periods))
    columns: dict[str, Any] = {
        "week": np.tile(weeks.strftime("%Y-%m-%d"), geos),
        "geo": np.repeat([f"geo{index}" for index in range(geos)], periods),
        "sales": observed.ravel(),
    }
    for name, grid in grids.items():
        columns |= {f"{name}_seen": grid.ravel(), f"{name}_spend": price * grid.ravel()}
    columns |= {name: np.tile(values, geos) for name, values in (controls or {}).items()}
    study = load_study(
        {
            "study": "handmade",
            "currency": "EUR",
            "data": {
                "source": "none.csv",
                "time": "week",
                "kpi": {"column": "sales", "value_per_kpi": value},
                "channels": {name: {"spend": f"{name}_spend", "exposure": f"{name}_seen"} for name in exposure},
                "organic": {name: {"exposure": f"{name}_seen"} for name in organic or {}},
                "controls": list(controls or {}),
                "window": {"start": window_start},
            }
            | ({"geo": "geo"} if geos > 1 else {}),
            "model": BARE_MODEL | dict(model or {}),
            "fit": dict(fit or {}),
        }
    )
    tree = panel_from_frame(pd.DataFrame(columns), study)
    given = {"baseline_coefficient": baseline, "coefficient": coefficient, "sigma": sigma} | dict(posterior or {})
    if study.model.adstock == "geometric":
        given |= {"adstock_retention": retention}
    tree["posterior"] = xr.DataTree(_posterior(tree, given))
    sizes = tree["posterior"].sizes
    shape = (sizes["chain"], sizes["draw"])
    tree["sample_stats"] = xr.DataTree(
        xr.Dataset({"diverging": (("chain", "draw"), np.broadcast_to(np.asarray(diverging), shape))})
    )
    tree.attrs |= {"seed": 1, "study": json.dumps(study.canonical())}
    return tree


def _posterior(tree: xr.DataTree, given: Values) -> xr.Dataset:
    """Every value as `(chain, draw, ...)`, repeated over what it was given once for."""
    structure, _, blocks = model_of(tree)
    labels = [label for block in blocks for label in block.labels]
    lead: tuple[int, ...] = max((np.shape(value)[:2] for value in given.values() if np.ndim(value) > 2), default=(1, 1))
    if np.ndim(given["sigma"]) == 2:
        lead = np.shape(given["sigma"])
    variables = {}
    for name, value in given.items():
        dims: tuple[str, ...] = ()
        if name == "coefficient":
            dims = ("geo", "channel")
        elif name == "baseline_coefficient":
            dims = ("column",)
        elif name.startswith(("adstock_", "saturation_")):
            dims = ("channel",)
        sizes = {"geo": len(structure.geos), "channel": len(structure.channels), "column": len(labels)}
        shape = (*lead, *(sizes[dim] for dim in dims))
        variables[name] = (("chain", "draw", *dims), np.broadcast_to(np.asarray(value, dtype=float), shape))
    coords = {
        "chain": np.arange(lead[0]),
        "draw": np.arange(lead[1]),
        "channel": list(structure.channels),
        "geo": list(structure.geos),
        "column": labels,
    }
    return xr.Dataset(variables, coords=coords)


@pytest.fixture(scope="session")
def handmade() -> Callable[..., xr.DataTree]:
    """Makes a fit from exposure and parameters; every keyword of `_handmade` has a default."""
    return _handmade
