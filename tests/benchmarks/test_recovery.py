"""Does the default model find what channels truly did, and does it say so where it cannot? Markets that break it.

Run with `make bench`. Each market is fitted in `mode: quick` with nothing but its columns named. A *silent failure* is
a fit whose checks raise no caution (that it was quick does not count) with fewer than three quarters of the channels
inside their 90 % intervals, or one that is off by more than half and outside.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import mmm
from mmm.data import panel_from_frame
from mmm.study import INTERVAL
from tests.benchmarks.markets import FAULTS, Market

pytestmark = pytest.mark.benchmark

SEEDS = range(2001, 2007)
MISS = 20.0
"""What an interval score adds for each unit that the truth lies outside a 90 % interval: 2 / 0.1."""


class Score(NamedTuple):
    """Per channel: relative error, whether the truth is inside, interval score relative to the truth."""

    error: np.ndarray
    inside: np.ndarray
    interval: np.ndarray
    caution: bool

    @property
    def silent(self) -> bool:
        wrong = self.inside.mean() < 0.75 or bool((~self.inside & (np.abs(self.error) > 0.5)).any())
        return wrong and not self.caution


def score(market: Market) -> Score:
    """How well the default model does on one market."""
    study = mmm.load_study(market.study | {"fit": {"mode": "quick", "seed": 1}})
    fit = mmm.fit(panel_from_frame(market.frame, study), study)
    truth = np.array(list(market.truth.values()))
    draws = mmm.contribution(fit).sum("geo").sel(channel=list(market.truth)).stack(sample=("chain", "draw")).to_numpy()
    low, high = np.quantile(draws, INTERVAL, axis=1)
    missed = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    checks = mmm.check(fit)
    caution = bool((checks.loc[checks["check"] != "mode", "result"] != "pass").any())
    error = (draws.mean(axis=1) - truth) / np.abs(truth)
    return Score(error, missed == 0, (high - low + MISS * missed) / np.abs(truth), caution)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_market_truly_did_is_found_or_doubted(fault: str) -> None:
    scores = [score(FAULTS[fault](seed)) for seed in SEEDS]
    error, inside, interval = (np.concatenate([getattr(one, name) for one in scores]) for name in Score._fields[:3])
    silent = sum(one.silent for one in scores)
    print(
        f"\n| {fault} | {np.median(np.abs(error)):.2f} | {inside.sum()}/{inside.size} | {np.median(interval):.2f} | "
        f"{np.median(error):+.2f} | {sum(one.caution for one in scores)}/{len(scores)} | {silent} |",
        end="",
    )
    assert silent <= 1
