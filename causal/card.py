"""What does everything that was found say about one channel, on one scale? The verdict card.

    found = accounts(fit, measured)           # draws of each channel's return, its experiments, the model before them
    estimates(found, adjusted)                # who says what of it: tables/estimates.csv
    cards(fit, found, verdicts, adjusted)     # one row a channel: tables/cards.csv

All speak of one estimand: the channel's ROI over the study's window, the value of its contribution over its spend.

    model           the fit as it is
    model before    the same without what the channel's own experiments told it, by reweighting (`conflict.before`)
    experiment      lift, spread by its scale, times ROI[draw] / predicted lift[draw]: the measurement, carried from its
                    weeks to the window by the model's carryover and saturation, in which the level cancels
    adjustment      the backdoor estimate of the contribution (`estimand`), in the same money

The card sets them beside each other: what model and adjustment, and model and experiment share (`overlap`), how far the
experiment lies from what the model expected before it (`z`, `bayes_factor`), how many gates passed, and the tipping
point: how far the return would have to be off for the channel's side of break-even to be the wrong one,

    overstated_by = ROI / break-even - 1        negative: understated, and it does not pay back as it stands.

Of several experiments on a channel the card names the one that lies farthest; none is averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from causal.conflict import MOST_PARETO_K, Measured, before, contradiction
from causal.estimand import overlap
from mmm.data.lift import DEGREES_OF_FREEDOM
from mmm.study import INTERVAL, Study

MODEL, BEFORE, EXPERIMENT, ADJUSTMENT = "model", "model before", "experiment", "adjustment"
QUANTILES = {"p05": INTERVAL[0], "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": INTERVAL[1]}
RESULTS = {"passed": "pass", "failed": "fail", "not_testable": "not_testable"}

Draws = Float[np.ndarray, " draw"]


@dataclass(frozen=True)
class Past:
    """The model before a channel's experiments: draws of the ROI, and the weights that make them."""

    draws: Draws
    weights: Draws


@dataclass(frozen=True)
class Account:
    """A channel's return: the model's draws, `carried` draws by experiment, and the model before them, None where
    there were no experiments or too few draws know of a time without them."""

    draws: Draws
    measured: tuple[Measured, ...]
    carried: tuple[Float[np.ndarray, " _kept"], ...]
    before: Past | None


def accounts(fit: xr.DataTree, measured: Sequence[Measured]) -> dict[str, Account]:
    """The account of every paid channel, by name; `measured` is `conflict.predictions`."""
    seed, used = int(fit.attrs["seed"]), "lift" in fit.children
    found = {}
    for channel, draws in _returns(fit).items():
        own = [one for one in measured if one.channel == channel]
        moved = tuple(carried(one, _thinned(draws, one), seed) for one in own)
        found[channel] = Account(draws, tuple(own), moved, _before(own, used, draws, seed) if own else None)
    return found


def estimates(accounts: Mapping[str, Account], adjusted: pd.DataFrame) -> pd.DataFrame:
    """Who says what of each paid channel's return: `channel, source, experiment, unit, mean, p05, p25, median, p75,
    p95, note`.

    `adjusted` is `verdict.effects`. What cannot be told is a row of NaN with a note: a model that its own experiments
    moved too far, an effect that is not identified.
    """
    rows = []
    for channel, account in accounts.items():
        rows.append(_row(channel, MODEL, account.draws))
        if account.measured:
            past = account.before
            note = "" if past else "the experiments moved the model too far to say what it held before"
            rows.append(_row(channel, BEFORE, past.draws if past else None, note=note))
        for one, draws in zip(account.measured, account.carried, strict=True):
            rows.append(_row(channel, EXPERIMENT, draws, one.experiment))
        rows.append(_adjusted(channel, float(account.draws.mean()), adjusted))
    return pd.DataFrame(rows)


def cards(
    fit: xr.DataTree, accounts: Mapping[str, Account], verdicts: pd.DataFrame, adjusted: pd.DataFrame
) -> pd.DataFrame:
    """One row a paid channel: `channel, label, start, end, roi, break_even, overstated_by, overlap_adjustment,
    experiments, experiment, measured_lift, predicted_lift, z, bayes_factor, bias, overlap_experiment, passed, failed,
    not_testable`. Predicted lift, z and Bayes factor are the model's before it saw any experiment on the channel."""
    from mmm.insight.identify import paying_return

    panel = fit["panel"].to_dataset()
    valued = Study.model_validate_json(fit.attrs["study"]).data.kpi.valued
    target = paying_return(fit) if valued else np.nan
    days = pd.DatetimeIndex(panel["time"].values[panel["in_window"].values]).strftime("%Y-%m-%d")
    shared = adjusted.set_index("channel")["overlap"]
    rows = []
    for channel, account in accounts.items():
        gates, mean = verdicts[verdicts["channel"] == channel], float(account.draws.mean())
        rows.append(
            {
                "channel": channel,
                "label": str(gates["label"].iloc[0]),
                "start": days[0],
                "end": days[-1],
                "roi": mean,
                "break_even": target,
                "overstated_by": mean / target - 1,
                "overlap_adjustment": float(shared.get(channel, np.nan)),
                "experiments": len(account.measured),
            }
            | _against(account)
            | {name: int((gates["result"] == result).sum()) for name, result in RESULTS.items()}
        )
    return pd.DataFrame(rows)


