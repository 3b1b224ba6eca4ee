"""Experiments speak to the model in their own terms: these geos, these periods, this much money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpyro.infer.util import log_density

from mmm.model.calibrate import from_dataset, predicted_lift, to_dataset, with_experiments
from mmm.model.fit import model_of, panel_of
from mmm.model.likelihood import mix_model, prior_centre
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


def predicted(tree: xr.DataTree, table: pd.DataFrame, linear: jax.Array | None = None, **parameters: Any) -> float:
    structure, arrays, _ = model_of(tree)
    structure, arrays = with_experiments(structure, arrays, table, panel_of(tree))
    assert arrays.lift is not None
    coefficient = jnp.full((len(structure.geos), 2), 0.3)
    return float(predicted_lift(structure, arrays, arrays.lift, {"coefficient": coefficient} | parameters, linear)[0])


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


def test_money_buys_reach_at_the_frequency_that_was(market: Market) -> None:
    def steady_video(frame: pd.DataFrame) -> None:
        steady(frame)
        frame["reach"], frame["frequency"] = 100.0, [1.0, 2.0, 4.0, 1.0, 2.0, 2.0, 2.0, 2.0]

    video = {"spend": "radio_spend", "reach": "reach", "frequency": "frequency"}
    tree = market(periods=8, model=LINEAR | {"saturation": "michaelis_menten"},
                  data={"channels": {"tv": {"spend": "tv_spend"}, "video": video}}, change=steady_video)  # fmt: skip
    found = predicted(tree, lift_table(channel=("video",)), saturation_half_saturation=jnp.ones(2))
    # 8 of the 40 of two weeks are a fifth of their reach, 100 of the usual 100; frequencies 2 and 4 of the usual 2
    response = 0.2 * (1 / 2 + 2 / 3)
    assert found == pytest.approx(0.3 * float(tree["panel/kpi"].mean()) * response)


def test_with_a_log_link_a_test_adds_to_what_sold_there_anyway(market: Market) -> None:
    tree = market(periods=8, model=LINEAR | {"link": "log"}, change=steady)
    linear = jnp.linspace(-0.5, 0.5, 8)[:, None]
    expected = float(tree["panel/kpi"].mean()) * np.exp(np.asarray(linear))
    # each of two weeks has 0.6 of its exposure without the test
    assert predicted(tree, lift_table(), linear) == pytest.approx(float((expected * (1 - np.exp(-0.12)))[1:3].sum()))


def test_two_channels_of_one_test_multiply_with_a_log_link(market: Market) -> None:
    tree = market(periods=8, model=LINEAR | {"link": "log"}, change=steady)
    found = predicted(tree, lift_table(channel=("tv", "radio"), spend_delta=16.0), jnp.zeros((8, 1)))
    # 8 of money each: 0.4 of tv's exposure and 0.2 of radio's
    assert found == pytest.approx(float(tree["panel/kpi"].mean()) * 2 * (1 - np.exp(-0.12 - 0.06)))


@pytest.mark.parametrize("model", [{"link": "log"}, {"link": "log", "likelihood": "negative_binomial"}])
def test_an_experiment_is_in_the_density_of_a_model_with_a_log_link(market: Market, model: dict[str, Any]) -> None:
    tree = market(periods=8, model=LINEAR | model, change=steady)
    structure, arrays, _ = model_of(tree)
    start = prior_centre(structure, arrays)
    without = log_density(mix_model, (structure, arrays), {}, start)[0]
    structure, arrays = with_experiments(structure, arrays, lift_table(lift=1.0), panel_of(tree))
    near, _ = log_density(mix_model, (structure, arrays), {}, start)
    structure, arrays = with_experiments(structure, arrays, lift_table(lift=500.0), panel_of(tree))
    far, _ = log_density(mix_model, (structure, arrays), {}, start)
    assert far < near < without


def test_the_lift_table_is_read_as_it_was_stored() -> None:
    table = pd.concat([lift_table(), lift_table(experiment="autumn", channel=("tv", "radio"), geos=("geo0", "geo1"))])
    back = from_dataset(to_dataset(table.reset_index(drop=True)))
    assert back["channel"].tolist() == [("tv",), ("tv", "radio")]
    assert back["geos"].tolist() == [(), ("geo0", "geo1")]
    assert back["experiment"].tolist() == ["spring", "autumn"]
    assert back["lift"].tolist() == [30.0, 30.0]
    assert back["randomised"].tolist() == [True, True]
    np.testing.assert_array_equal(back["start"].to_numpy(), table["start"].to_numpy())
