"""Why did each ROI move since last quarter? A bridge from the parent's fit to its refresh, that sums exactly.

    worlds = path(parent, child, refit)     # parent -> model -> prior -> experiments -> restated -> new periods
    changes(worlds)                         # tables/changes.csv

The refresh fits all data, old and new, once. That *is* last quarter's posterior as the prior of the new periods,

    p(theta | old, new)  ~  p(new | theta) p(old | theta) p(theta)  =  p(new | theta) p(theta | old)

without counting an old row twice, which a fit of all rows under a prior made of the old posterior would do.

Between the parent and its child one thing changes at a time; each step that changes something is one more fit, and one
that changes nothing is exactly zero. Every fit of the path is asked for the ROI over the *parent's* window, draw by
draw; the last step asks the child over its own, longer one:

    model        the study's model section or the code, on the parent's data
    prior        the priors of single channels
    experiments  the lift table
    restated     old cells that the new data have otherwise
    learned      the new periods' KPI: what they taught about the old ones
    asked        the same fit, asked over the longer window: spend that works in other periods, at other levels

The parts are differences of posterior means, so they add up to the whole move. Order matters, as in every bridge; it is
the order in which an analyst would have learned of the changes. `mcse` is the Monte Carlo error of a part: one smaller
than twice of it is noise of the sampler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float

from mmm.data.extend import Extension, extend
from mmm.insight.contrast import Sample, channel_effect, draws_of, labelled, over_draws
from mmm.model.fit import model_of, panel_of, study_of
from mmm.model.spec import Arrays, Structure, for_sampling
from mmm.study import STRENGTHS, Model, Study

STEPS = ("model", "prior", "experiments", "restated", "learned", "asked")
"""The parts of a move, in the order of the path."""
PRIORS = (*STRENGTHS, "half_life_prior")

KEPT = ("schema_version", "data_hash", "frequency", "periods_per_year")
"""Attributes of a panel that a step keeps."""

Refit = Callable[[xr.DataTree, Study], xr.DataTree]


@dataclass(frozen=True)
class World:
    """A fit on the way from the parent to the child, the step that led to it, and the periods it is asked over."""

    step: str
    fit: xr.DataTree
    periods: np.ndarray


def refreshed_panel(parent: xr.DataTree, late: xr.Dataset) -> Extension:
    """The parent's periods as they are known now, and the new ones, all to be learned from."""
    return extend(panel_of(parent), late, learn=True, restate=True)


def path(parent: xr.DataTree, child: xr.DataTree, refit: Refit, same_code: bool = True) -> list[World]:
    """The worlds from `parent` to `child`, those left out between which nothing changed.

    `refit(tree, study)` fits a panel; `same_code` says whether the parent was fitted by the code that runs now.
    """
    before, after, panel = study_of(parent), study_of(child), panel_of(parent)
    inside = panel["time"].values[panel["in_window"].values.astype(bool)]
    worlds = [World("parent", parent, inside)]
    data = parent["panel"].to_dataset()
    lift = _lift(parent)

    def go(step: str, study: Study) -> None:
        tree = xr.DataTree.from_dict({"/panel": data})
        if lift is not None:
            tree["lift"] = xr.DataTree(lift)
        tree.attrs = {name: parent.attrs[name] for name in KEPT}
        worlds.append(World(step, refit(tree, study), inside))

    bare = before.model_copy(update={"experiments": None, "fit": after.fit})
    modelled = bare.model_copy(update={"model": _with_priors(after, before)})
    if not same_code or modelled.model != _with_priors(before, before):
        go("model", modelled)
    told = bare.model_copy(update={"model": _with_priors(after, after)})
    if told.model != modelled.model:
        go("prior", told)
    if not _same(lift, _lift(child)):
        lift = _lift(child)
        go("experiments", told)
    restated = panel_of(child).sel(time=data["time"].values)
    if not _same(data, restated):
        data = restated.assign_coords(in_window=data["in_window"])
        go("restated", told)
    worlds.append(World("learned", child, inside))
    own = panel_of(child)
    return [*worlds, World("asked", child, own["time"].values[own["in_window"].values.astype(bool)])]


