"""What does each plan mean for finance?

The lines of `tables/finance.csv` by scenario (spend, revenue, margin, profit, present value, risk), what the plan to
be decided leaves once media are paid, the spend by channel and scenario, what was assumed, and the hash of the plan of
record: the SHA-256 of the recommended allocation's rows, so that a signature belongs to these numbers and no others.
Money was apportioned to the cent where it was computed; here it is only shown.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from mmm.approval import plan_hash
from reports.facts.decision import allocation, horizon
from reports.facts.scenarios import title
from reports.language import Language, Sentence, column_scale, number, say, styled, unit_name
from reports.source import Source
from reports.table import Table

LINES = {
    "spend": ("Spend", "money"),
    "revenue": ("Value of the KPI", "money"),
    "margin": ("Contribution margin", "money"),
    "profit": ("Profit after media", "money"),
    "profit_vs_hold": ("Profit against hold", "signed_money"),
    "npv": ("Net present value", "money"),
    "roi": ("ROI", "ratio"),
    "payback": ("Payback, periods", "ratio"),
    "probability_of_loss": ("Probability of a loss", "chance"),
    "profit_cvar05": ("Profit, mean of the worst cases", "money"),
}
RANGES = {
    "money": "{mean:money}\n~{interval:money_interval}~",
    "signed_money": "{mean:signed_money}\n~{interval:money_interval}~",
    "ratio": "{mean:ratio}\n~{interval:ratio_interval}~",
}


def numbers(source: Source) -> dict[str, Any]:
    """Finance lines by scenario, the allocation by channel, and the assumptions."""
    plan = source.study.plan
    facts: dict[str, Any] = {
        "ran": source.has("scenarios") and source.has("allocation"),
        "lines": _lines(source["finance"]),
        "margin": plan.finance.margin,
        "discount_rate": plan.finance.discount_rate,
        "bounds": {name: list(bounds) for name, bounds in plan.bounds.items()},
        "horizon": horizon(source),
        "value_per_kpi": source.study.data.kpi.value_per_kpi,
        "kind": source.study.data.kpi.kind,
    }
    if not facts["ran"]:
        return facts | {"scenarios": [], "allocation": {}, "plan_hash": ""}
    names = [str(name) for name in source["scenarios"]["scenario"]]
    facts["scenarios"] = names
    facts["allocation"] = {name: allocation(source["allocation"], name) for name in names}
    record = facts["allocation"].get("recommended", [])
    return facts | {"plan_hash": plan_hash([(move["channel"], move["proposed"]) for move in record])}


def _lines(finance: pd.DataFrame) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Line -> scenario -> amount with its interval (NaN where a line has none), for the plan as a whole."""
    if finance.empty:
        return {}
    total = finance[finance["channel"] == "all"] if "channel" in finance.columns else finance
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for row in total.to_dict("records"):
        ends = (float(row.get("p05", "nan")), float(row.get("p95", "nan")))
        found.setdefault(str(row["line"]), {})[str(row["scenario"])] = (float(row["amount"]), *ends)
    return found


def left(facts: dict[str, Any], language: Language, action: str) -> list[Sentence]:
    """What the plan to be decided leaves once media are paid; nothing where the margin or its interval is not known."""
    plan = "recommended" if action == "act" else "hold"
    mean, low, high = facts["lines"].get("profit", {}).get(plan, (math.nan,) * 3)
    if not language.valued or low != low:
        return []
    verdict = (
        "so it pays for itself"
        if low > 0
        else "so it *costs more than it brings*"
        if high < 0
        else "so it is *not settled* whether it pays for itself"
    )
    named = "the proposed plan" if action == "act" else "the present plan"
    text = (
        "*Once its media are paid*, {plan:phrase} leaves {profit:signed_money} of profit "
        "(~{interval:money_interval}~), {verdict:phrase}."
    )
    return [say(language, text, plan=named, profit=mean, interval=(low, high), verdict=verdict)]


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """Tables and sentences of the finance page; tables are None where the plan lacks them."""
    page = {
        "lines_heading": say(language, "Profit and risk by scenario"),
        "allocation_heading": say(language, "Spend by channel"),
        "assumptions_heading": say(language, "What is assumed"),
        "approval_heading": say(language, "Approval"),
        "approvals": [[say(language, text) for text in ("Role", "Name", "Signature", "Date")], *_signers(language)],
        "assumptions": _assumptions(facts, language),
        "record": say(language, "Plan of record {hash}", hash=facts["plan_hash"]) if facts["plan_hash"] else None,
    }
    if not facts["ran"]:
        return page | {"lines": None, "allocation": None}
    return page | {"lines": _line_table(facts, language), "allocation": _allocation_table(facts, language)}


def _signers(language: Language) -> list[list[Sentence]]:
    return [[say(language, role), *[say(language, "")] * 3] for role in ("Marketing", "Finance", "Board")]


