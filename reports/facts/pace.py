"""Inside the quarter: is the plan kept, what explains the difference, and how should the rest be spent?

`numbers` takes what `mmm pace` wrote (`pace.json`, `pace.csv`) and the study's guards; `words` makes one page of it.
The bridge from the planned to the actual outcome sums to the cent, and the rest is proposed inside the plan's limits.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmm.study import Study
from reports.language import Language, Scale, Sentence, column_scale, number, plural, say, styled, unit_name
from reports.table import Table

VERDICTS = {
    "below plan": "*The outcome is below plan.*",
    "above plan": "*The outcome is above plan.*",
    "within the plan's interval": "*The outcome is within the plan's interval.*",
}
NAMES = {
    "plan": "Planned",
    "volume": "Volume",
    "mix": "Mix",
    "price": "Price",
    "efficiency": "Efficiency",
    "unexplained": "Unexplained",
    "actual": "Actual",
}
"""What the lines of the bridge are called, in their order."""
CENTS = Scale(0, 2)
PROVEN = 1e-4
"""The smallest gap to the best split that is told."""
REASONS = {
    "the quarter is over": "No split is proposed: the quarter is over.",
    "nothing of the budget is left": "No split is proposed: nothing of the budget is left.",
}


def numbers(table: pd.DataFrame, found: dict[str, Any], study: Study) -> dict[str, Any]:
    """What the page says: `found` is `pace.json`, and `table` `pace.csv`."""
    lines = table[table["channel"] != "all"].astype({"channel": str})
    plan = study.plan
    known = {
        "bridge": {step: float(found["bridge"][step]) for step in NAMES},
        "channels": lines.to_dict("records"),
        "bounds": {name: list(pair) for name, pair in plan.bounds.items()},
        "max_shift": plan.max_shift_unvalidated,
        "groups": [{"channels": list(group.channels), "max_share": group.max_share} for group in plan.groups],
    }
    names = ("periods_done", "periods_left", "first", "as_of", "verdict", "spend", "outcome", "budget_left", "proposal")
    return known | {name: found[name] for name in names} | {"reason": found["reason"]}


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """Heading by heading, the sentences and tables of the page."""
    return {
        "heading": say(language, "The plan so far"),
        "paragraphs": [_lead(facts, language), _spend(facts, language)],
        "bridge_heading": say(language, "From the plan to the outcome"),
        "bridge": _bridge(facts, language),
        "channels": _channels(facts, language),
        "rest_heading": say(language, "The rest of the plan"),
        "rest_paragraphs": _proposal(facts, language),
        "rest": _rest(facts, language) if facts["proposal"] else None,
        "guards_heading": say(language, "What the proposal may not do"),
        "guards": _guards(facts, language),
    }


def _lead(facts: dict[str, Any], language: Language) -> Sentence:
    outcome, count = facts["outcome"], facts["periods_done"]
    text = plural(
        count,
        "{verdict:phrase} One period is done. It brought {actual:value}, where {mean:value} was to be expected "
        "~({interval:value_interval})~.",
        "{verdict:phrase} {n:integer} periods are done. They brought {actual:value}, where {mean:value} was to be "
        "expected ~({interval:value_interval})~.",
    )
    ends = (outcome["plan_p05"], outcome["plan_p95"])
    known = {"actual": outcome["actual"], "mean": outcome["plan_mean"], "interval": ends, "n": count}
    return say(language, text, verdict=VERDICTS[facts["verdict"]], **known)


def _spend(facts: dict[str, Any], language: Language) -> Sentence:
    text = (
        "{actual:money} was spent where {plan:money} was planned; {left:money} is left, and periods to go: {n:integer}."
    )
    return say(language, text, **facts["spend"], left=facts["budget_left"], n=facts["periods_left"])


def _bridge(facts: dict[str, Any], language: Language) -> Table:
    """Planned to actual outcome, step by step."""
    text = (
        "*Why the outcome is not the plan's.* Volume, mix and price are what spend and exposure did; efficiency is how "
        "well the exposure worked; the rest is unexplained. The lines sum exactly."
    )
    rows = []
    for step in [name for name in NAMES if name not in ("plan", "actual")]:
        value = facts["bridge"][step]
        shown = number(language, abs(value), CENTS)
        amount = say(language, "{sign}{x}", sign="+" if value > 0 else "−" if value < 0 else "", x=shown)
        rows.append([say(language, NAMES[step]), amount])
    first, last = (
        [say(language, NAMES[end]), say(language, "{x}", x=number(language, facts["bridge"][end], CENTS))]
        for end in ("plan", "actual")
    )
    head = [say(language, ""), say(language, "{unit}", unit=language.currency if language.valued else language.kpi)]
    total = [styled(cell, "strong") for cell in last]
    return Table(say(language, text), head, ["left", "right"], [first, *rows], total)


def _channels(facts: dict[str, Any], language: Language) -> Table:
    """Spend and contribution of the periods that are done, planned and actual."""
    rows = facts["channels"]
    columns = ("spend_plan", "spend_actual", "value_plan", "value_actual")
    spend = column_scale([float(row[name]) for row in rows for name in columns[:2]])
    value = column_scale([float(row[name]) for row in rows for name in columns[2:]])
    scales = (spend, spend, value, value)
    cells = [
        [
            say(language, "{channel:channel}", channel=row["channel"]),
            *(
                say(language, "{x}", x=number(language, float(row[name]), at, unit=False))
                for name, at in zip(columns, scales, strict=True)
            ),
        ]
        for row in rows
    ]
    sums = [
        number(language, sum(float(row[name]) for row in rows), at, unit=False)
        for name, at in zip(columns, scales, strict=True)
    ]
    money, worth = unit_name(language, spend), unit_name(language, value, language.valued)
    text = "*So far, channel by channel.* Spend in {money}, contribution in {worth}."
    return Table(
        caption=say(language, text, money=money, worth=worth or language.kpi),
        head=[
            say(language, "Channel"),
            say(language, "Planned spend"),
            say(language, "Actual spend"),
            say(language, "Planned contribution"),
            say(language, "Actual contribution"),
        ],
        align=["left", *["right"] * 4],
        rows=cells,
        total=[styled(say(language, "Total"), "strong"), *(styled(say(language, "{x}", x=x), "strong") for x in sums)],
    )


def _proposal(facts: dict[str, Any], language: Language) -> list[Sentence]:
    proposal = facts["proposal"]
    if proposal is None:
        if facts["reason"] in REASONS:
            return [say(language, REASONS[facts["reason"]])]
        return [say(language, "No split is proposed: {reason:message}.", reason=facts["reason"])]
    if not proposal["moves"]:
        return [say(language, "What is left is best split as the plan splits it.")]
    text = (
        "Split as proposed, what is left brings *{gain:signed_value}* ~({interval:value_interval})~ against the plan's "
        "own split; the chance of a gain is *{chance:chance}*."
    )
    gain = proposal["gain_vs_plan"]
    return [say(language, text, gain=gain["mean"], interval=(gain["p05"], gain["p95"]), chance=proposal["probability"])]


def _rest(facts: dict[str, Any], language: Language) -> Table:
    """What is left of the budget, as the plan splits it and as proposed."""
    rows = facts["channels"]
    at = column_scale([float(row["left_in_proportion"]) for row in rows])
    cells = []
    for row in rows:
        kept, proposed = float(row["left_in_proportion"]), float(row["left_proposed"])
        agreed = float(row["probability_right_direction"])
        cells.append(
            [
                say(language, "{channel:channel}", channel=row["channel"]),
                say(language, "{x}", x=number(language, kept, at, unit=False)),
                say(language, "{x}", x=number(language, proposed, at, unit=False)),
                say(language, "{x:signed_percent}", x=proposed / kept - 1)
                if agreed == agreed and kept
                else say(language, "–"),
                say(language, "{x:chance}", x=agreed),
            ]
        )
    sums = [sum(float(row[name]) for row in rows) for name in ("left_in_proportion", "left_proposed")]
    total = [
        say(language, "Total"),
        *(say(language, "{x}", x=number(language, x, at, unit=False)) for x in sums),
        *[say(language, "")] * 2,
    ]
    text = (
        "*What is left of the budget, {unit}.* Agreement is the share of draws whose own best split moves the same way."
    )
    return Table(
        caption=say(language, text, unit=unit_name(language, at)),
        head=[
            say(language, "Channel"),
            say(language, "As planned"),
            say(language, "Proposed"),
            say(language, "Change"),
            say(language, "Agreement"),
        ],
        align=["left", *["right"] * 4],
        rows=cells,
        total=[styled(cell, "strong") for cell in total],
    )


def _guards(facts: dict[str, Any], language: Language) -> list[Sentence]:
    low, high = facts["bounds"].get("default", (0.5, 1.5))
    text = (
        "Unless agreed otherwise, a channel's spend stays between {low:percent} and {high:percent} "
        "of what it was in the reference period."
    )
    made = [say(language, text, low=low, high=high)]
    for name, (low, high) in facts["bounds"].items():
        if name != "default":
            text = "{channel:channel} stays between {low:percent} and {high:percent}."
            made.append(say(language, text, channel=name, low=low, high=high))
    for group in facts["groups"]:
        if group["max_share"] < 1:
            text = "{names:names} take at most {share:percent} of the spend together."
            made.append(say(language, text, names=group["channels"], share=group["max_share"]))
    text = "A channel without a causal label moves by at most {share:percent}."
    made.append(say(language, text, share=facts["max_shift"]))
    if facts["proposal"]:
        text = "Inside these limits no other split is worth more than {gap:percent} more; that is proven."
        made.append(say(language, text, gap=max(facts["proposal"]["optimality_gap"], PROVEN)))
    return made
