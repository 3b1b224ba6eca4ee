"""Inside the quarter: are spend and outcome on plan, what explains the difference, and what should the rest be?

    found = pace(fit, panel, calendar, verdicts)       # panel: the periods so far; calendar: the plan of record
    found.table        # channel by channel: plan, actual, the steps between them, the rest of the quarter
    found.facts        # what there is to say of the whole

**So far.** The model is asked twice about the periods that have passed, with the controls that came: once under the
exposure that was planned (each channel's reference times its multiple), once under the exposure that was bought. What a
channel brings is the difference to none of it in these periods. The bridge (`mmm.plan.bridge`) splits planned to actual
contribution into volume, mix, price and efficiency; `unexplained` is the rest: actual value of the KPI less what the
model expects under the actual exposure. The outcome is held against the predictive interval of the plan.

**The rest.** What is left of the budget is split over the remaining periods by the certified optimiser, inside the
bounds, groups and guards of the plan, on the model's draws with what was bought so far still working.
Caution counts against leaving the plan's own split. `probability_right_direction` is the share of single draws whose
own optimum agrees with the move: what Thompson sampling would choose, one draw at a time. Nothing is decided for a
budget that no longer fits the bounds; the facts say why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Bool, Float

from mmm.errors import InputError, listing
from mmm.insight.contrast import Sample, channel_effect, draws_of, over_draws
from mmm.insight.contribution import SAMPLES_BY_TIME
from mmm.insight.predictive import predictive
from mmm.model.fit import model_of, panel_of, study_of
from mmm.model.spec import Arrays, Structure, for_sampling, lag_exposure
from mmm.plan.bounds import labels_of
from mmm.plan.bridge import STEPS, Line, variance_bridge
from mmm.plan.budget import optimality_gap
from mmm.plan.choice import best_split, cautious, check_split, limits_for, shares_of, single_draw_optima
from mmm.plan.limits import Share
from mmm.plan.outlook import outcome, outlook_at
from mmm.plan.reference import reference_at
from mmm.plan.risk import interval, probability
from mmm.plan.scenario import reach_of
from mmm.speech import natural
from mmm.study import INTERVAL

MOVED: Final = 1e-3
"""A multiple this close to the plan's is on plan."""

HALVINGS: Final = 60
LARGEST: Final = 1e9
"""The largest factor that a plan's split is stretched by; where it does not reach, channels that plan nothing do."""

PerChannel = Float[np.ndarray, " channel"]
Values = Float[np.ndarray, "sample channel"]


@dataclass(frozen=True)
class Pace:
    """The table by channel (`all` first), and what there is to say of the whole as plain JSON values."""

    table: pd.DataFrame
    facts: dict[str, Any]


def pace(fit: xr.DataTree, panel: xr.DataTree, calendar: pd.DataFrame, verdicts: pd.DataFrame | None = None) -> Pace:
    """How the plan of record does; `calendar` is `tables/calendar.csv` of the run.

    `panel` has the horizon's periods so far, read as the study's own data are; periods before the horizon are not
    looked at. Raises `InputError` where it is not the study's, or leaves a hole after the horizon's start.
    """
    plan = calendar.assign(period=pd.to_datetime(calendar["period"]))
    new = _so_far(fit, panel, plan)
    tree = _extended(fit, new)
    done = pd.DatetimeIndex(new["time"].values)
    bought, planned = _worlds(tree, plan, done)
    table, facts = _bridged(tree, plan, done, bought, planned)
    rest, left = _rest(tree, plan, done, verdicts)
    return Pace(table.merge(rest, on="channel", how="left"), facts | left)


def _so_far(fit: xr.DataTree, panel: xr.DataTree, plan: pd.DataFrame) -> xr.Dataset:
    """The new panel's periods inside the horizon, checked against the fit and the plan."""
    known, new = fit["panel"].to_dataset(), panel["panel"].to_dataset()
    horizon = pd.DatetimeIndex(sorted(plan["period"].unique()))
    span = f"{horizon[0]:%Y-%m-%d} to {horizon[-1]:%Y-%m-%d}"
    times = pd.DatetimeIndex(new["time"].values)
    inside = times[times.isin(horizon)]
    problems = []
    if list(known["geo"].values) != list(new["geo"].values):
        theirs, ours = (listing(sorted(map(str, one["geo"].values), key=natural)) for one in (new, known))
        problems.append(f"the data have the regions {theirs}, and the run has {ours}: give the same regions")
    if (late := times[times > horizon[-1]]).size:
        problems.append(
            f"the data go on to {late[-1]:%Y-%m-%d}, after the plan's horizon ({span}): leave later periods out"
        )
    if not inside.size:
        problems.append(f"the data hold no period of the plan's horizon ({span}): give the periods that have passed")
    elif not inside.equals(horizon[: inside.size]):
        missing = horizon[horizon <= inside[-1]].difference(inside)
        problems.append(
            f"the data lack {listing([f'{when:%Y-%m-%d}' for when in missing])} of the plan's horizon ({span}): give "
            "every period from its start"
        )
    if problems:
        raise InputError(problems)
    return new.sel(time=inside)