def carried(one: Measured, returns: Draws, seed: int) -> Float[np.ndarray, " kept"]:
    """Draws of the ROI that an experiment alone implies; a draw that expects no lift at all carries none."""
    felt = np.abs(one.predicted) > 1e-9 * max(float(np.abs(one.predicted).max()), np.finfo(float).tiny)
    error = np.random.default_rng(seed).standard_t(DEGREES_OF_FREEDOM, len(one.predicted))
    return ((one.lift + one.scale * error)[felt] * returns[felt]) / one.predicted[felt]


def _before(own: list[Measured], used: bool, returns: Draws, seed: int) -> Past | None:
    """The model before the channel's experiments, or None where too few draws know of it."""
    weights, k = before(own, used)
    if not k <= MOST_PARETO_K:  # a tail that cannot be fitted is no better than a heavy one
        return None
    chosen = np.random.default_rng(seed).choice(len(weights), len(weights), p=weights)
    return Past(_thinned(returns, own[0])[chosen], weights)


def _thinned(returns: Draws, one: Measured) -> Draws:
    """The draws for which the experiment was predicted."""
    from mmm.insight.contrast import spaced

    return returns[spaced(len(returns), len(one.predicted))]


def _against(account: Account) -> dict[str, object]:
    """The experiment that lies farthest from the model before any of the channel's experiments."""
    names = ("measured_lift", "predicted_lift", "z", "bayes_factor", "bias", "overlap_experiment")
    past = account.before
    if past is None:
        return {"experiment": ""} | dict.fromkeys(names, np.nan)
    found = [(one, contradiction(one, past.weights), draws)
             for one, draws in zip(account.measured, account.carried, strict=True)]  # fmt: skip
    one, worst, draws = max(found, key=lambda each: abs(each[1].z))
    values = (one.lift, worst.expected, worst.z, worst.bayes_factor, worst.bias, overlap(_clipped(draws), past.draws))
    return {"experiment": one.experiment} | dict(zip(names, values, strict=True))


def _clipped(draws: Draws) -> Float[np.ndarray, " kept"]:
    """Without the last half per cent on either side: one wild draw of a heavy tail would empty every histogram."""
    low, high = np.quantile(draws, (0.005, 0.995))
    return draws[(draws >= low) & (draws <= high)]


def _returns(fit: xr.DataTree) -> dict[str, Draws]:
    """Draws of each paid channel's ROI; a channel that spent nothing has none."""
    from mmm import insight

    roi = insight.roi(fit).transpose("chain", "draw", "channel")
    values = np.asarray(roi.values, dtype=float).reshape(-1, roi.sizes["channel"])
    names = [str(name) for name in roi["channel"].values]
    return {name: values[:, place] for place, name in enumerate(names) if np.isfinite(values[:, place]).all()}


def _adjusted(channel: str, roi: float, adjusted: pd.DataFrame) -> dict[str, object]:
    """The backdoor estimate as a return: contribution and ROI differ by the value of a KPI unit over the spend."""
    row = adjusted[adjusted["channel"] == channel].iloc[0]
    if not np.isfinite(row["mean"]) or not row["model_mean"]:
        return _row(channel, ADJUSTMENT, None, note="not identified, or without variation of its own")
    factor = roi / float(row["model_mean"])
    return _row(channel, ADJUSTMENT, None) | {name: factor * float(row[name]) for name in ("mean", *QUANTILES)}


def _row(channel: str, source: str, draws: Draws | None, experiment: str = "", note: str = "") -> dict[str, object]:
    numbers = dict.fromkeys(("mean", *QUANTILES), np.nan)
    if draws is not None:
        numbers = {"mean": float(draws.mean())} | {
            name: float(np.quantile(draws, share)) for name, share in QUANTILES.items()
        }
    named: dict[str, object] = {"channel": channel, "source": source, "experiment": experiment}
    return named | {"unit": "money per money"} | numbers | {"note": note}
