"""ROI, mROI and half-life by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from mmm.insight import contrast, half_life, mroi, roi

Handmade = Callable[..., xr.DataTree]

PULSE = [[0.0, 10.0, 0.0, 0.0, 0.0, 0.0]]
STEADY = [[5.0, 5.0, 5.0, 5.0, 5.0, 5.0]]
CURVED = {"adstock": "none", "saturation": "michaelis_menten"}


def test_roi_is_the_value_of_the_contribution_over_the_spend(handmade: Handmade) -> None:
    # 35 KPI units at 3 EUR each, for 10 exposures at 2 EUR each.
    fit = handmade({"tv": PULSE}, [0.35], price=2.0, value=3.0)
    found = roi(fit)
    assert found.dims == ("chain", "draw", "channel")
    assert found.attrs["units"] == "money per money"
    assert found.item() == pytest.approx(35 * 3 / 20)


def test_a_linear_channel_returns_the_same_on_the_next_unit_as_on_all_of_them(handmade: Handmade) -> None:
    fit = handmade({"tv": PULSE, "radio": STEADY}, [0.35, 0.6], price=2.0)
    xr.testing.assert_allclose(mroi(fit), roi(fit))


def test_a_saturated_channel_returns_less_on_the_next_unit(handmade: Handmade) -> None:
    # x / (x + 1) at x = 1: a response of 1/2, and a slope of 1/4 in log exposure.
    fit = handmade({"tv": STEADY}, [0.4], model=CURVED, posterior={"saturation_half_saturation": 1.0})
    assert roi(fit).item() == pytest.approx(0.4 * 100 / 2 / 5)
    assert mroi(fit).item() == pytest.approx(0.4 * 100 / 4 / 5)


@pytest.mark.parametrize("link", ["identity", "log"])
def test_mroi_is_what_a_little_more_of_everything_brings(handmade: Handmade, link: str) -> None:
    fit = handmade(
        {"tv": PULSE, "radio": STEADY}, [0.4, 0.2], baseline=0.0, price=2.0,
        model={"saturation": "michaelis_menten", "link": link}, posterior={"saturation_half_saturation": 0.7},
    )  # fmt: skip
    step, exposure = 1e-5, fit["panel"]["exposure"]
    for channel, spend in (("tv", 20.0), ("radio", 60.0)):
        more, less = (exposure * (1 + sign * step * (exposure["channel"] == channel)) for sign in (1, -1))
        by_hand = contrast(fit, more, less).sum("time").item() / (2 * step * spend)
        assert mroi(fit).sel(channel=channel).item() == pytest.approx(by_hand, rel=1e-6)


def test_by_geo_each_geo_has_its_own_return(handmade: Handmade) -> None:
    fit = handmade({"tv": [STEADY[0], STEADY[0]]}, [[0.1], [0.3]], model={"adstock": "none"}, price=2.0)
    assert roi(fit, by_geo=True).values.ravel() == pytest.approx([1.0, 3.0])
    assert roi(fit).item() == pytest.approx(2.0)


def test_a_channel_that_was_never_paid_for_has_no_return(handmade: Handmade) -> None:
    fit = handmade({"tv": STEADY, "radio": [[0.0] * 6]}, [0.1, 0.1])
    assert np.isnan(roi(fit).sel(channel="radio").item())
    assert np.isnan(mroi(fit).sel(channel="radio").item())


def test_organic_media_has_no_return(handmade: Handmade) -> None:
    fit = handmade({"tv": STEADY}, [0.1, 0.2], organic={"mail": STEADY})
    assert list(roi(fit)["channel"].values) == ["tv"]
    assert list(mroi(fit, by_geo=True)["channel"].values) == ["tv"]
    assert list(half_life(fit)["channel"].values) == ["tv", "mail"]


def test_the_roi_of_mean_draws_is_not_the_mean_roi(handmade: Handmade) -> None:
    fit = handmade({"tv": STEADY}, np.array([[[[0.1]], [[0.3]]]]), model={"adstock": "none"})
    assert roi(fit).values.ravel() == pytest.approx([2.0, 6.0])


def test_a_half_life_by_hand(handmade: Handmade) -> None:
    # Weights 4, 2 and 1 sevenths: half of 7 is 3.5 of the first 4. Nearly no retention: half a period.
    fit = handmade({"tv": PULSE, "radio": STEADY}, [0.1, 0.1], retention=[0.5, 1e-9])
    found = half_life(fit)
    assert found.attrs["units"] == "periods"
    assert found.values.ravel() == pytest.approx([0.875, 0.5])


def test_channels_keep_their_own_carryover(handmade: Handmade) -> None:
    own = {"per_channel": {"tv": {"adstock": "none"}}}
    fit = handmade({"tv": PULSE, "radio": STEADY}, [0.1, 0.1], model=own, retention=[np.nan, 0.5])
    assert half_life(fit).values.ravel() == pytest.approx([0.5, 0.875])
