"""Scales are robust and free of currency; a structure holds what is compiled, arrays what is passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.media.adstock import DELAYED, GEOMETRIC
from mmm.media.saturation import BURR, POWER
from mmm.model.fit import model_of
from mmm.model.spec import Arrays, exposure_scale, lag_exposure
from mmm.study import InputError, Study

Market = Callable[..., xr.DataTree]

SHORT = {"max_lag": 3}
NAMES = [name for name in Arrays._fields if name not in ("size", "total", "lift")]


def pairs(one: Arrays, other: Arrays, name: str) -> Iterator[tuple[jax.Array, jax.Array]]:
    return zip(*(jax.tree.leaves(getattr(arrays, name)) for arrays in (one, other)), strict=True)


def scale_of(tree: xr.DataTree) -> np.ndarray:
    return exposure_scale(tree["panel"].to_dataset())


@pytest.mark.parametrize("geos", [1, 2])
def test_another_currency_is_the_same_model(market: Market, geos: int) -> None:
    euro, cent = (model_of(market(model=SHORT, geos=geos, currency=currency)) for currency in (1.0, 100.0))
    assert euro.structure == cent.structure
    for name in NAMES:
        for left, right in pairs(euro.arrays, cent.arrays, name):
            np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)
    for name in ("size", "total"):
        np.testing.assert_allclose(getattr(cent.arrays, name), 100 * getattr(euro.arrays, name))


def test_the_kpi_averages_one(market: Market) -> None:
    arrays = model_of(market(model=SHORT, geos=2)).arrays
    assert np.asarray(arrays.kpi).mean(axis=0) == pytest.approx([1.0, 1.0])


def test_with_a_population_geos_are_compared_a_head(market: Market) -> None:
    arrays = model_of(market(model=SHORT, geos=2, data={"population": "people"})).arrays
    assert float(arrays.size[1] / arrays.size[0]) == pytest.approx(2.0)
    total = (np.asarray(arrays.kpi) * np.asarray(arrays.size)).sum()
    assert total / (np.asarray(arrays.size).sum() * 60) == pytest.approx(1.0)


def test_exposure_is_scaled_by_the_mean_of_the_periods_that_have_any(market: Market) -> None:
    def set_tv(frame: pd.DataFrame) -> None:
        frame["tv_spend"] = np.where(np.arange(len(frame)) % 3 == 0, 30.0, 0.0)

    tree = market(model=SHORT, change=set_tv)
    assert scale_of(tree)[0, 0] == pytest.approx(30.0)
    assert np.unique(model_of(tree).arrays.lagged_exposure[0, 0]) == pytest.approx([0.0, 1.0])


def test_one_wild_week_hardly_moves_the_scale(market: Market) -> None:
    def go_wild(frame: pd.DataFrame) -> None:
        frame.loc[20, "tv_spend"] = 10 * frame["tv_spend"].max()

    tame, wild = (scale_of(market(model=SHORT, periods=156, **more)) for more in ({}, {"change": go_wild}))
    highest = market(model=SHORT, periods=156)["panel"]["spend"].sel(channel="tv").max().item()
    assert wild[0, 0] / tame[0, 0] < 1 + 1.01 * 10 * highest / tame[0, 0] / (0.6 * 156)
    assert wild[0, 0] < 1.5 * tame[0, 0]  # its maximum grew tenfold
    assert wild[1, 0] == tame[1, 0]


def test_a_channel_that_was_never_active_keeps_its_unit(market: Market) -> None:
    tree = market(model=SHORT, change=lambda frame: frame.__setitem__("radio_spend", 0.0))
    arrays = model_of(tree).arrays
    assert np.all(np.isfinite(arrays.prior_mean))
    assert not np.asarray(arrays.lagged_exposure[1]).any()


def test_a_row_before_the_window_only_feeds_carryover(market: Market) -> None:
    window = {"window": {"start": "2024-01-22"}}

    def change(frame: pd.DataFrame) -> None:
        frame.loc[:2, "sales"] *= 50

    plain, other = (model_of(market(model=SHORT, data=window, **more)).arrays for more in ({}, {"change": change}))
    for name in (*NAMES, "size"):
        for left, right in pairs(plain, other, name):
            np.testing.assert_array_equal(left, right)
    assert np.asarray(plain.mask)[:4, 0].tolist() == [0.0, 0.0, 0.0, 1.0]

    def spend_more(frame: pd.DataFrame) -> None:
        frame.loc[:2, "tv_spend"] = 1e6

    early = model_of(market(model=SHORT, data=window, change=spend_more)).arrays
    np.testing.assert_allclose(early.prior_mean, plain.prior_mean)
    np.testing.assert_array_equal(early.lagged_exposure[0, 0, 3:], plain.lagged_exposure[0, 0, 3:])
    assert float(early.lagged_exposure[0, 1, 3, 0]) > 1000


def test_a_missing_kpi_is_masked(market: Market) -> None:
    tree = market(model=SHORT, geos=2)
    panel = tree["panel"].to_dataset()
    panel["kpi"][1, 7] = np.nan
    tree["panel"] = xr.DataTree(panel)
    arrays = model_of(tree).arrays
    assert float(arrays.mask.sum()) == 2 * 60 - 1
    assert float(arrays.mask[7, 1]) == 0.0
    assert np.all(np.isfinite(arrays.kpi))


def test_exposure_before_the_first_row_is_none(market: Market) -> None:
    tree = market(model=SHORT)
    panel = tree["panel"].to_dataset()
    lags = np.asarray(lag_exposure(panel, np.ones((2, 60, 1)) * exposure_scale(panel)[:, :, None], 2))
    assert lags.shape == (2, 3, 60, 1)
    assert lags[0, :, :3, 0].tolist() == [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]


def test_channels_with_the_same_components_are_one_group(market: Market) -> None:
    structure = model_of(market(model=SHORT | {"adstock": "geometric"})).structure
    assert [group.channels for group in structure.groups] == [(0, 1)]
    assert structure.groups[0].adstock is GEOMETRIC
    assert structure.collapses


def test_a_channel_with_a_component_of_its_own_is_a_group_of_its_own(market: Market) -> None:
    own = {"per_channel": {"radio": {"adstock": "delayed", "saturation": "power"}}}
    structure = model_of(market(model=SHORT | own)).structure
    assert [(group.channels, group.saturation) for group in structure.groups] == [((0,), BURR), ((1,), POWER)]
    assert structure.groups[1].adstock is DELAYED


def test_an_unknown_component_is_an_input_error(market: Market) -> None:
    with pytest.raises(InputError, match=r"'weibul' is not one of .*weibull_cdf"):
        model_of(market(model=SHORT | {"adstock": "weibul"}))
    with pytest.raises(InputError, match=r"model.saturation: 'cubic' is not one of"):
        model_of(market(model=SHORT | {"per_channel": {"tv": {"saturation": "cubic"}}}))


def test_reach_and_frequency_are_a_group_with_a_relative_frequency(market: Market) -> None:
    video = {"spend": "radio_spend", "reach": "reach", "frequency": "frequency"}
    tree = market(model=SHORT, data={"channels": {"tv": {"spend": "tv_spend"}, "video": video}})
    structure, arrays, _ = model_of(tree)
    assert [(group.channels, group.frequency) for group in structure.groups] == [((0,), False), ((1,), True)]
    assert arrays.frequency.shape == (2, 60, 1)
    assert float(arrays.frequency[1].mean()) == pytest.approx(1.0)
    assert not np.asarray(arrays.frequency[0]).any()


def test_without_reach_nothing_is_passed_for_frequency(market: Market) -> None:
    assert model_of(market(model=SHORT)).arrays.frequency.shape == (0, 60, 1)


def test_paid_channels_share_a_prior_and_organic_media_have_their_own(market: Market) -> None:
    tree = market(model=SHORT, data={"organic": {"mail": {"exposure": "mails"}}})
    arrays = model_of(tree).arrays
    spend = tree["panel"]["spend"].sum(["geo", "time"]).values
    assert np.asarray(arrays.pooled).tolist() == [True, True, False]
    assert np.asarray(arrays.prior_sd) == pytest.approx([0.0, 0.0, 1.0])
    assert np.exp(np.asarray(arrays.prior_mean)) == pytest.approx(
        [0.2 * spend[0] / spend[:2].sum(), 0.2 * spend[1] / spend[:2].sum(), 0.03]
    )


def test_a_prior_in_the_analysts_language_is_that_prior(market: Market) -> None:
    own = {"per_channel": {"tv": {"roi_prior": {"median": 1.5, "p95": 6.0}}}}
    tree = market(model=SHORT | own)
    arrays = model_of(tree).arrays
    panel = tree["panel"].to_dataset()
    spend, kpi = float(panel["spend"].sel(channel="tv").sum()), float(panel["kpi"].sum())
    roi = np.exp(float(arrays.prior_mean[0])) * kpi / spend
    assert roi == pytest.approx(1.5)
    assert roi * np.exp(1.6448536 * float(arrays.prior_sd[0])) == pytest.approx(6.0)
    assert np.asarray(arrays.pooled).tolist() == [False, True]


def test_counts_and_a_log_link_are_sampled_instead(market: Market) -> None:
    study = Study.model_validate_json(market(model=SHORT).attrs["study"])
    for change in ({"link": "log"}, {"likelihood": "student_t"}):
        model = study.model.model_copy(update=change)
        assert not model_of(market(model=SHORT), study.model_copy(update={"model": model})).structure.collapses


def test_what_a_geo_is_used_to_is_its_busy_period_beside_others(market: Market) -> None:
    def set_tv(frame: pd.DataFrame) -> None:
        week = np.arange(60)
        frame["tv_spend"] = np.tile(np.where(week % 2 == 0, 1.0 + (week % 20 == 0), 0.0), 2)
        frame["tv_spend"] *= np.repeat([1.0, 6.0], 60) * np.repeat(frame.groupby("geo")["sales"].mean(), 60).to_numpy()
        frame["radio_spend"] = 0.0

    usual = np.asarray(model_of(market(model=SHORT, periods=60, geos=2, change=set_tv)).arrays.usual)
    assert usual[0] == pytest.approx(np.log(6.0) * np.array([-0.5, 0.5]))
    assert usual[1] == pytest.approx([0.0, 0.0])
