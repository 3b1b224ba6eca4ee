"""What would show that a channel's effect is not what it seems?

Each gate is one attack on the claim "this channel caused these sales", a function of arrays that answers `pass`,
`fail` or `not_testable` with a number and a sentence. Here are the gates that can contradict the claim:

    identification  is there a set of measured causes whose adjustment identifies the effect?
    positivity      what share of the exposure's variation do the other causes leave?            fails under 5 %
    circular_shift  does the same flighting, moved to other periods, show as much?
    lead            does *future* exposure "move" today's KPI?                                   fails at p < 5 %
    hidden_demand   that, and the model's claim above adjustment, taken together                 fails at p < 10 %
    negative_control  does it go with a series that it cannot move, where there is one?        fails at p < 5 %
    agreement       do model and adjustment name amounts that have a value in common?

The chapter `robustness` holds those that ask how much it takes to move the answer. A gate that cannot fail for want of
signal says `not_testable`: a small effect is not a fault. What each gate does to channels without any fault is
simulated, and stands in `rates`.

A gate of your own is a function that returns a `GateResult`; list it in `verdict._attacks` and measure its false
alarms in the study that `rates` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import stats

from causal.estimand import disjoint, listed, overlap
from causal.regression import Adjusted, Estimate, Observations, adjust, effects_of, estimate, remove, settle, whiten
from mmm.study import INTERVAL

Result = Literal["pass", "fail", "not_testable"]

POSITIVITY_FLOOR = 0.05
SIGNIFICANCE = 0.05
SIGNATURE = 0.1
LEADS = 3
SHORTEST_SHIFT = 8
MOST_SHIFTS = 200
FEWEST_PERIODS = 30
NO_FUTURE = "The next periods' exposure follows from the present one's, so the future holds no separate information."


@dataclass(frozen=True)
class GateResult:
    """What one gate found: its number, its result, and a sentence that a board member can read."""

    gate: str
    statistic: float
    result: Result
    note: str


def identification(adjustment: tuple[str, ...] | None) -> GateResult:
    """Whether the graph lets anything be concluded; the statistic is the number of causes held still."""
    if adjustment is None:
        note = (
            "An unmeasured cause is believed to move both the channel and the KPI, and no measured cause can stand in "
            "for it. Only an experiment can tell."
        )
        return GateResult("identification", np.nan, "fail", note)
    note = f"If nothing unmeasured moves both, the effect is identified by holding still {listed(adjustment)}."
    return GateResult("identification", float(len(adjustment)), "pass", note)


def positivity(data: Observations) -> GateResult:
    """The share of the exposure's variation within geos that covariates leave; under a floor nothing compares."""
    rows = replace(data, kpi=np.zeros_like(data.kpi))
    weights = data.present
    centred = (
        data.exposure - (data.exposure * weights).sum(1, keepdims=True) / np.maximum(weights.sum(1, keepdims=True), 1)
    ) * weights
    total = float((centred**2).sum())
    if total <= 1e-12 * max(float((data.exposure**2).sum()), np.finfo(float).tiny):
        note = "The channel ran at the same level throughout, so no period without it can be compared with one with it."
        return GateResult("positivity", 0.0, "fail", note)
    share = float((adjust(rows, 0.0).exposure ** 2).sum()) / total
    left = f"{share:.0%} of the variation in exposure is the channel's own: the rest moves with the other causes"
    if share < POSITIVITY_FLOOR:
        return GateResult("positivity", share, "fail", f"Only {left}, which leaves too little to compare.")
    return GateResult("positivity", share, "pass", f"{left}.")


