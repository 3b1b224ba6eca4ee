"""Experiments speak to the model in their own terms: these geos, these periods, this much money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.model.calibrate import from_dataset, predicted_lift, to_dataset, with_experiments
from mmm.model.fit import model_of, panel_of
from mmm.model.spec import exposure_scale
from mmm.study import InputError

Market = Callable[..., xr.DataTree]

LINEAR = {"adstock": "none", "saturation": "none", "max_lag": 0, "trend": {"kind": "none"},
          "seasonality": {"order": 0}}  # fmt: skip


def steady(frame: pd.DataFrame) -> None:
    frame["tv_spend"], frame["radio_spend"] = 10.0, 20.0


def lift_table(**values: Any) -> pd.DataFrame:
    """One test of tv in the second and third of the weeks, which added 8 to the spend."""
    test = {
        "experiment": "spring", "channel": ("tv",), "geos": (), "start": pd.Timestamp("2024-01-08"),
        "end": pd.Timestamp("2024-01-21"), "measured_until": pd.Timestamp("2024-01-28"), "spend_delta": 8.0,
        "lift": 30.0, "standard_error": 4.0, "randomised": True,
    }  # fmt: skip
    return pd.DataFrame([test | values])


def predicted(tree: xr.DataTree, table: pd.DataFrame, **parameters: Any) -> float:
    structure, arrays, _ = model_of(tree)
    structure, arrays = with_experiments(structure, arrays, table, panel_of(tree))
    assert arrays.lift is not None
    coefficient = jnp.full((len(structure.geos), 2), 0.3)
    return float(predicted_lift(structure, arrays, arrays.lift, {"coefficient": coefficient} | parameters)[0])


@pytest.fixture
def linear(market: Market) -> xr.DataTree:
    return market(periods=8, model=LINEAR, change=steady)


def test_a_linear_channel_is_predicted_to_bring_its_rate_times_the_money(linear: xr.DataTree) -> None:
    # An exposure of 10 is 1; it brings 0.3 of the mean KPI. 8 of money are 0.8 of that, wherever they were spent.
    size = float(linear["panel/kpi"].mean())
    assert predicted(linear, lift_table()) == pytest.approx(0.3 * size * 0.8)


def test_only_the_geos_of_the_test_count(market: Market) -> None:
    tree = market(periods=8, geos=2, model=LINEAR, change=steady)
    scale = exposure_scale(panel_of(tree))[0]
    size = tree["panel/kpi"].mean("time").values
    assert predicted(tree, lift_table(geos=("geo1",))) == pytest.approx(0.3 * size[1] * 8 / scale[1])


def test_what_lands_after_the_measurement_ended_is_not_asked_for(market: Market) -> None:
    tree = market(periods=8, model=LINEAR | {"adstock": "geometric", "max_lag": 1}, change=steady)
    half = {"adstock_retention": jnp.full(2, 1.0)}  # half at once, half a week later
    whole = predicted(tree, lift_table(), **half)
    cut = predicted(tree, lift_table(measured_until=pd.Timestamp("2024-01-21")), **half)
    assert cut / whole == pytest.approx(0.75)  # the second of two weeks loses its half


def test_a_test_of_a_channel_that_saturates_first_is_predicted_in_that_order(market: Market) -> None:
    model = LINEAR | {"adstock": "geometric", "saturation": "michaelis_menten", "max_lag": 1}
    tree = market(periods=8, model=model | {"per_channel": {"tv": {"order": "saturation_first"}}}, change=steady)
    found = predicted(tree, lift_table(), adstock_retention=jnp.full(2, 1.0), saturation_half_saturation=jnp.ones(2))
    # without the test, two weeks have 0.6 of the typical exposure in place of 1; all of it lands within three weeks
    each = 1 / 2 - 0.6 / 1.6
    assert found == pytest.approx(0.3 * float(tree["panel/kpi"].mean()) * 2 * each)


def test_a_channel_that_was_switched_off_is_compared_with_its_usual_price(market: Market) -> None:
    def dark(frame: pd.DataFrame) -> None:
        steady(frame)
        frame.loc[1:2, "tv_spend"] = 0.0

    tree = market(periods=8, model=LINEAR, change=dark)
    size = float(tree["panel/kpi"].mean())
    assert predicted(tree, lift_table(spend_delta=-20.0)) == pytest.approx(-0.3 * size * 2.0)


def test_a_test_cannot_have_added_more_than_was_spent(linear: xr.DataTree) -> None:
    with pytest.raises(InputError, match="spring: spend_delta 900 for tv is more than the 20"):
        predicted(linear, lift_table(spend_delta=900.0))


def test_a_log_link_takes_no_experiments(market: Market) -> None:
    with pytest.raises(InputError, match="link: identity only"):
        predicted(market(periods=8, model=LINEAR | {"link": "log"}, change=steady), lift_table())


def test_the_lift_table_is_read_as_it_was_stored() -> None:
    table = pd.concat([lift_table(), lift_table(experiment="autumn", channel=("tv", "radio"), geos=("geo0", "geo1"))])
    back = from_dataset(to_dataset(table.reset_index(drop=True)))
    assert back["channel"].tolist() == [("tv",), ("tv", "radio")]
    assert back["geos"].tolist() == [(), ("geo0", "geo1")]
    assert back["experiment"].tolist() == ["spring", "autumn"]
    assert back["lift"].tolist() == [30.0, 30.0]
    assert back["randomised"].tolist() == [True, True]
    np.testing.assert_array_equal(back["start"].to_numpy(), table["start"].to_numpy())
