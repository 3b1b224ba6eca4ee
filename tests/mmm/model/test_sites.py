"""What the model is made of can be read off: families, parameters, who depends on whom, and which cells count."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr

from mmm.model.fit import Model, model_of
from mmm.model.sites import Site, parameters_given, read_sites

Market = Callable[..., xr.DataTree]

TINY = {"adstock": "geometric", "saturation": "none", "max_lag": 1, "trend": {"kind": "none"},
        "seasonality": {"order": 1}}  # fmt: skip


@pytest.fixture(scope="module")
def model(market: Market) -> Model:
    """Two geos and eight weeks, of which the first only feeds carryover; one KPI is missing."""
    panel = market(periods=8, geos=2, model=TINY, data={"window": {"start": "2024-01-08"}})
    dataset = panel["panel"].to_dataset()
    dataset["kpi"][0, 5] = np.nan
    panel["panel"] = xr.DataTree(dataset)
    return model_of(panel)


@pytest.fixture(scope="module")
def sites(model: Model) -> dict[str, Site]:
    return read_sites(model)


def test_a_components_prior_is_read_as_it_was_written(sites: dict[str, Site]) -> None:
    retention = sites["adstock_retention_0"]
    assert isinstance(retention.prior, dist.Beta)
    assert {name: float(value) for name, value in retention.parameters.items()} == {"alpha": 2.0, "beta": 2.0}
    assert (retention.shape, retention.parents) == ((2,), ())


def test_variables_come_after_those_they_depend_on(sites: dict[str, Site]) -> None:
    assert sites["log_share"].parents == ("roi_spread",)
    assert sites["geo_contrast"].parents == ("geo_spread",)
    order = list(sites)
    assert all(order.index(parent) < order.index(name) for name, site in sites.items() for parent in site.parents)


def test_only_cells_whose_kpi_counts_are_data(model: Model, sites: dict[str, Site]) -> None:
    kpi = sites["kpi"]
    time, geo = kpi.rows
    assert len(time) == 7 * 2 - 1
    assert (5, 0) not in set(zip(time.tolist(), geo.tolist(), strict=True))
    np.testing.assert_array_equal(kpi.observed, np.asarray(model.arrays.kpi)[kpi.rows])


def test_what_depends_on_others_follows_them(model: Model, sites: dict[str, Site]) -> None:
    """Offsets are a quarter centred: their scale is the spread to that power."""
    follow = jax.jit(parameters_given(model, "geo_contrast", sites["geo_contrast"]))
    scale = follow({"geo_spread": jnp.array([0.0625, 0.5])})
    np.testing.assert_allclose(scale["sigma"].squeeze(), [0.5, 0.5**0.25])


def test_without_the_baseline_the_likelihood_only_adds_to_the_density(model: Model) -> None:
    collapsed = read_sites(model, collapse=True)
    assert collapsed["kpi"].is_factor
    assert "baseline_offset" not in collapsed
