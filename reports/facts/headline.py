"""What must a reader see who reads nothing else? The warning, and four numbers.

The warning stands across page one whenever the run's verdict is not `ok`, with its reasons. The four cards say what
media brought, what a unit of money returned, what to move, and what the move is worth; a run that recommends to hold
says so there too.
"""

from __future__ import annotations

import math
from typing import Any

from reports.facts import alarms
from reports.language import Language, Sentence, plural, say

REASONS = 3
"""The most reasons that the warning lists; the page on trust has all."""

Card = dict[str, Sentence]


def banner(facts: dict[str, Any], checks: list[dict[str, Any]], language: Language) -> dict[str, Any] | None:
    """The warning across page one when the run's verdict is not `ok`, with the most important reasons.

    Reasons are the alarms of `checks`, by kind; the run's own `reasons` where its checks have none.
    """
    heads = {
        "fail": "This run failed its checks: do not base a decision on it.",
        "caution": "Read with caution: some checks are outside their limits.",
    }
    if facts["verdict"] not in heads:
        return None
    every = [sentence for _, sentence in alarms.sentences(checks, language)]
    every = every or [say(language, "{reason:message}", reason=reason) for reason in facts["reasons"]]
    left = len(every) - REASONS
    if left > 0:
        text = plural(
            left,
            "{n:integer} more stands under “How far to trust this”.",
            "{n:integer} more stand under “How far to trust this”.",
        )
        every[REASONS:] = [say(language, text, n=left)]
    return {"level": facts["verdict"], "heading": say(language, heads[facts["verdict"]]), "reasons": every}


def cards(facts: dict[str, Any], contribution: dict[str, Any], language: Language) -> list[Card]:
    """The four headline numbers: what media brought, its return, the move and what the move is worth."""
    return [_brought(contribution, language), _returned(contribution, language), *_decided(facts, language)]


def _card(language: Language, texts: tuple[str, str, str, str], **facts: Any) -> Card:
    """A card of four templates: label, value, range and note."""
    return {
        part: say(language, text, **facts)
        for part, text in zip(("label", "value", "range", "note"), texts, strict=True)
    }


def _brought(contribution: dict[str, Any], language: Language) -> Card:
    total = contribution["total"]
    spread = total.get("interval")
    below = "{interval:value_interval}" if spread else "from {n:integer} paid channels"
    return _card(
        language,
        ("Incremental {kpi}", "{value:value}", below, "{share:percent} of {kpi}"),
        value=total["value"],
        interval=spread,
        n=sum(row["spend"] > 0 for row in contribution["channels"]),
        share=total["share"],
    )


def _returned(contribution: dict[str, Any], language: Language) -> Card:
    label = "Blended ROI" if language.valued else "Average return"
    spread = contribution["total"].get("roi_interval")
    below = "{interval:ratio_interval}" if spread else "on {spend:money} of spend"
    paying = language.valued and contribution["margin"] is not None
    return _card(
        language,
        (label, "{roi:ratio}", below, "pays back from {needed:ratio}" if paying else "{kpi} per {currency} of spend"),
        roi=contribution["roi"],
        interval=spread,
        spend=contribution["total"]["spend"],
        needed=contribution["break_even"],
    )


def _decided(facts: dict[str, Any], language: Language) -> list[Card]:
    if facts["action"] == "none":
        nothing = ("–", "no plan was made", "")
        return [_card(language, (label, *nothing)) for label in ("Recommended shift", "Expected gain in {kpi}")]
    act = facts["action"] == "act"
    move = ("{shift:money}", "of {budget:money}", "within the agreed bounds")
    stay = ("Hold", "of {budget:money}", "keep the current plan")
    worth = ("{gain:signed_value}", "{interval:value_interval}", "{p:chance} chance above zero")
    if not math.isfinite(facts["probability"]):
        worth = ("None", "no other split is worth more", "uncertainty counted against moving")
    return [
        _card(
            language,
            ("Recommended shift", *(move if act else stay)),
            shift=facts["shift"],
            budget=facts["budget"] if act else facts["current_budget"],
        ),
        _card(
            language,
            ("Expected gain in {kpi}" if act else "Best alternative", *worth),
            gain=facts["gain"],
            interval=facts["gain_interval"],
            p=facts["probability"],
        ),
    ]
