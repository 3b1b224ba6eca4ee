"""How should the budget be split over regions?

Where the study asks for it (`plan.by_geo`), `tables/allocation_geo.csv` has the recommended split over channels and
regions at once. The page shows each region's total now and proposed, and how far its channels move as long as they fit.
"""

from __future__ import annotations

from typing import Any

from mmm.speech import natural
from reports.facts.decision import certified, horizon
from reports.facts.scenarios import SMALLEST_GAP
from reports.language import Language, Sentence, column_scale, number, say, styled, unit_name
from reports.source import Source
from reports.table import Table

WIDEST = 6
"""The most channels whose moves a table by region has room for."""

STAYS = 0.0005
"""A smaller change is none."""


def numbers(source: Source) -> dict[str, Any]:
    """Spend by region now and proposed, each channel's move there, the expected gain and the certificate."""
    rows, known = source["allocation_geo"], horizon(source)
    if rows.empty or "by_geo_gain_mean" not in known:
        return {"ran": False}
    rows = rows[rows["scenario"] == "recommended"]
    total = rows.groupby("geo", sort=False)[["current_spend", "recommended_spend"]].sum()
    moves = rows[rows["current_spend"] > 0].set_index(["geo", "channel"])["multiple"] - 1
    channels = [str(name) for name in rows["channel"].unique()]
    return {
        "ran": True,
        **certified(known, "by_geo"),
        "channels": channels,
        "regions": [
            {
                "geo": str(geo),
                "current": float(row["current_spend"]),
                "proposed": float(row["recommended_spend"]),
                "moves": {name: float(moves.get((geo, name), float("nan"))) for name in channels},
            }
            for geo, row in total.loc[sorted(total.index, key=natural)].iterrows()
        ],
    }


def words(facts: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """The page of the regions; `None` where the study asks for none."""
    if not facts["ran"]:
        return None
    text = (
        "Splitting {budget:money} over channels and regions at once changes {kpi} by *{gain:signed_value}* "
        "(~{interval:value_interval}~) against the present split, with a {p:chance} chance of a gain. No other split "
        "within bounds is worth over {gap:percent} more, uncertainty counted against moving."
    )
    known = {"budget": facts["budget"], "gap": max(facts["gap"], SMALLEST_GAP), "p": facts["probability"]}
    known |= {"gain": facts["gain"][0], "interval": facts["gain"][1:]}
    return {
        "heading": say(language, "Budget by region"),
        "paragraphs": [say(language, text, **known)],
        "table": _table(facts, language),
    }


def _table(facts: dict[str, Any], language: Language) -> Table:
    channels = facts["channels"] if len(facts["channels"]) <= WIDEST else []
    at = column_scale(row["current"] for row in facts["regions"])

    def amounts(now: float, proposed: float) -> list[Sentence]:
        shown = [say(language, "{x}", x=number(language, amount, at, unit=False)) for amount in (now, proposed)]
        return [*shown, _move(language, proposed / now - 1 if now else float("nan"))]

    rows = [
        [
            say(language, "{geo}", geo=row["geo"]),
            *amounts(row["current"], row["proposed"]),
            *(_move(language, row["moves"][name]) for name in channels),
        ]
        for row in facts["regions"]
    ]
    totals = amounts(*(sum(row[key] for row in facts["regions"]) for key in ("current", "proposed")))
    last = [say(language, "Total"), *totals, *[say(language, "")] * len(channels)]
    return Table(
        caption=say(
            language,
            "*Spend over the horizon, {unit}, and how each channel moves in the region.*"
            if channels
            else "*Spend over the horizon, {unit}.*",
            unit=unit_name(language, at),
        ),
        head=[
            say(language, "Region"),
            say(language, "Now"),
            say(language, "Recommended"),
            say(language, "Change"),
            *(say(language, "{name:channel}", name=name) for name in channels),
        ],
        align=["left", *("right" for _ in [*channels, 0, 0, 0])],
        rows=rows,
        total=[styled(cell, "strong") for cell in last],
    )


def _move(language: Language, change: float) -> Sentence:
    if not abs(change) >= STAYS:  # it stays, or there was nothing to change
        return say(language, "–")
    return say(language, "{change:signed_percent}", change=change)
