"""The mean function by hand: carryover, saturation, reach and frequency, and channels back in their order."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.model.core import (
    expected,
    own_units,
    response,
    response_and_slope,
    response_to_multiples,
    typical_effect,
)
from mmm.model.fit import Model, model_of

Market = Callable[..., xr.DataTree]

PLAIN = {"adstock": "geometric", "saturation": "michaelis_menten", "max_lag": 1,
         "trend": {"kind": "none"}, "seasonality": {"order": 0}}  # fmt: skip


def four_weeks(frame: pd.DataFrame) -> None:
    frame["sales"] = [50.0, 150.0, 100.0, 100.0]
    frame["tv_spend"] = [10.0, 0.0, 0.0, 30.0]  # typically 20
    frame["radio_spend"] = [4.0, 4.0, 4.0, 4.0]
    frame["reach"] = [100.0, 0.0, 300.0, 200.0]  # typically 200
    frame["frequency"] = [2.0, 0.0, 4.0, 3.0]  # typically 3, of the periods with reach


def both(**values: float) -> dict[str, jnp.ndarray]:
    return {name: jnp.full(2, value) for name, value in values.items()}


def test_a_response_is_carried_over_and_then_saturated(market: Market) -> None:
    structure, arrays, _ = model_of(market(periods=4, model=PLAIN, change=four_weeks))
    found = response(structure, arrays, both(adstock_retention=1 / 3, saturation_half_saturation=2.0))
    carried = np.array([0.5 * 0.75, 0.5 * 0.25, 0.0, 1.5 * 0.75])
    assert found.shape == (2, 4, 1)
    assert np.asarray(found)[0, :, 0] == pytest.approx(carried / (carried + 2))
    assert np.asarray(found)[1, :, 0] == pytest.approx([0.75 / 2.75, 1 / 3, 1 / 3, 1 / 3])


def test_a_channel_may_saturate_before_it_is_carried_over(market: Market) -> None:
    first = PLAIN | {"per_channel": {"tv": {"order": "saturation_first"}}}
    structure, arrays, _ = model_of(market(periods=4, model=first, change=four_weeks))
    assert [(group.channels, group.saturation_first) for group in structure.groups] == [((0,), True), ((1,), False)]
    found = response(structure, arrays, both(adstock_retention=1 / 3, saturation_half_saturation=2.0))
    saturated = np.array([0.5 / 2.5, 0.0, 0.0, 1.5 / 3.5])
    assert np.asarray(found)[0, :, 0] == pytest.approx(0.75 * saturated + 0.25 * np.r_[0.0, saturated[:-1]])
    assert np.asarray(found)[1, :, 0] == pytest.approx([0.75 / 2.75, 1 / 3, 1 / 3, 1 / 3])


def test_reach_is_carried_over_after_its_frequency_has_saturated(market: Market) -> None:
    video = {"spend": "radio_spend", "reach": "reach", "frequency": "frequency"}
    columns = {"channels": {"video": video, "tv": {"spend": "tv_spend"}}}
    structure, arrays, _ = model_of(market(periods=4, model=PLAIN, change=four_weeks, data=columns))
    found = response(structure, arrays, both(adstock_retention=1 / 3, saturation_half_saturation=1.0))
    frequency = np.array([2.0, 0.0, 4.0, 3.0]) / 3
    effective = np.array([0.5, 0.0, 1.5, 1.0]) * frequency / (frequency + 1)
    carried = 0.75 * effective + 0.25 * np.r_[0.0, effective[:-1]]
    assert np.asarray(found)[0, :, 0] == pytest.approx(carried)
    assert float(found[1, 1, 0]) == pytest.approx(0.125 / 1.125)


def test_channels_of_several_groups_come_back_in_their_order(market: Market) -> None:
    own = {"per_channel": {"tv": {"adstock": "none", "saturation": "none"}}}
    columns = {"organic": {"mail": {"exposure": "mails"}}}
    model = model_of(market(periods=4, model=PLAIN | own, change=four_weeks, data=columns))
    assert [group.channels for group in model.structure.groups] == [(0,), (1, 2)]
    parameters = {
        "adstock_retention": jnp.array([jnp.nan, 1 / 3, 1 / 3]),
        "saturation_half_saturation": jnp.array([jnp.nan, 2.0, 2.0]),
    }
    found = np.asarray(response(model.structure, model.arrays, parameters))
    assert found[0, :, 0] == pytest.approx([0.5, 0.0, 0.0, 1.5])
    assert found[1, 1, 0] == pytest.approx(1 / 3)
    assert np.all(np.isfinite(found))


@pytest.mark.parametrize(
    "own",
    [{}, {"per_channel": {"tv": {"order": "saturation_first"}}}, {"saturation": "none"}, {"adstock": "none"}],
)
def test_a_multiple_of_exposure_responds_as_if_it_had_been_there(market: Market, own: dict[str, object]) -> None:
    video = {"spend": "radio_spend", "reach": "reach", "frequency": "frequency"}
    columns = {"channels": {"video": video, "tv": {"spend": "tv_spend"}}}
    structure, arrays, _ = model_of(market(periods=4, model=PLAIN | own, change=four_weeks, data=columns))
    parameters = both(adstock_retention=1 / 3, saturation_half_saturation=0.7)
    scaled = arrays.lagged_exposure * jnp.array([1.0, 0.0, 1.0, 1.0])[:, None]
    fixed = arrays._replace(lagged_exposure=arrays.lagged_exposure - scaled)
    to_multiples = response_to_multiples(structure, fixed, scaled, parameters)
    for multiple in (0.0, 0.4, 1.0, 3.0):
        there = fixed._replace(lagged_exposure=fixed.lagged_exposure + multiple * scaled)
        wanted = response(structure, there, parameters)
        np.testing.assert_allclose(to_multiples(jnp.asarray(multiple)), wanted, rtol=1e-12, atol=1e-15)


def test_a_slope_is_what_a_little_more_of_all_exposure_brings(market: Market) -> None:
    structure, arrays, _ = model_of(market(periods=4, model=PLAIN, change=four_weeks))
    parameters = both(adstock_retention=1 / 3, saturation_half_saturation=2.0)
    own, slope = response_and_slope(structure, arrays, parameters)
    np.testing.assert_array_equal(own, response(structure, arrays, parameters))
    more, less = (
        response(structure, arrays._replace(lagged_exposure=arrays.lagged_exposure * multiple), parameters)
        for multiple in (1 + 1e-6, 1 - 1e-6)
    )
    np.testing.assert_allclose(slope, (more - less) / 2e-6, rtol=1e-8, atol=1e-9)


@pytest.fixture
def linear(market: Market) -> Model:
    straight = PLAIN | {"adstock": "none", "saturation": "none"}
    return model_of(market(periods=4, model=straight, change=four_weeks))


def test_a_typical_effect_is_the_share_of_kpi_of_a_coefficient_of_one(linear: Model) -> None:
    found = typical_effect(linear.arrays, response(linear.structure, linear.arrays, {}))
    assert np.asarray(found) == pytest.approx([2.0 / 4, 4.0 / 4])


def test_expected_kpi_is_baseline_plus_media_or_its_exponential(market: Market, linear: Model) -> None:
    parameters = {"coefficient": jnp.array([[0.2, 0.1]]), "baseline_coefficient": jnp.array([0.7])}
    sums = np.array([0.7 + 0.1 + 0.1, 0.8, 0.8, 0.7 + 0.3 + 0.1])
    assert np.asarray(expected(linear.structure, linear.arrays, parameters))[:, 0] == pytest.approx(sums)
    logged = model_of(
        market(periods=4, model=PLAIN | {"adstock": "none", "saturation": "none", "link": "log"}, change=four_weeks)
    )
    assert np.asarray(expected(logged.structure, logged.arrays, parameters))[:, 0] == pytest.approx(np.exp(sums))


def test_by_habit_each_geo_saturates_at_a_multiple_of_what_it_is_used_to(market: Market) -> None:
    structure, arrays, _ = model_of(market(periods=4, geos=2, model=PLAIN, change=lambda frame: None))
    arrays = arrays._replace(usual=jnp.log(jnp.array([[0.5, 2.0], [1.0, 1.0]])))
    parameters = both(adstock_retention=0.0, saturation_half_saturation=1.0)
    for habit in (0.0, 0.5, 1.0):
        found = np.asarray(response(structure, arrays, parameters | {"habit": jnp.asarray(habit)}))
        own = np.asarray(arrays.lagged_exposure[:, 0]) / np.array([[0.5**habit, 2.0**habit], [1.0, 1.0]])[:, None]
        np.testing.assert_allclose(found, own / (own + 1.0), rtol=1e-6)
    np.testing.assert_array_equal(own_units(arrays, parameters), np.ones((2, 2)))
