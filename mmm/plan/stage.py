"""Which tables does a study's plan ask for, and can it be had at all?

    check_plan(panel, study)               # before anything is sampled: everything that is impossible, at once
    plan_tables(fit, verdicts)             # every table by its name in the run folder

The plan by channel and its efficient frontier are always there. `plan.flighting` adds the calendar that decides each
period (`flighting.csv`), `plan.by_geo` the split over regions (`allocation_geo.csv`); what their searches found and
could prove stands in `plan_summary` under keys that begin with their names.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import xarray as xr

from mmm.errors import InputError
from mmm.plan.bounds import allowed, labels_of
from mmm.plan.choice import check_split, limits_for
from mmm.plan.flighting import flight
from mmm.plan.frontier import efficient_frontier
from mmm.plan.geo import allocate_by_geo
from mmm.plan.outlook import outlook
from mmm.plan.polytope import check_polytope
from mmm.plan.reference import reference_of
from mmm.plan.scenario import plan_from, reach_of, settings_with
from mmm.plan.schedule import calendar_limits, check_decided
from mmm.study import Study, Target

Tables = dict[str, pd.DataFrame]


def check_plan(panel: xr.DataTree, study: Study) -> None:
    """Raises `InputError` where the study's plan cannot be met whatever a fit says.

    What a target needs is known only after the fit; the limits that evidence adds give way where they must.
    """
    settings = settings_with(study.plan, tuple(study.data.channels), None, None)
    reference = reference_of(panel, settings.horizon)

    def by_channel() -> None:
        limits = allowed(reference.channels, settings.bounds, reference.observed, None, 1.0)
        if not isinstance(settings.budget, Target):
            budget = reference.spend.sum() if settings.budget == "same" else settings.budget
            check_split(float(budget), limits, reference.spend, settings.groups, reference.channels)

    def by_period() -> None:
        if settings.flighting:
            check_decided(study, settings)
            asked = settings.flighting
            check_polytope(calendar_limits(reference, settings, None, asked.within, asked.change))

    def by_geo() -> None:
        if settings.by_geo and panel["panel"].sizes["geo"] == 1:
            raise InputError(["plan.by_geo: the data have one region only: name data.geo, or remove it"])

    problems: list[str] = []
    questions: tuple[Callable[[], None], ...] = (by_channel, by_period, by_geo)
    for question in questions:
        try:
            question()
        except InputError as error:
            problems += [said for said in error.problems if said not in problems]
    if problems:
        raise InputError(problems)


def plan_tables(fit: xr.DataTree, verdicts: pd.DataFrame | None) -> Tables:
    """Every table of the study's plan by its name in the run folder."""
    from mmm.model.fit import study_of

    study = study_of(fit)
    settings = settings_with(study.plan, tuple(study.data.channels), None, None)
    view = outlook(fit, study, settings.horizon, reach_of(settings))
    plan = plan_from(view, settings, verdicts)
    tables = {
        "allocation": plan.allocation,
        "scenarios": plan.scenarios,
        "allocation_quality": plan.quality,
        "finance": plan.finance,
        "calendar": plan.calendar,
        "plan_curves": plan.curves,
        "plan_draws": plan.draws,
        "plan_summary": plan.summary,
        "frontier": efficient_frontier(view, limits_for(view, settings, labels_of(verdicts)), settings),
    }
    if settings.flighting:
        asked = settings.flighting
        found = flight(fit, within=asked.within, change=asked.change, minimum=asked.minimum, verdicts=verdicts)
        tables["flighting"] = found.calendar
        tables["plan_summary"] = _with_facts(tables["plan_summary"], "flighting", found.scenarios)
    if settings.by_geo:
        split = allocate_by_geo(fit, verdicts=verdicts)
        tables["allocation_geo"] = split.allocation
        tables["plan_summary"] = _with_facts(tables["plan_summary"], "by_geo", split.scenarios)
    return tables


def _with_facts(summary: pd.DataFrame, subject: str, scenarios: pd.DataFrame) -> pd.DataFrame:
    """The summary with what a further decision found: its gain over holding, and its certificate."""
    best = scenarios.set_index("scenario").loc["recommended"]
    kept = {
        "budget": best["budget"],
        "gain_mean": best["gain_vs_hold_mean"],
        "gain_p05": best["gain_vs_hold_p05"],
        "gain_p95": best["gain_vs_hold_p95"],
        "probability": best["probability_beats_hold"],
        "optimality_gap": best["optimality_gap"],
    }
    facts = {f"{subject}_{key}": f"{value:.6g}" for key, value in kept.items()}
    return pd.concat([summary, pd.DataFrame({"key": list(facts), "value": list(facts.values())})], ignore_index=True)
