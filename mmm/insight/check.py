"""May one believe this fit? Convergence, identification and predictive checks, each with its limit and its remedy.

    check(fit)        # DataFrame: check, subject, statistic, limit, result (pass | caution | fail), message

A sampler that converged says nothing about whether the data could tell the channels apart: R-hat is green in most
wrong answers of this field. So identification is asked separately, channel by channel, and a channel that the data
cannot tell makes the verdict `caution`. The worst result of the table is the run's verdict.

To add a check, write a function `(Evidence) -> Iterator[Row]` and list it in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from mmm.errors import listing
from mmm.insight.contribution import contribution
from mmm.insight.predictive import predictive
from mmm.insight.recurring import recurring_parts
from mmm.insight.uneven import uneven_geos
from mmm.model.fit import panel_of, study_of
from mmm.model.spec import MEDIA_SHARE, ROI_SPREAD
from mmm.study import INTERVAL, Study

Row = tuple[str, str, float, float, str, str]
COLUMNS = ["check", "subject", "statistic", "limit", "result", "message"]

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
SHARED_SPEND = 0.15
"""Mean correlation between channels' spend, trend and season aside. Of 100 simulated markets of five channels whose
budgets are set apart none reaches 0.09; of 100 whose budgets follow a hidden demand 89 are above 0.15."""
AUTOCORRELATION = 0.3
COVERAGE = (0.80, 0.98)
RECURRING = 0.01
"""How rarely noise alone may look as much like a holiday, in any week of the year, or like a season of a geo's own."""
OUTLIER = 4.5
"""Robustly standardised residual beyond which a period is named; normal noise passes it once in 150,000 periods."""


@dataclass(frozen=True)
class Evidence:
    """What the checks look at, computed once. Dims: contribution `chain draw channel`, predictions `sample geo
    time`."""

    fit: xr.DataTree
    study: Study
    panel: xr.Dataset
    contribution: xr.DataArray
    expected: xr.DataArray
    predicted: xr.DataArray

    @cached_property
    def paid(self) -> list[str]:
        """Names of the paid channels."""
        return [str(name) for name in self.panel["channel"].values[self.panel["paid"].values.astype(bool)]]

    @cached_property
    def actual(self) -> Float[np.ndarray, "geo time"]:
        """KPI inside the window."""
        return self.panel["kpi"].sel(time=self.panel["in_window"]).transpose("geo", "time").to_numpy()

    @cached_property
    def residual(self) -> Float[np.ndarray, "geo time"]:
        """What was not expected, in units of each geo's own residual standard deviation."""
        residual = self.actual - self.expected.mean("sample").transpose("geo", "time").to_numpy()
        return residual / np.nanstd(residual, axis=1, keepdims=True)


def check(fit: xr.DataTree) -> pd.DataFrame:
    """All checks of a fit, in the order of `CHECKS`."""
    expected, predicted = predictive(fit)
    evidence = Evidence(fit, study_of(fit), panel_of(fit), contribution(fit).sum("geo"), expected, predicted)
    return pd.DataFrame([row for ask in CHECKS for row in ask(evidence)], columns=COLUMNS)


def row(name: str, subject: str, statistic: float, limit: float, result: str, message: str) -> Row:
    """One row of the table; what passed needs no message."""
    return name, subject, float(statistic), float(limit), result, "" if result == "pass" else message


