"""May one believe this fit? Convergence, identification and predictive checks, each with its limit, its message and its remedy.

    check(fit)        # DataFrame: check, subject, statistic, limit, result (pass | caution | fail), message

A sampler that converged says nothing about whether the data could tell the channels apart: R-hat is green in most wrong
answers of this field. So identification is asked separately, channel by channel, and a channel that the data cannot tell
makes the verdict `caution`. The worst result of the table is the run's verdict.

To add a check, write a function `(Evidence) -> Iterator[row]` and list it in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.insight.contribution import contribution
from mmm.insight.predictive import predictive
from mmm.model.fit import study_of
from mmm.model.spec import MEDIA_SHARE, ROI_SPREAD
from mmm.study import INTERVAL, Study

Row = tuple[str, str, float, float, str, str]

RHAT = (1.01, 1.05)
"""Above the first: caution; above the second: fail. Vehtari et al. (2021), rank-normalised split R-hat."""
EFFECTIVE_DRAWS = (400.0, 100.0)
DIVERGENT_SHARE = (0.001, 0.02)
RELATIVE_WIDTH = 1.5
"""A 90 % interval wider than this many times its own centre cannot rank channels."""
LEARNING = 0.4
"""Share of the prior's spread (log scale) that the data must have removed."""
RIDGE = -0.7
"""Posterior correlation of two channels' contributions below which the data cannot say which of the two it was."""
AUTOCORRELATION = 0.3
COVERAGE = (0.80, 0.98)
OUTLIER = 4.5
"""Standardised residual beyond which a period is named; normal noise passes it about once in 150,000 periods."""


@dataclass(frozen=True)
class Evidence:
    """What the checks look at, computed once."""

    fit: xr.DataTree
    study: Study
    contribution: xr.DataArray  # chain draw channel
    expected: xr.DataArray  # sample geo time
    predicted: xr.DataArray
    actual: xr.DataArray  # geo time

    @property
    def paid(self) -> list[str]:
        panel = self.fit["panel"]
        return [str(name) for name in panel["channel"].values[panel["paid"].values.astype(bool)]]


def check(fit: xr.DataTree) -> pd.DataFrame:
    """All checks of a fit, in the order of the chapters above."""
    expected, predicted = predictive(fit)
    panel = fit["panel"].to_dataset()
    actual = panel["kpi"].sel(time=panel["in_window"]).transpose("geo", "time")
    evidence = Evidence(fit, study_of(fit), contribution(fit).sum("geo"), expected, predicted, actual)
    rows = [row for ask in CHECKS for row in ask(evidence)]
    return pd.DataFrame(rows, columns=["check", "subject", "statistic", "limit", "result", "message"])


def convergence(evidence: Evidence) -> Iterator[Row]:
    """R-hat and effective draws of every channel's contribution and of the noise."""
    from arviz_stats.base import array_stats

    subjects = {name: evidence.contribution.sel(channel=name).to_numpy() for name in evidence.contribution["channel"].values}
    subjects["sigma"] = evidence.fit["posterior"]["sigma"].to_numpy() if "sigma" in evidence.fit["posterior"] else None
    for name, draws in subjects.items():
        if draws is None or np.ptp(draws) == 0:
            continue
        rhat = float(array_stats.rhat(draws, chain_axis=0, draw_axis=1))
        effective = float(array_stats.ess(draws, chain_axis=0, draw_axis=1, method="bulk"))
        yield _row("r_hat", name, rhat, RHAT[0], _above(rhat, *RHAT), f"{name}: R-hat {rhat:.3f} is over {RHAT[0]}: the chains disagree. Raise fit.warmup and fit.draws; if it stays, the channel is weakly identified and wants a tighter prior or an experiment.")
        result = "pass" if effective >= EFFECTIVE_DRAWS[0] else "caution" if effective >= EFFECTIVE_DRAWS[1] else "fail"
        yield _row("effective_draws", name, effective, EFFECTIVE_DRAWS[0], result, f"{name}: only {effective:.0f} effective draws of {EFFECTIVE_DRAWS[0]:.0f}: its interval is itself uncertain. Raise fit.draws.")


def sampler(evidence: Evidence) -> Iterator[Row]:
    """Divergent transitions, and whether this was a quick fit."""
    share = float(evidence.fit["sample_stats"]["diverging"].mean())
    yield _row("divergences", "sampler", share, DIVERGENT_SHARE[0], _above(share, *DIVERGENT_SHARE), f"{share:.1%} of the draws diverged: part of the posterior was not reached. A tighter prior on the widest channel usually mends it.")
    quick = evidence.study.fit.mode == "quick"
    yield _row("mode", "sampler", float(quick), 0.0, "caution" if quick else "pass", "This is a quick fit for iterating; its intervals are approximate. Set fit.mode: full before anything is decided on it.")


