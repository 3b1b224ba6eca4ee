"""Which experiment should we run next, and is any worth its cost?

    found = next_experiments(fit)
    found.table                # one row a test, best first
    found.perfect_information  # the most that any knowledge could be worth
    found.portfolio            # what to run within a budget for tests
    found.retest               # when what was learnt has drifted away

    net  = margin * (value of information) * (years it holds / horizon in years)  -  the test's cost, if it has one
    cost = money moved - margin * value of the lift expected + what it takes to set the test up

A test that is expected to pay for itself costs nothing, and gains nothing by that: what going dark saves in a channel
that loses money could be saved without a test.

The decision is the study's own plan: the same curves, budget, bounds and solver (`mmm.plan`). Information is valued at
the mean, not cautiously: a cautious plan would also pay for the comfort of knowing. The limits are those of validated
channels; that a test may free a channel from `plan.max_shift_unvalidated` is worth something more, and is not counted.

The portfolio is greedy: the test with the largest net gain given those already chosen, one a channel, as long as the
money lasts. Tests are independent given the truth, so their weights multiply. Two tests that share geos run one after
the other, the second when the first has been measured (`causal.registry` says what happens otherwise). A test is due
again when drift has given back half of the variance it removed; one that removes less than `LEAST_LEARNT` of it has no
date. The clock starts when the test has been measured, if it starts with the first period after the data:

    years = (1 - remaining share of the variance) * (sd / mean of the lift)^2 / (2 drift^2),  at most `LONGEST_YEARS`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from causal.next_experiment.candidates import Candidate, candidates
from causal.next_experiment.decision import Terms, stakes_of
from causal.next_experiment.value import Stakes, Worth, perfect_information, remaining_variance, sample_information
from mmm.errors import InputError

DRIFT = 0.15
"""Standard deviation a year of the logarithm of a channel's effectiveness: an assumption, not a measurement."""
LEAST_LEARNT = 0.2
LONGEST_YEARS = 5.0
"""No test is trusted for longer, however slowly its channel drifts."""
POOL = 6
"""Tests that the portfolio considers: the best of as many channels."""


@dataclass(frozen=True)
class NextExperiments:
    """The ranking; money in the study's currency, over the years that a decision holds."""

    table: pd.DataFrame
    portfolio: pd.DataFrame
    retest: pd.DataFrame
    perfect_information: float
    currency: str


def next_experiments(
    fit: xr.DataTree,
    *,
    multiples: Sequence[float] = (0.0, 2.0),
    shares: Sequence[float] = (0.25, 0.5),
    periods: Sequence[int] = (4, 8),
    test_budget: float | None = None,
    margin: float | None = None,
    years: float = 1.0,
    fixed_cost: float = 0.0,
    drift: float = DRIFT,
    seed: int = 1,
) -> NextExperiments:
    """Every test ranked by what it is worth net of its cost.

    `multiples` of the usual spend, `shares` of the geos and `periods` span the tests. `margin` turns value into profit
    (default: the study's `plan.finance.margin`, else 1); `years` is how long the next budget decision holds;
    `fixed_cost` the money that setting up any test takes; `test_budget` what the portfolio may cost (None: no limit).
    Raises `InputError` where a size makes no test.
    """
    problems = [f"multiple {multiple} is no test: give 0, a share, or more than 1" for multiple in multiples
                if multiple < 0 or multiple == 1]  # fmt: skip
    problems += [f"share {share} is not between 0 and 0.5" for share in shares if not 0 < share <= 0.5]
    problems += [f"{length} periods make no test" for length in periods if length < 1]
    if years <= 0:
        problems.append(f"years {years} is not positive: say how long the budget decision holds")
    if problems:
        raise InputError(problems, "the candidates")
    stakes, terms = stakes_of(fit, margin, years)
    tests = candidates(fit, multiples=multiples, shares=shares, periods=periods, samples=len(stakes.curves), seed=seed)
    worths = [sample_information(stakes, [test.signal], seed) for test in tests]
    table = pd.DataFrame([_row(*pair, terms, fixed_cost) for pair in zip(tests, worths, strict=True)])
    order = table["net"].sort_values(ascending=False, kind="stable").index
    ranked = [tests[place] for place in order]
    times = pd.DatetimeIndex(fit["panel"].to_dataset()["time"].values)
    return NextExperiments(
        table=table.loc[order].reset_index(drop=True),
        portfolio=_portfolio(stakes, _best_by_channel(ranked), terms, fixed_cost, test_budget, times, seed),
        retest=_retest(_best_by_channel(ranked), drift, times, seed),
        perfect_information=terms.money(perfect_information(stakes)),
        currency=terms.currency,
    )


