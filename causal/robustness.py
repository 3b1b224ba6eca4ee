"""How much does it take to move a channel's effect?

These gates never contradict an effect; they say how firmly the data hold it:

    block_subset        leave out a fifth of the periods, in blocks: does the mean effect stay within 15 %?
    random_common_cause add a made-up national cause that has nothing to do with sales: the same question
    leave_one_out       leave out each quarter (and each geo): does the sign stay?
    robustness          how strong would an unmeasured cause have to be to explain the effect away, and is that stronger
                        than the strongest cause that was measured?
    planted_effect      make up sales that wander like these and hold a known effect: does adjustment find it?

Robustness follows Cinelli and Hazlett (JRSS B, 2020): a cause that explains the share r_x of the exposure's remaining
variation and r_y of the KPI's moves the effect by  sqrt(r_y r_x / (1 - r_x) * degrees)  standard errors. The
*robustness value* is the share r = r_x = r_y that moves it to zero.

Relative changes mean nothing for an effect that may be zero. Where the adjusted effect's 90 % interval holds zero, the
first four are `not_testable`. The last fails where sales and flighting share a rhythm that nothing measured explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy import stats

from causal.adjustment import GEO
from causal.gates import FEWEST_PERIODS, SHORTEST_SHIFT, GateResult, Result, too_short
from causal.regression import RIDGE, Adjusted, Estimate, Observations, estimate, unwhiten, whiten

TOLERANCE = 0.15
REPEATS = 200
LEFT_OUT = 0.2
FEWEST_GEOS = 3
MOVES = 20
LEAST_HELD = 0.7

Products = Float[np.ndarray, "group column column"]
Blocks = Mapping[str, Float[np.ndarray, "geo time _"]]


def detectable(found: Estimate) -> bool:
    """Whether the 90 % interval of an effect leaves zero out."""
    return bool(abs(found.ratio) > stats.t.ppf(0.95, found.degrees))


def block_subset(rows: Adjusted, block: int, rng: np.random.Generator) -> GateResult:
    """Refit without a fifth of the periods, in random blocks of `block`; the statistic is the mean's |change|."""
    found, said = estimate(rows), "Refitted on random four fifths of the history"
    if not detectable(found):
        return _nothing_to_move("block_subset")
    periods = rows.kpi.shape[1]
    number = np.arange(periods) // block
    blocks = number[-1] + 1
    left_out = max(1, round(LEFT_OUT * blocks))
    if blocks < 2 * left_out + 1:
        return GateResult("block_subset", np.nan, "not_testable", "The history is too short to leave out parts of it.")
    order = np.argsort(rng.random((REPEATS, blocks)), axis=1)
    weights = (order >= left_out)[:, number].astype(float)
    change = float(refit(products(rows, "time"), weights).mean() / found.effect - 1)
    return _change("block_subset", change, said)


def random_common_cause(rows: Adjusted, rng: np.random.Generator) -> GateResult:
    """Add a random cause as persistent as the KPI, shared by all geos; the statistic is the mean effect's |change|."""
    found = estimate(rows)
    if not detectable(found):
        return _nothing_to_move("random_common_cause")
    shape = rows.kpi.shape
    cause = np.repeat(rng.standard_normal((REPEATS, 1, shape[1])), shape[0], axis=1) * rows.present
    basis = rows.basis.reshape(-1, rows.basis.shape[-1])
    flat = cause.reshape(REPEATS, -1)
    flat = flat - (flat @ basis) @ basis.T
    energy = np.maximum((flat**2).sum(1), np.finfo(float).tiny)
    x, y = flat @ rows.exposure.ravel(), flat @ rows.kpi.ravel()
    with_cause = (rows.exposure.ravel() @ rows.kpi.ravel() - x * y / energy) / (
        (rows.exposure**2).sum() - x**2 / energy
    )
    return _change(
        "random_common_cause", float(with_cause.mean() / found.effect - 1), "With a made-up common cause added"
    )


def leave_one_out(rows: Adjusted, quarter: int) -> GateResult:
    """Leave out each quarter, and each geo if there are enough; the statistic is the smallest share of effect left."""
    found = estimate(rows)
    if not detectable(found):
        return _nothing_to_move("leave_one_out")
    geos, periods = rows.kpi.shape
    number = np.arange(periods) // quarter
    keep = (number[None] != np.arange(number[-1] + 1)[:, None]).astype(float)
    effects, parts = [refit(products(rows, "time"), keep)], "quarter"
    if geos >= FEWEST_GEOS:
        effects.append(refit(products(rows, "geo"), 1 - np.eye(geos)))
        parts = "quarter or geo"
    least = float((np.concatenate(effects) / found.effect).min())
    if least <= 0:
        note = f"Leaving out a single {parts} turns the sign of the effect: it rests on that one episode."
        return GateResult("leave_one_out", least, "fail", note)
    note = f"Leaving out any single {parts} keeps the sign; at least {least:.0%} of the effect remains."
    return GateResult("leave_one_out", least, "pass", note)


def robustness(data: Observations, rows: Adjusted, blocks: Blocks) -> GateResult:
    """The robustness value beside that of the strongest measured cause; the statistic is their ratio."""
    found = estimate(rows)
    if not detectable(found):
        return _nothing_to_move("robustness")
    value = robustness_value(abs(found.ratio) / np.sqrt(found.degrees))
    strengths = block_strengths(data, rows, blocks)
    strongest = max(strengths, key=lambda name: strengths[name])
    ratio = value / max(strengths[strongest], 1e-6)
    said = (
        f"An unmeasured cause must explain {value:.0%} of what is left of exposure and KPI to explain the effect away"
    )
    compared = f"the strongest measured cause, {strongest}, is worth {strengths[strongest]:.0%}"
    result: Result = "pass" if ratio > 1 else "fail"
    return GateResult("robustness", ratio, result, f"{said}; {compared}.")


