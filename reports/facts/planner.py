"""What would a budget of one's own bring? The curves a reader plans with, on the web page and in the workbook.

    outcome = sum over channels of value(multiple),        gain = outcome - outcome at the present spend

`tables/plan_curves.csv` gives each channel's expected value over the plan's horizon at multiples of its present spend;
between them it is interpolated. These are means: the interval of a plan needs its joint draws, as the scenarios have.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reports.facts.decision import allocation
from reports.language import Language, say
from reports.source import Source


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


def words(facts: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """What the planner says around its sliders, and the curves its script interpolates; none without curves."""
    if not facts["channels"]:
        return None
    return {
        "heading": say(language, "Try a budget of your own"),
        "lead": say(
            language,
            "Move a channel between its agreed bounds. The numbers are expected values from the same curves; the "
            "range of a plan is in the table above.",
        ),
        "present": say(language, "Present plan"),
        "proposed": say(language, "Recommended"),
        "spend": say(language, "Total spend"),
        "outcome": say(language, "Expected {kpi}"),
        "gain": say(language, "Gain over the present plan"),
        "beyond": say(language, "beyond observed spend"),
        "rows": [
            {"name": say(language, "{channel:channel}", channel=row["channel"]), "at": place}
            for place, row in enumerate(facts["channels"])
        ],
        "curves": {
            "locale": language.locale.replace("_", "-"),
            "currency": language.currency,
            "valued": language.valued,
            "channels": [
                {key: row[key] for key in ("spend", "lower", "upper", "proposed", "multiples", "values")}
                | {"observed": row["observed"] if math.isfinite(row["observed"]) else None}
                for row in facts["channels"]
            ],
        },
    }
