"""Experiments beside the model: the same cells, the same contrast, and what a distance means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mmm.insight
from causal.experiment import Comparison, agreement_with_experiments, amount, compare

DAYS = pd.date_range("2025-01-06", periods=6, freq="W-MON")


def _fit() -> xr.DataTree:
    coords = {"geo": ["north", "south"], "time": DAYS, "channel": ["tv", "radio"]}
    spend = xr.DataArray(np.full((2, 6, 2), 10.0), coords, ("geo", "time", "channel"))
    return xr.DataTree.from_dict({"panel": xr.Dataset({"spend": spend, "exposure": 100 * spend})})


def _lift(**changes: object) -> pd.DataFrame:
    row = {
        "experiment": "spring",
        "channel": ("tv",),
        "geos": ("north",),
        "start": DAYS[1],
        "end": DAYS[2],
        "measured_until": DAYS[3],
        "spend_delta": 5.0,
        "lift": 600.0,
        "standard_error": 50.0,
        "randomised": True,
    }
    return pd.DataFrame([row | changes])


@pytest.fixture
def linear_market(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model in which each exposure sells one unit in its own week."""

    def contrast(fit: xr.DataTree, factual: None, without: xr.DataArray, samples: int) -> xr.DataArray:
        difference = (fit["panel"]["exposure"] - without).sum("channel")
        return difference.expand_dims(sample=samples)

    monkeypatch.setattr(mmm.insight, "contrast", contrast)


@pytest.mark.usefixtures("linear_market")
def test_the_model_answers_for_the_treated_cells_only() -> None:
    """20 of spend in two weeks of the north, 5 of them the experiment's: a quarter of 2,000 impressions."""
    found = compare(_fit(), _lift())["tv"][0]
    assert found.predicted == pytest.approx(500.0)
    assert found.distance == pytest.approx(2.0)


@pytest.mark.usefixtures("linear_market")
def test_a_holdback_predicts_a_loss() -> None:
    found = compare(_fit(), _lift(spend_delta=-20.0, geos=("all",)))["tv"][0]
    assert found.predicted == pytest.approx(-2000.0)


@pytest.mark.usefixtures("linear_market")
def test_what_says_nothing_about_one_channel_is_left_out() -> None:
    assert compare(_fit(), _lift(channel=("tv", "radio"))) == {}
    dark = _fit()
    dark["panel"]["spend"][...] = 0.0
    assert compare(dark, _lift()) == {}


def _comparison(lift: float) -> Comparison:
    return Comparison("spring", True, lift, 30.0, 500.0, 40.0)


def test_a_measurement_within_its_error_agrees() -> None:
    result = agreement_with_experiments([_comparison(550.0)])
    assert (result.gate, result.result) == ("experiment", "pass")
    assert result.statistic == pytest.approx(0.3173, abs=1e-4)  # one standard error


def test_a_measurement_far_away_contradicts_and_is_named() -> None:
    result = agreement_with_experiments([_comparison(510.0), _comparison(200.0)])
    assert result.result == "fail"
    assert "measured a lift of 200 (standard error 30)" in result.note


def test_amounts_are_written_without_powers_of_ten() -> None:
    assert [amount(value) for value in (1_512_345.0, -250.4, 0.01234)] == ["1,510,000", "-250", "0.0123"]
