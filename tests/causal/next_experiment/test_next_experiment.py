"""What a test is worth, against a decision whose value of information is known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from causal.next_experiment import next_experiments, ranking
from causal.next_experiment.candidates import Candidate, Market
from causal.next_experiment.decision import Terms, fill
from causal.next_experiment.value import (
    Signal,
    Stakes,
    perfect_information,
    remaining_variance,
    sample_information,
)
from mmm.errors import InputError
from mmm.plan.budget import solve_separable

DRAWS, MEAN, SPREAD = 4000, 0.5, 1.0


def _all_or_nothing() -> Stakes:
    """One uncertain channel with return theta ~ N(0.5, 1) against a sure one with return 0: take it if it pays."""
    theta = MEAN + SPREAD * stats.norm.ppf((np.arange(DRAWS) + 0.5) / DRAWS)
    theta = np.random.default_rng(0).permutation(theta)
    curves = np.zeros((DRAWS, 2, 2))
    curves[:, 0, 1] = theta

    def split(means: np.ndarray) -> np.ndarray:
        return np.where(means[:, [0], 1] > 0, [1.0, 0.0], [0.0, 1.0])

    return Stakes(curves, np.array([0.0, 1.0]), split)


def _gain(spread: float) -> float:
    """E max(m, 0) - max(E m, 0) for m ~ N(0.5, spread): the unit normal loss."""
    at = MEAN / spread
    return spread * float(stats.norm.pdf(at) - at * stats.norm.sf(at))


def test_perfect_information_is_the_unit_normal_loss() -> None:
    assert perfect_information(_all_or_nothing(), DRAWS) == pytest.approx(_gain(SPREAD), abs=0.003)


def test_sample_information_is_what_preposterior_analysis_says() -> None:
    """A wide prior and a Student error of 0.5 with 5 degrees of freedom: between normal errors of 0.5 and of its sd."""
    stakes = _all_or_nothing()
    worth = sample_information(stakes, [Signal(stakes.curves[:, 0, 1], 0.5)], seed=3, results=3000)
    scale = Signal(stakes.curves[:, 0, 1], 0.5).scale
    least, most = (_gain(SPREAD**2 / np.hypot(SPREAD, error)) for error in (scale * np.sqrt(5 / 3), scale))
    assert least - 3 * worth.standard_error < worth.value < most + 3 * worth.standard_error
    assert worth.value < _gain(SPREAD)


def test_a_test_without_bearing_on_the_decision_is_worth_next_to_nothing() -> None:
    stakes = _all_or_nothing()
    unrelated = Signal(np.random.default_rng(9).standard_normal(DRAWS), 0.1)
    useful = Signal(stakes.curves[:, 0, 1], 0.1)
    assert sample_information(stakes, [unrelated], 1).value < 0.1 * sample_information(stakes, [useful], 1).value


def test_two_tests_are_worth_more_than_one_and_less_than_knowing() -> None:
    stakes = _all_or_nothing()
    one = Signal(stakes.curves[:, 0, 1], 1.0)
    alone, both = (sample_information(stakes, [one] * count, 1, results=1000) for count in (1, 2))
    assert alone.value < both.value < _gain(SPREAD) + 3 * both.standard_error


def test_a_test_far_sharper_than_the_draws_is_not_relied_on() -> None:
    stakes = _all_or_nothing()
    few = Stakes(stakes.curves[:100], stakes.multiples, stakes.split)
    worth = sample_information(few, [Signal(10 + 0 * few.curves[:, 0, 1] + few.curves[:, 0, 1] * 500, 0.01)], 1)
    assert not worth.reliable


def test_the_variance_that_is_left_is_that_of_two_normals() -> None:
    """Prior 1, error 1 (and a tenth of the mean lift): half is left, a little more for heavy tails."""
    lift = _all_or_nothing().curves[:, 0, 1]
    assert remaining_variance(Signal(lift, 1.0), 1, results=2000) == pytest.approx(0.55, abs=0.06)


def test_a_standard_error_is_that_of_blocks_of_the_past() -> None:
    """Alternating misses cancel over two periods."""
    assert Market((), np.tile([1.0, -1.0], 20)).standard_error(1) == 1.0
    assert Market((), np.tile([1.0, -1.0], 20)).standard_error(2) == 0.0


def test_filling_steps_is_the_certified_split_where_curves_are_concave() -> None:
    rng, multiples = np.random.default_rng(3), np.linspace(0.0, 2.0, 21)
    spend = np.array([1.0, 3.0, 2.0])
    curves = rng.uniform(1, 4, (5, 3, 1)) * multiples ** rng.uniform(0.3, 0.9, (5, 3, 1))
    filled = fill(spend, multiples)(curves)
    assert filled @ spend == pytest.approx(np.full(5, 6.0))
    stakes = Stakes(curves, multiples, fill(spend, multiples))
    for each, split in zip(curves, filled, strict=True):
        certified = solve_separable(spend[:, None] * multiples, each, 6.0, tolerance=1e-6)
        assert stakes.earned(each[None], split[None])[0] == pytest.approx(certified.value, rel=1e-6)


def test_a_split_between_multiples_earns_what_lies_between() -> None:
    stakes = Stakes(np.array([[[0.0, 2.0, 3.0]]]), np.array([0.0, 1.0, 2.0]), lambda curves: curves[..., 0])
    earned = [stakes.earned(stakes.curves, np.array([[at]]))[0] for at in (0.0, 0.25, 1.0, 1.5, 2.0)]
    assert earned == pytest.approx([0.0, 0.5, 2.0, 2.5, 3.0])


@pytest.fixture
def ranked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ranking.NextExperiments]:
    """Two channels; a free sharp test of the first, a costly one, and one that pays for itself."""
    stakes = _all_or_nothing()
    lift = stakes.curves[:, 0, 1]

    def test_of(channel: str, cost: float, error: float, signal: np.ndarray) -> Candidate:
        return Candidate(channel, 2.0, ("north",), 4, 0, cost, 0.0, Signal(signal, error))

    noise = np.random.default_rng(4).standard_normal(DRAWS)
    tests = [test_of("tv", 0.05, 0.3, lift), test_of("tv", 9.0, 0.3, lift), test_of("radio", -5.0, 0.3, noise)]
    monkeypatch.setattr(ranking, "stakes_of", lambda *_: (stakes, Terms("EUR", 1.0, 1.0)))
    monkeypatch.setattr(ranking, "candidates", lambda *_, **__: tests)
    days = pd.date_range("2026-01-05", periods=3, freq="W-MON")
    fit = xr.DataTree.from_dict({"panel": xr.Dataset(coords={"time": days})})
    return lambda **asked: next_experiments(fit, **asked)


def test_the_ranking_is_by_net_value_and_saving_money_is_no_gain(
    ranked: Callable[..., ranking.NextExperiments],
) -> None:
    table = ranked().table
    assert table.loc[0, ["channel", "cost"]].tolist() == ["tv", 0.05]
    assert table["cost"].tolist() == [0.05, -5.0, 9.0]
    free = table.iloc[1]
    assert free["net"] == free["value_of_information"]
    assert (table["value_of_information"] <= _gain(SPREAD) + 3 * table["monte_carlo_error"]).all()


def test_the_portfolio_stays_within_its_budget_and_stops_when_nothing_is_added(
    ranked: Callable[..., ranking.NextExperiments],
) -> None:
    assert ranked(test_budget=1.0).portfolio["channel"].iloc[0] == "tv"
    assert "tv" not in set(ranked(test_budget=0.01).portfolio["channel"])
    assert ranked(fixed_cost=100.0).portfolio.empty


def test_tests_in_the_same_geos_run_one_after_the_other() -> None:
    """The data end with the week of 19 January; tests last four weeks."""
    times = pd.date_range("2026-01-05", periods=3, freq="W-MON")
    one, two, elsewhere = (
        Candidate(name, 2.0, geos, 4, tail, 0.0, 0.0, Signal(np.zeros(2), 1.0))
        for name, geos, tail in (("tv", ("north",), 1), ("radio", ("north", "east"), 0), ("print", ("south",), 0))
    )
    first = ranking._dates(one, [], [], times)
    assert (first["start"], first["measured_by"]) == (pd.Timestamp("2026-01-26"), pd.Timestamp("2026-03-02"))
    assert ranking._dates(two, [one], [first], times)["start"] == first["measured_by"]
    assert ranking._dates(elsewhere, [one], [first], times)["start"] == first["start"]


def test_a_test_that_teaches_little_has_no_date_for_its_repeat(ranked: Callable[..., ranking.NextExperiments]) -> None:
    schedule = ranked(drift=1.5).retest.set_index("channel")
    of_tv = schedule.loc["tv"]
    assert of_tv["retest_after_years"] > 0
    assert np.isnan(schedule.loc["radio", "retest_after_years"]) == (schedule.loc["radio", "variance_left"] > 0.8)
    faster = ranked(drift=3.0).retest.set_index("channel").loc["tv"]
    assert faster["retest_after_years"] == pytest.approx(of_tv["retest_after_years"] / 4)
    assert ranked(drift=0.01).retest.set_index("channel").loc["tv", "retest_after_years"] == ranking.LONGEST_YEARS


def test_a_repeat_is_due_when_the_measured_weeks_and_the_years_have_passed(
    ranked: Callable[..., ranking.NextExperiments],
) -> None:
    """The data end with the week of 19 January; four weeks are measured and none cools down."""
    of_tv = ranked(drift=1.5).retest.set_index("channel").loc["tv"]
    assert of_tv["measured_by"] == pd.Timestamp("2026-02-23")
    years = (of_tv["due"] - of_tv["measured_by"]) / pd.Timedelta(days=365.25)
    assert years == pytest.approx(of_tv["retest_after_years"], abs=1 / 365)


def test_sizes_that_make_no_test_are_all_named(ranked: Callable[..., ranking.NextExperiments]) -> None:
    with pytest.raises(InputError) as error:
        ranked(multiples=(1.0,), shares=(0.9,), periods=(0,), years=0.0)
    assert len(error.value.problems) == 4
