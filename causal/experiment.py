"""What did the experiments on a channel measure, and does the model say the same about the same cells?

    predicted = E[ KPI with the spend as it was ] - E[ KPI without the experiment's change ],

summed over the treated geos from the first day to `measured_until`, cooldown included: the model answers exactly the
question that the experiment asked. Without the experiment the treated cells' exposure is scaled by
`(spend - spend_delta) / spend`. With z = (lift - predicted) / sqrt(standard_error^2 + variance of predicted), the sum
of z^2 over a channel's experiments is chi-squared where they agree; beyond its 90 % point they do not.

Experiments that moved several channels at once say nothing about one of them alone, and ones that switched a channel
off altogether leave no exposure to scale: both are left out. A period counts where its first day lies within the
experiment. Rows come from `mmm.data.lift.read_lift`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from causal.gates import GateResult

SAMPLES = 200
FALSE_ALARMS = 0.1


@dataclass(frozen=True)
class Comparison:
    """One experiment beside the model: both in KPI units, and their distance in standard errors."""

    experiment: str
    randomised: bool
    lift: float
    standard_error: float
    predicted: float
    predicted_error: float

    @property
    def distance(self) -> float:
        """The z of model against measurement; positive where the experiment found more."""
        return (self.lift - self.predicted) / float(np.hypot(self.standard_error, self.predicted_error))


def compare(fit: xr.DataTree, lift: pd.DataFrame) -> dict[str, list[Comparison]]:
    """Every usable row of a lift table beside the model's prediction, by channel."""
    compared: dict[str, list[Comparison]] = {}
    for row in lift.to_dict("records"):
        predicted = predict(fit, row) if len(row["channel"]) == 1 else None
        if predicted is not None:
            measured = (float(row["lift"]), float(row["standard_error"]))
            expected = (float(predicted.mean()), float(predicted.std()))
            found = Comparison(str(row["experiment"]), bool(row["randomised"]), *measured, *expected)
            compared.setdefault(row["channel"][0], []).append(found)
    return compared


def predict(fit: xr.DataTree, row: Mapping[Hashable, Any], samples: int = SAMPLES) -> xr.DataArray | None:
    """Draws of the lift that the model expects of one experiment, or None where its cells hold no exposure to scale."""
    from mmm import insight

    panel = fit["panel"].to_dataset()
    days, geos = panel["time"], [str(name) for name in panel["geo"].values]
    treated = panel["geo"].isin(geos if row["geos"] in ((), ("all",)) else list(row["geos"]))
    moved = treated & (days >= row["start"]) & (days <= row["end"]) & (panel["channel"] == row["channel"][0])
    spend = float(panel["spend"].where(moved, 0.0).sum())
    if spend <= 0:
        return None
    share = max(spend - float(row["spend_delta"]), 0.0) / spend
    without = xr.where(moved, panel["exposure"] * share, panel["exposure"])
    difference = insight.contrast(fit, None, without, samples=samples)
    measured = treated & (days >= row["start"]) & (days <= row["measured_until"])
    return difference.where(measured, 0.0).sum(("geo", "time"))


def agreement_with_experiments(compared: Sequence[Comparison]) -> GateResult:
    """Whether model and experiments agree; the statistic is the p-value of their joint distance."""
    p_value = float(stats.chi2.sf(sum(each.distance**2 for each in compared), len(compared)))
    worst = max(compared, key=lambda each: abs(each.distance))
    said = (
        f"{worst.experiment} measured a lift of {amount(worst.lift)} (standard error {amount(worst.standard_error)}); "
        f"the model expects {amount(worst.predicted)} (standard error {amount(worst.predicted_error)})"
    )
    if p_value < FALSE_ALARMS:
        return GateResult("experiment", p_value, "fail", f"{said}: they contradict each other.")
    return GateResult("experiment", p_value, "pass", f"{said}: they agree within their uncertainty.")


def amount(value: float) -> str:
    """A number of KPI units at three digits, never in powers of ten."""
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 100 else f"{value:.3g}"