def circular_shift(data: Observations, rows: Adjusted, claim: float) -> GateResult:
    """The same flighting moved to other periods, as placebos: does the real timing stand out?

    `claim` is the effect per unit of exposure that the model states. The statistic is the share of timings, the real
    one included, whose |effect / standard error| is at least the real one's. Passed at 5 %; failed where the real
    timing does not stand out although an effect of the claimed size would have, in 19 of 20 cases.
    """
    periods = data.exposure.shape[1]
    if periods < FEWEST_PERIODS:
        return GateResult("circular_shift", np.nan, "not_testable", too_short(periods))
    shifts = np.unique(np.linspace(SHORTEST_SHIFT, periods - SHORTEST_SHIFT, MOST_SHIFTS).astype(int))
    moved = np.stack([np.roll(data.exposure, shift, axis=1) for shift in shifts])
    real = estimate(rows)
    effects, errors = placebo_effects(rows, moved, real.effect)
    share = float((1 + (np.abs(effects / errors) >= abs(real.ratio)).sum()) / (1 + len(shifts)))
    noise = float(np.quantile(np.abs(effects), 1 - SIGNIFICANCE))
    said = f"Moved to other periods, the same flighting shows an effect as clear as this in {share:.0%} of cases"
    if share <= SIGNIFICANCE:
        return GateResult("circular_shift", share, "pass", f"{said}: its timing matters.")
    if claim - real.effect > noise:
        note = f"{said}, although an effect of the size that the model states would have stood out."
        return GateResult("circular_shift", share, "fail", note)
    note = f"{said}: an effect of the size that the model states is too small to stand out from chance."
    return GateResult("circular_shift", share, "not_testable", note)


def placebo_effects(
    rows: Adjusted, moved: Float[np.ndarray, "shift geo time"], effect: float
) -> tuple[Float[np.ndarray, " shift"], Float[np.ndarray, " shift"]]:
    """Effects and standard errors of moved exposures beside the real one, which is held still like any covariate."""
    unit = rows.exposure.reshape(-1, 1) / np.linalg.norm(rows.exposure)
    basis = np.concatenate([rows.basis.reshape(len(unit), -1), unit], axis=1)
    left = remove(whiten(moved, rows.persistence, rows.present).reshape(len(moved), -1), basis)
    residual = replace(rows, kpi=rows.kpi - effect * rows.exposure)
    return effects_of(residual, left.reshape(moved.shape))


def future(data: Observations) -> Estimate | str:
    """The "effect" of the next `LEADS` periods' mean exposure on today's KPI, today's exposure held still; or a
    sentence that says why it cannot be told."""
    periods = data.exposure.shape[1]
    if periods < FEWEST_PERIODS:
        return too_short(periods)
    coming = np.zeros_like(data.exposure)
    for ahead in range(1, LEADS + 1):
        coming[:, :-LEADS] += data.exposure[:, ahead : periods - LEADS + ahead] / LEADS
    present = data.present.copy()
    present[:, -LEADS:] = False
    covariates = np.concatenate([data.covariates, data.exposure[..., None]], axis=-1)
    rows = adjust(Observations(data.kpi, coming, covariates, present))
    return NO_FUTURE if (rows.exposure**2).sum() < 1e-8 * (coming[present] ** 2).sum() else estimate(rows)


def lead(ahead: Estimate | str) -> GateResult:
    """Whether the exposure of the next periods goes with today's KPI once today's exposure is held still.

    The future cannot cause the past. Where it seems to, spend follows demand (or a plan that knows demand), and today's
    effect is inflated by the same demand. `ahead` is what `future` found. The statistic is its two-sided p-value.
    """
    if isinstance(ahead, str):
        return GateResult("lead", np.nan, "not_testable", ahead)
    p_value = float(2 * stats.t.sf(abs(ahead.ratio), ahead.degrees))
    if p_value < SIGNIFICANCE:
        way = "more" if ahead.effect > 0 else "less"
        said = f"The KPI is {way} than expected before the channel's exposure rises (p = {p_value:.2g})"
        note = f"{said}: spend seems to follow demand."
        return GateResult("lead", p_value, "fail", note)
    note = f"Future exposure tells nothing about today's KPI (p = {p_value:.2g}), as it should be."
    return GateResult("lead", p_value, "pass", note)


