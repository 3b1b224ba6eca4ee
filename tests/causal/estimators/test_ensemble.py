"""The choice: coverage first, precision second, on windows in which nothing happened."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causal.estimators import ensemble
from causal.estimators.trial import read_trial
from mmm.errors import InputError
from tests.causal.estimators.markets import END, START, TREATED, market

CANDIDATES = ("synthetic_control", "did", "tbr")


def table(**rows: tuple[float, float]) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["coverage", "error"])
    return frame.assign(windows=20)


def test_a_precise_candidate_that_does_not_cover_is_passed_over() -> None:
    assert ensemble.choose(table(sure=(0.5, 0.01), honest=(0.9, 0.03))) == "honest"


def test_among_those_that_cover_the_more_precise_is_taken() -> None:
    """With 20 windows two standard errors are 0.13: 0.8 cannot be told from 0.9."""
    assert ensemble.choose(table(wide=(1.0, 0.05), narrow=(0.8, 0.02))) == "narrow"


def test_where_none_covers_the_nearest_is_taken() -> None:
    assert ensemble.choose(table(bad=(0.3, 0.01), worse=(0.2, 0.005))) == "bad"


def test_placebo_windows_lie_in_the_history_and_end_with_themselves() -> None:
    trial = read_trial(market(), TREATED, START, END)
    placebos = ensemble.placebo_trials(trial)
    assert max(placebo.times[-1] for placebo in placebos) == trial.times[55]
    for placebo in placebos:
        assert placebo.measured.sum() == 4
        assert placebo.measured[-4:].all()
        assert (~placebo.measured).sum() >= 28


def test_the_choice_never_sees_the_experiment() -> None:
    quiet, loud = (read_trial(market(effect=e), TREATED, START, END) for e in (0.0, 50.0))
    first, second = (ensemble.placebo_table(trial, candidates=CANDIDATES) for trial in (quiet, loud))
    np.testing.assert_array_equal(first["coverage"], second["coverage"])
    np.testing.assert_allclose(first["error"] / second["error"], (first["error"] / second["error"]).iloc[0])


def test_the_answer_is_that_of_the_chosen_candidate() -> None:
    found = ensemble.estimate(market(effect=5.0), TREATED, START, END, candidates=CANDIDATES)
    assert found.estimator.startswith("ensemble (")
    assert found.interval[0] <= found.att <= found.interval[1]
    assert found.att == pytest.approx(5, abs=1.5)


def test_an_unknown_candidate_and_a_short_history_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'tbr'"):
        ensemble.estimate(market(), TREATED, START, END, candidates=["tbe"])
    wide = market(weeks=12)
    with pytest.raises(InputError, match="too few to try"):
        ensemble.placebo_trials(read_trial(wide, TREATED, wide.index[7], wide.index[11]))
