"""Which multiples does each scenario choose?

    hold          1 for every channel
    recommended   the split of the wanted budget that is worth the most, certified
    cut, grow     the same for a tenth less and a tenth more than that budget
    yours         what `plan.scenarios` says, 1 where it says nothing

What a channel's multiple is worth is what it earns on average, less `plan.caution` standard deviations of what moving
there from 1 brings:

    worth[c](m) = mean over draws of f[c](m)  -  caution * sd over draws of (f[c](m) - f[c](1)).

Of many splits the best by the mean is the one whose errors flatter it most; with the default of half a standard
deviation a channel moves where the odds that the move pays are about seven in ten or better. The sum over channels
is at most the mean less `caution` joint standard deviations, however the channels' draws hang together.

Caution is there for plans that may well be wrong. `settled` lowers it, from the study's towards 0, to the least under
which `plan.confidence` of the joint draws (nine in ten) gain by the split: where the evidence agrees the best mean is
taken, where it does not the study's caution stays.

Channels that spend nothing in the reference have no pattern to multiply: they stay out of the decision. A standing
alternative that the limits rule out (everything frozen, a share that cannot be met) is left out, and why is kept.

A further scenario of general use is one more entry in `STANDING` or in `choices`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from mmm.errors import InputError
from mmm.plan.bounds import Allowed, allowed, for_budget
from mmm.plan.budget import TOLERANCE, Solution, optimality_gap, solve_separable
from mmm.plan.limits import Share, check_limits
from mmm.plan.outlook import Outlook, outcome
from mmm.plan.reference import Reference
from mmm.plan.risk import probability
from mmm.plan.target import budget_for
from mmm.study import Group, Target
from mmm.study import Plan as Settings

STANDING: Final = {"cut": 0.9, "grow": 1.1}
"""The standing alternatives, as multiples of the recommended budget."""

UNMOVED: Final = 1e-6
"""Multiples all this near to 1 are the present plan: what the solver leaves where no channel has a reason to move."""

LEVELS: Final = 10
"""Steps in which caution is lowered."""

SINGLE_DRAWS: Final = 200
"""Posterior draws whose own optimum is solved, evenly spaced."""

SINGLE_DRAW_TOLERANCE: Final = 1e-3

PerChannel = Float[np.ndarray, " channel"]


@dataclass(frozen=True)
class Choice:
    """A scenario: multiples by channel, the limits they were chosen in, and the certified gap where one was solved."""

    name: str
    multiples: PerChannel
    limits: Allowed
    gap: float = np.nan


def choices(view: Outlook, limits: Allowed, settings: Settings) -> tuple[list[Choice], dict[str, str]]:
    """Every scenario, `hold` and `recommended` first, and why a standing one is missing.

    Raises `InputError` when the recommended budget cannot be spent within the limits.
    """
    worth = cautious(view, settings.caution)
    best = partial(best_split, view, shares=shares_of(settings.groups, view.channels), curves=worth)
    total = wanted_budget(view, limits, settings)
    hold = Choice("hold", np.ones(len(view.channels)), limits)
    found = [hold, _chosen("recommended", view, limits, best(limits, total))]
    missing: dict[str, str] = {}
    for name, factor in STANDING.items():
        moved = for_budget(limits, factor)
        try:
            found.append(_chosen(name, view, moved, best(moved, factor * total)))
        except InputError as reason:
            missing[name] = "; ".join(reason.problems)
    for own in settings.scenarios:
        found.append(Choice(own.name, np.array([own.multiples.get(name, 1.0) for name in view.channels]), limits))
    return found, missing


def _chosen(name: str, view: Outlook, limits: Allowed, solution: Solution) -> Choice:
    multiples = _multiples(view, solution)
    settled = bool((np.abs(multiples - 1.0) < UNMOVED).all())
    return Choice(name, np.ones(len(multiples)) if settled else multiples, limits, optimality_gap(solution))


def limits_for(view: Outlook | Reference, settings: Settings, labels: Mapping[str, str] | None) -> Allowed:
    """The limits of the recommendation. Those that evidence adds give way where the budget cannot be spent within them:
    first in proportion to the budget, then altogether."""
    limits = partial(allowed, view.channels, settings.bounds, view.observed)
    held, free = limits(labels, settings.max_shift_unvalidated), limits(None, 1.0)
    if isinstance(settings.budget, Target):
        return held
    total = float(view.spend.sum()) if settings.budget == "same" else settings.budget
    moved = for_budget(held, total / view.spend.sum())
    wider = replace(moved, lower=np.maximum(moved.lower, free.lower), upper=np.minimum(moved.upper, free.upper))
    for given in (held, wider):
        try:
            check_split(total, given, view.spend, settings.groups, view.channels)
        except InputError:
            continue
        return given
    return free


def cautious(view: Outlook, caution: float, start: PerChannel | None = None) -> Float[np.ndarray, "channel multiple"]:
    """What each multiple of a channel is worth: its mean less what is not known about moving there from `start` (1)."""
    before = outcome(view, np.ones(len(view.channels)) if start is None else start)
    return view.curves.mean(axis=0) - caution * (view.curves - before[:, :, None]).std(axis=0)


def settled(view: Outlook, limits: Allowed, settings: Settings) -> Settings:
    """`settings` with the least caution under which `settings.confidence` of the draws gain; unchanged where none is.

    Gain is over the reference in proportion to the budget, which is `hold` where the budget stays. A target's budget
    depends on caution itself: there it stays. Raises `InputError` when the budget cannot be spent within the limits.
    """
    if isinstance(settings.budget, Target) or not settings.caution:
        return settings
    total, shares = wanted_budget(view, limits, settings), shares_of(settings.groups, view.channels)
    before = outcome(view, np.full(len(view.channels), total / view.spend.sum())).sum(axis=1)
    mean, doubt = cautious(view, 0.0), cautious(view, 0.0) - cautious(view, 1.0)
    for caution in np.linspace(0.0, settings.caution, LEVELS, endpoint=False):
        found = best_split(view, limits, total, shares=shares, curves=mean - caution * doubt)
        if probability(outcome(view, _multiples(view, found)).sum(axis=1) - before) >= settings.confidence:
            return settings.model_copy(update={"caution": float(caution)})
    return settings


def wanted_budget(view: Outlook, limits: Allowed, settings: Settings) -> float:
    """The budget of the recommendation, in money over the horizon."""
    if settings.budget == "same":
        return float(view.spend.sum())
    if not isinstance(settings.budget, Target):
        return float(settings.budget)
    worth, shares = cautious(view, settings.caution), shares_of(settings.groups, view.channels)

    def most(total: float) -> float:
        try:
            found = best_split(view, limits, total, shares=shares, curves=worth, tolerance=SINGLE_DRAW_TOLERANCE)
        except InputError:
            return -np.inf
        return float(outcome(view, _multiples(view, found)).mean(axis=0).sum())

    low, high = float(limits.lower @ view.spend), float(limits.upper @ view.spend)
    return budget_for(settings.budget, most, low, high, view.value_per_kpi)


def shares_of(groups: Sequence[Group], channels: Sequence[str]) -> tuple[Share, ...]:
    """The study's groups as limits on the shares of the budget."""
    return tuple(Share(np.isin(channels, group.channels), group.min_share, group.max_share) for group in groups)