def planted_effect(data: Observations, rows: Adjusted, claim: float) -> GateResult:
    """Plant the claimed effect into sales made of the KPI's own noise: how often does the adjusted interval hold it?

        made-up KPI = claim * exposure + the KPI's innovations, moved to other periods and persistent as before

    `claim` is an effect per unit of exposure. A linear adjustment errs by as much whatever is planted, so this is the
    dummy outcome, where nothing is, as well. The statistic is the share of moves whose 90 % interval holds the claim.
    """
    periods = data.kpi.shape[1]
    if periods < FEWEST_PERIODS:
        return GateResult("planted_effect", np.nan, "not_testable", too_short(periods))
    innovations = rows.kpi - estimate(rows).effect * rows.exposure
    moves = np.unique(np.linspace(SHORTEST_SHIFT, periods - SHORTEST_SHIFT, MOVES).astype(int))
    held = [_holds(data, unwhiten(np.roll(innovations, move, axis=1), rows.persistence, rows.present), claim)
            for move in moves]  # fmt: skip
    share = float(np.mean(held))
    said = f"Planted into made-up sales as restless as these, the effect lies in {share:.0%} of the adjusted intervals"
    if share < LEAST_HELD:
        return GateResult("planted_effect", share, "fail", f"{said}, and not in nine of ten: they are too narrow.")
    return GateResult("planted_effect", share, "pass", f"{said}: they are as wide as they should be.")


def _holds(data: Observations, noise: Float[np.ndarray, "geo time"], claim: float) -> bool:
    made = estimate(replace(data, kpi=(claim * data.exposure + noise) * data.present))
    return bool(abs(made.effect - claim) <= stats.t.ppf(0.95, made.degrees) * made.standard_error)


def robustness_value(strength: float) -> float:
    """The share r with  strength = r / sqrt(1 - r),  where strength is |t| / sqrt(degrees of freedom)."""
    return 0.5 * (np.sqrt(strength**4 + 4 * strength**2) - strength**2)


def block_strengths(data: Observations, rows: Adjusted, blocks: Blocks) -> dict[str, float]:
    """For each block, the robustness value that an unmeasured cause of its strength would exhaust.

    Shares are corrected for the block's number of columns: six columns of noise explain something by chance. A geo's
    level is held still but is no benchmark: it says how large a geo is.
    """
    columns = [whiten(np.moveaxis(block, -1, 0), rows.persistence, rows.present) for block in blocks.values()]
    owner = np.concatenate([np.full(len(block), number) for number, block in enumerate(columns)])
    pair = whiten(np.stack([data.exposure, data.kpi]), rows.persistence, rows.present)
    exposure, kpi = pair.reshape(2, -1)
    held = np.concatenate(columns).reshape(len(owner), -1)
    both = np.vstack([held, exposure])
    owner_both = np.append(owner, -1)
    spare = max(int(rows.present.sum()) - len(both), 1)
    strengths = {}
    for number, name in enumerate(blocks):
        if name == GEO:
            continue
        size = int((owner == number).sum())
        allowed = (spare + size) / spare
        r_x = 1 - allowed * _residual(exposure, held) / _residual(exposure, held[owner != number])
        r_y = 1 - allowed * _residual(kpi, both) / _residual(kpi, both[owner_both != number])
        r_x, r_y = (float(np.clip(share, 0.0, 0.999)) for share in (r_x, r_y))
        strengths[name] = robustness_value(np.sqrt(r_y * r_x / (1 - r_x)))
    return strengths


def _residual(target: Float[np.ndarray, " row"], columns: Float[np.ndarray, "column row"]) -> float:
    length = np.linalg.norm(columns, axis=1, keepdims=True)
    unit = columns / np.where(length > 0, length, 1.0)
    onto = unit @ target
    fitted = onto @ np.linalg.solve(unit @ unit.T + RIDGE * np.eye(len(unit)), onto)
    return max(float(target @ target - fitted), 1e-12 * float(target @ target) + np.finfo(float).tiny)


def products(rows: Adjusted, by: str) -> Products:
    """Products of basis, exposure and KPI, summed within each period (`by="time"`) or geo (`by="geo"`)."""
    columns = np.concatenate([rows.basis, rows.exposure[..., None], rows.kpi[..., None]], axis=-1)
    if by == "time":
        columns = columns.transpose(1, 0, 2)
    return columns.transpose(0, 2, 1) @ columns


def refit(groups: Products, weights: Float[np.ndarray, "subset group"]) -> Float[np.ndarray, " subset"]:
    """The effect on each weighted subset of the groups, from their products alone."""
    size = groups.shape[-1]
    total = (weights @ groups.reshape(len(groups), -1)).reshape(-1, size, size)
    rank = size - 2
    held = total[:, :rank, :rank] + RIDGE * np.eye(rank)
    pair = total[:, rank:, rank:] - total[:, rank:, :rank] @ np.linalg.solve(held, total[:, :rank, rank:])
    return pair[:, 0, 1] / pair[:, 0, 0]


def _change(gate: str, change: float, said: str) -> GateResult:
    result: Result = "pass" if abs(change) <= TOLERANCE else "fail"
    amount = "less than 1%" if abs(change) < 0.01 else f"{abs(change):.0%}"
    return GateResult(gate, abs(change), result, f"{said}, the effect changes by {amount} (allowed: {TOLERANCE:.0%}).")


def _nothing_to_move(gate: str) -> GateResult:
    return GateResult(
        gate, np.nan, "not_testable", "The adjusted effect cannot be told from zero, so there is no change to judge."
    )
