"""How far may each channel move, and who says so?

Three limits on the multiple of a channel's reference spend, the narrowest wins:

1. the study's `plan.bounds`, by channel or the default;
2. experience: a channel that `plan.bounds` does not name stays within the spend that was observed;
3. evidence: once channels have been validated, one that is *conflicted*, *not identifiable* or was not looked at moves
   by `plan.max_shift_unvalidated` at most.

Where the study's own bounds force a move that evidence would not allow, the channel moves as little as they permit.
A bound of [1, 1] freezes a channel: nothing below moves it.

To add a guard, narrow `lower` and `upper` in `allowed` and say why in `reasons`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from mmm.study import Plan

UNVALIDATED: Final = ("conflicted", "not identifiable", "not validated")
"""Labels that do not license a channel to move; the last is that of a channel nobody looked at."""

DEFAULT: Final = Plan().bounds["default"]
"""The bounds of a channel when the study gives neither its own nor a default."""

PerChannel = Float[np.ndarray, " channel"]


@dataclass(frozen=True)
class Allowed:
    """The multiples a channel may take, and for each channel that a guard holds back, which one."""

    lower: PerChannel
    upper: PerChannel
    reasons: Mapping[str, str]

    @property
    def frozen(self) -> Bool[np.ndarray, " channel"]:
        return self.lower == self.upper


def allowed(
    channels: Sequence[str],
    bounds: Mapping[str, tuple[float, float]],
    observed: PerChannel,
    labels: Mapping[str, str] | None,
    max_shift: float,
) -> Allowed:
    """The limits of every channel; `labels` are its verdicts, `None` when nothing was validated."""
    lower, upper, reasons = np.ones(len(channels)), np.ones(len(channels)), dict[str, str]()
    for i, channel in enumerate(channels):
        low, high = bounds.get(channel, bounds.get("default", DEFAULT))
        if channel not in bounds and high > observed[i]:
            high = max(low, float(observed[i]))
            reasons[channel] = f"stays within its observed spend, {observed[i]:.2f} times the reference"
        label = "" if labels is None else labels.get(channel, UNVALIDATED[-1])
        if label in UNVALIDATED and max_shift < 1:
            narrow = np.clip([1 - max_shift, 1 + max_shift], low, high)
            if tuple(narrow) != (low, high):
                reasons[channel] = f"is {label}, and moves by {max_shift:.0%} at most"
            low, high = narrow
        lower[i], upper[i] = low, high
    return Allowed(lower, upper, reasons)


def for_budget(limits: Allowed, factor: float) -> Allowed:
    """The limits when the budget is `factor` times as large: floors come down with a cut, ceilings go up with growth.

    Either way they only widen, so that a larger budget never earns less. A frozen channel stays frozen.
    """
    lower = np.where(limits.frozen, limits.lower, limits.lower * min(factor, 1.0))
    upper = np.where(limits.frozen, limits.upper, limits.upper * max(factor, 1.0))
    return replace(limits, lower=lower, upper=upper)


def labels_of(verdicts: pd.DataFrame | None) -> dict[str, str] | None:
    """Each channel's label in a table of verdicts (`tables/verdicts.csv`); `None` when there is no table."""
    if verdicts is None:
        return None
    once = verdicts.drop_duplicates("channel")
    return dict(zip(once["channel"].astype(str), once["label"].astype(str), strict=True))
