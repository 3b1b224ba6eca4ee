"""Labels never exceed their evidence, and the tables keep their contract."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causal
from causal import rates
from causal.adjustment import GEO, SEASON, TREND
from causal.evidence import Evidence, ask, samples_for
from causal.gates import GateResult
from causal.operating import simulate
from causal.verdict import CONFIRMED, CONFLICTED, GATES, NOT_IDENTIFIABLE, OBSERVED, QUASI, judge, label

ADJUSTMENT = (SEASON, TREND, GEO, "other")


def _results(**failed: str) -> list[GateResult]:
    return [GateResult(gate, 0.0, "fail" if gate in failed else "pass", "") for gate in GATES]


def _evidence(geos: int = 1) -> Evidence:
    return simulate("effective", geos, 120, 0.9, np.random.default_rng(3))


def test_observation_alone_never_earns_more_than_only() -> None:
    assert label(_results()) == OBSERVED
    assert label(_results(robustness="", block_subset="", leave_one_out="", random_common_cause="")) == OBSERVED


@pytest.mark.parametrize("gate", ["lead", "hidden_demand", "circular_shift", "agreement"])
def test_a_contradiction_is_a_conflict_whatever_the_experiment_says(gate: str) -> None:
    assert label(_results(**{gate: ""})) == CONFLICTED
    assert label(_results(**{gate: ""}), "randomised") == CONFLICTED


def test_an_experiment_lifts_the_label_and_answers_where_observation_cannot() -> None:
    assert label(_results(), "randomised") == CONFIRMED
    assert label(_results(), "quasi") == QUASI
    assert label(_results(identification=""), "randomised") == CONFIRMED
    assert label(_results(), "contradicts") == CONFLICTED


@pytest.mark.parametrize("gate", ["identification", "positivity"])
def test_what_cannot_be_compared_is_not_identifiable(gate: str) -> None:
    assert label(_results(**{gate: "", "lead": ""})) == NOT_IDENTIFIABLE


@pytest.mark.parametrize("geos", [1, 6])
def test_an_effective_channel_goes_through_every_gate(geos: int) -> None:
    results = judge(_evidence(geos), "channel", ADJUSTMENT)
    assert tuple(result.gate for result in results) == GATES
    assert all(result.note.endswith(".") and result.note[0].isupper() | result.note[0].isdigit() for result in results)


def test_without_identification_nothing_else_is_tested() -> None:
    results = judge(_evidence(), "channel", None)
    assert [result.result for result in results] == ["fail", *["not_testable"] * (len(GATES) - 1)]


def test_a_channel_that_never_varies_is_refused_and_gives_no_estimate() -> None:
    evidence = _evidence()
    flat = np.array(evidence.exposure)
    flat[..., 0] = 3.0
    evidence = replace(evidence, exposure=flat)
    assert label(judge(evidence, "channel", ADJUSTMENT)) == NOT_IDENTIFIABLE
    assert np.isnan(ask(evidence, "channel", ADJUSTMENT).answer).all()


def test_more_causes_than_periods_leave_nothing_to_compare() -> None:
    evidence = _evidence()
    noise = np.random.default_rng(0).standard_normal((1, 120, 130))
    crowded = replace(evidence.setting, blocks=evidence.setting.blocks | {"noise": noise})
    results = judge(replace(evidence, setting=crowded), "channel", (*ADJUSTMENT, "noise"))
    assert label(results) == NOT_IDENTIFIABLE


def test_the_adjusted_estimate_recovers_a_known_contribution() -> None:
    """Twelve channels; the mean error of unbiased estimates has a standard error of sd / sqrt(12)."""
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(12):
        evidence = simulate("effective", 1, 156, 0.9, rng)
        question = ask(evidence, "channel", ADJUSTMENT)
        errors.append((question.answer.mean() - question.model.mean()) / question.answer.std())
    assert abs(np.mean(errors)) < 3 / np.sqrt(12)


def test_a_missing_week_is_left_out() -> None:
    evidence = _evidence()
    kpi = np.array(evidence.setting.kpi)
    kpi[0, 50:53] = np.nan
    holed = replace(evidence, setting=replace(evidence.setting, kpi=kpi))
    assert np.isfinite(ask(holed, "channel", ADJUSTMENT).answer).all()


def test_every_gate_has_a_measured_false_alarm_rate() -> None:
    for table in (rates.NATIONAL, rates.PANEL):
        assert set(table) == {*GATES, "negative_control", "experiment"}
        assert all(0 <= rate < 0.25 for rate in table.values())


def test_a_fit_becomes_both_tables_the_same_way_twice(fitted: xr.DataTree) -> None:
    verdicts, again = causal.validate(fitted), causal.validate(fitted)
    both = causal.examine(fitted)
    pd.testing.assert_frame_equal(both.verdicts, verdicts)
    pd.testing.assert_frame_equal(both.effects, causal.effects(fitted))
    pd.testing.assert_frame_equal(verdicts, again)
    assert list(verdicts.columns) == ["channel", "label", "gate", "statistic", "result", "false_alarm_rate", "note"]
    channels = [str(name) for name in fitted["panel"]["channel"].values]
    assert list(verdicts["channel"].unique()) == channels
    assert len(verdicts) == len(channels) * len(GATES)
    assert set(verdicts["label"]) <= {OBSERVED, CONFLICTED, NOT_IDENTIFIABLE}
    effects = causal.effects(fitted)
    assert {"channel", "estimand", "mean", "p05", "p95", "model_mean", "model_p05", "model_p95", "overlap"} <= set(
        effects
    )
    assert effects["overlap"].between(0, 1).all()


def test_a_large_panel_is_adjusted_for_fewer_draws_and_no_small_one_is() -> None:
    assert [samples_for(cells) for cells in (0, 80_000, 160_000, 312_000, 10**9)] == [200, 200, 100, 51, 50]


def test_a_believed_latent_demand_takes_the_estimate_away(fitted: xr.DataTree) -> None:
    first = str(fitted["panel"]["channel"].values[0])
    seen: list[tuple[int, int, str]] = []
    believed = causal.Beliefs(latent_demand={first})
    verdicts = causal.validate(fitted, beliefs=believed, progress=lambda *step: seen.append(step))
    labels = verdicts.groupby("channel")["label"].first()
    assert labels[first] == NOT_IDENTIFIABLE
    assert (labels.drop(first) != NOT_IDENTIFIABLE).any()
    effects = causal.effects(fitted, beliefs=believed).set_index("channel")
    assert np.isnan(effects.loc[first, "mean"])
    assert seen[-1][0] == seen[-1][1] == len(labels)
    assert "a latent demand" in causal.graphs(fitted, beliefs=believed)[first]
    rows = causal.arrows(fitted, beliefs=believed)
    assert set(rows.loc[rows["latent"], "channel"]) == {first}
    assert not rows.loc[rows["channel"] == first, "held"].any()
    assert rows.loc[rows["channel"] != first].groupby("channel")["held"].any().all()
