"""The baseline's blocks have the columns, labels and knots that the study asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.model.baseline import Block, Decaying, baseline_blocks, covariates, intercept, seasonality, trend
from mmm.model.fit import model_of
from mmm.study import Model, Seasonality, Trend

Market = Callable[..., xr.DataTree]

WEEKS = pd.date_range("2023-01-02", periods=105, freq="W-MON")
INSIDE = np.ones(105, bool)


def blocks_of(tree: xr.DataTree) -> dict[str, Block]:
    return {block.name: block for block in model_of(tree).blocks}


def test_each_geo_has_its_own_level() -> None:
    block = intercept(pd.Index(["north", "south"]), 3)
    assert block.labels == ("intercept[north]", "intercept[south]")
    assert block.columns.shape == (3, 2, 2)
    assert block.columns[1].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert block.mean.tolist() == [1.0, 1.0]
    assert block.scale_prior is None


def test_a_flexible_trend_is_a_slope_and_a_bend_every_quarter() -> None:
    slope, bend = trend(WEEKS, INSIDE, Model(), 52.0)
    assert slope.labels == ("slope_per_year",)
    assert slope.columns[[0, 52, 104], 0] == pytest.approx([-1.0, 0.0, 1.0])
    assert len(bend.labels) == 7  # two years of four quarters have seven borders inside
    assert bend.labels[0] == "bend[-0.75y]"
    assert bend.scale_prior is not None


def test_a_bend_is_nothing_before_its_knot_and_one_a_year_after_it() -> None:
    _, bend = trend(WEEKS, INSIDE, Model(trend=Trend(knots=1)), 52.0)
    assert bend.labels == ("bend[+0.00y]",)
    assert bend.columns[[0, 52, 78, 104], 0] == pytest.approx([0.0, 0.0, 0.5, 1.0])


def test_a_linear_trend_does_not_bend_and_none_is_none() -> None:
    assert [block.name for block in trend(WEEKS, INSIDE, Model(trend=Trend(kind="linear")), 52.0)] == ["trend"]
    assert trend(WEEKS, INSIDE, Model(trend=Trend(kind="none")), 52.0) == ()


def test_knots_lie_inside_the_window() -> None:
    inside = np.arange(105) >= 53
    _, bend = trend(WEEKS, inside, Model(trend=Trend(knots=3)), 52.0)
    years = [float(label[5:-2]) for label in bend.labels]
    assert years == pytest.approx([-0.25, 0.0, 0.25], abs=0.02)
    assert not bend.columns[:53].any()


@pytest.mark.parametrize(("periods", "order"), [(110, 12), (60, 2), (30, 0)])
def test_the_season_has_as_many_waves_as_the_years_support(periods: int, order: int) -> None:
    weeks = pd.date_range("2023-01-02", periods=periods, freq="W-MON")
    block = seasonality(weeks, np.ones(periods, bool), Model(), 52.18)
    assert len(block.labels) == 2 * order


def test_higher_waves_are_shrunk_more_and_repeat_after_a_year() -> None:
    days = pd.date_range("2022-01-01", periods=1462, freq="D")
    block = seasonality(days, np.ones(1462, bool), Model(seasonality=Seasonality(order=2)), 365.25)
    assert block.labels[:4] == ("sin[year/1]", "cos[year/1]", "sin[year/2]", "cos[year/2]")
    assert block.labels[4:6] == ("sin[week/1]", "cos[week/1]")
    assert isinstance(block.scale_prior, Decaying)
    assert block.scale_prior.orders == (1, 1, 2, 2, 1, 1, 2, 2, 3, 3)
    assert block.columns[1461, :4] == pytest.approx(block.columns[0, :4], abs=2e-3)
    assert block.columns[7, 4:] == pytest.approx(block.columns[0, 4:], abs=1e-9)


def test_a_month_has_fewer_waves_than_a_week() -> None:
    months = pd.date_range("2020-01-01", periods=48, freq="MS")
    assert len(seasonality(months, np.ones(48, bool), Model(), 12.0).labels) == 2 * 5


def test_controls_are_centred_and_scaled_inside_the_window(market: Market) -> None:
    tree = market(data={"controls": ["price"], "window": {"start": "2024-03-04"}}, geos=2)
    block = blocks_of(tree)["controls"]
    inside = block.columns[9:]
    assert block.labels == ("price",)
    assert inside.mean() == pytest.approx(0.0, abs=1e-12)
    assert inside.std() == pytest.approx(1.0)
    assert block.columns.shape == (60, 2, 1)


def test_a_control_that_never_moves_is_a_column_of_zeros(market: Market) -> None:
    tree = market(data={"controls": ["price"]}, change=lambda frame: frame.__setitem__("price", 7.0))
    assert not blocks_of(tree)["controls"].columns.any()


def test_a_control_s_unit_does_not_matter(market: Market) -> None:
    def in_cents(frame: pd.DataFrame) -> None:
        frame["price"] *= 100

    plain, cents = (
        blocks_of(market(data={"controls": ["price"]}, **more))["controls"].columns
        for more in ({}, {"change": in_cents})
    )
    np.testing.assert_allclose(plain, cents, atol=1e-12)


def test_blocks_that_a_study_does_not_ask_for_are_left_out(market: Market) -> None:
    bare = market(model={"trend": {"kind": "none"}, "seasonality": {"order": 0}})
    assert list(blocks_of(bare)) == ["intercept"]
    full = market(data={"controls": ["price"], "treatments": ["mails"]})
    assert list(blocks_of(full)) == ["intercept", "trend", "bend", "seasonality", "controls", "treatments"]


def test_columns_vary_over_geos_only_where_their_values_do(market: Market) -> None:
    panel = market(geos=2)["panel"].to_dataset()
    assert covariates(panel, "controls", "control").columns.shape == (60, 2, 0)
    levels, *shared = baseline_blocks(panel, Model(), 52.18)
    assert levels.columns.shape == (60, 2, 2)
    assert all(block.columns.shape == (60, len(block.labels)) for block in shared)
