"""The run folder's tables have the columns of the contract, and their geos add up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.insight.tables import channels_table, contribution_table, curves_table, fit_rows, fit_table

Handmade = Callable[..., xr.DataTree]

GEOS = {"tv": [[0.0, 10.0, 0.0, 0.0, 0.0, 10.0], [10.0, 0.0, 0.0, 10.0, 0.0, 0.0]], "radio": [[5.0] * 6, [1.0] * 6]}
METRICS = ["spend", "contribution", "contribution_share", "roi", "mroi", "half_life"]


@pytest.fixture(scope="module")
def geos(handmade: Handmade) -> xr.DataTree:
    """Two geos, two paid channels and one organic medium, 2 x 20 scattered draws."""
    scatter = np.random.default_rng(3).lognormal(0.0, 0.3, (2, 20, 2, 3))
    mail = {"mail": [[1.0] * 6, [2.0] * 6]}
    return handmade(GEOS, 0.1 * scatter, organic=mail, kpi=[[100.0], [400.0]], price=2.0)


@pytest.fixture(scope="module")
def channels(geos: xr.DataTree) -> pd.DataFrame:
    return channels_table(geos)


def test_the_channels_table_has_the_columns_and_metrics_of_the_contract(channels: pd.DataFrame) -> None:
    assert list(channels.columns) == ["channel", "geo", "metric", "unit", "mean", "median", "p05", "p95"]
    assert list(channels["channel"].unique()) == ["tv", "radio", "mail"]
    assert set(channels["metric"]) == set(METRICS)
    assert set(channels["geo"]) == {"all", "geo0", "geo1"}
    assert not channels.duplicated(["channel", "geo", "metric"]).any()
    assert not channels.isna().any().any()
    units = channels.drop_duplicates("metric").set_index("metric")["unit"]
    assert units[["spend", "roi", "half_life"]].tolist() == ["EUR", "EUR per EUR", "periods"]


def test_organic_media_has_a_contribution_and_no_money(channels: pd.DataFrame) -> None:
    mail = channels[channels["channel"] == "mail"]
    assert set(mail["metric"]) == {"contribution", "contribution_share", "half_life"}


@pytest.mark.parametrize("metric", ["spend", "contribution"])
def test_the_total_of_a_channel_is_the_sum_of_its_geos_in_the_mean(channels: pd.DataFrame, metric: str) -> None:
    table = channels[channels["metric"] == metric].pivot(index="channel", columns="geo", values="mean")
    np.testing.assert_allclose(table["all"], table["geo0"] + table["geo1"], rtol=1e-9)


def test_ratios_are_of_totals(channels: pd.DataFrame) -> None:
    table = channels[channels["geo"] == "all"].pivot(index="channel", columns="metric", values="mean")
    assert table.loc["tv", "spend"] == 80.0
    assert table.loc["tv", "roi"] == pytest.approx(table.loc["tv", "contribution"] / 80.0)
    assert table.loc["tv", "contribution_share"] == pytest.approx(table.loc["tv", "contribution"] / 3000.0)


def test_intervals_hold_the_median(channels: pd.DataFrame) -> None:
    assert (channels["p05"] <= channels["median"]).all()
    assert (channels["median"] <= channels["p95"]).all()


def test_a_national_table_has_no_geo_but_all(handmade: Handmade) -> None:
    fit = handmade({"tv": [[1.0, 2.0, 3.0]]}, [0.1])
    assert set(channels_table(fit)["geo"]) == {"all"}
    assert set(contribution_table(fit)["geo"]) == {"all"}
    assert set(curves_table(fit)["geo"]) == {"all"}
    assert set(fit_table(fit)["geo"]) == {"all"}


def test_contribution_by_time_adds_up_over_geos_and_to_expected_kpi(geos: xr.DataTree) -> None:
    table = contribution_table(geos)
    assert list(table.columns) == ["time", "geo", "component", "mean", "p05", "p95"]
    assert list(table["component"].unique()) == ["tv", "radio", "mail", "baseline"]
    means = table.pivot_table(index=["time", "component"], columns="geo", values="mean")
    np.testing.assert_allclose(means["all"], means["geo0"] + means["geo1"], rtol=1e-5)
    expected = fit_table(geos).set_index(["time", "geo"])["expected"]
    pd.testing.assert_series_equal(
        table.groupby(["time", "geo"])["mean"].sum().astype(float), expected.sort_index(), rtol=1e-5, check_names=False
    )


def test_curves_run_over_multiples_of_spend(geos: xr.DataTree) -> None:
    table = curves_table(geos)
    assert list(table.columns) == ["channel", "geo", "spend_multiple", "spend", "mean", "p05", "p95"]
    assert set(table["channel"]) == {"tv", "radio"}
    assert (table["spend_multiple"].min(), table["spend_multiple"].max()) == (0.0, 2.0)
    tv = table[(table["channel"] == "tv") & (table["geo"] == "all")].set_index("spend_multiple")
    assert tv.loc[[0.0, 1.0, 2.0], "spend"].tolist() == [0.0, 80.0, 160.0]
    means = table.pivot_table(index=["channel", "spend_multiple"], columns="geo", values="mean")
    np.testing.assert_allclose(means["all"], means["geo0"] + means["geo1"], rtol=1e-9)


def test_the_fit_table_holds_actual_and_expected_kpi_of_the_window(geos: xr.DataTree) -> None:
    table = fit_table(geos)
    assert list(table.columns) == ["time", "geo", "actual", "expected", "p05", "p95", "split"]
    assert set(table["split"]) == {"train"}
    wide = table.pivot(index="time", columns="geo", values="actual")
    assert (wide == [500.0, 100.0, 400.0]).all().all()
    expected = table.pivot(index="time", columns="geo", values="expected")
    np.testing.assert_allclose(expected["all"], expected["geo0"] + expected["geo1"])


def test_only_the_window_is_in_the_fit_table(handmade: Handmade) -> None:
    fit = handmade({"tv": [[1.0, 2.0, 3.0, 4.0]]}, [0.1], window_start="2024-01-15")
    assert fit_table(fit)["time"].tolist() == list(pd.to_datetime(["2024-01-15", "2024-01-22"]))


def test_a_period_that_one_geo_lacks_has_no_total() -> None:
    coords = {"geo": ["north", "south"], "time": pd.date_range("2024-01-01", periods=2, freq="W-MON")}
    actual = xr.DataArray([[1.0, 2.0], [3.0, np.nan]], coords, ("geo", "time"))
    draws = xr.DataArray(np.ones((3, 2, 2)), {"sample": [0, 1, 2], **coords}, ("sample", "geo", "time"))
    table = fit_rows(actual, draws, draws).set_index(["geo", "time"])["actual"]
    assert table["all"].tolist()[0] == 4.0
    assert np.isnan(table["all"].tolist()[1])
