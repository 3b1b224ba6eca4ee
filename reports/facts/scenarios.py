"""What would other budgets bring?

Every scenario of the plan beside the current one: its budget, the outcome with its interval, the change against hold
(drawn jointly, so that the interval of a difference is not the difference of intervals), and the probability of a gain.
A larger budget earns more and costs more: at the study's margin, the change in profit is

    margin x gain - (budget - current budget)

and a scenario that loses money on average says so.
"""

from __future__ import annotations

import math
from typing import Any

from mmm.plots.budget import NAMES
from mmm.plots.names import spoken
from reports.facts.decision import allocation, horizon
from reports.language import Language, Sentence, column_scale, number, say, styled, unit_name
from reports.source import Source
from reports.table import Table

SMALLEST_GAP = 0.0001
"""No gap is stated as smaller than this share."""


def numbers(source: Source) -> dict[str, Any]:
    """The scenarios in the plan's order with their allocations, and the margin where the study gives one."""
    if not source.has("scenarios"):
        return {"ran": False, "scenarios": [], "margin": None}
    rows = source["scenarios"].to_dict("records")
    hold = next((row for row in rows if row["scenario"] == "hold"), rows[0])
    finance = source.study.plan.finance
    made: list[dict[str, Any]] = []
    for row in rows:
        gain = float(row["gain_vs_hold_mean"])
        extra = float(row["budget"]) - float(hold["budget"])
        moves = allocation(source["allocation"], row["scenario"]) if source.has("allocation") else []
        made.append(
            {
                "scenario": str(row["scenario"]),
                "budget": float(row["budget"]),
                "extra": extra,
                "outcome": tuple(float(row[f"outcome_{part}"]) for part in ("mean", "p05", "p95")),
                "gain": (gain, float(row["gain_vs_hold_p05"]), float(row["gain_vs_hold_p95"])),
                "probability": float(row["probability_beats_hold"]),
                "profit": finance.profit(gain, extra),
                "cvar05": float(row["cvar05"]),
                "optimality_gap": float(row["optimality_gap"]),
                "moves": moves,
            }
        )
    beyond = [
        move["channel"]
        for row in made
        if row["scenario"] == "recommended"
        for move in row["moves"]
        if move["extrapolates"]
    ]
    return {"ran": True, "scenarios": made, "margin": finance.margin, "beyond": beyond, "horizon": horizon(source)}


def title(scenario: str) -> str:
    """What a scenario is called, as a message."""
    return NAMES.get(scenario) or spoken(scenario)


def words(facts: dict[str, Any], language: Language, action: str) -> dict[str, Any]:
    """The heading, the curves' caption, the scenario table and what it means."""
    page: dict[str, Any] = {
        "heading": say(language, "Budget scenarios"),
        "curves_caption": say(
            language,
            "*Response by channel.* Circle: now; diamond: proposed. Grey area: spend beyond anything observed, "
            "where the curve is extrapolated.",
        ),
    }
    if not facts["ran"]:
        text = "*No budget plan was made in this run*: run “mmm plan” to compare budgets."
        return page | {"table": None, "paragraphs": [say(language, text)]}
    return page | {"table": _table(facts, language, action), "paragraphs": _paragraphs(facts, language)}


