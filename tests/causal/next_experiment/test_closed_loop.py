"""Choosing tests by what they are worth, on markets whose truth is a draw of what is believed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causal.next_experiment import study
from causal.next_experiment.value import perfect_information, sample_information


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """One test a market, few draws and few results: seconds, where `pytest -m slow` takes minutes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"DRAWS": 150, "RESULTS": 32, "TESTS": 1}.items():
            patch.setattr(study, name, value)
        return study.closed_loop(MARKETS, seed=5).set_index("policy")


MARKETS = 80


def test_choosing_by_information_gains_at_least_as_much_as_choosing_at_random(table: pd.DataFrame) -> None:
    """Markets and errors are common, so that the difference has a small error of its own."""
    assert table.loc["random", "ahead"] > 0
    assert table.loc["none", "ahead"] > 0


def test_what_a_test_promises_is_what_it_brings_where_posteriors_are_right(table: pd.DataFrame) -> None:
    """Of policies that do not look at the value: one that does chooses what is overrated by chance."""
    for policy in ("random", "rotation", "widest"):
        row = table.loc[policy]
        assert row["promised"] > 0
        assert abs(row["fall"] - row["promised"]) < 3 * row["promised_se"]


def test_no_test_is_worth_more_than_knowing_everything() -> None:
    market = study.simulate(4, 0.5, 1.0, 0.0, 0.15, np.random.default_rng(2))
    options, stakes = study._options(market), study._stakes(market)
    bound = perfect_information(stakes)
    values = [sample_information(stakes, [option.signal], 1).value for option in options]
    assert 0 < max(values) < bound
    together = sample_information(stakes, [option.signal for option in options], 1)
    assert max(values) < together.value < bound + 3 * together.standard_error


def test_a_result_moves_only_the_channel_that_was_tested() -> None:
    market = study.simulate(3, 0.5, 1.0, 0.0, 0.15, np.random.default_rng(2))
    option = study._options(market)[len(study.SHARES)]
    low = study.learn(market, option, float(np.quantile(option.signal.lift, 0.1)), 1)
    assert low.levels[:, 1].mean() < market.levels[:, 1].mean()
    assert np.array_equal(low.levels[:, [0, 2]], market.levels[:, [0, 2]])


def test_all_policies_meet_the_same_errors_and_no_test_costs_nothing(table: pd.DataFrame) -> None:
    assert table.loc["none", ["tests", "spent", "fall"]].tolist() == [0.0, 0.0, 0.0]
    assert table.loc["rotation", "tests"] == 1.0