def identification(evidence: Evidence) -> Iterator[Row]:
    """How wide each channel's contribution is, and how much of it the data decided."""
    prior_spread = float(np.sqrt(MEDIA_SHARE[1] ** 2 + np.exp(2 * (ROI_SPREAD[0] + ROI_SPREAD[1] ** 2))))
    for name in evidence.paid:
        draws = evidence.contribution.sel(channel=name).to_numpy().ravel()
        low, high = np.quantile(draws, INTERVAL)
        width = float((high - low) / max(abs(draws.mean()), 1e-300))
        yield _row("relative_width", name, width, RELATIVE_WIDTH, "caution" if width > RELATIVE_WIDTH else "pass", f"{name}: the 90 % interval of its contribution is {width:.1f} times its centre: the data hardly tell what it does. Treat its ROI as unknown until an experiment has measured it.")
        own = evidence.study.model.per_channel.get(name)
        if own and own.roi_prior:
            continue
        learned = float(1.0 - np.log(np.maximum(draws, 1e-300)).std() / prior_spread)
        yield _row("learning", name, learned, LEARNING, "caution" if learned < LEARNING else "pass", f"{name}: the data removed only {max(learned, 0):.0%} of the prior's uncertainty; its ROI is mostly the prior's. A geo test or a flighting with pauses would teach more.")


def ridges(evidence: Evidence) -> Iterator[Row]:
    """Pairs of channels whose contributions trade off against each other."""
    draws = evidence.contribution.sel(channel=evidence.paid).stack(sample=("chain", "draw"), create_index=False).transpose("channel", "sample").to_numpy()
    if len(draws) < 2:
        return
    correlation = np.corrcoef(draws)
    pairs = [(i, j) for i in range(len(draws)) for j in range(i)]
    found = [(i, j) for i, j in pairs if correlation[i, j] < RIDGE]
    for i, j in found:
        first, second = evidence.paid[j], evidence.paid[i]
        yield _row("ridge", f"{first} / {second}", float(correlation[i, j]), RIDGE, "caution", f"{first} and {second} trade off (posterior correlation {correlation[i, j]:.2f}): their sum is known better than either. Move one without the other, or test one.")
    if not found:
        worst = min(float(correlation[i, j]) for i, j in pairs)
        yield _row("ridge", "all pairs", worst, RIDGE, "pass", "")


def residuals(evidence: Evidence) -> Iterator[Row]:
    """What the model did not explain: its memory, its extremes, and whether its intervals cover."""
    residual = (evidence.actual - evidence.expected.mean("sample")).transpose("geo", "time").to_numpy()
    scaled = residual / np.nanstd(residual, axis=1, keepdims=True)
    memory = _lag_one(scaled)
    yield _row("residual_autocorrelation", "kpi", memory, AUTOCORRELATION, "caution" if abs(memory) > AUTOCORRELATION else "pass", f"Residuals remember the period before (correlation {memory:.2f}): something slow that moves sales is missing from the model, and intervals are too narrow. Look for a promotion, price or distribution change.")
    predicted = evidence.predicted.transpose("sample", "geo", "time")
    low, high = np.quantile(predicted, INTERVAL, axis=0)
    inside = np.where(np.isfinite(residual), (evidence.actual.to_numpy() >= low) & (evidence.actual.to_numpy() <= high), np.nan)
    share = float(np.nanmean(inside))
    yield _row("interval_coverage", "kpi", share, COVERAGE[0], "pass" if COVERAGE[0] <= share <= COVERAGE[1] else "caution", f"The 90 % predictive interval holds {share:.0%} of the periods it was fitted to, so the noise is not what the model assumes.")
    yield _extremes(evidence, scaled)


def _extremes(evidence: Evidence, scaled: Float[np.ndarray, "geo time"]) -> Row:
    robust = scaled / (1.4826 * np.nanmedian(np.abs(scaled)))
    places = np.argwhere(np.nan_to_num(np.abs(robust)) > OUTLIER)
    worst = float(np.nanmax(np.abs(robust)))
    geo, time = evidence.actual["geo"].values, pd.DatetimeIndex(evidence.actual["time"].values)
    named = ", ".join(f"{time[t]:%Y-%m-%d}" + (f" ({geo[g]})" if len(geo) > 1 else "") for g, t in places[:5])
    more = f" and {len(places) - 5} more" if len(places) > 5 else ""
    message = f"{len(places)} periods lie far outside what the model expects: {named}{more}. Check them for data errors or one-off events; they pull at the channels that were active then."
    return _row("extreme_periods", "kpi", worst, OUTLIER, "caution" if len(places) else "pass", message)


def _lag_one(values: Float[np.ndarray, "geo time"]) -> float:
    before, after = values[:, :-1].ravel(), values[:, 1:].ravel()
    known = np.isfinite(before) & np.isfinite(after)
    return float(np.corrcoef(before[known], after[known])[0, 1])


def _above(value: float, caution: float, fail: float) -> str:
    return "fail" if not value <= fail else "caution" if value > caution else "pass"


def _row(name: str, subject: str, statistic: float, limit: float, result: str, message: str) -> Row:
    return name, str(subject), statistic, limit, result, "" if result == "pass" else message


CHECKS: tuple[Callable[[Evidence], Iterator[Row]], ...] = (convergence, sampler, identification, ridges, residuals)
