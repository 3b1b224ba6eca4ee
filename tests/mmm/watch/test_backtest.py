"""The last quarter is hidden from the refit, predicted, and judged against an honest baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.data import panel_from_frame
from mmm.model.fit import model_of, study_of
from mmm.study import Study, load_study
from mmm.watch.backtest import Backtest, backtest, combined

WEEKS = 78
HIDDEN = 13
SIGMA = 0.02


def handmade(kpi: np.ndarray) -> xr.DataTree:
    """A fit of a level and one channel that does nothing, 400 equal draws; `kpi` is `(geo, time)`."""
    geos, periods = kpi.shape
    frame = pd.DataFrame(
        {
            "week": np.tile(pd.date_range("2023-01-02", periods=periods, freq="W-MON").strftime("%Y-%m-%d"), geos),
            "geo": np.repeat([f"geo{index}" for index in range(geos)], periods),
            "sales": kpi.ravel(),
            "tv_spend": np.tile(np.arange(1.0, periods + 1), geos),
        }
    )
    study = load_study(
        {
            "study": "market", "currency": "EUR",
            "data": {"source": "none.csv", "time": "week", "kpi": {"column": "sales"},
                     "channels": {"tv": {"spend": "tv_spend"}}} | ({"geo": "geo"} if geos > 1 else {}),
            "model": {"adstock": "none", "saturation": "none", "max_lag": 0, "trend": {"kind": "none"},
                      "seasonality": {"order": 0}},
        }
    )  # fmt: skip
    return with_posterior(panel_from_frame(frame, study))


def with_posterior(tree: xr.DataTree) -> xr.DataTree:
    structure = model_of(tree).structure
    geos, draws = len(structure.geos), (1, 400)
    tree["posterior"] = xr.DataTree(
        xr.Dataset(
            {
                "coefficient": (("chain", "draw", "geo", "channel"), np.zeros((*draws, geos, 1))),
                "baseline_coefficient": (("chain", "draw", "column"), np.ones((*draws, geos))),
                "sigma": (("chain", "draw"), np.full(draws, SIGMA)),
            }
        )
    )
    tree.attrs["seed"] = 1
    return tree


@pytest.fixture
def refits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[xr.DataTree, Study]]:
    """What was refitted: a refit finds the same posterior, without sampling."""
    asked: list[tuple[xr.DataTree, Study]] = []

    def refit(panel: xr.DataTree, study: Study, **_: Any) -> xr.DataTree:
        asked.append((panel, study))
        return with_posterior(panel.copy())

    monkeypatch.setattr("mmm.watch.backtest.fit_model", refit)
    return asked


Refits = list[tuple[xr.DataTree, Study]]


def noisy(level: Callable[[np.ndarray], Any] = lambda week: 100.0, sigma: float = SIGMA, geos: int = 1) -> np.ndarray:
    noise = np.random.default_rng(3).normal(size=(geos, WEEKS))
    return level(np.arange(WEEKS)) * (1 + sigma * noise)


def result(found: Backtest, check: str) -> pd.Series:
    return found.checks.set_index("check").loc[check]


def test_a_model_that_holds_passes_and_its_predictions_are_a_holdout(refits: Refits) -> None:
    kpi = noisy()
    found = backtest(handmade(kpi))
    assert list(found.table.columns) == ["time", "geo", "actual", "expected", "p05", "p95", "split"]
    assert set(found.table["split"]) == {"holdout"}
    assert found.table["actual"].tolist() == kpi[0, -HIDDEN:].tolist()
    assert found.table["expected"].to_numpy() == pytest.approx(100.0, rel=0.01)
    assert list(found.checks.columns) == ["check", "subject", "statistic", "limit", "result", "message"]
    assert found.checks["result"].tolist() == ["pass", "pass"]
    assert set(found.checks["message"]) == {""}


def test_the_refit_does_not_see_the_hidden_kpi_and_does_see_the_spend(refits: Refits) -> None:
    fit = handmade(noisy())
    before = fit["panel"].to_dataset().copy(deep=True)
    backtest(fit)
    (panel, study), = refits  # fmt: skip
    assert study.fit.mode == "quick"
    hidden = panel["panel/kpi"].values[0, -HIDDEN:]
    assert np.isnan(hidden).all()
    assert np.isfinite(panel["panel/kpi"].values[0, :-HIDDEN]).all()
    xr.testing.assert_identical(panel["panel/spend"], fit["panel/spend"])
    xr.testing.assert_identical(fit["panel"].to_dataset(), before)
    assert study_of(fit).fit.mode == "full"


def test_a_level_that_the_model_does_not_follow_is_a_caution(refits: Refits) -> None:
    # A season that repeats: the same week a year earlier knows it, a flat level does not.
    found = backtest(handmade(noisy(lambda week: 100 * (1 + 0.3 * np.sin(2 * np.pi * week / 52)))))
    error = result(found, "backtest_error")
    assert error["result"] == "caution"
    assert error["statistic"] > error["limit"]
    assert "the same period a year earlier" in error["message"]


def test_an_error_by_hand(refits: Refits) -> None:
    kpi = np.full((1, WEEKS), 100.0)
    kpi[0, -HIDDEN:] = 110.0
    error = result(backtest(handmade(kpi)), "backtest_error")
    assert error["statistic"] == pytest.approx(10 / 110)
    assert error["limit"] == pytest.approx(10 / 110)


def test_intervals_that_hold_too_little_are_a_caution(refits: Refits) -> None:
    coverage = result(backtest(handmade(noisy(sigma=5 * SIGMA))), "backtest_coverage")
    assert coverage["result"] == "caution"
    assert "less certain than they look" in coverage["message"]


def test_geos_that_are_each_inside_and_wrong_together_are_a_caution(refits: Refits) -> None:
    apart = np.stack([np.zeros(WEEKS), np.zeros(WEEKS), np.zeros(WEEKS), np.zeros(WEEKS)])
    together = apart + np.where(np.arange(WEEKS) >= WEEKS - HIDDEN, 1.2 * SIGMA, 0.0)
    each = {name: backtest(handmade(100.0 * (1 + kpi))).checks for name, kpi in
            {"apart": apart, "together": together}.items()}  # fmt: skip
    results = {name: checks.set_index(["check", "subject"])["result"] for name, checks in each.items()}
    assert results["together"]["backtest_coverage", "kpi"] == "pass"
    assert results["together"]["backtest_coverage", "all geos"] == "caution"
    assert results["apart"]["backtest_coverage", "all geos"] == "pass"


def test_geos_come_after_their_total(refits: Refits) -> None:
    table = backtest(handmade(noisy(geos=2))).table
    assert list(table["geo"].unique()) == ["all", "geo0", "geo1"]
    actual = table.pivot(index="time", columns="geo", values="actual")
    np.testing.assert_allclose(actual["all"], actual["geo0"] + actual["geo1"])


def test_a_missing_kpi_in_the_hidden_quarter_is_left_out_of_the_judgement(refits: Refits) -> None:
    fit = handmade(noisy())
    panel = fit["panel"].to_dataset()
    panel["kpi"][0, -2] = np.nan
    fit["panel"] = xr.DataTree(panel)
    found = backtest(fit)
    assert np.isfinite(found.checks["statistic"]).all()
    assert found.checks["result"].tolist() == ["pass", "pass"]


def test_a_short_history_is_not_backtested_and_says_so(refits: Refits) -> None:
    found = backtest(handmade(np.full((1, 60), 100.0)))
    assert found.table.empty
    assert refits == []
    assert found.checks["result"].tolist() == ["caution"]
    assert "too short" in found.checks["message"].item()


def test_the_run_s_table_shows_what_was_hidden_as_it_was_predicted() -> None:
    train = pd.DataFrame({"time": [1, 1, 2, 2], "geo": ["a", "b"] * 2, "expected": [1.0] * 4, "split": "train"})
    holdout = pd.DataFrame({"time": [2, 2], "geo": ["a", "b"], "expected": [2.0, 2.0], "split": "holdout"})
    table = combined(train, holdout)
    assert table["split"].tolist() == ["train", "train", "holdout", "holdout"]
    assert combined(train, pd.DataFrame()) is train
