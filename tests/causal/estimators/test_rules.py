"""The counterfactuals by hand, and what each of them must do whatever the market."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal.estimators import augmented, did, simplex, synthetic_control, synthetic_did, tbr
from causal.estimators.augmented import augmented as augmented_rule
from causal.estimators.simplex import simplex_weights
from tests.causal.estimators.markets import END, START, TREATED, market

METHODS = [did, synthetic_control, augmented, synthetic_did, tbr]


def test_the_change_of_one_less_the_change_of_the_other() -> None:
    """Treated 10 to 15, controls 20 to 22 on average: 5 - 2 = 3."""
    target, controls = np.array([10.0, 10, 15]), np.array([[18.0, 18, 21], [22, 22, 23]])
    found = did.parallel(target, controls, np.array([True, True, False]))
    np.testing.assert_allclose(found.expected, [10, 10, 12])


def test_the_nearest_mixture_of_two_points_is_the_foot_of_the_perpendicular() -> None:
    assert simplex_weights(np.array([1.0, 1.0]), np.array([[0.0, 0.0], [4.0, 0.0]])) == pytest.approx([0.75, 0.25])


def test_a_target_among_the_controls_is_its_own_mixture() -> None:
    assert simplex_weights(np.array([4.0, 0.0]), np.array([[0.0, 0.0], [4.0, 0.0]])) == pytest.approx([0, 1])


def test_a_large_ridge_spreads_the_weights_evenly() -> None:
    controls = np.random.default_rng(0).standard_normal((5, 8))
    np.testing.assert_allclose(simplex_weights(controls[0] * 0.9, controls, 1e9), 0.2, atol=1e-6)


@pytest.mark.parametrize("periods", [80, 12])
def test_exchanging_all_wrong_weights_finds_what_exchanging_one_at_a_time_finds(
    periods: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 12 periods and 20 controls, two of them the same, many mixtures are as near: then the fit is compared."""
    rng = np.random.default_rng(periods)
    markets = []
    for _ in range(10):
        controls = rng.standard_normal((20, periods)) + rng.standard_normal(periods)
        controls[1] = controls[0] if periods < 20 else controls[1]
        markets.append((controls[:4].mean(0) + 0.5 * rng.standard_normal(periods), controls))
    at_once = [simplex_weights(*market) for market in markets]
    monkeypatch.setattr(simplex, "_exchanged", lambda products: None)
    for (target, controls), weights in zip(markets, at_once, strict=True):
        one_by_one = simplex_weights(target, controls)
        np.testing.assert_allclose(weights @ controls, one_by_one @ controls, atol=1e-8)
        if periods > 20:
            np.testing.assert_allclose(weights, one_by_one, atol=1e-10)


@given(seed=st.integers(0, 10_000), geos=st.integers(2, 12), ridge=st.sampled_from([0.0, 1.0]))
@settings(max_examples=25, deadline=None)
def test_no_other_mixture_comes_closer(seed: int, geos: int, ridge: float) -> None:
    """The optimum of a convex programme: no corner of the simplex lies downhill."""
    rng = np.random.default_rng(seed)
    controls, target = rng.standard_normal((geos, 20)), rng.standard_normal(20)
    weights = simplex_weights(target, controls, ridge)
    slope = controls @ (weights @ controls - target) + ridge * weights
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert slope.min() >= slope @ weights - 1e-8


def test_a_treated_geo_larger_than_any_control_needs_levels_or_a_ridge() -> None:
    wide = market(noise=0.1)
    wide["geo0"] += 500
    free = synthetic_control.estimate(wide, ["geo0"], START, END)
    tied = synthetic_control.estimate(wide, ["geo0"], START, END, levels=False)
    assert abs(free.att) < 1
    assert tied.att > 400


def test_a_huge_penalty_leaves_the_synthetic_control_as_it_was() -> None:
    trial_target, controls = market()["geo0"].to_numpy(), market().to_numpy().T[2:]
    before = np.arange(60) < 56
    plain = synthetic_control.mixture_of_changes(trial_target - controls.mean(0), controls - controls.mean(0), before)
    shifted = augmented_rule(trial_target, controls, before, 1e15)
    np.testing.assert_allclose(shifted.weights, plain.weights, atol=1e-6)


def test_a_smaller_penalty_fits_the_past_better() -> None:
    target, controls = 2 * market()["geo0"].to_numpy(), market().to_numpy().T[2:]
    before = np.arange(60) < 56
    misses = [
        np.abs((target - augmented_rule(target, controls, before, penalty).expected)[before]).mean()
        for penalty in (1e6, 1e3, 1.0)
    ]
    assert misses == sorted(misses, reverse=True)


@pytest.mark.parametrize("method", METHODS)
def test_other_units_give_the_same_answer_in_other_units(method) -> None:
    """KPI in cents: effect and interval a hundred times as large, the same p-value."""
    euros, cents = (method.estimate(scale * market(effect=3.0), TREATED, START, END) for scale in (1.0, 100.0))
    assert cents.att == pytest.approx(100 * euros.att, rel=1e-6)
    assert cents.p_value == pytest.approx(euros.p_value)
    np.testing.assert_allclose(cents.interval, 100 * np.array(euros.interval), rtol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_shock_that_hits_all_geos_alike_is_no_effect(method) -> None:
    wide = market(noise=0.05)
    wide.iloc[-4:] += 40.0
    assert abs(method.estimate(wide, TREATED, START, END).att) < 4


@pytest.mark.parametrize("method", METHODS)
def test_an_interval_holds_its_estimate(method) -> None:
    found = method.estimate(market(effect=2.0, seed=5), TREATED, START, END)
    assert found.interval[0] <= found.att <= found.interval[1]


def test_the_event_study_sees_the_effect_after_the_start_and_little_before() -> None:
    wide = market(effect=8.0, weeks=24)
    table = did.event_study(wide, TREATED, wide.index[20], wide.index[23])
    assert table.loc[table["measured"], "effect"].mean() == pytest.approx(8, abs=1.5)
    assert (table.loc[table["measured"], "p_value"] < 0.1).all()
    assert (table.loc[~table["measured"], "p_value"] < 0.1).mean() <= 0.15
