"""Which estimator can be trusted with this market? The one that was right about weeks in which nothing happened.

Every stretch of history as long as the experiment, and ended by its own last week, is an experiment without an effect.
On each such placebo window every candidate answers, knowing only what came before:

    coverage   share of windows whose interval holds zero
    error      root mean square of the estimated effect, which is truly zero

Coverage comes first: a candidate whose coverage is below `level`, by more than the two standard errors that so many
windows allow, is out. Among the others the one with the smallest error is taken, and the experiment is analysed with it
once. The choice never sees the experiment's own weeks. Windows overlap, so their number is counted as that of windows
that do not.

To enter a candidate of your own, add its rule to `CANDIDATES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from causal.estimators import augmented, did, synthetic_control, synthetic_did, tbr
from causal.estimators.counterfactual import Rule, conformal_test, measure
from causal.estimators.estimate import LEVEL, Estimate
from causal.estimators.trial import Day, Panel, Trial, read_trial
from mmm.errors import InputError, closest

WINDOWS = 20
SHARE_BEFORE = 0.5
"""The first window begins no earlier than this share of the history."""


class Candidate(NamedTuple):
    """How to make a rule for a trial, and what it assumes."""

    rule_for: Callable[[Trial], Rule]
    assumptions: tuple[str, ...]


CANDIDATES = {
    "synthetic_control": Candidate(lambda trial: synthetic_control.mixture_of_changes, (synthetic_control.MIXTURE,)),
    "augmented": Candidate(augmented.rule_for, (synthetic_control.MIXTURE,)),
    "synthetic_did": Candidate(synthetic_did.rule_for, (synthetic_did.PARALLEL,)),
    "tbr": Candidate(lambda trial: tbr.line, (tbr.LINEAR,)),
    "did": Candidate(lambda trial: did.parallel, (did.PARALLEL,)),
}


def estimate(
    panel: Panel,
    treated: Sequence[str],
    start: Day,
    end: Day,
    measured_until: Day | None = None,
    *,
    level: float = LEVEL,
    candidates: Sequence[str] = tuple(CANDIDATES),
    **layout: Any,
) -> Estimate:
    """The answer of the candidate that `choose` takes; `estimator` says which. `layout` goes to `read_trial`."""
    unknown = [
        f"there is no candidate {name!r}: {closest(name, CANDIDATES)}" for name in candidates if name not in CANDIDATES
    ]
    if unknown:
        raise InputError(unknown, "the ensemble")
    trial = read_trial(panel, treated, start, end, measured_until, **layout)
    name = choose(placebo_table(trial, level, candidates), level)
    found = measure(name, trial, CANDIDATES[name].rule_for(trial), CANDIDATES[name].assumptions, level)
    return replace(found, estimator=f"ensemble ({name})")


def placebo_table(trial: Trial, level: float = LEVEL, candidates: Sequence[str] = tuple(CANDIDATES)) -> pd.DataFrame:
    """One row a candidate: `coverage`, `error` (share of the mean KPI) and `windows` (those that do not overlap)."""
    placebos = placebo_trials(trial)
    apart = max(1, round((placebos[-1].times[-1] - placebos[0].times[-1]) / _length(trial)) + 1)
    rows = {}
    for name in candidates:
        answers = np.array([answer(name, placebo) for placebo in placebos])
        covered = float(np.mean(answers[:, 1] >= 1 - level))
        error = float(np.sqrt(np.mean(answers[:, 0] ** 2)) / np.abs(trial.target).mean())
        rows[name] = {"coverage": covered, "error": error, "windows": min(apart, len(placebos))}
    return pd.DataFrame.from_dict(rows, orient="index")


def choose(table: pd.DataFrame, level: float = LEVEL) -> str:
    """Coverage first, precision second; where no candidate covers, the one that comes closest to covering."""
    allowed = 2 * np.sqrt(level * (1 - level) / table["windows"])
    covers = table["coverage"] >= level - allowed
    if not covers.any():
        return str(table["coverage"].idxmax())
    return str(table.loc[covers, "error"].idxmin())


def answer(name: str, trial: Trial) -> tuple[float, float]:
    """One candidate's effect and p-value, without the interval: the interval holds zero if the test accepts it."""
    rule = CANDIDATES[name].rule_for(trial)
    gap = trial.target - rule(trial.target, trial.controls, ~trial.measured).expected
    return float(gap[trial.measured].mean()), conformal_test(trial, rule).p_value()


def placebo_trials(trial: Trial) -> list[Trial]:
    """Experiments without effect in the history: at most `WINDOWS`, evenly spaced; raises `InputError` if none fits."""
    history, measured = int((~trial.measured).sum()), int(trial.measured.sum())
    first = max(int(SHARE_BEFORE * history), 2 * measured) + measured
    if first > history:
        raise InputError(
            [f"{history} periods of history are too few to try {measured} of them out: give {3 * measured} or more"],
            "the experiment's panel",
        )
    ends = np.unique(np.linspace(first, history, WINDOWS).round().astype(int))
    return [_ending(trial, int(end), measured) for end in ends]


def _ending(trial: Trial, end: int, measured: int) -> Trial:
    times = trial.times[:end]
    flags = np.arange(end) >= end - measured
    start, last = times[end - measured], times[-1]
    return replace(
        trial, kpi=trial.kpi[:, :end], times=times, measured=flags, start=start, end=last, measured_until=last
    )


def _length(trial: Trial) -> pd.Timedelta:
    """How long the measured periods last."""
    return (trial.times[-1] - trial.times[-2]) * int(trial.measured.sum())
