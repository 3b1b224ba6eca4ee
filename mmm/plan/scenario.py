"""What should be spent, and what if we spent something else?

    plan = allocate(fit)                                     # as the study's plan section says
    plan = allocate(fit, budget=2e6, bounds=(0.8, 1.2))      # or as you say
    plan.scenarios                                           # hold, recommended, cut, grow, the study's own

Every scenario is one multiple of the reference spend per channel (`mmm.plan.choice`). All are evaluated on the same
joint posterior draws, so that a difference between two is a difference within each draw, and summarised last.

`plan_from` does the same from an `Outlook` of any origin, without a fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from mmm.errors import InputError, listing
from mmm.plan.bounds import DEFAULT, labels_of
from mmm.plan.choice import STANDING, choices, limits_for, settled, shares_of, single_draw_optima
from mmm.plan.finance import finance_table, terms
from mmm.plan.outlook import Outlook, outlook
from mmm.plan.summary import summary_table
from mmm.plan.tables import (
    allocation_table,
    calendar_table,
    curves_table,
    draws_table,
    outcomes,
    quality_table,
    scenarios_table,
)
from mmm.study import Plan as Settings
from mmm.study import Target
from mmm.study_file import Document, validate


@dataclass(frozen=True)
class Plan:
    """The tables of a plan, as the run folder holds them, and the outcome of each scenario draw by draw."""

    allocation: pd.DataFrame
    scenarios: pd.DataFrame
    quality: pd.DataFrame
    finance: pd.DataFrame
    calendar: pd.DataFrame
    curves: pd.DataFrame
    draws: pd.DataFrame
    summary: pd.DataFrame
    outcome: xr.DataArray

    def _repr_html_(self) -> str:
        from mmm.shown import table

        unit = self.outcome.attrs.get("units", "")
        names = ["outcome_mean", "gain_vs_hold_mean", "gain_vs_hold_p05", "gain_vs_hold_p95", "probability_beats_hold"]
        rows = self.scenarios[["scenario", "budget", *names]].itertuples(index=False)
        moves = self.allocation.query("scenario == 'recommended' and period == 'all'")
        moved = moves[["channel", "current_spend", "recommended_spend", "multiple"]].itertuples(index=False)
        head = ["Scenario", "Budget", "Outcome", "Gain against hold", "5 %", "95 %", "Chance of a gain"]
        return table(head, [*rows], f"Scenarios, {unit}") + table(
            ["Channel", "Now", "Recommended", "Multiple"], [*moved], f"Recommended spend, {unit}"
        )


def allocate(
    fit: xr.DataTree,
    budget: Literal["same"] | float | int | Target | Mapping[str, float | int] | None = None,
    bounds: tuple[float | int, float | int] | Mapping[str, tuple[float | int, float | int]] | None = None,
    verdicts: pd.DataFrame | None = None,
) -> Plan:
    """The recommended split of a budget, beside its alternatives; what is left `None` is as the study's plan says.

    `budget` is money over the horizon, `"same"` as the reference, or a target such as `{"target_roi": 2.5}`. `bounds`
    are multiples of the reference spend, one pair for all channels, or pairs by channel (`"default"` for the rest).
    `verdicts` is the table of the causal validation: a channel without its support moves by
    `plan.max_shift_unvalidated` at most.

    Raises `InputError` when the limits contradict one another, or a target is out of reach: which, and by how much.
    """
    from mmm.model.fit import study_of

    study = study_of(fit)
    settings = settings_with(study.plan, tuple(study.data.channels), budget, bounds)
    return plan_from(outlook(fit, study, settings.horizon, reach_of(settings)), settings, verdicts)


def plan_from(view: Outlook, settings: Settings, verdicts: pd.DataFrame | None = None) -> Plan:
    """The plan that `settings` ask for on an outlook."""
    labels = labels_of(verdicts)
    limits = limits_for(view, settings, labels)
    settings = settled(view, limits, settings)
    found, missing = choices(view, limits, settings)
    recommended = found[1]
    by_channel = outcomes(view, found)
    earned = {name: draws.sum(axis=1) for name, draws in by_channel.items()}
    shares = shares_of(settings.groups, view.channels)
    optima = single_draw_optima(view, limits, float(recommended.multiples @ view.spend), shares)
    spent = {choice.name: choice.multiples * view.spend for choice in found}
    money = {name: (spent[name], by_channel[name]) for name in spent}
    return Plan(
        allocation=allocation_table(view, found),
        scenarios=scenarios_table(view, found, earned),
        quality=quality_table(view, recommended, optima),
        finance=finance_table(money, view.channels, terms(settings.finance, view)),
        calendar=calendar_table(view, recommended),
        curves=curves_table(view),
        draws=draws_table(view),
        summary=summary_table(view, settings, found, missing, earned, optima, labels is not None),
        outcome=xr.DataArray(
            np.stack(list(earned.values())), coords={"scenario": list(earned)}, dims=("scenario", "sample"),
            attrs={"units": view.currency},
        ),
    )  # fmt: skip


def settings_with(settings: Settings, channels: tuple[str, ...], budget: Any, bounds: Any) -> Settings:
    """The study's settings with what the caller asks for instead, checked like a study file."""
    asked: dict[str, Any] = {} if budget is None else {"budget": budget}
    if bounds is not None:
        pairs = dict(bounds) if isinstance(bounds, Mapping) else {"default": bounds}
        asked["bounds"] = {"default": settings.bounds.get("default", DEFAULT)} | pairs
    checked, problems = validate(Settings, Document(settings.model_dump() | asked), {})
    if checked is None or problems:
        raise InputError(problems)
    problems += [
        f"bounds name {name!r}, which is not a channel: the channels are {listing(channels)}"
        for name in checked.bounds
        if name not in (*channels, "default")
    ]
    problems += [
        f"plan.scenarios: {own.name!r} is the name of a standing scenario: choose another"
        for own in checked.scenarios
        if own.name in ("hold", "recommended", *STANDING)
    ]
    if problems:
        raise InputError(problems)
    return checked


def reach_of(settings: Settings) -> float:
    """The largest multiple that any scenario may ask for."""
    growth = max(STANDING.values())
    multiples = [multiple for own in settings.scenarios for multiple in own.multiples.values()]
    return max([growth * upper for _, upper in [DEFAULT, *settings.bounds.values()]] + multiples)
