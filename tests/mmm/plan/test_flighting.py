"""A calendar from a fit: hold is what allocate holds, every guard is kept, and conflicts are named before solving."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mmm
from mmm.data import panel_from_frame
from mmm.data.simulate import simulate
from mmm.errors import InputError
from mmm.insight.curves import response_curves
from mmm.insight.prior import prior_draws
from mmm.model.fit import model_of
from mmm.plan.ascent import search
from mmm.plan.flighting import Flighting, flight, with_minimum
from mmm.plan.joint import earned
from mmm.plan.market import market_of
from mmm.plan.reference import Reference, reference_of
from mmm.study import Horizon
from tests.mmm.plan.calendars import calendar_problem
from tests.mmm.plan.test_allocate import with_plan

SAMPLES = 40
BY_SPEND = ["tv", "paid_search", "paid_social", "radio", "out_of_home"]
"""Channels of the example whose exposure is their spend."""


def by_channel(found: Flighting, column: str = "recommended_spend") -> pd.DataFrame:
    return found.calendar.pivot(index="period", columns="channel", values=column)


@pytest.fixture(scope="module")
def reference(fitted: xr.DataTree) -> Reference:
    return reference_of(fitted, Horizon(periods=13))


@pytest.fixture(scope="module")
def found(fitted: xr.DataTree) -> Flighting:
    return flight(fitted, samples=SAMPLES)


def test_hold_earns_what_response_curves_say_of_the_reference(fitted: xr.DataTree, reference: Reference) -> None:
    horizon = fitted["panel"].to_dataset().isel(time=reference.rows).assign_coords(time=reference.periods)
    curves = response_curves(fitted, (0.0, 1.0), horizon=horizon, samples=SAMPLES).sel(channel=BY_SPEND, multiple=1.0)
    form, market = market_of(fitted, reference, SAMPLES, onwards=0.0)
    spend = reference.flighting.T * np.isin(reference.channels, BY_SPEND)[:, None]
    assert np.asarray(earned(form, market, jnp.asarray(spend))) == pytest.approx(curves.sum("channel").values, rel=1e-6)


def test_regions_of_a_calendar_saturate_by_the_models_habit() -> None:
    """Regions buy the same weeks, one of them five times as much, so that a calendar by week says what each does."""
    market = simulate(seed=5, weeks=60, geos=3)
    first = market.frame.geo == market.frame.geo.iloc[0]
    for column in [name for name in market.frame if name.endswith("_spend")]:
        market.frame[column] = np.outer([5.0, 1.0, 1.0], market.frame.loc[first, column]).ravel()
    fit = prior_draws(panel_from_frame(market.frame, mmm.load_study(market.study())), draws=SAMPLES)
    reference = reference_of(fit, Horizon(periods=8))
    assert float(np.abs(model_of(fit).arrays.usual[0]).max()) > 0.5
    horizon = fit["panel"].to_dataset().isel(time=reference.rows).assign_coords(time=reference.periods)
    curves = response_curves(fit, (0.0, 1.0), horizon=horizon, samples=SAMPLES).sel(multiple=1.0)
    form, found = market_of(fit, reference, SAMPLES, onwards=0.0)
    spend = jnp.asarray(reference.flighting.T)
    hold = np.asarray(earned(form, found, spend))
    assert hold == pytest.approx(curves.sum("channel").values, rel=1e-5)
    alike = earned(form, found._replace(units=jnp.ones_like(found.units)), spend)
    assert np.abs(np.asarray(alike) / hold - 1).max() > 1e-3


def test_the_calendar_spends_the_budget_inside_its_limits_and_beats_hold(found: Flighting) -> None:
    table = found.calendar
    assert table.recommended_spend.sum() == pytest.approx(table.current_spend.sum(), rel=1e-6)
    room = 1e-6 * table.recommended_spend.max()
    assert (table.recommended_spend >= table.lower - room).all()
    assert (table.recommended_spend <= table.upper + room).all()
    assert not table.extrapolates.any()
    hold, recommended = found.scenarios.set_index("scenario").loc[["hold", "recommended"]].itertuples()
    assert recommended.gain_vs_hold_mean > 0
    assert np.isnan(hold.optimality_gap)
    assert 0 <= recommended.optimality_gap < 0.05
    assert float(found.outcome.sel(scenario="hold").mean()) == pytest.approx(hold.outcome_mean)


def test_channel_totals_keep_to_the_bounds_and_groups_to_their_share(found: Flighting) -> None:
    spent, now = by_channel(found).sum(), by_channel(found, "current_spend").sum()
    assert (spent <= 1.5 * now * (1 + 1e-6)).all()
    assert spent["tv"] <= 1.2 * now["tv"] * (1 + 1e-6)
    assert spent[["paid_search", "paid_social"]].sum() <= 0.55 * now.sum() * (1 + 1e-6)


def test_frozen_and_unsupported_channels_keep_their_flighting(fitted: xr.DataTree) -> None:
    verdicts = pd.DataFrame({"channel": ["radio"], "label": ["conflicted"]})
    supported = [
        {"channel": name, "label": "experiment-confirmed"} for name in [*BY_SPEND, "online_video"] if name != "radio"
    ]
    verdicts = pd.concat([verdicts, pd.DataFrame(supported)])
    kept = flight(fitted, bounds={"tv": (1.0, 1.0)}, verdicts=verdicts, samples=SAMPLES)
    spent, now = by_channel(kept), by_channel(kept, "current_spend")
    assert spent["tv"].to_numpy() == pytest.approx(now["tv"].to_numpy())
    assert (spent["radio"] <= 1.1 * now["radio"] * (1 + 1e-6)).all()
    assert (spent["radio"] >= 0.9 * now["radio"] * (1 - 1e-6)).all()


def test_presence_and_change_limits_hold_in_every_period(fitted: xr.DataTree) -> None:
    kept = flight(fitted, within={"online_video": (0.4, 2.0)}, change=0.5, samples=SAMPLES)
    spent, now = by_channel(kept), by_channel(kept, "current_spend")
    assert (spent["online_video"] >= 0.4 * now["online_video"].mean() * (1 - 1e-6)).all()
    most = now.diff().abs().clip(lower=0.5 * now.mean(), axis=1)
    assert (spent.diff().abs().iloc[1:] <= most.iloc[1:] * (1 + 1e-6)).all(axis=None)


def test_bookings_are_nothing_or_at_least_the_minimum() -> None:
    problem = calendar_problem(slope=1.5)
    least = 1.4 * problem.reference.mean(axis=1)
    free = search(problem)
    assert ((free.spend > 1e-3 * least[:, None]) & (free.spend < 0.99 * least[:, None])).any()
    booked = with_minimum(problem, free, least)
    assert ((booked.spend <= 1e-6 * least[:, None]) | (booked.spend >= least[:, None] * (1 - 1e-6))).all()
    assert booked.value <= free.upper_bound == booked.upper_bound
    assert with_minimum(problem, free, 0 * least) is free


def test_conflicts_are_named_before_anything_is_solved(fitted: xr.DataTree) -> None:
    with pytest.raises(InputError, match=r"the budget is [\d,]+\.\d\d out of reach"):
        flight(fitted, budget=9e6, samples=SAMPLES)
    with pytest.raises(InputError, match="minimum names 'tvv', which is not a paid channel"):
        flight(fitted, minimum={"tvv": 5.0}, samples=SAMPLES)
    with pytest.raises(InputError, match="a budget in money"):
        flight(with_plan(fitted, budget={"target_roi": 2.0}), samples=SAMPLES)


@pytest.mark.slow
def test_a_careful_measure_gives_up_mean_for_the_bad_case(fitted: xr.DataTree, found: Flighting) -> None:
    careful = flight(fitted, tail=0.1, samples=SAMPLES)
    worst = [float(np.sort(f.outcome.diff("scenario").values.ravel())[:4].mean()) for f in (careful, found)]
    assert worst[0] >= worst[1] - 1e-3 * float(found.outcome.mean())
    assert careful.summary.set_index("key").value["tail"] == "0.1"


def test_a_dark_channel_stays_dark(fitted: xr.DataTree, reference: Reference) -> None:
    from mmm.plan.flighting import calendar_limits
    from mmm.study import Plan

    dark = replace(reference, flighting=reference.flighting * (np.array(reference.channels) != "tv"))
    limits = calendar_limits(dark, Plan())
    assert limits.upper.reshape(6, 13)[reference.channels.index("tv")].tolist() == [0.0] * 13