def cost_of(test: Candidate, terms: Terms, fixed_cost: float) -> float:
    """Money moved, less what the lift is expected to earn, and the set-up."""
    return test.spend_delta - terms.margin * test.value_of_lift + fixed_cost


def _row(test: Candidate, worth: Worth, terms: Terms, fixed_cost: float) -> dict[str, object]:
    cost = cost_of(test, terms, fixed_cost)
    low, high = np.quantile(test.signal.lift, [0.05, 0.95])
    return {
        "channel": test.channel,
        "multiple": test.multiple,
        "geos": len(test.geos),
        "periods": test.periods,
        "cooldown": test.cooldown,
        "expected_lift": float(test.signal.lift.mean()),
        "lift_p05": float(low),
        "lift_p95": float(high),
        "standard_error": test.signal.standard_error,
        "spend_delta": test.spend_delta,
        "cost": cost,
        "value_of_information": terms.money(worth.value),
        "monte_carlo_error": terms.money(worth.standard_error),
        "net": terms.money(worth.value) - max(cost, 0.0),
        "effective_draws": worth.effective_draws,
        "reliable": worth.reliable,
    }


def _best_by_channel(ranked: Sequence[Candidate]) -> list[Candidate]:
    """The best test of each channel, in the order of the ranking."""
    best: dict[str, Candidate] = {}
    for test in ranked:
        best.setdefault(test.channel, test)
    return list(best.values())[:POOL]


def _portfolio(
    stakes: Stakes,
    pool: list[Candidate],
    terms: Terms,
    fixed_cost: float,
    budget: float | None,
    times: pd.DatetimeIndex,
    seed: int,
) -> pd.DataFrame:
    """Tests added while they add more than they cost, and when each could run."""
    chosen: list[Candidate] = []
    rows: list[dict[str, Any]] = []
    known, spent = 0.0, 0.0
    while pool:
        costs = [max(cost_of(test, terms, fixed_cost), 0.0) for test in pool]
        values = [
            terms.money(sample_information(stakes, [one.signal for one in [*chosen, test]], seed).value)
            for test in pool
        ]
        affordable = [budget is None or spent + cost <= budget for cost in costs]
        nets = [
            value - known - cost if can else -np.inf for value, cost, can in zip(values, costs, affordable, strict=True)
        ]
        best = int(np.argmax(nets))
        if nets[best] <= 0:
            break
        test, spent = pool.pop(best), spent + costs[best]
        rows.append(
            {
                "channel": test.channel,
                "multiple": test.multiple,
                "geos": len(test.geos),
                "periods": test.periods,
                **_dates(test, chosen, rows, times),
                "cost": costs[best],
                "value_added": values[best] - known,
                "value_of_all": values[best],
            }
        )
        known = values[best]
        chosen.append(test)
    columns = ["channel", "multiple", "geos", "periods", "start", "measured_by", "cost", "value_added", "value_of_all"]
    return pd.DataFrame(rows, columns=columns)


def _dates(
    test: Candidate, chosen: Sequence[Candidate], rows: Sequence[dict[str, Any]], times: pd.DatetimeIndex
) -> dict[str, pd.Timestamp]:
    """The first period after the data, or after the tests that share a geo with it; and when it has been measured."""
    step = times[-1] - times[-2]
    waits = [row["measured_by"] for other, row in zip(chosen, rows, strict=True) if set(other.geos) & set(test.geos)]
    start = max(waits, default=(times[-1] + step).normalize())
    return {"start": start, "measured_by": (start + (test.periods + test.cooldown) * step).normalize()}


def _retest(best: Sequence[Candidate], drift: float, times: pd.DatetimeIndex, seed: int) -> pd.DataFrame:
    """The schedule: what the best test of each channel leaves unknown, for how long it holds, and when it is due."""
    rows, step = [], times[-1] - times[-2]
    for test in best:
        left = remaining_variance(test.signal, seed)
        relative = float(test.signal.lift.std() / max(abs(test.signal.lift.mean()), np.finfo(float).tiny))
        halved = (1 - left) * relative**2 / (2 * drift**2)
        years = min(halved, LONGEST_YEARS) if 1 - left >= LEAST_LEARNT else np.nan
        measured = times[-1] + (1 + test.periods + test.cooldown) * step
        due = (measured + pd.Timedelta(days=365.25 * years)).normalize() if years == years else pd.NaT
        row = {"channel": test.channel, "variance_left": left, "measured_by": measured.normalize()}
        rows.append(row | {"retest_after_years": years, "due": due})
    schedule = pd.DataFrame(rows, columns=["channel", "variance_left", "measured_by", "retest_after_years", "due"])
    return schedule.sort_values("due", kind="stable", ignore_index=True)
