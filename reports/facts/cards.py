"""Do model, experiment and adjustment agree on a channel, and how wrong may its return be?

The verdict cards (`tables/cards.csv`, `tables/experiments.csv`). For each channel: what the model expected of its
experiment before it knew the result and what was measured, how far the two are apart, what the model shares with
adjustment, and the tipping point, the share by which its return would have to be off for the decision to flip.
"""

from __future__ import annotations

from typing import Any

from reports.language import Language, Scale, Sentence, number, say, styled
from reports.source import Source
from reports.table import Table

FAR = 1.0
"""A return that would have to be off by more than this is not near any decision."""
UNLIKELY = 1000.0
"""Bayes factors above it say no more than that."""


def numbers(source: Source) -> dict[str, Any]:
    """The cards in the order of the table, the channel nearest to its tipping point, and the conflicts."""
    if not source.has("cards"):
        return {"channels": [], "nearest": None, "conflicts": []}
    channels = [{str(name): value for name, value in row.items()} for row in source["cards"].to_dict("records")]
    off = [row for row in channels if row["overstated_by"] == row["overstated_by"]]
    return {
        "channels": channels,
        "nearest": min(off, key=lambda row: abs(row["overstated_by"])) if off else None,
        "conflicts": _conflicts(source),
    }


def _conflicts(source: Source) -> list[dict[str, str]]:
    """What experiments contradict, two of them before one and the model, then what could not be tested.

    A channel whose gate "experiment" failed has said already that it contradicts the model.
    """
    table, verdicts = source["experiments"], source["verdicts"]
    if table.empty:
        return []
    against = table["other"].isna() & (table["result"] == "conflict")
    if len(verdicts):
        failed = verdicts[(verdicts["gate"] == "experiment") & (verdicts["result"] == "fail")]
        table = table[~(against & table["channel"].isin(failed["channel"]))]
    found = table[table["result"] != "pass"].sort_values(["result", "other"], na_position="last")
    return [{"result": str(row["result"]), "message": str(row["message"])} for row in found.to_dict("records")]


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The caption of the figure, the table of the cards, the tipping point and the conflicts in sentences."""
    if not facts["channels"]:
        return {"cards": None, "card_notes": []}
    text = (
        "*One return, several witnesses.* Every source answers for the same window; thin lines are {level:percent} "
        "intervals, thick ones the middle half. Where they part, one of them is wrong."
    )
    return {
        "caption": say(language, text),
        "cards": _table(facts, language),
        "card_notes": [*_tipping(facts, language), *_contradictions(facts, language)],
    }


def _tipping(facts: dict[str, Any], language: Language) -> list[Sentence]:
    nearest = facts["nearest"]
    if nearest is None:
        return []
    off = abs(nearest["overstated_by"])
    text = (
        "*{channel:channel}* is nearest to its tipping point: its return would have to be overstated by {off:percent} "
        "to flip the decision, from paying back to not."
    )
    if nearest["overstated_by"] < 0:
        text = (
            "*{channel:channel}* is nearest to its tipping point: its return would have to be understated by "
            "{off:percent} to flip the decision, from not paying back to paying."
        )
    return [say(language, text, channel=nearest["channel"], off=off)]


def _contradictions(facts: dict[str, Any], language: Language) -> list[Sentence]:
    texts = {"conflict": "*Conflict*: {note:message}", "not_testable": "*Not testable*: {note:message}"}
    return [say(language, texts[row["result"]], note=row["message"]) for row in facts["conflicts"]]


def _table(facts: dict[str, Any], language: Language) -> Table:
    """One row a channel; the columns of experiments only where there are any."""
    tested = any(row["experiments"] for row in facts["channels"])
    head = ["Channel", "Gates passed", "Shared with adjustment"]
    if tested:
        head += ["Lift expected", "Lift measured", "z", "Bayes factor"]
    return Table(
        caption=say(
            language,
            "*Verdict cards.* Expected lifts are the model's before it saw the experiment; the Bayes factor is the "
            "most that speaks for a biased experiment or model, against agreement."
            if tested
            else "*Verdict cards.* Shared with adjustment is the area that both posteriors have in common.",
        ),
        head=[say(language, name) for name in [*head, "Flips if the return is"]],
        align=["left", *("right" for _ in head)],
        rows=[_row(row, tested, language) for row in facts["channels"]],
    )


def _row(row: dict[str, Any], tested: bool, language: Language) -> list[Sentence]:
    judged = row["passed"] + row["failed"]
    text = "{passed:integer} of {judged:integer}"
    cells = [
        say(language, "{channel:channel}", channel=row["channel"]),
        say(language, text, passed=row["passed"], judged=judged),
        _shown(language, "{x:percent}", row["overlap_adjustment"]),
    ]
    if tested:
        cells += [
            _shown(language, "{x:count}", row["predicted_lift"]),
            _shown(language, "{x:count}", row["measured_lift"]),
            _decimal(language, row["z"]),
            _factor(language, row["bayes_factor"]),
        ]
    return [*cells, _off(language, row["overstated_by"])]


def _factor(language: Language, value: float) -> Sentence:
    if value > UNLIKELY:
        return say(language, "over {x:integer}", x=UNLIKELY)
    return _decimal(language, value)


def _decimal(language: Language, value: float) -> Sentence:
    return say(language, "{x}", x=number(language, value, Scale(0, 1))) if value == value else _none(language)


def _off(language: Language, overstated: float) -> Sentence:
    """By how much a return would have to be off."""
    if overstated != overstated:
        return _none(language)
    if overstated > FAR:
        return say(language, "more than {x:percent} too high", x=FAR)
    return say(language, "{x:percent} too high" if overstated >= 0 else "{x:percent} too low", x=abs(overstated))


def _shown(language: Language, text: str, value: float) -> Sentence:
    return say(language, text, x=value) if value == value else _none(language)


def _none(language: Language) -> Sentence:
    return styled(say(language, "–"), "quiet")