def check_split(
    total: float, limits: Allowed, spend: PerChannel, groups: Sequence[Group], channels: Sequence[str]
) -> None:
    """Raises `InputError` unless `total` can be split within the limits; channels that spend nothing stay out."""
    active = spend > 0
    shares = [Share(share.members[active], share.minimum, share.maximum) for share in shares_of(groups, channels)]
    names = [name for name, spends in zip(channels, active, strict=True) if spends]
    check_limits(total, (limits.lower * spend)[active], (limits.upper * spend)[active], names, shares)


def best_split(
    view: Outlook,
    limits: Allowed,
    total: float,
    *,
    shares: Sequence[Share] = (),
    curves: Float[np.ndarray, "channel multiple"] | None = None,
    tolerance: float = TOLERANCE,
) -> Solution:
    """The certified best split of `total` by the mean of the draws, or by `curves`. Dark channels stay dark."""
    spends = view.spend > 0
    value = view.curves.mean(axis=0) if curves is None else curves
    near = _between(view.multiples, limits.lower[spends].min(), limits.upper[spends].max())
    within = [Share(share.members[spends], share.minimum, share.maximum) for share in shares]
    solution = solve_separable(
        view.spend[spends, None] * view.multiples[near],
        value[spends, near],
        total,
        (limits.lower * view.spend)[spends],
        (limits.upper * view.spend)[spends],
        shares=within,
        names=[name for name, does in zip(view.channels, spends, strict=True) if does],
        tolerance=tolerance,
    )
    spend = np.zeros(len(spends))
    spend[spends] = solution.spend
    return Solution(spend, solution.value, solution.upper_bound)


def _between(multiples: Float[np.ndarray, " multiple"], low: float, high: float) -> slice:
    """The knots from the last one at or below `low` to the first at or above `high`: all that a split can reach."""
    first = max(int(np.searchsorted(multiples, low, side="right")) - 1, 0)
    return slice(first, max(int(np.searchsorted(multiples, high)) + 1, first + 2))


@dataclass(frozen=True)
class Optima:
    """The best split if single draws were the truth: which draws, their multiples, and what those would earn then."""

    samples: Int[np.ndarray, " optimum"]
    multiples: Float[np.ndarray, "optimum channel"]
    value: Float[np.ndarray, " optimum"]


def single_draw_optima(view: Outlook, limits: Allowed, total: float, shares: Sequence[Share] = ()) -> Optima:
    """The optimum of evenly spaced draws, each by itself: how far the recommendation hangs on what is not known."""
    samples = np.unique(np.linspace(0, len(view.curves) - 1, SINGLE_DRAWS).astype(int))
    solve = partial(best_split, view, limits, total, shares=shares, tolerance=SINGLE_DRAW_TOLERANCE)
    solved = [solve(curves=view.curves[sample]) for sample in samples]
    multiples = np.stack([_multiples(view, solution) for solution in solved])
    return Optima(samples, multiples, np.array([solution.value for solution in solved]))


def _multiples(view: Outlook, solution: Solution) -> PerChannel:
    """Spend as multiples of the reference; 1 where the reference is 0."""
    return np.divide(solution.spend, view.spend, out=np.ones(len(view.spend)), where=view.spend > 0)
