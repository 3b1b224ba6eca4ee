"""A response curve starts at nothing, passes through what was contributed, and knows a warm start from a cold one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.insight import contribution, response_curves

Handmade = Callable[..., xr.DataTree]

PULSE = [[0.0, 10.0, 0.0, 0.0, 0.0, 10.0]]
STEADY = [[5.0, 5.0, 5.0, 5.0, 5.0, 5.0]]


def horizon(exposure: list[float], value: float = 1.0, channel: str = "tv") -> xr.Dataset:
    """The reference of a plan for one channel in one geo, in the periods after the data."""
    weeks = pd.date_range("2024-02-12", periods=len(exposure), freq="W-MON")
    return xr.Dataset(
        {
            "exposure": (("geo", "time", "channel"), np.asarray(exposure)[None, :, None]),
            "value_per_kpi": (("geo", "time"), np.full((1, len(exposure)), value)),
        },
        coords={"geo": ["national"], "time": weeks, "channel": [channel]},
    )


@pytest.mark.parametrize("link", ["identity", "log"])
def test_at_one_a_curve_is_the_contribution_and_at_zero_nothing(handmade: Handmade, link: str) -> None:
    fit = handmade(
        {"tv": PULSE, "radio": STEADY}, [0.35, 0.2], baseline=0.0, value=3.0,
        model={"saturation": "michaelis_menten", "link": link}, posterior={"saturation_half_saturation": 0.8},
    )  # fmt: skip
    curves = response_curves(fit, (0.0, 1.0, 2.0))
    assert curves.dims == ("sample", "channel", "multiple")
    assert curves.attrs["units"] == "money"
    assert curves.sel(multiple=0.0).values == pytest.approx(0.0, abs=1e-9)
    expected = contribution(fit, as_value=True).sum("geo").values.ravel()
    assert curves.sel(multiple=1.0).values.ravel() == pytest.approx(expected)
    assert np.all(curves.diff("multiple") > 0)


def test_a_saturated_curve_by_hand(handmade: Handmade) -> None:
    fit = handmade(
        {"tv": STEADY}, [0.4], model={"adstock": "none", "saturation": "michaelis_menten"},
        posterior={"saturation_half_saturation": 1.0},
    )  # fmt: skip
    curves = response_curves(fit, (0.5, 1.0, 3.0), as_value=False)
    assert curves.attrs["units"] == "KPI units"
    assert curves.values.ravel() == pytest.approx([240 / 3, 240 / 2, 240 * 3 / 4])


@pytest.mark.parametrize(
    ("order", "response"),
    [
        ("saturation_first", 2 / 3),  # twice the typical exposure, whatever was before it
        ("adstock_first", (11 / 18 - 3 / 10) + (5 / 12 - 1 / 8) + 2 / 9),  # weights 4, 2, 1 sevenths spread the peak
    ],
)
def test_the_order_decides_what_a_peak_after_steady_exposure_brings(
    handmade: Handmade, order: str, response: float
) -> None:
    model = {"saturation": "michaelis_menten", "per_channel": {"tv": {"order": order}}}
    fit = handmade({"tv": STEADY}, [0.4], model=model, posterior={"saturation_half_saturation": 1.0})
    found = float(response_curves(fit, (1.0,), horizon=horizon([10.0])).squeeze())
    assert found == pytest.approx(0.4 * 100 * response)


def test_geos_add_up(handmade: Handmade) -> None:
    fit = handmade({"tv": [STEADY[0], PULSE[0]]}, [[0.1], [0.3]])
    xr.testing.assert_allclose(response_curves(fit, by_geo=True).sum("geo"), response_curves(fit))


def test_organic_media_has_no_curve(handmade: Handmade) -> None:
    fit = handmade({"tv": STEADY}, [0.1, 0.2], organic={"mail": STEADY})
    assert list(response_curves(fit)["channel"].values) == ["tv"]


def test_what_was_spent_before_the_window_is_not_scaled(handmade: Handmade) -> None:
    # The window starts in the third period; only the last pulse is inside it, and 4/7 of that arrive in time.
    fit = handmade({"tv": PULSE}, [0.35], window_start="2024-01-15")
    assert response_curves(fit, (0.0, 1.0, 2.0)).values.ravel() == pytest.approx([0.0, 20.0, 40.0])


def test_carryover_after_the_horizon_counts_and_that_of_the_history_does_not(handmade: Handmade) -> None:
    # The history ends with a pulse that still works; the horizon's own pulse, in its last period, lands 4/7 inside it
    # and 3/7 after. A linear channel brings its 35 for each pulse, wherever it lands.
    fit = handmade({"tv": PULSE}, [0.35])
    curves = response_curves(fit, (0.0, 1.0, 2.0), horizon=horizon([0.0, 10.0]))
    assert curves.values.ravel() == pytest.approx([0.0, 35.0, 70.0])


def test_a_warm_start_leaves_less_room_to_a_saturating_channel(handmade: Handmade) -> None:
    curved = {"saturation": "michaelis_menten"}
    half = {"saturation_half_saturation": 1.0}
    warm = handmade({"tv": [[0.0, 10.0, 0.0, 0.0, 0.0, 10.0]]}, [0.35], model=curved, posterior=half)
    cold = handmade({"tv": [[10.0, 10.0, 0.0, 0.0, 0.0, 0.0]]}, [0.35], model=curved, posterior=half)
    found = {
        name: response_curves(fit, (0.0, 1.0), horizon=horizon([10.0])).values.ravel()
        for name, fit in {"warm": warm, "cold": cold}.items()
    }
    carried = np.array([4.0, 2.0, 1.0]) / 7  # of the horizon's pulse; of the pulse before it 2 and 1 sevenths are left
    left = np.array([2.0, 1.0, 0.0]) / 7
    assert found["cold"] == pytest.approx([0.0, 35 * (carried / (carried + 1)).sum()])
    both = carried + left
    assert found["warm"] == pytest.approx([0.0, 35 * (both / (both + 1) - left / (left + 1)).sum()])
    assert found["warm"][1] < found["cold"][1]


def test_a_horizon_has_its_own_value_of_a_kpi_unit(handmade: Handmade) -> None:
    fit = handmade({"tv": PULSE}, [0.35], value=2.0)
    assert response_curves(fit, (1.0,), horizon=horizon([10.0], value=5.0)).item() == pytest.approx(5 * 35.0)
    assert response_curves(fit, (1.0,), horizon=horizon([10.0], value=5.0), as_value=False).item() == pytest.approx(35)


def test_a_curve_is_drawn_from_evenly_spaced_draws(handmade: Handmade) -> None:
    draws = np.linspace(0.0, 0.1, 11)[None, :, None, None]
    fit = handmade({"tv": STEADY}, draws, model={"adstock": "none"})
    curves = response_curves(fit, (1.0,), samples=3)
    assert curves.values.ravel() == pytest.approx([0.0, 30.0, 60.0])
