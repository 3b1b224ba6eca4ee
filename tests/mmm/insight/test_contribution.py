"""Contribution and decomposition against sums that fit on paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from mmm.insight import adstocked_exposure, contrast, contribution, decompose
from mmm.insight.predictive import predictive

Handmade = Callable[..., xr.DataTree]

PULSE = [[0.0, 10.0, 0.0, 0.0, 0.0, 10.0]]
STEADY = [[5.0, 5.0, 5.0, 5.0, 5.0, 5.0]]
TIMES = [[1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]


def without(fit: xr.DataTree, channel: str) -> xr.DataArray:
    exposure = fit["panel"]["exposure"]
    return exposure.where(exposure["channel"] != channel, 0.0)


def test_a_contribution_by_hand(handmade: Handmade) -> None:
    # Typical exposure 10, so each pulse is 1; KPI averages 100, so a coefficient of 0.35 brings 35 a pulse. The first
    # pulse arrives wholly (4 + 2 + 1 sevenths), of the second, in the last period, only 4/7.
    fit = handmade({"tv": PULSE, "radio": STEADY}, [0.35, 0.0])
    found = contribution(fit)
    assert found.dims == ("chain", "draw", "geo", "channel")
    assert found.attrs["units"] == "KPI units"
    assert found.sel(channel="tv").item() == pytest.approx(35.0 + 20.0)
    assert found.sel(channel="radio").item() == 0.0


def test_a_contrast_by_hand_period_by_period(handmade: Handmade) -> None:
    fit = handmade({"tv": PULSE}, [0.35])
    found = contrast(fit, None, without(fit, "tv"))
    assert found.dims == ("chain", "draw", "geo", "time")
    assert found.values.ravel() == pytest.approx([0.0, 20.0, 10.0, 5.0, 0.0, 20.0])


def test_a_contrast_takes_its_dimensions_in_any_order(handmade: Handmade) -> None:
    fit = handmade({"tv": PULSE, "radio": STEADY}, [0.35, 0.1])
    exposure = without(fit, "tv")
    turned = exposure.transpose("channel", "time", "geo")
    xr.testing.assert_equal(contrast(fit, None, exposure), contrast(fit, None, turned))


@pytest.mark.parametrize("link", ["identity", "log"])
def test_a_contribution_is_the_contrast_against_none_of_it(handmade: Handmade, link: str) -> None:
    fit = handmade(
        {"tv": PULSE, "radio": STEADY}, [0.35, 0.2], baseline=0.0,
        model={"link": link, "saturation": "michaelis_menten"}, posterior={"saturation_half_saturation": 1.5},
    )  # fmt: skip
    found = contribution(fit)
    for channel in ("tv", "radio"):
        expected = contrast(fit, None, without(fit, channel)).sum("time")
        xr.testing.assert_allclose(found.sel(channel=channel, drop=True), expected)


def test_value_counts_each_period_at_its_own_price(handmade: Handmade) -> None:
    fit = handmade({"tv": PULSE}, [0.35], value=3.0)
    assert contribution(fit, as_value=True).item() == pytest.approx(3 * 55.0)


def test_a_row_before_the_window_works_on_inside_it_and_is_not_counted_itself(handmade: Handmade) -> None:
    # The window starts in the third period: of the first pulse 2/7 and 1/7 land inside, of the last one 4/7.
    fit = handmade({"tv": PULSE}, [0.35], window_start="2024-01-15")
    assert contribution(fit).item() == pytest.approx(10.0 + 5.0 + 20.0)


def test_the_response_is_exposure_before_the_coefficient(handmade: Handmade) -> None:
    fit = handmade({"tv": PULSE, "radio": STEADY}, [0.35, 0.0])
    found = adstocked_exposure(fit, samples=1)
    assert found.dims == ("sample", "geo", "time", "channel")
    assert found.sel(channel="tv").values.ravel() * 7 == pytest.approx([0.0, 4.0, 2.0, 1.0, 0.0, 4.0])


@pytest.mark.parametrize("link", ["identity", "log"])
def test_a_decomposition_adds_up_to_expected_kpi(handmade: Handmade, link: str) -> None:
    fit = handmade(
        {"tv": [PULSE[0], PULSE[0]], "radio": TIMES}, [[0.35, 0.2], [0.1, 0.3]],
        model={"link": link, "seasonality": {"order": 1}, "saturation": "michaelis_menten"},
        controls={"price": [1.0, 2.0, 1.0, 4.0, 2.0, 3.0]}, kpi=[[80.0], [320.0]],
        baseline=np.array([0.1, -0.2, 0.05, -0.1, 0.07]), posterior={"saturation_half_saturation": 1.5},
    )  # fmt: skip
    parts, (expected, _) = decompose(fit), predictive(fit)
    interaction = ["interaction"] if link == "log" else []
    assert list(parts["component"].values) == ["tv", "radio", "baseline", "seasonality", "controls", *interaction]
    np.testing.assert_allclose(parts["mean"].sum("component"), expected.isel(sample=0), rtol=1e-5)
    total = decompose(fit, total=True)
    np.testing.assert_allclose(
        total["mean"].sum("component").sel(geo="all"), expected.isel(sample=0).sum("geo"), rtol=1e-5
    )


def test_channels_that_do_not_multiply_each_other_have_no_interaction(handmade: Handmade) -> None:
    fit = handmade({"tv": PULSE, "radio": STEADY}, [0.35, 0.0], baseline=0.0, model={"link": "log"})
    assert decompose(fit)["mean"].sel(component="interaction").values == pytest.approx(0.0, abs=1e-3)


def test_the_band_of_a_decomposition_is_the_quantiles_of_its_draws(handmade: Handmade) -> None:
    draws = np.linspace(0.0, 1.0, 101)[None, :, None, None]
    fit = handmade({"tv": STEADY}, draws, model={"adstock": "none"})
    band = decompose(fit).sel(component="tv").isel(geo=0, time=0)
    assert [float(band[name]) for name in ("p05", "mean", "p95")] == pytest.approx([5.0, 50.0, 95.0], rel=1e-5)


def test_predictive_draws_scatter_by_sigma_times_the_size_of_the_geo(handmade: Handmade) -> None:
    draws = np.zeros((1, 400, 2, 1))
    fit = handmade({"tv": TIMES}, draws, kpi=[[100.0], [1000.0]], sigma=0.1, model={"adstock": "none"})
    expected, predicted = predictive(fit)
    spread = (predicted - expected).std(["sample", "time"])
    assert spread.values == pytest.approx([10.0, 100.0], rel=0.06)  # 2,400 draws: one standard error is 1.4 %
    assert float((predicted - expected).mean()) == pytest.approx(0.0, abs=6.0)


def test_the_same_fit_predicts_the_same(handmade: Handmade) -> None:
    fit = handmade({"tv": STEADY}, [0.1])
    xr.testing.assert_identical(predictive(fit)[1], predictive(fit)[1])
