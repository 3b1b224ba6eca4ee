"""May one believe this fit? Convergence, identification and predictive checks, each with its limit and its remedy.

    check(fit)        # DataFrame: check, subject, statistic, limit, result (pass | caution | fail), message

A sampler that converged says nothing about whether the data could tell the channels apart: R-hat is green in most
wrong answers of this field. So identification is asked separately, channel by channel, and a channel that the data
cannot tell makes the verdict `caution`. The worst result of the table is the run's verdict.

To add a check, write a function `(Evidence) -> Iterator[Row]` and list it in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.collinear import SLIP, beyond_the_rest
from mmm.errors import listing
from mmm.insight.contribution import contribution
from mmm.insight.evidence import Evidence, Row, above, row
from mmm.insight.predictive import predictive
from mmm.insight.residual import residuals
from mmm.model.fit import panel_of, study_of
from mmm.model.spec import MEDIA_SHARE, ROI_SPREAD
from mmm.study import INTERVAL

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


def check(fit: xr.DataTree) -> pd.DataFrame:
    """All checks of a fit, in the order of `CHECKS`."""
    expected, predicted = predictive(fit)
    evidence = Evidence(fit, study_of(fit), panel_of(fit), contribution(fit).sum("geo"), expected, predicted)
    return pd.DataFrame([row for ask in CHECKS for row in ask(evidence)], columns=COLUMNS)


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
        yield row("r_hat", name, rhat, RHAT[0], above(rhat, *RHAT), message)
        message = (
            f"{name}: only {effective:.0f} effective draws of {EFFECTIVE_DRAWS[0]:.0f}: its interval is itself "
            "uncertain. Raise fit.draws."
        )
        result = above(-effective, *(-limit for limit in EFFECTIVE_DRAWS))
        yield row("effective_draws", name, effective, EFFECTIVE_DRAWS[0], result, message)


def sampler(evidence: Evidence) -> Iterator[Row]:
    """Divergent transitions, and whether this was a quick fit."""
    share = float(evidence.fit["sample_stats/diverging"].mean())
    message = (
        f"{share:.1%} of the draws diverged: part of the posterior was not reached. A tighter prior on the widest "
        "channel usually mends it."
    )
    yield row("divergences", "sampler", share, DIVERGENT_SHARE[0], above(share, *DIVERGENT_SHARE), message)
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
        yield row("relative_width", name, width, RELATIVE_WIDTH, above(width, RELATIVE_WIDTH), message)
        if evidence.study.model.of(name).strength is None:
            learned = float(1.0 - np.log(np.maximum(draws, 1e-300)).std() / prior_spread)
            message = (
                f"{name}: the data removed only {max(learned, 0.0):.0%} of the prior's uncertainty; its ROI is mostly "
                "the prior's. A geo test, or a flighting with pauses, would teach more."
            )
            yield row("learning", name, learned, LEARNING, above(-learned, -LEARNING), message)


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
    yield row("shared_spend", "all channels", together, SHARED_SPEND, above(together, SHARED_SPEND), message)


def slips(evidence: Evidence) -> Iterator[Row]:
    """Whether one period of a channel's exposure is beyond all others: its curve then hangs on that period."""
    exposure = evidence.panel["exposure"].sum("geo")
    ratios = {str(name): beyond_the_rest(exposure.sel(channel=name).to_numpy()) for name in exposure["channel"].values}
    found = {name: ratio for name, ratio in ratios.items() if ratio.max() > SLIP}
    for name, ratio in found.items():
        dates = [f"{date:%Y-%m-%d}" for date in pd.DatetimeIndex(exposure["time"].values[ratio > SLIP])]
        message = (
            f"{name} was {ratio.max():.0f} times its largest other period on {listing(dates, 6)}: a slipped decimal, "
            "or a bill booked at once? Its saturation is read from such periods. Mend the data, or spread what was "
            "booked."
        )
        yield row("exposure_slips", name, float(ratio.max()), SLIP, "caution", message)
    if not found:
        largest = max((float(ratio.max()) for ratio in ratios.values()), default=0.0)
        yield row("exposure_slips", "all channels", largest, SLIP, "pass", "")


CHECKS: tuple[Callable[[Evidence], Iterator[Row]], ...] = (
    convergence,
    sampler,
    identification,
    ridges,
    shared_spend,
    slips,
    residuals,
)