def _line_table(facts: dict[str, Any], language: Language) -> Table | None:
    """Lines in rows, scenarios in columns, each with its interval below it."""
    if not facts["lines"]:
        return None
    rows = []
    for line, (name, kind) in LINES.items():
        by_scenario = facts["lines"].get(line)
        if by_scenario:
            cells = [_amount(language, kind, by_scenario.get(scenario)) for scenario in facts["scenarios"]]
            if line == "payback":  # what a plan brings ends with it: one that loses money does not pay back
                profits = facts["lines"]["profit"]
                loses = [profits[scenario][0] < 0 for scenario in facts["scenarios"]]
                cells = [
                    say(language, "not on average") if lost else cell for lost, cell in zip(loses, cells, strict=True)
                ]
            rows.append([say(language, name), *cells])
    return Table(
        caption=say(
            language,
            "*By scenario, over the plan's horizon.* Ranges are {level:percent} credible intervals of the whole plan.",
        ),
        head=[
            say(language, ""),
            *(say(language, "{name:word}", name=title(scenario)) for scenario in facts["scenarios"]),
        ],
        align=["left", *("right" for _ in facts["scenarios"])],
        rows=rows,
    )


def _amount(language: Language, kind: str, amount: tuple[float, float, float] | None) -> Sentence:
    if amount is None or amount[0] != amount[0]:
        return say(language, "–")
    mean, low, high = amount
    if kind in RANGES and low == low and low != high:
        return say(language, RANGES[kind], mean=mean, interval=(low, high))
    return say(language, f"{{mean:{kind}}}", mean=mean)


def _allocation_table(facts: dict[str, Any], language: Language) -> Table:
    """Spend now and in each scenario that changes it; a spend beyond what was observed is marked."""
    plans = [name for name in facts["scenarios"] if name != "hold"]
    first = facts["allocation"][facts["scenarios"][0]]
    at = column_scale(move["current"] for move in first)
    proposals = {name: {move["channel"]: move for move in facts["allocation"][name]} for name in plans}
    rows = []
    for move in first:
        cells = [say(language, "{x}", x=number(language, move["current"], at, unit=False))]
        cells += [_proposal(language, proposals[name].get(move["channel"]), at) for name in plans]
        rows.append([say(language, "{channel:channel}", channel=move["channel"]), *cells])
    totals = [
        sum(move["current"] for move in first),
        *(sum(m["proposed"] for m in proposals[name].values()) for name in plans),
    ]
    last = [
        say(language, "Total"),
        *(say(language, "{x}", x=number(language, total, at, unit=False)) for total in totals),
    ]
    unit = unit_name(language, at)
    return Table(
        caption=say(
            language, "*Spend over the horizon, {unit}.* An asterisk marks spend beyond anything observed.", unit=unit
        ),
        head=[
            say(language, "Channel"),
            say(language, "Now"),
            *(say(language, "{name:word}", name=title(name)) for name in plans),
        ],
        align=["left", *("right" for _ in [0, *plans])],
        rows=rows,
        total=[styled(cell, "strong") for cell in last],
    )


def _proposal(language: Language, move: dict[str, Any] | None, at: Any) -> Sentence:
    if move is None:
        return say(language, "–")
    amount = number(language, move["proposed"], at, unit=False)
    change = move["multiple"] - 1
    mark = " *" if move["extrapolates"] else ""
    if abs(change) < 0.0005:
        return say(language, "{x}{mark}", x=amount, mark=mark)
    return say(language, "{x}{mark} ~({change:signed_percent})~", x=amount, mark=mark, change=change)


def _assumptions(facts: dict[str, Any], language: Language) -> list[Sentence]:
    made = []
    known = facts["horizon"]
    if "horizon_start" in known and "horizon_end" in known:
        text = "The plan runs from {start:date} to {end:date}; carryover that lands after its end is counted."
        made.append(say(language, text, start=known["horizon_start"], end=known["horizon_end"]))
    if facts["margin"] is None:
        made.append(
            say(language, "*No margin is given in the study*, so profit, present value and payback cannot be stated.")
        )
    elif language.valued:
        text = "The contribution margin is {margin:percent} of {kpi}; amounts are discounted at {rate:percent} a year."
        made.append(say(language, text, margin=facts["margin"], rate=facts["discount_rate"]))
    if isinstance(facts["value_per_kpi"], str):
        made.append(
            say(
                language,
                "One KPI unit is worth what the column {column} says for its period.",
                column=facts["value_per_kpi"],
            )
        )
    elif not language.valued:
        text = "*No money value of one KPI unit is given in the study*, so outcomes are counts of {kpi} and not money."
        made.append(say(language, text))
    elif facts["kind"] == "count":
        made.append(say(language, "One KPI unit is worth {value:money}.", value=float(facts["value_per_kpi"])))
    low, high = facts["bounds"].get("default", (0.5, 1.5))
    text = (
        "Unless agreed otherwise, a channel's spend stays between {low:percent} and {high:percent} "
        "of what it was in the reference period."
    )
    made.append(say(language, text, low=low, high=high))
    return made
