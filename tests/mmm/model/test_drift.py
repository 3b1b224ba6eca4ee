"""Effectiveness that drifts multiplies the response and nothing else, and everything downstream follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.insight.contrast import effectiveness as effectiveness_of
from mmm.insight.curves import response_curves
from mmm.model.core import effectiveness, response
from mmm.model.drift import drifts
from mmm.model.fit import fit, model_of
from mmm.model.likelihood import coefficient_of, component_parameters

Market = Callable[..., xr.DataTree]

PLAIN = {"adstock": "none", "saturation": "none", "max_lag": 0, "trend": {"kind": "none"}, "seasonality": {"order": 0}}
VARYING = PLAIN | {"per_channel": {"radio": {"varying": True}}}


def drawn(tree: xr.DataTree) -> tuple[Any, Any, dict[str, jax.Array]]:
    """A market whose radio drifts by known draws."""
    structure, arrays, _ = model_of(tree)
    ((name, waves, _),) = structure.drift
    draw = {
        f"scale_{name}": jnp.asarray(0.3), f"lengthscale_{name}": jnp.asarray(0.7),
        "drift_offset": jnp.asarray(np.random.default_rng(1).standard_normal((1, waves))),
        "log_share": jnp.log(jnp.asarray([0.15, 0.05])),
    }  # fmt: skip
    return structure, arrays, draw


def test_log_effectiveness_averages_nothing_inside_the_window() -> None:
    inside = np.arange(104) >= 20
    waves, (shape,) = drifts(inside, (1,), 52.0)
    assert shape[:2] == ("drift_1", round(83 / 52 * 4))
    assert waves[inside].mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-12)


def test_only_the_channel_that_varies_is_multiplied(market: Market) -> None:
    tree = market(model=VARYING)
    structure, arrays, draw = drawn(tree)
    plain = model_of(market(model=PLAIN))
    parameters = component_parameters(structure, draw)
    multiple = np.asarray(effectiveness(arrays, parameters))
    assert multiple[0] == pytest.approx(np.ones(60))
    assert np.log(multiple[1]).mean() == pytest.approx(0.0, abs=1e-12)
    assert multiple[1].max() > 1.05
    expected = np.asarray(response(plain.structure, plain.arrays, {})) * multiple[..., None]
    np.testing.assert_allclose(response(structure, arrays, parameters), expected)


def test_a_share_is_what_the_channel_brings_drift_and_all(market: Market) -> None:
    structure, arrays, draw = drawn(market(model=VARYING))
    shapes = response(structure, arrays, component_parameters(structure, draw))
    brought = jnp.einsum("gc,ctg->c", coefficient_of(structure, arrays, draw), shapes) / arrays.kpi.sum()
    assert np.asarray(brought) == pytest.approx([0.15, 0.05])


def with_posterior(tree: xr.DataTree, drift: np.ndarray) -> xr.DataTree:
    """A fit of one draw, with coefficient 1 everywhere."""
    one = ("chain", "draw")
    values = {"coefficient": ((*one, "geo", "channel"), np.ones((1, 1, 1, 2))),
              "baseline_coefficient": ((*one, "column"), np.ones((1, 1, 1))),
              "drift": ((*one, "channel", "wave"), drift[None, None])}  # fmt: skip
    tree["posterior"] = xr.DataTree(xr.Dataset(values, {"chain": [0], "draw": [0]}))
    return tree


def test_after_the_data_a_channel_is_as_effective_as_it_was_last(market: Market) -> None:
    tree = market(model=VARYING)
    structure, arrays, draw = drawn(tree)
    fitted = with_posterior(tree, np.asarray(component_parameters(structure, draw)["drift"]))
    multiple = effectiveness_of(fitted).squeeze().sel(channel="radio").to_numpy()
    panel = tree["panel"].to_dataset()
    horizon = panel[["exposure", "value_per_kpi"]].isel(time=slice(0, 3)).copy(deep=True)
    horizon["exposure"][:] = np.asarray(arrays.size)[0]  # a multiple of size, so that scales cancel below
    tv, radio = response_curves(fitted, (1.0,), horizon=horizon).squeeze().to_numpy()
    scale = panel["exposure"].where(panel["exposure"] > 0).mean(["geo", "time"]).to_numpy()
    assert radio / tv == pytest.approx(multiple[-1] * scale[0] / scale[1])


def test_a_study_that_lets_nothing_vary_has_no_drift(market: Market) -> None:
    structure, arrays, _ = model_of(market(model=PLAIN))
    assert (structure.varying, structure.drift, arrays.waves) == ((), (), None)
    fitted = with_posterior(market(model=PLAIN), np.zeros((2, 1)))
    assert (effectiveness_of(fitted) == 1.0).all()


@pytest.mark.slow
def test_a_channel_that_doubles_its_effect_is_seen_doing_so_and_a_steady_one_stays(market: Market) -> None:
    def doubled(frame: pd.DataFrame) -> None:
        relative = frame["tv_spend"] / frame["tv_spend"].mean()
        frame["sales"] += 15.0 * relative * (np.linspace(-0.33, 0.33, len(frame)))  # 10 to 20 in place of 15

    model = PLAIN | {"per_channel": {"tv": {"varying": True}, "radio": {"varying": True}}}
    tree = market(periods=156, noise=0.02, change=doubled, model=model, fit={"chains": 2, "draws": 500})
    found = fit(tree)
    multiple = effectiveness_of(found).sel(channel=["tv", "radio"])
    tv = (multiple.sel(channel="tv")[..., -26:].mean("time") / multiple.sel(channel="tv")[..., :26].mean("time")).values
    assert np.quantile(tv, 0.005) < 1.277 / 0.723 < np.quantile(tv, 0.995)  # means of half a year at each end
    assert np.quantile(tv, 0.005) > 1.2
    radio = multiple.sel(channel="radio").median(["chain", "draw"])
    assert float(abs(radio - 1.0).max()) < 0.25
    assert float(found["sample_stats/diverging"].mean()) < 0.02