def changes(worlds: list[World]) -> pd.DataFrame:
    """`channel, step, value, mcse`: the parent's ROI, what each step added to it, and the child's.

    The steps of a channel sum to its `child` less its `parent`, to the last digit but one.
    """
    returns = [roi_over(world.fit, world.periods) for world in worlds]
    known = [set(map(str, values["channel"].values)) for values in returns]
    rows = []
    for channel in [str(name) for name in returns[-1]["channel"].values if all(str(name) in one for one in known)]:
        draws = [values.sel(channel=channel).to_numpy() for values in returns]
        if not all(np.isfinite(values).all() for values in draws):
            continue
        means, errors = [float(values.mean()) for values in draws], [_error(values) for values in draws]
        moved = dict.fromkeys(STEPS, (0.0, 0.0))
        for i in range(1, len(worlds)):
            apart = (
                worlds[i].fit is not worlds[i - 1].fit
            )  # the same draws, asked over other periods, share their error
            error = float(np.hypot(errors[i], errors[i - 1])) if apart else _error(draws[i] - draws[i - 1])
            moved[worlds[i].step] = (means[i] - means[i - 1], error)
        rows += [(channel, "parent", means[0], errors[0])]
        rows += [(channel, step, *moved[step]) for step in STEPS]
        rows += [(channel, "child", means[-1], errors[-1])]
    return pd.DataFrame(rows, columns=["channel", "step", "value", "mcse"])


def roi_over(fit: xr.DataTree, periods: np.ndarray) -> xr.DataArray:
    """ROI over some periods of the panel, `chain draw channel`, paid channels; NaN without spend in them."""
    model, panel = model_of(fit), panel_of(fit)
    inside = np.isin(panel["time"].values, periods)
    value = panel["value_per_kpi"].transpose("time", "geo").to_numpy()
    given = for_sampling(model.arrays), jnp.asarray(inside[:, None] * value)
    money = over_draws(_money, model.structure, draws_of(fit), *given)
    worth = labelled(fit, money, {"channel": panel["channel"].values}, None, "money")
    spend = panel["spend"].isel(time=inside).sum(["time", "geo"])
    paid = panel["channel"].values[panel["paid"].values.astype(bool)]
    return worth.sel(channel=paid) / spend.sel(channel=paid).where(lambda s: s > 0)


def _money(structure: Structure, sample: Sample, arrays: Arrays, weight: Array) -> Float[Array, " channel"]:
    return (channel_effect(structure, sample, arrays) * weight).sum(axis=(1, 2))


def _error(draws: np.ndarray) -> float:
    """Monte Carlo standard error of the mean of `chain draw` draws."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    return float(array_stats.mcse(draws, method="mean", chain_axis=0, draw_axis=1)) if np.ptp(draws) else 0.0


def _with_priors(modelled: Study, believed: Study) -> Model:
    """The model of one study with the channels' priors of another."""
    names = {*modelled.model.per_channel, *believed.model.per_channel}
    own = {
        name: modelled.model.of(name).model_copy(
            update={prior: getattr(believed.model.of(name), prior) for prior in PRIORS}
        )
        for name in sorted(names)
    }
    return modelled.model.model_copy(update={"per_channel": own})


def _same(first: xr.Dataset | None, second: xr.Dataset | None) -> bool:
    """Whether two data sets hold the same values, whatever their order and their flags."""
    if first is None or second is None:
        return first is second
    return set(first.data_vars) == set(second.data_vars) and all(
        first[name].shape == second[name].transpose(*first[name].dims).shape
        and bool((first[name].values == second[name].transpose(*first[name].dims).values).all())
        for name in first.data_vars
    )


def _lift(fit: xr.DataTree) -> xr.Dataset | None:
    return fit["lift"].to_dataset() if "lift" in fit.children else None
