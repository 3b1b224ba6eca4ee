"""What does a fit say about a channel, and what does adjustment answer to the same question?

`read_evidence` takes from a fit what every channel shares: the setting to hold still, draws of the transformed exposure
and the model's contributions. `ask` poses the question of one channel under one adjustment set: a regression at the
mean transform, which the gates attack, and the contribution it implies for each posterior draw.

A fit is seen through its panel and through `mmm.insight` alone: whatever engine made it, the same questions can be
asked. To validate results of another model, build an `Evidence` from its draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from causal import gates
from causal.adjustment import GEO, Setting, setting
from causal.estimand import Estimand, answer_draws, effect_draws
from causal.negative_control import read_negative_controls
from causal.regression import Adjusted, Observations, adjust, independent, observations, whiten
from mmm.study import INTERVAL

SAMPLES = 200
"""Posterior draws, evenly spaced, whose transforms are adjusted."""
FEWEST_SAMPLES = 50
"""As few as that on large panels: with their `ERRORS` draws of sampling error each, 500 in all, a 5 % quantile is the
true 3 to 7 %, two standard errors; with 200 it is 4 to 6 %."""
CELLS = 80_000
"""Geos times periods times channels up to which all `SAMPLES` are used; beyond, as many as cost the same."""


@dataclass(frozen=True)
class Evidence:
    """The fit as `causal` sees it: the setting, and draws of each channel's transformed exposure and contribution;
    and, where the user brings any, series that no channel can move."""

    setting: Setting
    channels: tuple[str, ...]
    exposure: Float[np.ndarray, "sample geo time channel"]
    contribution: Float[np.ndarray, "draw channel"]
    window: tuple[str, str]
    units: str
    seed: int
    untouched: dict[str, Float[np.ndarray, "geo time"]] = field(default_factory=dict)

    @cached_property
    def mean_exposure(self) -> Float[np.ndarray, "channel geo time"]:
        """Each channel's transformed exposure at its mean over draws."""
        return np.ascontiguousarray(np.moveaxis(self.exposure.mean(axis=0), -1, 0))


@dataclass(frozen=True)
class Question:
    """One channel's regression at the mean transform, and its answer draw by draw beside the model's.

    `exposure_total` turns an effect per unit of exposure into a contribution; `kpi_total` turns that into a share.
    """

    estimand: Estimand
    blocks: dict[str, Float[np.ndarray, "geo time _"]]
    data: Observations
    rows: Adjusted
    positivity: gates.GateResult
    answer: Float[np.ndarray, " answer"]
    model: Float[np.ndarray, " draw"]
    exposure_total: float
    kpi_total: float


def read_evidence(
    fit: xr.DataTree, seed: int | None, samples: int | None = None, negative_controls: pd.DataFrame | None = None
) -> Evidence:
    """What a fit says about its channels, through its panel and `mmm.insight` alone."""
    from mmm import insight

    panel = fit["panel"].to_dataset()
    seen = panel["in_window"].values
    samples = samples_for(panel["exposure"].size) if samples is None else samples
    exposure = insight.adstocked_exposure(fit, samples).transpose("sample", "geo", "time", "channel")
    contribution = insight.contribution(fit).sum("geo").transpose("chain", "draw", "channel")
    dates = pd.DatetimeIndex(panel["time"].values[seen]).strftime("%Y-%m-%d")
    return Evidence(
        setting=setting(panel, float(fit.attrs["periods_per_year"])),
        channels=tuple(str(name) for name in panel["channel"].values),
        exposure=np.asarray(exposure.values, dtype=float)[:, :, seen],
        contribution=np.asarray(contribution.values, dtype=float).reshape(-1, contribution.sizes["channel"]),
        window=(dates[0], dates[-1]),
        units=str(panel["kpi"].attrs.get("units", "KPI units")),
        seed=int(fit.attrs["seed"]) if seed is None else seed,
        untouched={} if negative_controls is None else read_negative_controls(negative_controls, panel),
    )


def samples_for(cells: int) -> int:
    """How many draws' transforms are adjusted on a panel of so many cells."""
    return int(np.clip(SAMPLES * CELLS // max(cells, 1), FEWEST_SAMPLES, SAMPLES))


def ask(evidence: Evidence, channel: str, adjustment: tuple[str, ...] | None) -> Question:
    """The regression of one channel at the mean transform and the contribution it implies, draw by draw.

    Without an adjustment set, or without variation of its own, a channel has a question but no answer: NaN.
    """
    here = evidence.setting
    number = evidence.channels.index(channel)
    held = set(adjustment or ())
    others = [index for index, name in enumerate(evidence.channels) if name in held]
    fixed = {name: block for name, block in here.blocks.items() if name in held or name == GEO}
    blocks = fixed | {evidence.channels[index]: evidence.mean_exposure[index][..., None] for index in others}
    exposure = evidence.exposure[..., number]
    data = observations(here.kpi, evidence.mean_exposure[number], np.concatenate(list(blocks.values()), axis=-1))
    positivity = gates.positivity(data)
    rows = adjust(data, None if positivity.result == "pass" else 0.0)
    totals = (exposure.sum(-1) * here.scale).sum(-1)
    answer = np.full(len(exposure), np.nan)
    if adjustment is not None and positivity.result == "pass":
        basis = _basis(np.concatenate(list(fixed.values()), axis=-1), rows)
        found, errors = effect_draws(rows, data.kpi, exposure, evidence.exposure[..., others], basis)
        answer = answer_draws(found, errors, rows.degrees, totals, np.random.default_rng([evidence.seed, number]))
    estimand = Estimand(channel, *evidence.window, evidence.units, adjustment)
    kpi = float((data.kpi * here.scale[:, None]).sum())
    return Question(
        estimand, blocks, data, rows, positivity, answer, evidence.contribution[:, number], float(totals.mean()), kpi
    )


def _basis(fixed: Float[np.ndarray, "geo time covariate"], rows: Adjusted) -> Float[np.ndarray, "geo time rank"]:
    columns = whiten(np.moveaxis(independent(fixed, rows.present), -1, 0), rows.persistence, rows.present)
    basis, _ = np.linalg.qr(columns.reshape(len(columns), -1).T)
    return basis.reshape(*rows.present.shape, -1)


def amounts(question: Question) -> str:
    """Both contributions as shares of the KPI over the window, which a reader can compare without knowing its unit."""
    model, answer = (np.quantile(draws, INTERVAL) / question.kpi_total for draws in (question.model, question.answer))
    return f"{model[0]:.1%} to {model[1]:.1%} of the KPI by the model, {answer[0]:.1%} to {answer[1]:.1%} by adjustment"
