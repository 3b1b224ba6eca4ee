"""What changed since last quarter, and why?

Read from `tables/changes.csv`, which a refresh writes: the parent's ROI by channel, what each step from the parent to
this run added to it, and the ROI now; the parts are the whole. Steps that moved nothing are left out. A part smaller
than twice its Monte Carlo error is noise of the sampler and is shown as such.

    moved   = ROI now less ROI then, of which a channel's largest part is named
"""

from __future__ import annotations

from typing import Any

from mmm.plots.moves import NOISE
from reports.language import Language, Scale, Sentence, number, say, styled
from reports.source import Source
from reports.table import Table

STEPS = {
    "model": "Model",
    "prior": "Prior",
    "experiments": "Experiments",
    "restated": "Restated data",
    "learned": "New data",
    "asked": "Longer period",
}
"""What the parts of a move are called, in the order of the path."""
REASONS = {
    "model": "a changed model",
    "prior": "a changed prior",
    "experiments": "new experiments",
    "restated": "restated data",
    "learned": "what the new data taught",
    "asked": "the longer period that it is asked over",
}
TWO_DECIMALS = Scale(0, 2)
SHOWN = 0.005
"""The smallest part that is not zero in two decimals."""


def numbers(source: Source) -> dict[str, Any]:
    """The moves by channel, largest first; empty for a run without a parent."""
    if not source.has("changes"):
        return {"parent": None, "channels": [], "steps": []}
    channels = []
    for channel, rows in source["changes"].groupby("channel", sort=False):
        value, error = (dict(zip(rows["step"], rows[name].astype(float), strict=True)) for name in ("value", "mcse"))
        parts = {step: {"value": value[step], "noise": abs(value[step]) < NOISE * error[step]} for step in STEPS}
        real = {step: abs(part["value"]) for step, part in parts.items() if part["value"] and not part["noise"]}
        channels.append(
            {
                "channel": str(channel),
                "before": value["parent"],
                "now": value["child"],
                "moved": value["child"] - value["parent"],
                "parts": parts,
                "reason": max(real, key=real.__getitem__) if real else None,
            }
        )
    channels.sort(key=lambda row: -abs(row["moved"]))
    steps = [step for step in STEPS if any(abs(row["parts"][step]["value"]) >= SHOWN for row in channels)]
    return {"parent": source.manifest.get("parent"), "channels": channels, "steps": steps}


def words(facts: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """The heading, a sentence for the channel that moved most, and the table; None for a run without a parent."""
    if not facts["channels"]:
        return None
    return {
        "heading": say(language, "What changed since the last run, and why"),
        "paragraphs": [_lead(facts, language), _reading(facts, language)],
        "table": _table(facts, language),
    }


def _lead(facts: dict[str, Any], language: Language) -> Sentence:
    first = facts["channels"][0]
    known = {"channel": first["channel"], "before": first["before"], "now": first["now"]}
    if first["reason"] is None:
        text = (
            "No return moved by more than the sampler's own noise. The largest move is that of {channel:channel}, from "
            "{before:ratio} to {now:ratio}."
        )
        return say(language, text, **known)
    text = (
        "The return of *{channel:channel}* moved most, from {before:ratio} to *{now:ratio}*; the largest part of it is "
        "{reason:word}."
    )
    return say(language, text, **known, reason=REASONS[first["reason"]])


def _reading(facts: dict[str, Any], language: Language) -> Sentence:
    text = (
        "The last run is {parent}. One thing changes at a time on the way from it to this one, and the parts add up to "
        "the whole move. Old data were fitted once, together with the new."
    )
    return say(language, text, parent=facts["parent"] or "–")


def _table(facts: dict[str, Any], language: Language) -> Table:
    text = (
        "*Why each return moved.* Return on each unit of money, then and now, and what each step added. Quiet parts "
        "are within the sampler's noise."
    )
    return Table(
        caption=say(language, text),
        head=[
            say(language, "Channel"),
            say(language, "Then"),
            *(say(language, "{step:word}", step=STEPS[step]) for step in facts["steps"]),
            say(language, "Now"),
        ],
        align=["left", *["right"] * (len(facts["steps"]) + 2)],
        rows=[_row(row, facts["steps"], language) for row in facts["channels"]],
    )


def _row(row: dict[str, Any], steps: list[str], language: Language) -> list[Sentence]:
    return [
        say(language, "{channel:channel}", channel=row["channel"]),
        say(language, "{x}", x=number(language, row["before"], TWO_DECIMALS)),
        *(_part(row["parts"][step], language) for step in steps),
        say(language, "*{x}*", x=number(language, row["now"], TWO_DECIMALS)),
    ]


def _part(part: dict[str, Any], language: Language) -> Sentence:
    if abs(part["value"]) < SHOWN:
        return say(language, "–")
    shown = number(language, abs(part["value"]), TWO_DECIMALS)
    told = say(language, "{sign}{x}", sign="+" if part["value"] > 0 else "−", x=shown)
    return styled(told, "quiet") if part["noise"] else told