def convergence(evidence: Evidence) -> Iterator[Row]:
    """R-hat and effective draws of every channel's contribution and of the noise."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    draws = {str(name): evidence.contribution.sel(channel=name).to_numpy() for name in evidence.panel["channel"].values}
    draws |= {
        name: evidence.fit[f"posterior/{name}"].to_numpy() for name in ("sigma",) if name in evidence.fit["posterior"]
    }
    for name, values in draws.items():
        if not values.any():
            continue  # no exposure inside the window: there is nothing to converge
        rhat = float(array_stats.rhat(values, chain_axis=0, draw_axis=1))
        effective = float(array_stats.ess(values, chain_axis=0, draw_axis=1, method="bulk"))
        message = (
            f"{name}: R-hat {rhat:.3f} is over {RHAT[0]}: the chains disagree. Raise fit.warmup and fit.draws; if it "
            "stays, the data hardly identify it, and it wants a tighter prior or an experiment."
        )
        yield row("r_hat", name, rhat, RHAT[0], _above(rhat, *RHAT), message)
        message = (
            f"{name}: only {effective:.0f} effective draws of {EFFECTIVE_DRAWS[0]:.0f}: its interval is itself "
            "uncertain. Raise fit.draws."
        )
        result = _above(-effective, *(-limit for limit in EFFECTIVE_DRAWS))
        yield row("effective_draws", name, effective, EFFECTIVE_DRAWS[0], result, message)


def sampler(evidence: Evidence) -> Iterator[Row]:
    """Divergent transitions, and whether this was a quick fit."""
    share = float(evidence.fit["sample_stats/diverging"].mean())
    message = (
        f"{share:.1%} of the draws diverged: part of the posterior was not reached. A tighter prior on the widest "
        "channel usually mends it."
    )
    yield row("divergences", "sampler", share, DIVERGENT_SHARE[0], _above(share, *DIVERGENT_SHARE), message)
    quick = evidence.study.fit.mode == "quick"
    message = (
        "This is a quick fit for iterating; its intervals are approximate. Set fit.mode: full before anything is "
        "decided on it."
    )
    yield row("mode", "sampler", float(quick), 0.0, "caution" if quick else "pass", message)


def identification(evidence: Evidence) -> Iterator[Row]:
    """How wide each channel's contribution is, and how much of that the data decided."""
    prior_spread = float(np.hypot(MEDIA_SHARE[1], np.exp(ROI_SPREAD[0] + ROI_SPREAD[1] ** 2)))
    for name in evidence.paid:
        draws = evidence.contribution.sel(channel=name).to_numpy().ravel()
        if not draws.any():
            message = f"{name}: no exposure inside the window, so nothing can be said of it. Leave it out of the study."
            yield row("relative_width", name, np.inf, RELATIVE_WIDTH, "caution", message)
            continue
        low, high = np.quantile(draws, INTERVAL)
        width = float((high - low) / max(abs(draws.mean()), 1e-300))
        message = (
            f"{name}: the 90 % interval of its contribution is {width:.1f} times its centre: the data hardly tell what "
            "it does. Treat its ROI as unknown until an experiment has measured it."
        )
        yield row("relative_width", name, width, RELATIVE_WIDTH, _above(width, RELATIVE_WIDTH), message)
        if evidence.study.model.of(name).strength is None:
            learned = float(1.0 - np.log(np.maximum(draws, 1e-300)).std() / prior_spread)
            message = (
                f"{name}: the data removed only {max(learned, 0.0):.0%} of the prior's uncertainty; its ROI is mostly "
                "the prior's. A geo test, or a flighting with pauses, would teach more."
            )
            yield row("learning", name, learned, LEARNING, _above(-learned, -LEARNING), message)


def ridges(evidence: Evidence) -> Iterator[Row]:
    """Pairs of channels whose contributions trade off against each other."""
    paid = [name for name in evidence.paid if evidence.contribution.sel(channel=name).std() > 0]
    if len(paid) < 2:
        return
    draws = evidence.contribution.sel(channel=paid).transpose("channel", "chain", "draw").to_numpy()
    correlation = np.corrcoef(draws.reshape(len(paid), -1))
    pairs = {(paid[j], paid[i]): float(correlation[i, j]) for i in range(len(paid)) for j in range(i)}
    found = {pair: value for pair, value in pairs.items() if value < RIDGE}
    for (first, second), value in found.items():
        message = (
            f"{first} and {second} trade off (posterior correlation {value:.2f}): their sum is known better than "
            "either. Move one without the other, or test one."
        )
        yield row("ridge", f"{first} / {second}", value, RIDGE, "caution", message)
    if not found:
        yield row("ridge", "all pairs", min(pairs.values()), RIDGE, "pass", "")


def shared_spend(evidence: Evidence) -> Iterator[Row]:
    """Whether something unmeasured moves all budgets: then it may move sales as well, and channels get its credit."""
    money = evidence.panel["spend"].sum("geo").sel(channel=evidence.paid).transpose("time", "channel").to_numpy()
    money = money[evidence.panel["in_window"].values]
    relative = np.log1p(money / np.where(money.any(axis=0), money.mean(axis=0), 1.0))
    years = np.arange(len(money)) / float(evidence.panel.attrs["periods_per_year"])
    waves = [wave(2 * np.pi * k * years) for k in (1, 2, 3) for wave in (np.sin, np.cos)]
    expected = np.stack([np.ones(len(years)), years, years**2, *waves], axis=-1)
    moved = relative - expected @ np.linalg.lstsq(expected, relative, rcond=None)[0]
    moved = moved[:, moved.std(axis=0) > 1e-6]
    channels = moved.shape[1]
    if channels < 2 or len(moved) < 3 * expected.shape[1]:
        return
    together = float((np.corrcoef(moved.T).sum() - channels) / (channels * (channels - 1)))
    message = (
        f"Spend of the channels rises and falls together, trend and season aside (mean correlation {together:.2f}): "
        "something moves all budgets. If it moves sales as well, channels are credited with sales that would have come "
        "anyway, and no fit can tell. Give what the budgets follow as a control, or test a channel."
    )
    yield row("shared_spend", "all channels", together, SHARED_SPEND, _above(together, SHARED_SPEND), message)


