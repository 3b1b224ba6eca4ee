"""A reference is read off the panel, and curves are read between their knots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.errors import InputError
from mmm.plan.outlook import Outlook, finer, grid, marginal, outcome, outlook
from mmm.plan.reference import future_periods, observed_multiple, reference_rows, value_per_kpi
from mmm.study import Horizon, Study

Market = Callable[..., Outlook]
WEEKS = pd.date_range("2025-01-06", periods=6, freq="W-MON")


def panel() -> xr.Dataset:
    kpi = np.array([[10.0, 20.0, 30.0, 40.0, np.nan, 10.0]])
    worth = np.array([[1.0, 1.0, 1.0, 2.0, 9.0, 1.0]])
    return xr.Dataset(
        {"kpi": (("geo", "time"), kpi), "value_per_kpi": (("geo", "time"), worth)},
        coords={"time": WEEKS, "in_window": ("time", [False, True, True, True, True, True]), "geo": ["national"]},
    )


def test_history_is_the_window_and_the_future_repeats_the_last_periods() -> None:
    assert reference_rows(panel(), "history").tolist() == [1, 2, 3, 4, 5]
    assert reference_rows(panel(), Horizon(periods=2)).tolist() == [4, 5]


def test_a_horizon_longer_than_the_data_goes_round() -> None:
    assert reference_rows(panel(), Horizon(periods=8)).tolist() == [4, 5, 0, 1, 2, 3, 4, 5]


def test_the_future_begins_after_the_data_or_on_its_start() -> None:
    after = future_periods(WEEKS, Horizon(periods=2), "W-MON")
    assert after.strftime("%Y-%m-%d").tolist() == ["2025-02-17", "2025-02-24"]
    later = future_periods(WEEKS, Horizon(start=dt.date(2025, 4, 7), periods=2), "W-MON")
    assert later.strftime("%Y-%m-%d").tolist() == ["2025-04-07", "2025-04-14"]


def test_experience_is_what_one_active_period_in_twenty_exceeded() -> None:
    history = np.r_[np.zeros(20), np.full(18, 10.0), [20.0, 400.0]][:, None]
    reference = np.array([[0.0], [10.0], [10.0]])
    assert observed_multiple(history, reference) == pytest.approx([np.quantile(history[20:], 0.95) / 10])
    assert observed_multiple(history, 1e6 * reference) == pytest.approx([1.0])
    assert observed_multiple(history, 0 * reference) == pytest.approx([1.0])


def test_the_value_of_a_unit_weighs_what_was_sold() -> None:
    assert value_per_kpi(panel().isel(time=[2, 3, 4])) == pytest.approx((30 + 80) / 70)


def test_the_grid_holds_one_and_reaches_as_far_as_it_must() -> None:
    assert len(grid(1.0)) == 41
    assert 1.0 in grid(1.5)
    assert grid(6.0)[-1] >= 6.0
    assert (np.diff(grid(6.0)) > 0).all()


def test_a_finer_grid_keeps_the_multiples_the_model_was_asked_about() -> None:
    fine = finer(grid(1.0))
    assert fine[::5] == pytest.approx(grid(1.0))
    assert np.diff(fine) == pytest.approx(0.01)


def test_outcomes_are_the_curves_at_knots_and_straight_lines_between(market: Market) -> None:
    view = market()
    at = {multiple: outcome(view, np.full(3, multiple)) for multiple in (0.0, 1.0, 1.05, 1.025, 2.0)}
    assert (at[0.0] == 0).all()
    assert at[1.0] == pytest.approx(view.curves[:, :, 20])
    assert at[1.025] == pytest.approx((at[1.0] + at[1.05]) / 2)
    assert at[2.0] == pytest.approx(view.curves[:, :, -1])


def test_marginal_return_is_the_slope_in_money(market: Market) -> None:
    view = market(spend=(100.0, 0.0, 50.0))
    found = marginal(view, np.ones(3))
    around = (outcome(view, np.full(3, 1.025)) - outcome(view, np.full(3, 0.975))) / 0.05
    assert found[:, 0] == pytest.approx(around[:, 0] / 100.0)
    assert np.isnan(found[:, 1]).all()


def tree(spend: list[list[float]]) -> xr.DataTree:
    """A panel of two paid channels and a newsletter, without a posterior."""
    data = panel().assign_coords(channel=["tv", "search", "newsletter"], paid=("channel", [True, True, False]))
    money = np.column_stack([np.array(spend), np.zeros(len(WEEKS))])[None]
    data["spend"] = (("geo", "time", "channel"), money)
    data["exposure"] = data["spend"] + 1.0
    made = xr.DataTree.from_dict({"/panel": data})
    made.attrs = {"frequency": "W-MON", "periods_per_year": 52.18}
    return made


@pytest.fixture
def straight_curves(monkeypatch: pytest.MonkeyPatch) -> list[xr.Dataset | None]:
    """Curves of slope 1 instead of a fit's; collects the horizons that were asked for."""
    asked: list[xr.Dataset | None] = []

    def curves(fit: object, multiples: np.ndarray, future: xr.Dataset | None, channels: np.ndarray) -> np.ndarray:
        asked.append(future)
        return np.tile(finer(multiples), (3, len(channels), 1))

    monkeypatch.setattr("mmm.plan.outlook._curves", curves)
    monkeypatch.setattr("mmm.plan.outlook.delay_of", lambda fit, channels: np.zeros(len(channels)))
    monkeypatch.setattr("mmm.plan.outlook._remainder", lambda fit: -0.1)
    return asked


def study_with(link: str = "identity") -> Study:
    channels = {"tv": {"spend": "a"}, "search": {"spend": "b"}}
    data = {"source": "x.csv", "time": "week", "kpi": {"column": "sales"}, "channels": channels}
    return Study.model_validate({"study": "s", "currency": "GBP", "data": data, "model": {"link": link}})


SPEND = [[1.0, 0.0], [2.0, 0.0], [3.0, 1.0], [4.0, 1.0], [5.0, 1.0], [6.0, 2.0]]


def test_an_outlook_over_a_horizon_hands_the_last_periods_to_the_model(
    straight_curves: list[xr.Dataset | None],
) -> None:
    view = outlook(tree(SPEND), study_with(), Horizon(periods=2), 2.0)
    (future,) = straight_curves
    assert future is not None
    assert future["time"].values.tolist() == view.periods.values.tolist()
    assert future["exposure"].sel(channel="newsletter").values.tolist() == [[1.0, 1.0]]
    assert view.channels == ("tv", "search")
    assert view.spend.tolist() == [11.0, 3.0]
    assert (view.currency, view.remainder) == ("GBP", 0.0)


def test_a_log_link_plans_the_same_dates_and_says_what_the_sum_of_curves_misses(
    straight_curves: list[xr.Dataset | None],
) -> None:
    view = outlook(tree(SPEND), study_with("log"), Horizon(periods=2), 2.0)
    assert straight_curves[0] is not None
    assert view.spend.tolist() == [11.0, 3.0]
    assert view.remainder == -0.1


@pytest.mark.usefixtures("straight_curves")
def test_a_reference_without_any_spend_is_refused_with_its_dates() -> None:
    silent = [*SPEND[:4], [0.0, 0.0], [0.0, 0.0]]
    with pytest.raises(InputError, match="no channel spends anything from 2025-02-03 to 2025-02-10"):
        outlook(tree(silent), study_with(), Horizon(periods=2), 2.0)