def _extended(fit: xr.DataTree, new: xr.Dataset) -> xr.DataTree:
    """The fit with the new periods behind its own, outside the window: they enter no likelihood and no scale."""
    known = fit["panel"].to_dataset()
    gap = pd.DatetimeIndex(new["time"].values)[0] - pd.DatetimeIndex(known["time"].values)[-1]
    step = pd.DatetimeIndex(known["time"].values)[-1] - pd.DatetimeIndex(known["time"].values)[-2]
    if gap > 1.5 * step:
        raise InputError(
            ["the plan's horizon does not begin where the run's data end: fit again with the periods between them"]
        )
    ours = new.assign_coords(in_window=("time", np.zeros(new.sizes["time"], dtype=bool)))
    joined = xr.concat([known, ours], "time", data_vars="minimal", coords="minimal", compat="override", join="exact")
    tree = xr.DataTree.from_dict({"/panel": joined, "/posterior": fit["posterior"].to_dataset()})
    tree.attrs = dict(fit.attrs)
    return tree


def _worlds(tree: xr.DataTree, plan: pd.DataFrame, done: pd.DatetimeIndex) -> tuple[xr.DataArray, xr.DataArray]:
    """Exposure as it was bought, and as it was planned in the periods that are done."""
    exposure = panel_of(tree)["exposure"]
    planned = exposure.copy(deep=True)
    for row in plan[plan["period"].isin(done)].to_dict("records"):
        multiple = row["recommended_spend"] / row["current_spend"] if row["current_spend"] else 1.0
        reference = exposure.sel(channel=row["channel"], time=pd.Timestamp(row["reference_period"]))
        planned.loc[{"channel": row["channel"], "time": row["period"]}] = multiple * reference
    return exposure, planned


