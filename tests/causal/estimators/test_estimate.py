"""An estimate in KPI units, as a share, per unit of money, and as a row that the mix model reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from causal.estimators import iroas, synthetic_control, to_lift_rows
from causal.estimators.estimate import Estimate, student
from mmm.data.lift import read_lift
from mmm.errors import InputError
from tests.causal.estimators.markets import TREATED, market


@pytest.fixture(scope="module")
def found() -> Estimate:
    wide = market(effect=6.0)
    return synthetic_control.estimate(wide, TREATED, wide.index[56], wide.index[58], wide.index[59])


def test_the_total_is_the_effect_times_treated_geos_times_measured_weeks(found: Estimate) -> None:
    assert found.cells == 2 * 4
    assert found.incremental == pytest.approx(8 * found.att)
    assert found.incremental_interval == pytest.approx(tuple(8 * bound for bound in found.interval))
    assert found.lift == pytest.approx(found.incremental / found.expected)


def test_the_counterfactual_series_adds_up_to_the_effect(found: Estimate) -> None:
    assert found.series is not None
    measured = found.series.iloc[-4:]
    assert (measured["kpi"] - measured["expected"]).mean() == pytest.approx(found.att)


def test_a_planted_effect_is_found_and_significant(found: Estimate) -> None:
    assert found.att == pytest.approx(6, abs=1.5)  # noise of 1 a geo and week: mixtures leave about 0.5
    assert found.p_value < 0.1
    assert found.interval[0] > 0


def test_the_return_divides_by_the_money_moved_even_if_it_was_taken_away(found: Estimate) -> None:
    value, (low, high) = iroas(found, -16.0)
    assert value == pytest.approx(found.incremental / -16)
    assert low < value < high


def test_lift_rows_are_read_back_as_they_were_written(found: Estimate, tmp_path: Path) -> None:
    wide = market()
    coords = {"geo": list(wide), "time": wide.index.values, "channel": ["tv"]}
    panel = xr.DataTree.from_dict({"panel": xr.Dataset({"kpi": (("geo", "time"), wide.to_numpy().T)}, coords)})
    rows = to_lift_rows(found, "tv", 1000.0, experiment="north", design="heavy-up", randomised=True)
    rows.to_csv(tmp_path / "lift.csv", index=False)
    (row,) = read_lift(tmp_path / "lift.csv", panel).to_dict("records")
    assert row["channel"] == ("tv",)
    assert row["geos"] == ("geo0", "geo1")
    assert (row["start"], row["end"], row["measured_until"]) == tuple(wide.index[[56, 58, 59]])
    assert row["lift"] == pytest.approx(found.incremental)
    assert row["standard_error"] == pytest.approx(8 * found.standard_error)
    assert row["randomised"] is True
    assert row["estimator"] == "synthetic_control"


def test_a_row_that_the_mix_model_cannot_use_is_refused_with_the_reasons(found: Estimate) -> None:
    endless = replace(found, interval=(-np.inf, np.inf), window=None)
    with pytest.raises(InputError, match=r"(?s)neither geos nor days.*give more history.*spend_delta is 0"):
        to_lift_rows(endless, "tv", 0.0, experiment="north")


def test_students_interval_excludes_zero_exactly_where_its_p_value_is_small() -> None:
    """t = 2 with 10 degrees of freedom: p = 0.0734."""
    at_ninety, at_ninetyfive = student(2.0, 1.0, 10, 0.9), student(2.0, 1.0, 10, 0.95)
    assert at_ninety["p_value"] == pytest.approx(0.0734, abs=1e-4)
    assert at_ninety["interval"][0] > 0
    assert at_ninetyfive["interval"][0] < 0


def test_an_estimate_says_what_it_assumes(found: Estimate) -> None:
    assert any("spend in another geo" in sentence for sentence in found.assumptions)
    assert isinstance(found.weights, pd.Series)
    assert found.weights.sum() == pytest.approx(1)
