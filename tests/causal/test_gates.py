"""Each attack against a channel built to fail it, and one built to withstand it."""

from __future__ import annotations

import numpy as np
import pytest

from causal import gates
from causal.operating import carry_over, wander
from causal.regression import Observations, adjust, observations

PERIODS = 156


def _channel(effect: float, seed: int, follows_demand: float = 0.0) -> Observations:
    rng = np.random.default_rng(seed)
    demand = wander(1, PERIODS, 0.9, rng)
    exposure = carry_over(follows_demand * demand + wander(1, PERIODS, 0.5, rng)) + 3
    return observations(50 + demand + effect * exposure, exposure, np.ones((1, PERIODS, 1)))


def test_a_channel_that_never_varies_is_refused() -> None:
    data = _channel(1.0, 0)
    flat = observations(data.kpi, np.full((1, PERIODS), 7.0), data.covariates)
    assert gates.positivity(flat).result == "fail"
    assert gates.positivity(flat).statistic == 0.0


def test_a_channel_that_copies_another_has_no_variation_of_its_own() -> None:
    data = _channel(1.0, 0)
    copy = data.exposure[..., None] + 1e-3 * np.random.default_rng(1).standard_normal((1, PERIODS, 1))
    crowded = observations(data.kpi, data.exposure, np.concatenate([data.covariates, copy], axis=-1))
    result = gates.positivity(crowded)
    assert result.result == "fail"
    assert result.note.startswith("Only 0% of the variation")


def test_a_channel_with_its_own_flighting_keeps_its_variation() -> None:
    assert gates.positivity(_channel(1.0, 0)).statistic == pytest.approx(1.0)


def test_the_timing_of_an_effective_channel_stands_out() -> None:
    data = _channel(2.0, 2)
    assert gates.circular_shift(data, adjust(data), 2.0).result == "pass"


def test_no_effect_and_no_claim_cannot_be_tested() -> None:
    data = _channel(0.0, 3)
    assert gates.circular_shift(data, adjust(data), 0.0).result == "not_testable"


def test_a_large_claim_without_an_effect_fails() -> None:
    data = _channel(0.0, 3)
    result = gates.circular_shift(data, adjust(data), 5.0)
    assert result.result == "fail"
    assert "would have stood out" in result.note


def _lead(data: Observations) -> gates.GateResult:
    return gates.lead(gates.future(data))


def _hidden(data: Observations, claims: np.ndarray) -> gates.GateResult:
    return gates.hidden_demand(data, claims)


def test_spend_that_follows_demand_fails_the_lead_test() -> None:
    results = [_lead(_channel(0.0, seed, follows_demand=0.7)).result for seed in range(12)]
    assert results.count("fail") >= 4  # power of about 0.5; under a rate of 0.07 four of twelve are 1 in 150


def test_an_effective_channel_passes_the_lead_test() -> None:
    results = [_lead(_channel(2.0, seed)).result for seed in range(12)]
    assert results.count("fail") <= 3


def _overstated(seed: int) -> tuple[Observations, np.ndarray]:
    """A channel without effect that follows demand, and what a regression in levels credits it with."""
    data = _channel(0.0, seed, follows_demand=0.7)
    return data, np.full(5, np.cov(data.kpi[0], data.exposure[0])[0, 1] / data.exposure.var())


def test_early_sales_and_a_high_claim_together_show_hidden_demand_more_often_than_the_lead_alone() -> None:
    channels = [_overstated(seed) for seed in range(12)]
    together = [_hidden(data, claims).result for data, claims in channels]
    assert together.count("fail") >= 9  # power of about 0.9: fewer than nine of twelve are 1 in 200
    assert together.count("fail") > [_lead(data).result for data, _ in channels].count("fail")


def test_a_sound_channel_with_a_right_claim_shows_no_hidden_demand() -> None:
    channels = [_channel(2.0, seed) for seed in range(12)]
    results = [_hidden(data, np.full(5, 2.0)).result for data in channels]
    assert results.count("fail") <= 4  # under a rate of 0.09 five of twelve are 1 in 200


def test_a_model_that_is_unsure_of_its_claim_is_accused_of_less() -> None:
    data, claims = _overstated(0)
    sure = _hidden(data, claims).statistic
    unsure = _hidden(data, claims + np.linspace(-5, 5, 5)).statistic
    assert unsure > sure


def test_a_claim_below_adjustment_is_no_sign_of_demand() -> None:
    data, claims = _overstated(0)
    assert _hidden(data, claims - 5).result == "pass"


def test_a_short_history_is_not_tested() -> None:
    data = _channel(1.0, 0)
    short = observations(data.kpi[:, :20], data.exposure[:, :20], data.covariates[:, :20])
    assert _lead(short).result == "not_testable"
    assert _hidden(short, np.ones(5)).result == "not_testable"
    assert (
        gates.circular_shift(short, adjust(short), 1.0).note == "20 periods are too few for this test, which needs 30."
    )


def test_amounts_that_do_not_meet_conflict() -> None:
    low, high = np.linspace(0, 1, 50), np.linspace(2, 3, 50)
    result = gates.agreement(low, high, "200 by the model, 50 by adjustment")
    assert (result.result, result.statistic) == ("fail", 0.0)
    assert "credits the channel with more" in result.note


def test_amounts_that_meet_agree() -> None:
    same = np.linspace(0, 1, 50)
    assert gates.agreement(same, same, "the same").statistic == pytest.approx(1.0)


def test_what_is_not_identified_says_that_only_an_experiment_can_tell() -> None:
    result = gates.identification(None)
    assert result.result == "fail"
    assert "Only an experiment can tell" in result.note
