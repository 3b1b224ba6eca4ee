"""A plan holds what it promises: the budget, the bounds, the guards, and numbers from one set of joint draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmm.errors import InputError
from mmm.plan.choice import cautious
from mmm.plan.outlook import Outlook
from mmm.plan.scenario import Plan, plan_from
from mmm.study import Plan as Settings

Market = Callable[..., Outlook]
ALLOCATION = [
    "scenario", "channel", "geo", "period", "current_spend", "recommended_spend", "multiple", "lower", "upper",
    "at_bound", "extrapolates",
]  # fmt: skip
SCENARIOS = [
    "scenario", "budget", "outcome_mean", "outcome_p05", "outcome_p95", "gain_vs_hold_mean", "gain_vs_hold_p05",
    "gain_vs_hold_p95", "probability_beats_hold", "optimality_gap", "cvar05",
]  # fmt: skip


def planned(view: Outlook, verdicts: pd.DataFrame | None = None, **plan: Any) -> Plan:
    return plan_from(view, Settings(**plan), verdicts)


def scenario(plan: Plan, name: str) -> pd.Series:
    return plan.scenarios.set_index("scenario").loc[name]


def spends(plan: Plan, name: str = "recommended") -> pd.DataFrame:
    return plan.allocation[plan.allocation.scenario == name].set_index("channel")


def fact(plan: Plan, key: str) -> str:
    return plan.summary.set_index("key").loc[key, "value"]


def test_the_tables_have_the_columns_others_build_on(market: Market) -> None:
    plan = planned(market())
    assert list(plan.allocation) == ALLOCATION
    assert list(plan.scenarios) == SCENARIOS
    assert list(plan.scenarios.scenario) == ["hold", "recommended", "cut", "grow"]
    assert plan.outcome.dims == ("scenario", "sample")
    assert plan.outcome.attrs["units"] == "EUR"


def test_hold_spends_and_earns_what_the_reference_did(market: Market) -> None:
    view = market()
    plan = planned(view)
    hold = spends(plan, "hold")
    assert (hold.recommended_spend == hold.current_spend).all()
    at_one = view.curves[:, :, np.flatnonzero(view.multiples == 1)[0]].sum(axis=1)
    assert plan.outcome.sel(scenario="hold").values == pytest.approx(at_one)
    assert scenario(plan, "hold").gain_vs_hold_mean == 0
    assert np.isnan(scenario(plan, "hold").probability_beats_hold)


def test_the_recommendation_beats_hold_in_expectation_with_a_certificate(market: Market) -> None:
    plan = planned(market())
    recommended = scenario(plan, "recommended")
    assert recommended.gain_vs_hold_mean > 0
    assert recommended.budget == pytest.approx(300.0, rel=1e-9)
    assert 0 <= recommended.optimality_gap <= 1e-3
    assert recommended.cvar05 <= recommended.gain_vs_hold_p05 <= recommended.gain_vs_hold_mean


def test_gain_is_the_difference_within_each_draw(market: Market) -> None:
    plan = planned(market())
    gain = (plan.outcome.sel(scenario="cut") - plan.outcome.sel(scenario="hold")).values
    assert scenario(plan, "cut").gain_vs_hold_p95 == pytest.approx(np.quantile(gain, 0.95))
    assert scenario(plan, "cut").probability_beats_hold == (gain > 0).mean()


def test_cut_and_grow_spend_a_tenth_less_and_more_and_earn_in_that_order(market: Market) -> None:
    plan = planned(market())
    assert [scenario(plan, name).budget for name in ("cut", "grow")] == pytest.approx([270.0, 330.0])
    assert (
        scenario(plan, "cut").outcome_mean
        <= scenario(plan, "recommended").outcome_mean
        <= scenario(plan, "grow").outcome_mean
    )


def test_the_users_own_scenario_keeps_channels_it_does_not_name(market: Market) -> None:
    plan = planned(market(), scenarios=[{"name": "no-tv", "multiples": {"tv": 0.0}}])
    assert spends(plan, "no-tv").recommended_spend.tolist() == [0.0, 150.0, 50.0]
    assert scenario(plan, "no-tv").gain_vs_hold_mean < 0
    assert np.isnan(scenario(plan, "no-tv").optimality_gap)


@settings(deadline=None, max_examples=15)
@given(
    low=st.floats(0.0, 1.0),
    high=st.floats(1.0, 2.0),
    spend=st.lists(st.floats(1.0, 1e5), min_size=3, max_size=3),
    slopes=st.lists(st.floats(0.7, 3.5), min_size=3, max_size=3),
)
def test_never_over_or_under_budget_and_never_outside_a_bound(
    market: Market, low: float, high: float, spend: list[float], slopes: list[float]
) -> None:
    view = market(spend=tuple(spend), slopes=tuple(slopes), samples=4)
    found = spends(planned(view, bounds={"default": (low, high)}))
    assert found.recommended_spend.sum() == pytest.approx(sum(spend), rel=1e-6)
    assert (found.multiple >= found.lower - 1e-9).all()
    assert (found.multiple <= found.upper + 1e-9).all()


def test_another_currency_scales_money_and_leaves_multiples(market: Market) -> None:
    euro, yen = planned(market()), planned(market(currency=160.0))
    assert spends(yen).multiple.tolist() == pytest.approx(spends(euro).multiple.tolist())
    assert scenario(yen, "recommended").outcome_mean == pytest.approx(160 * scenario(euro, "recommended").outcome_mean)
    assert yen.quality.mroi_current_mean.tolist() == pytest.approx(euro.quality.mroi_current_mean.tolist())


def test_wider_bounds_never_hurt(market: Market) -> None:
    outcomes = [
        scenario(planned(market(), bounds={"default": b}), "recommended").outcome_mean
        for b in [(0.9, 1.1), (0.5, 1.5), (0.0, 2.0)]
    ]
    assert outcomes == sorted(outcomes)


def test_what_a_multiple_is_worth_counts_what_is_not_known_about_the_move(market: Market) -> None:
    view = market(samples=2)
    worth = cautious(view, 0.5)
    assert worth[:, 20] == pytest.approx(view.curves[:, :, 20].mean(axis=0))
    brought = view.curves[:, 0, 30] - view.curves[:, 0, 20]
    assert worth[0, 30] == pytest.approx(view.curves[:, 0, 30].mean() - 0.5 * abs(brought[0] - brought[1]) / 2)


def test_the_less_is_known_the_less_is_moved(market: Market) -> None:
    def moved(scatter: float, caution: float) -> float:
        return float((spends(planned(market(scatter=scatter, samples=64), caution=caution)).multiple - 1).abs().sum())

    assert moved(1e-3, 0.5) == pytest.approx(moved(1e-3, 0.0), abs=0.02)
    assert moved(0.5, 0.0) >= moved(0.5, 0.5) > moved(0.5, 2.0)
    assert moved(0.5, 50.0) == 0.0


def test_where_draws_agree_the_best_mean_is_taken_and_where_they_do_not_caution_stays(market: Market) -> None:
    sure, unsure = market(scatter=0.05, samples=64), market(scatter=1.0, samples=64, tops=(300.0, 500.0, 150.0))
    believed = planned(sure, caution=0.0)
    assert spends(planned(sure)).multiple.tolist() == spends(believed).multiple.tolist()
    assert fact(planned(sure), "caution") == "0"
    assert spends(planned(unsure)).multiple.tolist() != spends(planned(unsure, caution=0.0)).multiple.tolist()
    assert scenario(planned(unsure, caution=0.0), "recommended").probability_beats_hold < 0.9
    assert fact(planned(unsure), "caution") == "0.5"


def test_caution_is_no_more_than_confidence_needs(market: Market) -> None:
    plans = [
        planned(market(scatter=0.35, samples=64), caution=2.0, confidence=confidence)
        for confidence in (0.8, 0.95, 0.99)
    ]
    assert [fact(plan, "caution") for plan in plans] == ["0", "1", "2"]
    assert scenario(plans[0], "recommended").probability_beats_hold < 0.95
    assert scenario(plans[1], "recommended").probability_beats_hold >= 0.95


def test_a_recommendation_to_hold_is_the_present_plan_to_the_last_digit(market: Market) -> None:
    plan = planned(market(scatter=0.5, samples=64), caution=50.0)
    assert (spends(plan).multiple == 1.0).all()
    held = scenario(plan, "recommended")
    assert (held.gain_vs_hold_p05, held.gain_vs_hold_mean, held.gain_vs_hold_p95) == (0.0, 0.0, 0.0)
    assert np.isnan(held.probability_beats_hold)


def test_a_frozen_channel_stays_in_every_solved_scenario(market: Market) -> None:
    plan = planned(market(), bounds={"default": (0.5, 1.5), "tv": (1.0, 1.0)})
    for name in ("recommended", "cut", "grow"):
        assert spends(plan, name).multiple["tv"] == 1.0


def test_a_standing_scenario_that_the_limits_rule_out_is_left_out_and_said(market: Market) -> None:
    plan = planned(market(), bounds={"default": (1.0, 1.0)})
    assert list(plan.scenarios.scenario) == ["hold", "recommended"]
    assert "more than the budget" in fact(plan, "left_out:cut")


def test_a_group_keeps_its_share(market: Market) -> None:
    plan = planned(market(), groups=[{"channels": ["tv", "social"], "max_share": 0.4}])
    assert spends(plan).recommended_spend[["tv", "social"]].sum() <= 0.4 * 300.0 * (1 + 1e-6)


def test_an_impossible_budget_names_the_bounds_and_the_amount(market: Market) -> None:
    with pytest.raises(
        InputError, match=r"upper bounds add up to 450\.00, which is 50\.00 less than the budget 500\.00"
    ):
        planned(market(), budget=500.0)


def test_a_target_roi_sets_the_budget(market: Market) -> None:
    plan = planned(market(), budget={"target_roi": 2.0}, bounds={"default": (0.0, 2.0)})
    recommended = scenario(plan, "recommended")
    assert recommended.outcome_mean / recommended.budget == pytest.approx(2.0, rel=1e-3)
    assert fact(plan, "budget_asked") == "target_roi 2.0"


def test_a_conflicted_channel_moves_by_a_tenth_and_the_summary_says_so(market: Market) -> None:
    labels = ["conflicted", "observationally consistent only", "experiment-confirmed"]
    verdicts = pd.DataFrame({"channel": ["tv", "search", "social"], "label": labels})
    free, held = planned(market()), planned(market(), verdicts)
    assert abs(spends(free).multiple["tv"] - 1) > 0.2
    assert abs(spends(held).multiple["tv"] - 1) <= 0.1 + 1e-9
    assert fact(held, "held_back:tv") == "is conflicted, and moves by 10% at most"
    assert (fact(free, "validated"), fact(held, "validated")) == ("no", "yes")


def test_a_budget_that_evidence_would_not_allow_is_spent_all_the_same(market: Market) -> None:
    verdicts = pd.DataFrame({"channel": ["tv", "search", "social"], "label": ["conflicted"] * 3})
    larger = spends(planned(market(), verdicts, budget=390.0))
    assert larger.recommended_spend.sum() == pytest.approx(390.0)
    assert (larger.multiple <= 1.3 * 1.1 + 1e-9).all()
    grouped = planned(market(), verdicts, groups=[{"channels": ["tv", "social"], "max_share": 0.4}])
    assert spends(grouped).recommended_spend[["tv", "social"]].sum() <= 0.4 * 300.0 * (1 + 1e-6)


def test_spend_beyond_experience_is_flagged_and_by_default_not_recommended(market: Market) -> None:
    view = market(observed=(1.1, 1.1, 1.1))
    assert spends(planned(view)).multiple.max() <= 1.1 + 1e-9
    allowed = spends(planned(view, bounds={"default": (0.5, 1.5), "search": (0.5, 1.5)}))
    assert allowed.multiple["search"] > 1.1
    assert allowed.extrapolates.tolist() == (allowed.multiple > 1.1 + 1e-6).tolist()


def test_a_dark_channel_stays_dark(market: Market) -> None:
    plan = planned(market(spend=(100.0, 0.0, 50.0)))
    assert spends(plan).recommended_spend["search"] == 0.0
    assert spends(plan).multiple["search"] == 1.0
    assert "stays out of the decision" in fact(plan, "dark:search")
    assert np.isfinite(plan.scenarios.outcome_mean).all()


def test_draws_that_agree_are_sure_of_the_direction(market: Market) -> None:
    sure, unsure = planned(market(scatter=1e-3)).quality, planned(market(scatter=1.5)).quality
    moved = sure.multiple.sub(1).abs() > 0.05
    assert (sure.probability_right_direction[moved] == 1.0).all()
    assert unsure.probability_right_direction.min() < 0.9
    assert (unsure.optimum_p95 - unsure.optimum_p05).max() > (sure.optimum_p95 - sure.optimum_p05).max()
    assert float(fact(planned(market(scatter=1.5)), "perfect_information")) > 0


def test_the_calendar_repeats_the_flighting_and_sums_to_the_plan(market: Market) -> None:
    plan = planned(market())
    by_channel = plan.calendar.groupby("channel").recommended_spend.sum()
    assert by_channel.to_dict() == pytest.approx(spends(plan).recommended_spend.to_dict())
    assert plan.calendar.period.min() > plan.calendar.reference_period.max()


def test_plan_curves_pass_through_the_scenarios_and_sum_the_draws_last(market: Market) -> None:
    view = market(spend=(100.0, 0.0, 50.0))
    curves = planned(view).curves.set_index(["channel", "multiple"])
    assert list(curves) == ["spend", "mean", "p05", "p95"]
    assert len(curves) == 3 * 41
    assert curves.loc[("tv", 1.0), "mean"] == pytest.approx(view.curves[:, 0, 20].mean())
    assert curves.loc[("tv", 1.5), "p95"] == pytest.approx(np.quantile(view.curves[:, 0, 30], 0.95))
    assert (curves.loc["search", "spend"] == 0).all()
    assert (curves.xs(0.0, level="multiple")["mean"] == 0).all()


def test_plan_draws_are_draws_of_the_plan_curves(market: Market) -> None:
    plan = planned(market(spend=(100.0, 0.0, 50.0)))
    draws = plan.draws.set_index(["channel", "multiple"])
    curves = plan.curves.set_index(["channel", "multiple"])
    assert 2 < draws.shape[1] <= 250
    spread = curves.loc[("tv", 1.0), "p95"] - curves.loc[("tv", 1.0), "p05"]
    assert abs(draws.loc[("tv", 1.0)].mean() - curves.loc[("tv", 1.0), "mean"]) < 0.1 * spread
    held = draws.xs(1.0, level="multiple").sum()
    outcome = plan.outcome.sel(scenario="hold").values
    assert np.isin(held.round(6), outcome.round(6)).all()


def test_finance_spend_reconciles_with_the_allocation_to_the_cent(market: Market) -> None:
    plan = planned(market(spend=(100.03, 149.99, 50.01)), finance={"margin": 0.38})
    total = plan.finance[(plan.finance.line == "spend") & (plan.finance.channel == "all")].set_index("scenario").amount
    for name, amount in total.items():
        assert float(amount) == round(float(scenario(plan, str(name)).budget), 2)
