"""Charts of small surprises: what they add up, where they say a change began, and how rarely they are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from mmm.watch.chart import ALLOWANCE, RATE, chart, innovations, limit_for, periods_to_alarm, surprise


def test_sums_by_hand() -> None:
    found = chart(np.array([-1.0, 2.0, 1.0, 2.0, 0.0]), limit=3.5)
    # high: 0, 1.5, 2.0, 3.5, 3.0; the sum left 0 in the second period
    assert (found.peak, found.first, found.at, found.side) == (3.5, None, None, 1)
    found = chart(np.array([-1.0, 2.0, 1.0, 2.0, 0.0]), limit=3.0)
    assert (found.first, found.at) == (1, 3)


def test_a_fall_is_found_as_soon_as_a_rise() -> None:
    scores = np.array([0.2, -1.5, -1.5, -1.5, -1.5])
    up, down = chart(-scores, 2.9), chart(scores, 2.9)
    assert (up.first, up.at, up.side) == (down.first, down.at, -down.side) == (1, 3, 1)
    assert chart(scores, 3.0, sides=(1,)).at is None


def test_one_wild_period_is_no_lasting_change_and_a_missing_one_is_no_evidence() -> None:
    assert chart(np.array([0.0, 50.0, 0.0]), limit=4.0).at is None
    assert chart(np.array([1.5, np.nan, 1.5, 1.5]), 2.9).at == 3


def test_false_alarms_come_as_rarely_as_the_limit_says() -> None:
    # 4,000 series of a year: the share with an alarm is RATE's Poisson chance, within 4 standard errors and the
    # start from 0, which only makes alarms rarer.
    limit = limit_for(1, 52.0)
    noise = np.random.default_rng(1).standard_normal((4000, 52))
    alarms = np.mean([chart(row, limit).at is not None for row in noise])
    wanted = 1 - np.exp(-RATE)
    assert 0.6 * wanted < alarms < wanted + 4 * np.sqrt(wanted / 4000)
    assert limit_for(10, 52.0) > limit_for(1, 52.0)
    assert periods_to_alarm(4.0) == pytest.approx(336, rel=0.02)  # Siegmund's approximation for k = 0.5


def test_a_shift_of_a_standard_deviation_is_found_in_about_limit_over_what_is_left() -> None:
    limit = limit_for(1, 52.0)
    shifted = np.random.default_rng(2).standard_normal((500, 60)) + 1.0
    delays = [chart(row, limit).at for row in shifted]
    assert np.median([delay + 1 for delay in delays if delay is not None]) == pytest.approx(
        limit / (1 - ALLOWANCE), abs=2
    )


def test_innovations_of_a_series_with_memory_and_season_are_noise() -> None:
    rng, years = np.random.default_rng(3), np.arange(400) / 52
    waves = np.stack([np.sin(2 * np.pi * years), np.cos(2 * np.pi * years)], axis=-1)
    values = np.zeros(400)
    for t in range(1, 400):
        values[t] = 0.7 * values[t - 1] + rng.normal()
    scores = innovations((values + 3 * waves[:, 0])[:300], (values + 3 * waves[:, 0])[300:], waves, normal=False)
    assert abs(scores.mean()) < 4 / np.sqrt(100)
    assert scores.std() == pytest.approx(1.0, abs=0.25)
    assert abs(np.corrcoef(scores[1:], scores[:-1])[0, 1]) < 0.3


def test_in_ranks_nothing_counts_for_more_than_a_record() -> None:
    history = np.random.default_rng(4).lognormal(0.0, 1.0, 200)
    none = np.empty((201, 0))
    record, absurd = (
        innovations(history, np.array([factor * history.max()]), none, normal=True) for factor in (1.1, 1e6)
    )
    assert record[0] == absurd[0] < 4


def test_surprise_is_a_score_of_its_own() -> None:
    scores = np.random.default_rng(5).standard_normal(20000)
    told = surprise(scores)
    assert told.mean() == pytest.approx(0.0, abs=0.03)
    assert told.std() == pytest.approx(1.0, abs=0.03)
    assert surprise(np.array([3.0]))[0] == surprise(np.array([-3.0]))[0] > surprise(np.array([1.0]))[0]