def _bridged(
    tree: xr.DataTree, plan: pd.DataFrame, done: pd.DatetimeIndex, bought: xr.DataArray, planned: xr.DataArray
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The bridge by channel, and what the whole outcome is against what was to be expected."""
    panel = panel_of(tree)
    rows = panel["time"].isin(done).values
    channels = [str(name) for name in panel["channel"].values[panel["paid"].values.astype(bool)]]
    values = {name: _brought(tree, world, rows) for name, world in {"plan": planned, "actual": bought}.items()}
    so_far = plan[plan["period"].isin(done)].groupby("channel")["recommended_spend"].sum()
    spent = panel["spend"].isel(time=rows).sum(["geo", "time"])
    lines: dict[str, list[Line]] = {"plan": [], "actual": []}
    for i, name in enumerate(channels):
        for key, world in {"plan": planned, "actual": bought}.items():
            money = float(so_far[name]) if key == "plan" else float(spent.sel(channel=name))
            exposure = float(world.sel(channel=name).isel(time=rows).sum())
            lines[key].append(Line(name, money, exposure, float(values[key][:, i].mean())))
    worth = panel["value_per_kpi"].isel(time=rows)
    expected, predicted = (part * worth for part in predictive(tree, np.flatnonzero(rows)))
    difference = values["plan"].sum(axis=1) - values["actual"].sum(axis=1)
    under_plan = predicted.sum(["geo", "time"]).values + difference
    actual = float((panel["kpi"].isel(time=rows) * worth).sum())
    total_plan = float(expected.sum(["geo", "time"]).mean()) + float(difference.mean())
    bridge = variance_bridge(lines["plan"], lines["actual"], total_plan, actual)
    wide = bridge.pivot(index="channel", columns="step", values="amount").loc[["all", *channels]]
    table = wide[["plan", *STEPS, "unexplained", "actual"]].rename(
        columns={"plan": "value_plan", "actual": "value_actual"}
    )
    for key in ("plan", "actual"):
        for what in ("spend", "exposure"):
            amounts = [float(getattr(line, what)) for line in lines[key]]
            table[f"{what}_{key}"] = [sum(amounts) if what == "spend" else np.nan, *amounts]
    low, high = np.quantile(under_plan, INTERVAL)
    facts = {
        "periods_done": len(done),
        "first": f"{done[0]:%Y-%m-%d}",
        "as_of": f"{done[-1]:%Y-%m-%d}",
        "spend": {"plan": round(float(so_far.sum()), 2), "actual": round(float(spent.sel(channel=channels).sum()), 2)},
        "outcome": {"actual": actual, **{f"plan_{key}": value for key, value in interval(under_plan).items()}},
        "verdict": "below plan" if actual < low else "above plan" if actual > high else "within the plan's interval",
        "bridge": {str(step): str(amount) for step, amount in wide.loc["all"].items()},
    }
    return table.reset_index(), facts


def _brought(tree: xr.DataTree, exposure: xr.DataArray, rows: Bool[np.ndarray, " time"]) -> Values:
    """Value of each paid channel's exposure in these rows, against none of it there."""
    model, panel = model_of(tree), panel_of(tree)
    cube = exposure.transpose("channel", "time", "geo").to_numpy()
    worlds = (
        for_sampling(model.arrays._replace(lagged_exposure=lag_exposure(panel, part, model.structure.max_lag)))
        for part in (cube, cube * ~rows[:, None])
    )
    weight = jnp.asarray(panel["value_per_kpi"].transpose("time", "geo").to_numpy() * rows[:, None])
    values = over_draws(_apart, model.structure, draws_of(tree, SAMPLES_BY_TIME), *worlds, weight)
    return values[:, panel["paid"].values.astype(bool)]


def _apart(structure: Structure, sample: Sample, with_it: Arrays, without: Arrays, weight: Array) -> Array:
    effect = channel_effect(structure, sample, with_it) - channel_effect(structure, sample, without)
    return (effect * weight).sum(axis=(1, 2))


def _rest(
    tree: xr.DataTree, plan: pd.DataFrame, done: pd.DatetimeIndex, verdicts: pd.DataFrame | None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rest of the quarter as planned and as proposed, by channel."""
    ahead = plan[~plan["period"].isin(done)]
    spent = panel_of(tree).isel(time=np.flatnonzero(panel_of(tree)["time"].isin(done)))["spend"]
    total = round(float(plan["recommended_spend"].sum()) - float(spent.sum()), 2)
    facts: dict[str, Any] = {"periods_left": int(ahead["period"].nunique()), "budget_left": total}
    if ahead.empty or total <= 0:
        reason = "the quarter is over" if ahead.empty else "nothing of the budget is left"
        return pd.DataFrame({"channel": []}, dtype="str"), facts | {"proposal": None, "reason": reason}
    study = study_of(tree)
    one = ahead[ahead["channel"] == ahead["channel"].iloc[0]].sort_values("period")
    time = pd.DatetimeIndex(panel_of(tree)["time"].values)
    rows = time.get_indexer(pd.DatetimeIndex(pd.to_datetime(one["reference_period"])))
    view = outlook_at(tree, study, reference_at(tree, rows, pd.DatetimeIndex(one["period"])), reach_of(study.plan))
    settings = study.plan.model_copy(update={"budget": total})
    planned = ahead.groupby("channel")["recommended_spend"].sum().reindex(view.channels).to_numpy()
    rest = pd.DataFrame({"channel": view.channels, "left_plan": planned})
    shares = shares_of(study.plan.groups, view.channels)
    try:
        limits = limits_for(view, settings, labels_of(verdicts))
        check_split(total, limits, view.spend, study.plan.groups, view.channels)
    except InputError as error:
        return rest, facts | {"proposal": None, "reason": "; ".join(error.problems)}
    now = np.where(view.spend > 0, view.spend, 1.0)
    kept = _in_proportion(planned, total, limits.lower * view.spend, limits.upper * view.spend) / now
    found = best_split(view, limits, total, shares=shares, curves=cautious(view, settings.caution, kept))
    proposed = found.spend / now
    better = (outcome(view, proposed) - outcome(view, kept)).sum(axis=1).mean() > 0
    if not better and _meets(shares, kept * view.spend):
        proposed = kept  # it may lie between two knots of the curves, where caution reads too high
    optima = single_draw_optima(view, limits, total, shares).multiples
    move = np.where(np.abs(proposed - kept) > MOVED, np.sign(proposed - kept), 0.0)
    gain = (outcome(view, proposed) - outcome(view, kept)).sum(axis=1)
    proposal = {
        "moves": bool(move.any()),
        "gain_vs_plan": interval(gain),
        "probability": probability(gain) if move.any() else None,
        "optimality_gap": optimality_gap(found),
    }
    rest["left_in_proportion"], rest["left_proposed"] = kept * view.spend, proposed * view.spend
    rest["probability_right_direction"] = np.where(move != 0, (np.sign(optima - kept) == move).mean(axis=0), np.nan)
    return rest, facts | {"proposal": proposal, "reason": ""}


def _meets(shares: Sequence[Share], spend: PerChannel) -> bool:
    """Whether the split keeps to the study's groups."""
    parts = [(share, spend[share.members].sum() / spend.sum()) for share in shares]
    return all(share.minimum - MOVED <= part <= share.maximum + MOVED for share, part in parts)


def _in_proportion(planned: PerChannel, total: float, low: PerChannel, high: PerChannel) -> PerChannel:
    """What is left, split as the plan splits it, as far as the limits allow."""

    def at(factor: float) -> PerChannel:
        return np.clip(factor * planned, low, high)

    below, above = 0.0, 1.0
    while at(above).sum() < total and above < LARGEST:
        above *= 2
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        below, above = (middle, above) if at(middle).sum() < total else (below, middle)
    return at(above)
