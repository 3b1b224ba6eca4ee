"""What does a treatment do that is switched on and off by chance? A randomisation test over the switches.

    att = mean KPI of blocks that are on - mean KPI of blocks that are off

Time is cut into blocks, and chance decides for each whether it is on (`on`: one value a period). The first `washout`
periods of a block are left out: what the block before has left behind decays there. p-value and interval invert one
test: with an effect of h taken out of the blocks that are on, other assignments of the same number of blocks would have
been as likely, and the share of them with a difference at least as large is p(h). It needs no model of how sales wander
from block to block, because the assignment is the only thing left to chance. Source: Bojinov, Simchi-Levi and Zhao,
Management Science 2023, "Design and analysis of switchback experiments".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from causal.estimators.estimate import LEVEL, Estimate, Interval, Window
from mmm.errors import InputError

ASSUMPTIONS = (
    "Which blocks were on was left to chance, each choice of so many blocks being equally likely.",
    "What a block leaves behind is gone after the washout.",
)
SAMPLES = 9_999
ROUNDING = 1e-9


def estimate(
    kpi: pd.Series,
    on: Sequence[bool] | Bool[np.ndarray, " time"],
    block: int,
    *,
    washout: int = 0,
    level: float = LEVEL,
    seed: int = 0,
    geos: Sequence[str] = (),
) -> Estimate:
    """The effect of a period that is on, from a series with dates as its index and `block` periods a block.

    Raises `InputError` where the switches do not fit the blocks, or fewer than two blocks are on or off.
    """
    values, flags = kpi.to_numpy(dtype=float), np.asarray(on, dtype=bool)
    _check(values, flags, block, washout)
    means = values.reshape(-1, block)[:, washout:].mean(1)
    treated = flags.reshape(-1, block)[:, 0]
    att = float(means[treated].mean() - means[~treated].mean())
    drawn = assignments(treated, seed)
    cells = int(treated.sum()) * (block - washout)
    seen = float(values.reshape(-1, block)[treated, washout:].sum())
    start, end = pd.Timestamp(kpi.index[0]), pd.Timestamp(kpi.index[-1])
    return Estimate(
        estimator="switchback",
        att=att,
        interval=interval(means, treated, drawn, level),
        p_value=p_value(means, treated, drawn, 0.0),
        level=level,
        cells=cells,
        expected=seen - att * cells,
        assumptions=ASSUMPTIONS,
        window=Window(tuple(geos), start, end, end),
    )


def assignments(treated: Bool[np.ndarray, " block"], seed: int) -> Bool[np.ndarray, "sample block"]:
    """Other ways to choose as many blocks, the real one first."""
    rng = np.random.default_rng(seed)
    return np.concatenate([treated[None], rng.permuted(np.tile(treated, (SAMPLES, 1)), axis=1)])


def lines(
    means: Float[np.ndarray, " block"], treated: Bool[np.ndarray, " block"], drawn: Bool[np.ndarray, "sample block"]
) -> tuple[Float[np.ndarray, " sample"], Float[np.ndarray, " sample"]]:
    """Each assignment's difference is a line in the effect taken out: intercept and slope."""
    weights = drawn / drawn.sum(1, keepdims=True) - ~drawn / (~drawn).sum(1, keepdims=True)
    return weights @ means, weights @ treated.astype(float)


def p_value(
    means: Float[np.ndarray, " block"],
    treated: Bool[np.ndarray, " block"],
    drawn: Bool[np.ndarray, "sample block"],
    effect: float,
) -> float:
    """The share of assignments whose difference is at least the real one's, without the effect."""
    intercept, slope = lines(means, treated, drawn)
    differences = np.abs(intercept - effect * slope)
    return float(np.mean(differences >= differences[0] - ROUNDING * np.ptp(means)))


def interval(
    means: Float[np.ndarray, " block"],
    treated: Bool[np.ndarray, " block"],
    drawn: Bool[np.ndarray, "sample block"],
    level: float,
) -> Interval:
    """The effects with p(h) >= 1 - level, exactly.

    For an assignment with slope s and intercept c, |c - h s| is at least |att - h| for all h between (att + c) / (1 +
    s) and (att - c) / (1 - s), which lie on either side of att; p(h) counts such stretches, and falls away from att.
    """
    intercept, slope = lines(means, treated, drawn)
    att = intercept[0]
    other = np.abs(slope) < 1 - ROUNDING  # the real assignment and its opposite reach everywhere
    ends = np.full((2, len(slope)), np.inf)
    ends[0] = -np.inf
    first = (att + intercept[other]) / (1 + slope[other])
    second = (att - intercept[other]) / (1 - slope[other])
    ends[0, other], ends[1, other] = np.minimum(first, second), np.maximum(first, second)
    reached = int(np.ceil((1 - level) * len(slope) - ROUNDING * len(slope)))
    low, high = np.sort(ends[0])[reached - 1], np.sort(ends[1])[::-1][reached - 1]
    return float(low), float(high)


def _check(values: Float[np.ndarray, " time"], on: Bool[np.ndarray, " time"], block: int, washout: int) -> None:
    problems = []
    if len(on) != len(values) or len(values) % block:
        problems.append(f"{len(values)} periods and {len(on)} switches do not fit blocks of {block}: cut whole blocks")
    elif (np.ptp(on.reshape(-1, block).astype(int), axis=1) > 0).any():
        problems.append("a block is on in some of its periods only: the switches must follow the blocks")
    elif min(on.sum(), (~on).sum()) < 2 * block:
        problems.append("fewer than two blocks are on, or off: there is nothing to compare")
    if not 0 <= washout < block:
        problems.append(f"washout {washout} leaves nothing of a block of {block}")
    if not np.isfinite(values).all():
        problems.append(f"the KPI is missing in {(~np.isfinite(values)).sum()} periods: fill them or leave blocks out")
    if problems:
        raise InputError(problems, "the switchback")