def hidden_demand(data: Observations, claims: Float[np.ndarray, " draw"]) -> GateResult:
    """Whether the two traces that a hidden demand leaves are there together: sales come early, and the claim is high.

        z = (z_lead + z_claim) / sqrt(2),     z_claim = (mean claim - effect) / sqrt(standard error^2 + var claims)

    A demand that drives spend and sales makes future exposure go with today's KPI, and gives the channel credit that
    it loses once persistence is taken out. In a sound channel the two are nearly independent, so the sum sees what
    neither does alone. Both are sought in `settle`d sales, in which noise does not hide how far demand wanders.
    `claims` are the model's draws of the effect per unit of exposure. The statistic is the one-sided p-value, normal
    scores added (Stouffer).
    """
    settled = settle(data)
    ahead, found = future(settled), estimate(settled)
    if isinstance(ahead, str):
        return GateResult("hidden_demand", np.nan, "not_testable", ahead)
    surplus = (float(claims.mean()) - found.effect) / np.hypot(found.standard_error, float(claims.std()))
    traces = [_score(ahead.ratio, ahead.degrees), _score(surplus, found.degrees)]
    p_value = float(stats.norm.sf(sum(traces) / np.sqrt(2)))
    if p_value < SIGNATURE:
        said = "Sales that come before the exposure, and a claim above what adjustment finds, together look like demand"
        note = f"{said} that drives both spend and sales (p = {p_value:.2g})."
        return GateResult("hidden_demand", p_value, "fail", note)
    note = f"Early sales and the size of the claim do not point to a hidden demand (p = {p_value:.2g})."
    return GateResult("hidden_demand", p_value, "pass", note)


def _score(ratio: float, degrees: int) -> float:
    """The normal deviate as rare as a t statistic."""
    return float(np.sign(ratio) * stats.norm.isf(stats.t.sf(abs(ratio), degrees)))


def negative_control(data: Observations, untouched: Mapping[str, Float[np.ndarray, "geo time"]]) -> GateResult:
    """Whether the exposure goes with a series that it cannot move, the same causes held still (Lipsitch, Tchetgen
    Tchetgen and Cohen, Epidemiology 2010); the statistic is the smallest two-sided p-value times the number of series.
    """
    p_values = {}
    for name, series in untouched.items():
        present = np.isfinite(series)
        found = estimate(settle(replace(data, kpi=np.where(present, series, 0.0), present=present)))
        p_values[name] = min(1.0, float(2 * stats.t.sf(abs(found.ratio), found.degrees)) * len(untouched))
    name = min(p_values, key=lambda each: p_values[each])
    if p_values[name] < SIGNIFICANCE:
        said = f"The channel's exposure goes with {name}, which it cannot move (p = {p_values[name]:.2g})"
        note = f"{said}: something that moves both is not held still."
        return GateResult("negative_control", p_values[name], "fail", note)
    note = f"Nothing that the channel cannot move goes with its exposure; nearest is {name} (p = {p_values[name]:.2g})."
    return GateResult("negative_control", p_values[name], "pass", note)


def agreement(answer: Float[np.ndarray, " answer"], model: Float[np.ndarray, " draw"], claim: str) -> GateResult:
    """Whether the interval of the adjusted estimate and the model's own have a value in common.

    The statistic is the area that both distributions share; `claim` names the amount in the sentence.
    """
    shared = overlap(answer, model)
    if disjoint(np.quantile(answer, INTERVAL), np.quantile(model, INTERVAL)):
        way = "more" if np.median(model) > np.median(answer) else "less"
        said = f"The model credits the channel with {way} than adjustment finds in the data"
        note = f"{said}: {claim}; the intervals do not meet."
        return GateResult("agreement", shared, "fail", note)
    note = f"Model and adjustment agree within their uncertainty: {claim}."
    return GateResult("agreement", shared, "pass", note)


def too_short(periods: int) -> str:
    return f"{periods} periods are too few for this test, which needs {FEWEST_PERIODS}."