def residuals(evidence: Evidence) -> Iterator[Row]:
    """What the model did not explain: its memory, its coverage, and its extremes."""
    memory = _memory(evidence)
    message = (
        f"Residuals remember the period before (correlation {memory:.2f}): something slow that moves sales is missing "
        "from the model, and intervals are too narrow. Look for a promotion, price or distribution change."
    )
    if memory < 0:
        message = (
            f"Residuals swing from one period to the next (correlation {memory:.2f}): sales shift between neighbouring "
            "periods, or the baseline bends too freely. Check how sales are dated, and try fewer trend knots."
        )
    yield row("residual_autocorrelation", "kpi", memory, AUTOCORRELATION, _above(abs(memory), AUTOCORRELATION), message)
    low, high = np.quantile(evidence.predicted.transpose("sample", "geo", "time"), INTERVAL, axis=0)
    known = np.isfinite(evidence.actual)
    share = float(((evidence.actual >= low) & (evidence.actual <= high))[known].mean())
    message = (
        f"The 90 % predictive interval holds {share:.0%} of the periods it was fitted to, so the noise is not what the "
        "model assumes. Look for one-off events, or try likelihood: student_t."
    )
    yield row(
        "interval_coverage",
        "kpi",
        share,
        COVERAGE[0],
        "pass" if COVERAGE[0] <= share <= COVERAGE[1] else "caution",
        message,
    )
    yield _extremes(evidence)
    yield from _recurring(evidence)
    yield from _uneven(evidence)


def _extremes(evidence: Evidence) -> Row:
    robust = np.nan_to_num(np.abs(evidence.residual / (1.4826 * np.nanmedian(np.abs(evidence.residual)))))
    places = np.argwhere(robust > OUTLIER)
    geo, time = evidence.expected["geo"].values, pd.DatetimeIndex(evidence.expected["time"].values)
    shown = [f"{time[t]:%Y-%m-%d}" + (f" ({geo[g]})" if len(geo) > 1 else "") for g, t in places[:5]]
    more = f" and {len(places) - len(shown)} more" if len(places) > len(shown) else ""
    message = (
        f"Far outside what the model expects: {', '.join(shown)}{more}. Check for data errors or one-off events; they "
        "pull at the channels that were active then."
    )
    return row("extreme_periods", "kpi", robust.max(), OUTLIER, "caution" if len(places) else "pass", message)


def _recurring(evidence: Evidence) -> Iterator[Row]:
    dates = pd.DatetimeIndex(evidence.expected["time"].values)
    missed = evidence.actual - evidence.expected.mean("sample").transpose("geo", "time").to_numpy()
    found = recurring_parts(dates, missed.sum(axis=0), float(evidence.panel.attrs["periods_per_year"]))
    if found.empty:
        return
    level = float(np.nansum(evidence.actual, axis=0).mean())
    striking = found[found["chance"] < RECURRING].head(3)
    dated = zip(pd.DatetimeIndex(striking["date"]), striking["residual"] / level, strict=True)
    places = ", ".join(f"{date:%Y-%m-%d} ({size:+.0%})" for date, size in dated)
    message = (
        f"Sales are off in the same weeks every year, which the season does not follow: {places}. Channels that are "
        "active then get the credit or the blame. Name the days under model.events, or a country under model.holidays."
    )
    chance = float(found["chance"].iloc[0])
    yield row("recurring_weeks", "kpi", chance, RECURRING, _above(-chance, -RECURRING), message)


def _uneven(evidence: Evidence) -> Iterator[Row]:
    if len(evidence.actual) < 2:
        return
    missed = evidence.actual - evidence.expected.mean("sample").transpose("geo", "time").to_numpy()
    relative = missed / np.nanmean(evidence.actual, axis=1, keepdims=True)
    chance = uneven_geos(relative, float(evidence.panel.attrs["periods_per_year"]))
    found = [str(evidence.expected["geo"].values[geo]) for geo in np.argsort(chance) if chance[geo] < RECURRING]
    message = (
        f"Trend or season of {listing(found)} differs from what all geos share: what is left is slow, is credited to "
        "channels, and intervals are too narrow. Give what moves these geos as a control, or fit them by themselves."
    )
    least = float(chance.min())
    yield row("uneven_geos", "kpi", least, RECURRING, _above(-least, -RECURRING), message)


def _memory(evidence: Evidence) -> float:
    """Correlation of residuals with those of the period before, averaged over posterior draws.

    Residuals of one draw are the noise itself when the model is right. Residuals of the posterior mean are not: the
    more freely the baseline bends, the more they swing, whatever the noise does.
    """
    residual = evidence.actual - evidence.expected.transpose("sample", "geo", "time").to_numpy()
    residual = residual / np.nanstd(residual, axis=(0, 2), keepdims=True)
    before, after = (part.reshape(len(residual), -1) for part in (residual[..., :-1], residual[..., 1:]))
    known = np.isfinite(before[0] + after[0])
    before, after = (part[:, known] - part[:, known].mean(axis=1, keepdims=True) for part in (before, after))
    products = (before * after).sum(axis=1) / np.sqrt((before**2).sum(axis=1) * (after**2).sum(axis=1))
    return float(products.mean())


def _above(value: float, caution: float, fail: float = np.inf) -> str:
    """`pass` up to `caution`, `fail` above `fail`; what is not a number fails."""
    if not value <= fail:
        return "fail"
    return "caution" if value > caution else "pass"


CHECKS: tuple[Callable[[Evidence], Iterator[Row]], ...] = (
    convergence,
    sampler,
    identification,
    ridges,
    shared_spend,
    residuals,
)
