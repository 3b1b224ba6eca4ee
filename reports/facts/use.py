"""What may this model be used for, and what not?

The first part of a run's model card. What it is good for follows from the study and from the run's verdict: a model
that failed a check is for no decision. What it is not good for holds for every mix model of totals.
"""

from __future__ import annotations

from typing import Any

from reports.language import Language, Sentence, say
from reports.source import Source


def numbers(source: Source) -> dict[str, Any]:
    """The run's verdict, and the channels that a budget may be split over."""
    return {
        "verdict": str(source.manifest.get("verdict", "ok")),
        "channels": [str(name) for name in source.study.data.channels],
    }


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """Heading, what the model is for, and what it is not for."""
    return {
        "heading": say(language, "What it may be used for"),
        "uses": _uses(facts, language),
        "limits_heading": say(language, "What it may not be used for"),
        "limits": _limits(language),
    }


def _uses(facts: dict[str, Any], language: Language) -> list[Sentence]:
    if facts["verdict"] == "fail":
        return [say(language, "*For no decision*: a check has failed. It may be used to find out why.")]
    text = (
        "To explain {outcome} of the window, and to split a budget over {names:names}, within the limits of the study."
    )
    made = [
        say(language, text, names=facts["channels"]),
        say(language, "To choose the next experiment, and to foresee what it should find."),
    ]
    if facts["verdict"] == "caution":
        made.append(say(language, "*Provisionally*, until the warnings above are settled."))
    return made


def _limits(language: Language) -> list[Sentence]:
    return [
        say(language, text)
        for text in (
            "For channels, markets or outcomes that are not in its data.",
            "For spend beyond anything observed: there a response is the shape of its formula.",
            "For single customers, placements or ads: it knows totals by {period} only, and no personal data.",
            "For a market that has changed: hold new periods against its forecast, and fit it again every quarter.",
            "As proof of cause and effect: only an experiment is that.",
        )
    ]
