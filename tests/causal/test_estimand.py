"""The adjusted answer draw by draw, against DoWhy's own estimator and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causal.estimand import Estimand, answer_draws, disjoint, effect_draws, listed, overlap
from causal.evidence import _basis
from causal.regression import Adjusted, adjust, estimate, observations

PERIODS = 80


def _market() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A KPI, three draws of two channels' exposure, and an intercept with a price."""
    rng = np.random.default_rng(0)
    exposure = rng.random((3, 1, PERIODS, 2))
    fixed = np.stack([np.ones(PERIODS), rng.standard_normal(PERIODS)], axis=-1)[None]
    kpi = 5 + exposure[0] @ np.array([2.0, 1.0]) - fixed[..., 1] + 0.1 * rng.standard_normal((1, PERIODS))
    return kpi, exposure, fixed, np.concatenate([fixed, exposure[0, ..., [1]].transpose(1, 2, 0)], axis=-1)


def _rows(persistence: float) -> Adjusted:
    kpi, exposure, _, covariates = _market()
    return adjust(observations(kpi, exposure[0, ..., 0], covariates), persistence)


@pytest.mark.parametrize("persistence", [0.0, 0.6])
def test_draws_agree_with_the_regression_of_each_draw(persistence: float) -> None:
    kpi, exposure, fixed, covariates = _market()
    rows = _rows(persistence)
    effects, errors = effect_draws(rows, kpi, exposure[..., 0], exposure[..., 1:], _basis(fixed, rows))
    alone = estimate(rows)
    assert effects[0] == pytest.approx(alone.effect)
    assert errors[0] == pytest.approx(alone.standard_error)
    second = np.concatenate([fixed, exposure[1, ..., 1:]], axis=-1)
    assert effects[1] == pytest.approx(
        estimate(adjust(observations(kpi, exposure[1, ..., 0], second), persistence)).effect
    )
    assert covariates.shape[-1] == 3


@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning")
def test_agrees_with_dowhys_linear_estimator() -> None:
    """DoWhy 0.14, `backdoor.linear_regression`, the same adjustment set; it knows no persistence, so ours is 0."""
    from dowhy import CausalModel

    kpi, exposure, fixed, _ = _market()
    frame = pd.DataFrame(
        {"tv": exposure[0, 0, :, 0], "search": exposure[0, 0, :, 1], "price": fixed[0, :, 1], "kpi": kpi[0]}
    )
    model = CausalModel(frame, "tv", "kpi", common_causes=["search", "price"])
    identified = model.identify_effect(proceed_when_unidentifiable=False)
    theirs = model.estimate_effect(identified, method_name="backdoor.linear_regression")
    assert estimate(_rows(0.0)).effect == pytest.approx(theirs.value)


def test_the_answer_is_the_effect_times_the_exposure_with_its_sampling_error() -> None:
    rng = np.random.default_rng(0)
    effects, totals = np.full(400, 2.0), np.full(400, 10.0)
    np.testing.assert_allclose(answer_draws(effects, np.zeros(400), 50, totals, rng), 20.0)
    spread = answer_draws(effects, np.full(400, 0.5), 50, totals, rng).std()
    assert spread == pytest.approx(5 * np.sqrt(50 / 48), rel=4 / np.sqrt(2 * 4000))


def test_overlap_is_one_for_the_same_draws_and_zero_for_distant_ones() -> None:
    draws = np.linspace(0, 1, 100)
    assert overlap(draws, draws) == pytest.approx(1.0)
    assert overlap(draws, draws + 5) == 0.0
    assert overlap(draws, draws + 0.5) == pytest.approx(0.5, abs=0.05)
    assert overlap(np.zeros(3), np.zeros(2)) == 1.0


def test_intervals_that_touch_are_not_disjoint() -> None:
    assert not disjoint(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    assert disjoint(np.array([3.0, 4.0]), np.array([1.0, 2.0]))


def test_the_question_names_its_window_and_what_is_held_still() -> None:
    asked = Estimand("tv", "2024-01-01", "2024-12-30", "EUR", ("the season", "price"))
    assert asked.text == (
        "Contribution of tv from 2024-01-01 to 2024-12-30 in EUR: what was expected as flown, "
        "minus what was expected without the channel, holding still the season and price."
    )
    assert asked.assumptions.startswith("Nothing outside the season and price moves both tv and the KPI")
    assert "No set of measured causes" in Estimand("tv", "a", "b", "EUR", None).text


def test_a_long_list_is_cut_with_its_count() -> None:
    assert listed(tuple("abcdefghij")) == "a, b, c, d, e, f, g and 3 more"
    assert listed(()) == "nothing"
