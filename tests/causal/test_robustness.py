"""How much it takes to move an effect."""

from __future__ import annotations

import numpy as np
import pytest

from causal import robustness
from causal.operating import wander
from causal.regression import Adjusted, Observations, adjust, estimate, observations

PERIODS = 104


def _rows(effect: float, seed: int = 0, price: float = 0.0) -> tuple[Observations, Adjusted, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    competitor = rng.standard_normal((1, PERIODS))
    exposure = rng.standard_normal((1, PERIODS)) + price * competitor
    kpi = effect * exposure + price * competitor + rng.standard_normal((1, PERIODS))
    blocks = {"the geo": np.ones((1, PERIODS, 1)), "competitor": competitor[..., None]}
    data = observations(kpi, exposure, np.concatenate(list(blocks.values()), axis=-1))
    return data, adjust(data, 0.0), blocks


def test_refitting_from_products_equals_refitting_the_rows() -> None:
    data, rows, _ = _rows(1.0, price=1.0)
    keep = np.arange(PERIODS) >= 30
    part = observations(data.kpi[:, keep], data.exposure[:, keep], data.covariates[:, keep])
    weights = keep[None].astype(float)
    refitted = robustness.refit(robustness.products(rows, "time"), weights)
    assert refitted[0] == pytest.approx(estimate(adjust(part, 0.0)).effect, rel=1e-6)


def test_a_steady_effect_survives_smaller_samples_and_made_up_causes() -> None:
    _, rows, _ = _rows(1.0)
    rng = np.random.default_rng(1)
    assert robustness.block_subset(rows, 8, rng).result == "pass"
    assert robustness.random_common_cause(rows, rng).result == "pass"
    assert robustness.leave_one_out(rows, 13).result == "pass"


def test_an_effect_that_one_quarter_makes_is_found_out() -> None:
    data, _, _ = _rows(0.0)
    kpi = data.kpi.copy()
    exposure = data.exposure.copy()
    kpi[0, 13:26] += 20
    exposure[0, 13:26] += 8
    episode = adjust(observations(kpi, exposure - 0.0, data.covariates), 0.0)
    others = np.r_[0:13, 26:PERIODS]
    kpi[0, others] -= 1.5 * exposure[0, others]
    turned = adjust(observations(kpi, exposure, data.covariates), 0.0)
    assert robustness.leave_one_out(episode, 13).statistic < 0.5
    assert robustness.leave_one_out(turned, 13).result == "fail"


def test_a_geo_that_carries_the_effect_alone_is_found_out() -> None:
    rng = np.random.default_rng(2)
    exposure = rng.standard_normal((4, PERIODS))
    exposure[0] *= 4
    effects = np.array([2.0, -0.6, -0.6, -0.6])[:, None]
    kpi = effects * exposure + 0.3 * rng.standard_normal((4, PERIODS))
    levels = np.repeat(np.eye(4)[:, None], PERIODS, axis=1)
    result = robustness.leave_one_out(adjust(observations(kpi, exposure, levels), 0.0), 13)
    assert result.result == "fail"
    assert "quarter or geo" in result.note


def test_an_effect_near_zero_has_nothing_to_move() -> None:
    data, rows, blocks = _rows(0.0, seed=3)
    rng = np.random.default_rng(1)
    results = [
        robustness.block_subset(rows, 8, rng),
        robustness.random_common_cause(rows, rng),
        robustness.leave_one_out(rows, 13),
        robustness.robustness(data, rows, blocks),
    ]
    assert {result.result for result in results} == {"not_testable"}


def test_the_robustness_value_solves_its_equation() -> None:
    for strength in (0.1, 0.5, 2.0):
        share = robustness.robustness_value(strength)
        assert share / np.sqrt(1 - share) == pytest.approx(strength)


def test_the_robustness_value_of_the_darfur_study_is_reproduced() -> None:
    """Cinelli and Hazlett (2020), section 5: t = 4.18 on 783 degrees of freedom, robustness value 13.9 %."""
    assert robustness.robustness_value(4.18 / np.sqrt(783)) == pytest.approx(0.139, abs=0.0005)


def test_an_effect_weaker_than_a_measured_cause_fails() -> None:
    weak, strong = _rows(0.6, price=3.0), _rows(3.0, price=0.2)
    assert robustness.robustness(*weak).result == "fail"
    assert robustness.robustness(*strong).result == "pass"


def test_noise_is_a_weak_benchmark_however_many_columns_it_has() -> None:
    data, _, blocks = _rows(0.5)
    noise = np.random.default_rng(5).standard_normal((1, PERIODS, 12))
    crowded = observations(data.kpi, data.exposure, np.concatenate([data.covariates, noise], axis=-1))
    strengths = robustness.block_strengths(crowded, adjust(crowded, 0.0), blocks | {"noise": noise})
    assert set(strengths) == {"competitor", "noise"}
    assert strengths["noise"] < 0.15


def _with_rhythm(weeks: float, seed: int) -> tuple[Observations, Adjusted]:
    """Flighting every thirteen weeks, and wandering sales that rise and fall every so many weeks."""
    rng = np.random.default_rng(seed)
    time = np.arange(156)
    exposure = wander(1, 156, 0.5, rng) + 2 * np.sin(2 * np.pi * time / 13) + 5
    kpi = 50 + wander(1, 156, 0.9, rng) + 2 * np.sin(2 * np.pi * time / weeks + 1)
    data = observations(kpi, exposure, np.ones((1, 156, 1)))
    return data, adjust(data)


def test_a_planted_effect_is_lost_where_sales_have_the_rhythm_of_the_flighting() -> None:
    shared = [robustness.planted_effect(*_with_rhythm(13.0, seed), 0.3) for seed in range(4)]
    apart = [robustness.planted_effect(*_with_rhythm(np.inf, seed), 0.3) for seed in range(4)]
    assert [result.result for result in shared] == ["fail"] * 4
    assert [result.result for result in apart] == ["pass"] * 4


def test_a_linear_adjustment_errs_as_much_whatever_is_planted() -> None:
    data, rows = _with_rhythm(20.0, 1)
    assert robustness.planted_effect(data, rows, 0.0).statistic == robustness.planted_effect(data, rows, 9.0).statistic


def test_a_short_history_has_no_room_for_planted_effects() -> None:
    data, _, _ = _rows(1.0)
    short = observations(data.kpi[:, :20], data.exposure[:, :20], data.covariates[:, :20])
    assert robustness.planted_effect(short, adjust(short), 1.0).result == "not_testable"