def _table(facts: dict[str, Any], language: Language, action: str) -> Table:
    rows = facts["scenarios"]
    budget_at = column_scale(row["budget"] for row in rows)
    outcome_at = column_scale(row["outcome"][0] for row in rows)
    profits = facts["margin"] is not None and language.valued
    head = [
        say(language, "Scenario"),
        say(language, "Budget, {unit}", unit=unit_name(language, budget_at)),
        say(language, "Outcome, {unit}", unit=unit_name(language, outcome_at, language.valued) or language.kpi),
        say(language, "Change against hold"),
        say(language, "Chance of a gain"),
    ]
    if profits:
        head.append(say(language, "Profit against hold"))
    chosen = "recommended" if action == "act" else "hold"
    body = []
    for row in rows:
        outcome = [number(language, value, outcome_at, unit=False) for value in row["outcome"]]
        cells = [
            say(language, "{name:word}", name=title(row["scenario"])),
            say(language, "{x}", x=number(language, row["budget"], budget_at, unit=False)),
            say(language, "{mean} ~({low} to {high})~", mean=outcome[0], low=outcome[1], high=outcome[2]),
            *_against_hold(row, language, profits),
        ]
        body.append([styled(cells[0], "strong") if row["scenario"] == chosen else cells[0], *cells[1:]])
    return Table(
        caption=say(language, "*Budgets compared.* Each uses the same posterior; changes are computed draw by draw."),
        head=head,
        align=["left", *("right" for _ in head[1:])],
        rows=body,
        highlight=next((i for i, row in enumerate(rows) if row["scenario"] == chosen), None),
    )


def _against_hold(row: dict[str, Any], language: Language, profits: bool) -> list[Sentence]:
    if not math.isfinite(row["probability"]):  # it changes nothing
        return [say(language, "–")] * (3 if profits else 2)
    cells = [
        say(
            language, "{gain:signed_value} ~({interval:value_interval})~", gain=row["gain"][0], interval=row["gain"][1:]
        ),
        say(language, "{p:chance}", p=row["probability"]),
    ]
    if profits:
        profit = say(language, "{profit:signed_money}", profit=row["profit"])
        cells.append(styled(profit, "good" if row["profit"] > 0 else "bad"))
    return cells


def _paragraphs(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """What each other budget costs and brings, how good the optimum is, and where it leaves the data behind."""
    made = [
        _other(row, facts["margin"], language)
        for row in facts["scenarios"]
        if row["scenario"] not in ("hold", "recommended")
    ]
    best = next((row for row in facts["scenarios"] if row["scenario"] == "recommended"), None)
    if best is not None:
        text = (
            "The recommended split is certified: no other within bounds is worth over {gap:percent} more, "
            "uncertainty counted against moving."
        )
        made.append(say(language, text, gap=max(best["optimality_gap"], SMALLEST_GAP)))
    if facts["beyond"]:
        text = (
            "The recommended plan takes {names:names} beyond any spend seen so far; "
            "treat that part of the gain as an extrapolation."
        )
        made.append(say(language, text, names=facts["beyond"]))
    return made


def _other(row: dict[str, Any], margin: float | None, language: Language) -> Sentence:
    """One sentence about a scenario that changes the budget."""
    known = {
        "name": title(row["scenario"]),
        "extra": abs(row["extra"]),
        "gain": row["gain"][0],
        "interval": row["gain"][1:],
        "p": row["probability"],
        "profit": row["profit"],
        "margin": margin,
    }
    change = (
        "spends {extra:money} more"
        if row["extra"] > 0.005
        else "spends {extra:money} less"
        if row["extra"] < -0.005
        else "spends the same"
    )
    known["change"] = change
    known["worth"] = _worth(row["gain"][0], row["extra"])
    text = "*{name:word}* {change:phrase} and changes {kpi} by {gain:signed_value} (~{interval:value_interval}~)."
    if language.valued and margin is not None:
        text = (
            "*{name:word}* {change:phrase} and changes {kpi} by {gain:signed_value} (~{interval:value_interval}~); "
            "at a margin of {margin:percent} that is {profit:signed_money} of profit."
        )
    elif language.valued and known["worth"]:
        text = (
            "*{name:word}* {change:phrase} and changes {kpi} by {gain:signed_value} (~{interval:value_interval}~), "
            "{worth:phrase}."
        )
    return say(language, text, **known)


def _worth(gain: float, extra: float) -> str:
    """How a change in value compares with the change in spend, where no margin says what a value is worth."""
    if extra > 0:
        return "more than it costs" if gain > extra else "*less than it costs*"
    if extra < 0 and gain < 0:
        return "less than it saves" if gain > extra else "*more than it saves*"
    return ""
