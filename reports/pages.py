"""What does each document place, and where do its words come from?

`board`, `budget`, `card` and `quarter` gather facts and sentences into the one mapping that a document's template
reads; a template knows names and places, never numbers. The PDF (Typst) and the HTML page read the same mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmm.plots.look import look_of
from reports.facts import (
    cards,
    changes,
    contribution,
    decision,
    evidence,
    finance,
    flighting,
    frequency,
    frontier,
    headline,
    method,
    pace,
    planner,
    regions,
    replay,
    scenarios,
    trust,
    use,
)
from reports.figures import Figure
from reports.language import Language, say
from reports.source import Source, language

Facts = Mapping[str, dict[str, Any]]

DEFAULT_TITLE = "Marketing effectiveness"
SUBTITLE = (
    "{start:short_date} – {end:short_date} · money in {currency} · ranges are {level:percent} credible intervals · "
    "{status:word}"
)
STATUS = {"ok": "all checks passed", "caution": "read with caution", "fail": "not fit for decisions"}
"""What the cover says of the run's verdict."""


def board(source: Source, facts: Facts, figures: Mapping[str, Figure], notebooks: list[str]) -> dict[str, Any]:
    """The board report, section by section."""
    words = language(source)
    labels = {row["channel"]: row["label"] for row in facts["evidence"]["channels"]}
    page = _frame(source, facts, words, figures, source.study.report.title or DEFAULT_TITLE)
    decided = _decision(facts, words)
    if _decided(facts):
        decided["paragraphs"] += frontier.size(facts["frontier"], words)
    return page | {
        "banner": headline.banner(facts["decision"], facts["trust"]["checks"], words),
        "cards": headline.cards(facts["decision"], facts["contribution"], words),
        "decision": decided,
        "contribution": contribution.words(facts["contribution"], words, labels),
        "frequency": frequency.words(facts["frequency"], words),
        "scenarios": scenarios.words(facts["scenarios"], words, facts["decision"]["action"]),
        "planner": planner.words(facts["planner"], words, planner.draws(source)),
        "evidence": evidence.words(facts["evidence"], words)
        | cards.words(facts["cards"], words)
        | {
            "next_heading": say(words, "The next test"),
            "questions_heading": say(words, "What each gate asks"),
            "failures_heading": say(words, "What failed"),
        },
        "changes": changes.words(facts["changes"], words),
        "trust": trust.words(facts["trust"], words),
        "replay": replay.words(facts["replay"], words),
        "method": _method(facts, words, notebooks),
    }


def budget(source: Source, facts: Facts, figures: Mapping[str, Figure]) -> dict[str, Any]:
    """The budget scenarios for finance."""
    words = language(source)
    page = _frame(source, facts, words, figures, "Budget scenarios")
    return page | {
        "banner": headline.banner(facts["decision"], facts["trust"]["checks"], words),
        "decision": _decision(facts, words),
        "scenarios": scenarios.words(facts["scenarios"], words, facts["decision"]["action"]),
        "frontier": frontier.words(facts["frontier"], words),
        "flighting": flighting.words(facts["flighting"], words),
        "regions": regions.words(facts["regions"], words),
        "replay": replay.words(facts["replay"], words),
        "finance": finance.words(facts["finance"], words),
    }


def card(source: Source, facts: Facts, notebooks: list[str]) -> dict[str, Any]:
    """The run's model card: parts of the board report, and what the model may be used for."""
    words = language(source)
    labels = {row["channel"]: row["label"] for row in facts["evidence"]["channels"]}
    return _frame(source, facts, words, {}, "Model card") | {
        "banner": headline.banner(facts["decision"], facts["trust"]["checks"], words),
        "use": use.words(facts["use"], words),
        "method": _method(facts, words, notebooks),
        "trust": trust.words(facts["trust"], words),
        "replay": replay.words(facts["replay"], words),
        "contribution": contribution.words(facts["contribution"], words, labels),
    }


def quarter(source: Source, facts: Facts, known: dict[str, Any]) -> dict[str, Any]:
    """The plan inside its quarter; `known` are the numbers of `facts.pace`."""
    words = language(source)
    page = _frame(source, facts, words, {}, "Pace of the plan")
    period = say(words, "{start:short_date} – {end:short_date}", start=known["first"], end=known["as_of"])
    return page | {
        "period": period,
        "subtitle": say(words, "As of {date:date} · money in {currency}", date=known["as_of"]),
        "date": dict(zip(("year", "month", "day"), map(int, known["as_of"].split("-")), strict=True)),
        "banner": headline.banner(facts["decision"], facts["trust"]["checks"], words),
        "pace": pace.words(known, words),
    }


def _decision(facts: Facts, words: Language) -> dict[str, Any]:
    """The decision, and what its plan leaves after its cost where the run may say so."""
    made = decision.words(facts["decision"], words)
    if _decided(facts):
        made["paragraphs"] += finance.left(facts["finance"], words, facts["decision"]["action"])
    return made


def _decided(facts: Facts) -> bool:
    return facts["decision"]["action"] != "none" and facts["decision"]["verdict"] != "fail"


def _method(facts: Facts, words: Language, notebooks: list[str]) -> dict[str, Any]:
    """How the run was made, under its headings."""
    return method.words(facts["method"], words, notebooks) | {
        "assumptions_heading": say(words, "What is assumed"),
        "review_heading": say(words, "What the data review found"),
        "identifiers_heading": say(words, "To make this document again"),
    }


def _frame(source: Source, facts: Facts, words: Language, figures: Mapping[str, Figure], title: str) -> dict[str, Any]:
    """Title, period, footer and figures: what every document has."""
    known = facts["contribution"]
    verdict = facts["decision"]["verdict"]
    status = str(STATUS.get(verdict, verdict))
    owner = (source.brand.name if source.brand else None) or source.study.study
    period = say(words, "{start:short_date} – {end:short_date}", start=known["start"], end=known["end"])
    return {
        "lang": words.babel.language,
        "region": words.babel.territory or "",
        "title": say(words, title),
        "author": source.study.study,
        "date": dict(zip(("year", "month", "day"), map(int, known["end"].split("-")), strict=True)),
        "kicker": say(words, "{owner}", owner=owner),
        "period": period,
        "subtitle": say(
            words,
            SUBTITLE,
            status=status,
            start=known["start"],
            end=known["end"],
        ),
        "footer": method.footer(facts["method"], words),
        "contents": say(words, "Contents"),
        "figures": dict(figures),
        "look": look_of(source.brand),
        "logo": source.brand.logo_file if source.brand else None,
        "owner": owner,
    }
