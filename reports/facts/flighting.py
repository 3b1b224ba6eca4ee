"""When should each channel be on air?

Where the study asks for it (`plan.flighting`), the calendar of `tables/flighting.csv` decides every period by itself:
it has a page of its own with its certificate, and a table by period as long as the channels fit on the page.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.facts.decision import certified, horizon
from reports.facts.scenarios import SMALLEST_GAP
from reports.language import Language, column_scale, number, say, styled, unit_name
from reports.source import Source
from reports.table import Table

WIDEST = 8
"""The most channels that a table by period has room for."""


def numbers(source: Source) -> dict[str, Any]:
    """Spend by period and channel, what the calendar is expected to gain, and how good it is proven to be."""
    rows, known = source["flighting"], horizon(source)
    if rows.empty or "flighting_gain_mean" not in known:
        return {"ran": False}
    spend = rows.pivot_table(index="period", columns="channel", values="recommended_spend", sort=False)
    spends = [str(name) for name in rows["channel"].unique() if spend[name].sum() > 0]
    return {
        "ran": True,
        **certified(known, "flighting"),
        "channels": spends,
        "periods": [str(when)[:10] for when in spend.index],
        "spend": {name: [float(amount) for amount in spend[name]] for name in spends},
        "beyond": _beyond(rows),
    }


def _beyond(rows: pd.DataFrame) -> list[str]:
    flagged = rows[rows["extrapolates"].astype(str).str.lower() == "true"]
    return [str(name) for name in flagged["channel"].drop_duplicates()]


def words(facts: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """The page of the calendar; `None` where the study asks for none."""
    if not facts["ran"]:
        return None
    paragraphs = [
        say(
            language,
            "This calendar of {budget:money} decides every {period} by itself. Against the present one it changes "
            "{kpi} by *{gain:signed_value}* (~{interval:value_interval}~), with a {p:chance} chance of a gain.",
            budget=facts["budget"],
            gain=facts["gain"][0],
            interval=facts["gain"][1:],
            p=facts["probability"],
        ),
        say(
            language,
            "No calendar within the same limits is worth over {gap:percent} more; that is proven, not estimated. "
            "It rests on the model's carryover and saturation, which are known less well than totals are.",
            gap=max(facts["gap"], SMALLEST_GAP),
        ),
    ]
    if facts["beyond"]:
        text = "In some periods {names:names} would spend more than was ever observed: treat those as tests."
        paragraphs.append(say(language, text, names=facts["beyond"]))
    return {
        "heading": say(language, "Flighting calendar"),
        "caption": say(
            language,
            "*Spend by {period}.* Bars: proposed; line: what was spent in the {period} that is repeated. "
            "Each channel has a scale of its own.",
        ),
        "paragraphs": paragraphs,
        "table": _table(facts, language) if len(facts["channels"]) <= WIDEST else None,
    }


def _table(facts: dict[str, Any], language: Language) -> Table:
    """Periods in rows, channels in columns."""
    amounts = list(zip(*(facts["spend"][name] for name in facts["channels"]), strict=True))
    at = column_scale(sum(row) for row in amounts)
    sums = [sum(column) for column in zip(*amounts, strict=True)]

    def cells(row: list[float]) -> list[Any]:
        return [say(language, "{x}", x=number(language, amount, at, unit=False)) for amount in [*row, sum(row)]]

    first = say(language, "Total")
    return Table(
        caption=say(language, "*Proposed spend, {unit}.*", unit=unit_name(language, at)),
        head=[
            say(language, "Beginning"),
            *(say(language, "{name:channel}", name=name) for name in facts["channels"]),
            say(language, "Total"),
        ],
        align=["left", *("right" for _ in [*facts["channels"], 0])],
        rows=[
            [say(language, "{when:short_date}", when=when), *cells(list(row))]
            for when, row in zip(facts["periods"], amounts, strict=True)
        ],
        total=[styled(cell, "strong") for cell in [first, *cells(sums)]],
    )
