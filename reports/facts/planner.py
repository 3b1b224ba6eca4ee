"""What would a budget of one's own bring? The curves a reader plans with: web page, budget studio and workbook.

    outcome = sum over channels of value(multiple),        gain = outcome - outcome at the present spend

`tables/plan_curves.csv` gives each channel's expected value over the plan's horizon at multiples of its present spend;
between them it is interpolated. `tables/plan_draws.csv` gives the same in single draws: sums within a draw are draws of
a plan's outcome, from which its interval and its odds against another plan are read (`templates/planner.js`).
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from mmm.plots.names import spoken
from mmm.speech import translated
from mmm.study import INTERVAL
from reports.facts.decision import allocation
from reports.language import Language, say
from reports.source import Source

LEVELS = 2**16 - 1

LEAD = (
    "Move a channel, or the total. Expected values come from the same curves as the plans above; ranges and chances "
    "come from a part of the joint draws, and may differ a little from the table's."
)
LEAD_OF_MEANS = (
    "Move a channel between its agreed bounds. The numbers are expected values from the same curves; the range of a "
    "plan is in the table above."
)
SPOKEN = {
    "present": "Present plan",
    "proposed": "Recommended",
    "keep": "Keep the total",
    "total": "Total spend",
    "outcome": "Expected {kpi}",
    "gain": "Gain over the present plan",
    "beats_present": "Chance of beating the present plan",
    "beats_proposed": "Chance of beating the recommended plan",
    "itself": "this is that plan",
    "beyond": "beyond observed spend",
    "bounds": "Bounds",
    "channel": "Channel",
    "lowest": "Lowest",
    "highest": "Highest",
}
"""What the planner's script says."""


def numbers(source: Source) -> dict[str, Any]:
    """Each channel's curve up to its upper bound, its bounds, and the proposed multiple; none without a plan."""
    if not (source.has("plan_curves") and source.has("allocation")):
        return {"channels": []}
    curves, table = source["plan_curves"], source["allocation"]
    rows = table[(table["scenario"] == "recommended") & (table["period"].astype(str) == "all")]
    bounds = rows.groupby("channel", sort=False)[["lower", "upper"]].first()
    edges = source["allocation_quality"]
    known = (
        dict(zip(edges["channel"], edges["extrapolates_above"], strict=True)) if "extrapolates_above" in edges else {}
    )
    made = []
    for move in allocation(table, "recommended"):
        name = move["channel"]
        curve = curves[curves["channel"] == name].sort_values("multiple")
        if curve.empty:
            continue
        made.append(
            {
                "channel": name,
                "spend": move["current"],
                "lower": float(bounds.loc[name, "lower"]),
                "upper": float(bounds.loc[name, "upper"]),
                "proposed": move["multiple"],
                "observed": float(known.get(name, math.inf)),
                "multiples": [float(value) for value in curve["multiple"]],
                "values": [float(value) for value in curve["mean"]],
            }
        )
    return {"channels": made}


def value(row: dict[str, Any], multiple: float) -> float:
    """A channel's expected value at a multiple of its present spend."""
    return float(np.interp(multiple, row["multiples"], row["values"]))


def draws(source: Source) -> dict[str, Any] | None:
    """The channels' curves in single draws, packed for a page: `levels` of 16 bits, each worth its channel's `unit`.

    Levels run over channels, multiples and draws, the last fastest. None where the run has none.
    """
    table = source["plan_draws"]
    channels = [row["channel"] for row in numbers(source)["channels"]]
    if table.empty or not channels or not set(channels) <= set(table["channel"]):
        return None
    columns = [name for name in table.columns if name.startswith("draw_")]
    by_channel = {name: rows.sort_values("multiple") for name, rows in table.groupby("channel")}
    values = np.stack([by_channel[name][columns].to_numpy(dtype=float) for name in channels]).clip(min=0.0)
    units = np.maximum(values.max(axis=(1, 2)) / LEVELS, 1e-12)
    levels = np.rint(values / units[:, None, None]).astype("<u2")
    return {
        "levels": base64.b64encode(levels.tobytes()).decode(),
        "units": [float(f"{unit:.9g}") for unit in units],
        "multiples": [float(value) for value in by_channel[channels[0]]["multiple"]],
        "count": len(columns),
    }


def words(facts: dict[str, Any], language: Language, packed: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """What the planner says and knows: the page's own words, and all that its script needs; none without curves.

    `packed` are `draws`: without them the planner shows expected values and neither intervals nor odds.
    """
    if not facts["channels"]:
        return None
    return {
        "heading": say(language, "Try a budget of your own"),
        "lead": say(language, LEAD if packed else LEAD_OF_MEANS),
        "known": {
            "locale": language.locale.replace("_", "-"),
            "currency": language.currency,
            "valued": language.valued,
            "level": list(INTERVAL),
            "words": {name: say(language, text).text for name, text in SPOKEN.items()}
            | {"roi": say(language, "Blended ROI" if language.valued else "Average return").text}
            | {"range": translated("{low} to {high}", language.locale)},
            "channels": [
                {key: row[key] for key in ("spend", "lower", "upper", "proposed", "multiples", "values")}
                | {"observed": row["observed"] if math.isfinite(row["observed"]) else None}
                | {"name": spoken(row["channel"])}
                for row in facts["channels"]
            ],
            "draws": packed,
        },
    }
