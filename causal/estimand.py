"""What exactly is asked of a channel, and what do the data answer once the graph's causes are held still?

    estimand = sum over geos and periods of  E[ KPI as flown ] - E[ KPI with the channel switched off ]

That is the model's *contribution*, so that model and adjustment speak about the same number. The treatment is the
transformed exposure (adstock, then saturation) of each posterior draw; the adjustment estimates one effect per draw,

    answer[draw] = (effect[draw] + standard_error[draw] * student_t) * sum(scale[g] * exposure[draw, g, t]),

so its interval carries what is unknown about the transform and what is unknown about the effect. The answer borrows
the model's transform and nothing else: no prior, no likelihood, no sign.

The numbers rest on assumptions, and `assumptions` writes them out; they travel with the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from causal.regression import Adjusted, remove, slopes, whiten

ERRORS = 10
"""Draws of sampling error for each draw of the transforms: enough for quantiles that do not jump with the seed."""


@dataclass(frozen=True)
class Estimand:
    """The contribution of one channel over one window, and what was held still to find it."""

    channel: str
    start: str
    end: str
    units: str
    adjustment: tuple[str, ...] | None

    @property
    def text(self) -> str:
        """The question as a sentence."""
        asked = (
            f"Contribution of {self.channel} from {self.start} to {self.end} in {self.units}: "
            "what was expected as flown, minus what was expected without the channel"
        )
        if self.adjustment is None:
            return f"{asked}. No set of measured causes identifies it."
        return f"{asked}, holding still {listed(self.adjustment)}."

    @property
    def assumptions(self) -> str:
        """What must be true for the adjusted estimate to be causal."""
        held = listed(self.adjustment) if self.adjustment else "the measured causes"
        return (
            f"Nothing outside {held} moves both {self.channel} and the KPI; "
            "carryover and saturation have the model's form; effects add up; "
            "and one geo's exposure does not sell in another."
        )


def listed(names: tuple[str, ...], most: int = 8) -> str:
    """Names as a phrase; a long list is cut with its count."""
    if len(names) > most:
        names = (*names[: most - 1], f"{len(names) - most + 1} more")
    if not names:
        return "nothing"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def effect_draws(
    rows: Adjusted,
    kpi: Float[np.ndarray, "geo time"],
    exposure: Float[np.ndarray, "sample geo time"],
    others: Float[np.ndarray, "sample geo time other"],
    fixed: Float[np.ndarray, "geo time rank"],
) -> tuple[Float[np.ndarray, " sample"], Float[np.ndarray, " sample"]]:
    """The effect and its standard error for every draw of the transforms, the other channels' included.

    `fixed` is an orthonormal basis of the covariates that no draw changes, whitened like `rows`; persistence and
    degrees of freedom are those of `rows`, the regression at the mean transform.
    """
    basis = fixed.reshape(-1, fixed.shape[-1])

    def left(values: Float[np.ndarray, "*any geo time"]) -> Float[np.ndarray, "any row"]:
        return remove(whiten(values, rows.persistence, rows.present).reshape(-1, basis.shape[0]), basis)

    samples, shape = len(exposure), kpi.shape
    other = left(np.moveaxis(others, -1, 1)).reshape(samples, others.shape[-1], -1)
    targets = np.stack([np.broadcast_to(left(kpi), (samples, basis.shape[0])), left(exposure)], axis=1)
    if others.shape[-1]:
        other = other / np.maximum(np.linalg.norm(other, axis=-1, keepdims=True), np.finfo(float).tiny)
        gram = other @ other.transpose(0, 2, 1) + 1e-10 * np.eye(others.shape[-1])
        targets = targets - (targets @ other.transpose(0, 2, 1)) @ np.linalg.solve(gram, other)
    adjusted_kpi, adjusted = (targets[:, i].reshape(samples, *shape) for i in (0, 1))
    return slopes(adjusted_kpi, adjusted, rows.present, rows.degrees)


def answer_draws(
    effects: Float[np.ndarray, " sample"],
    standard_errors: Float[np.ndarray, " sample"],
    degrees: int,
    totals: Float[np.ndarray, " sample"],
    rng: np.random.Generator,
) -> Float[np.ndarray, " answer"]:
    """Draws of the contribution: each effect with `ERRORS` draws of its sampling error, times its exposure."""
    effects, standard_errors, totals = (np.repeat(values, ERRORS) for values in (effects, standard_errors, totals))
    return (effects + standard_errors * rng.standard_t(degrees, len(effects))) * totals


def overlap(first: Float[np.ndarray, " answer"], second: Float[np.ndarray, " draw"], bins: int = 40) -> float:
    """The area that two sets of draws share, 0 (disjoint) to 1 (the same), from histograms over their common range."""
    low, high = min(first.min(), second.min()), max(first.max(), second.max())
    if low == high:
        return 1.0
    shares = [np.histogram(draws, bins, (low, high))[0] / len(draws) for draws in (first, second)]
    return float(np.minimum(*shares).sum())


def disjoint(first: Float[np.ndarray, "2"], second: Float[np.ndarray, "2"]) -> bool:
    """Whether two intervals have no point in common."""
    return bool(first[1] < second[0] or second[1] < first[0])
