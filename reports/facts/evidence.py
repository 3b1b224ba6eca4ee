"""What was tested, what did it show, and what should be tested next?

Each channel carries a label and gates from the causal validation (`tables/verdicts.csv`). A gate may pass, fail or
not be testable; a label is never better than its evidence. The next test is the channel whose contribution is least
certain in money among those that no experiment has confirmed: there, knowing more is worth most. The widest interval
is a first answer; the value of information of a design is another chapter's.
"""

from __future__ import annotations

from typing import Any

from mmm.speech import Plural
from reports.facts.contribution import evidence as evidence_cell
from reports.language import Language, Sentence, plural, say, styled
from reports.source import Source
from reports.table import Table

CONFIRMED = ("experiment-confirmed",)
RESULTS = {"pass": ("Pass", "good"), "fail": ("Fail", "bad"), "not_testable": ("–", "quiet")}
GATES = {
    "identification": ("Identified", "can the channel be told apart from demand at all?"),
    "positivity": ("Varies", "does its exposure vary once season, trend and the other channels are known?"),
    "lead": ("Lead", "does tomorrow's exposure leave today's KPI alone, as it must?"),
    "hidden_demand": ("Demand", "do early sales and a high claim together look like hidden demand?"),
    "circular_shift": ("Placebo", "does exposure moved to wrong dates show no effect?"),
    "agreement": ("Agrees", "do adjustment and model find the same size?"),
    "block_subset": ("Subsets", "is the effect the same in parts of the window?"),
    "random_common_cause": ("Random", "does the effect stay when a random cause is added?"),
    "leave_one_out": ("Left out", "does the sign hold without any one quarter or geo?"),
    "experiment": ("Experiment", "do model and experiments agree on what was tested?"),
    "planted_effect": ("Planted", "does adjustment find an effect that was planted into sales like these?"),
    "negative_control": ("Untouched", "does a series that the channel cannot move stay apart from it?"),
    "robustness": ("Robust", "would a hidden cause have to be stronger than the strongest measured one?"),
}
"""What each gate is called in a table's head, and the question it asks."""


def numbers(source: Source, contribution: dict[str, Any]) -> dict[str, Any]:
    """Labels and gates by channel, in the order of spend, and the next test."""
    verdicts = source["verdicts"]
    order = [row["channel"] for row in contribution["channels"] if row["spend"] > 0]
    channels = []
    for channel in order:
        rows = verdicts[verdicts["channel"] == channel] if source.has("verdicts") else verdicts
        gates = [
            {
                "gate": str(row["gate"]),
                "result": str(row["result"]),
                "note": "" if row["note"] != row["note"] else str(row["note"]),
            }
            for _, row in rows.iterrows()
        ]
        channels.append({"channel": channel, "label": str(rows["label"].iloc[0]) if len(rows) else "", "gates": gates})
    open_ = [row for row in contribution["channels"] if row["spend"] > 0]
    labels = {row["channel"]: row["label"] for row in channels}
    untested = [row for row in open_ if labels[row["channel"]] not in CONFIRMED]
    ranked = sorted(untested, key=lambda row: row["value"][1] - row["value"][2])
    return {
        "ran": source.has("verdicts"),
        "channels": channels,
        "gates": list(dict.fromkeys(gate["gate"] for row in channels for gate in row["gates"])),
        "next_test": ranked[0] if ranked else None,
        "after_next": [row["channel"] for row in ranked[1:3]],
    }


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The heading, what the labels say, the gate table, the failures in plain sentences and the next test."""
    page: dict[str, Any] = {"heading": say(language, "Evidence and the next test"), "next": _next(facts, language)}
    text = "*Model and backdoor adjustment* on the same estimand; where the intervals part, one of them is wrong."
    page["caption"] = say(language, text)
    if not facts["ran"]:
        text = (
            "*No causal validation was run*: every return in this report rests on the model alone. Run “mmm validate”."
        )
        return page | {"paragraphs": [say(language, text)], "table": None, "failures": [], "questions": []}
    return page | {
        "paragraphs": _labels(facts, language),
        "table": _table(facts, language),
        "questions": _questions(facts, language),
        "failures": _failures(facts, language),
    }


def _labels(facts: dict[str, Any], language: Language) -> list[Sentence]:
    by_label: dict[str, list[str]] = {}
    for row in facts["channels"]:
        by_label.setdefault(row["label"], []).append(row["channel"])
    many = {label: len(names) for label, names in by_label.items()}
    sayings: dict[str, str | Plural] = {
        "experiment-confirmed": "An *experiment confirms* {names:names}.",
        "quasi-experiment-consistent": "A *quasi-experiment agrees* with {names:names}.",
        "observationally consistent only": plural(
            many.get("observationally consistent only", 0),
            "{names:names} is *consistent with observational adjustment only*: not contradicted, and not proven.",
            "{names:names} are *consistent with observational adjustment only*: not contradicted, and not proven.",
        ),
        "conflicted": plural(
            many.get("conflicted", 0),
            "{names:names} is *conflicted*: a test contradicts the model's return.",
            "{names:names} are *conflicted*: tests contradict the model's returns.",
        ),
        "not identifiable": plural(
            many.get("not identifiable", 0),
            "{names:names} is *not identifiable*: no adjustment can separate it from demand.",
            "{names:names} are *not identifiable*: no adjustment can separate them from demand.",
        ),
    }
    return [say(language, template, names=by_label[label]) for label, template in sayings.items() if label in by_label]


def gate_name(gate: str) -> str:
    """A gate's name in a table's head."""
    return GATES[gate][0] if gate in GATES else gate.replace("_", " ").capitalize()


def _questions(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """What each gate asked, for the gates that were run."""
    asked = [(gate, *GATES[gate]) for gate in facts["gates"] if gate in GATES]
    return [
        say(language, "*{name:word}*: {question:word}", name=name, question=question) for _, name, question in asked
    ]


def _table(facts: dict[str, Any], language: Language) -> Table:
    """One row a channel: its label and each gate's result in a word."""
    rows = []
    for row in facts["channels"]:
        results = {gate["gate"]: gate["result"] for gate in row["gates"]}
        cells = []
        for gate in facts["gates"]:
            shown, style = RESULTS.get(results.get(gate, ""), ("", "quiet"))
            cells.append(styled(say(language, shown), style))
        rows.append(
            [say(language, "{channel:channel}", channel=row["channel"]), evidence_cell(language, row["label"]), *cells]
        )
    return Table(
        caption=say(language, "*Evidence by channel.* A gate passes, fails, or (–) cannot be tested with these data."),
        head=[
            say(language, "Channel"),
            say(language, "Evidence"),
            *(say(language, "{gate:word}", gate=gate_name(gate)) for gate in facts["gates"]),
        ],
        align=["left", "left", *("center" for _ in facts["gates"])],
        rows=rows,
    )


def _failures(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """The note of every failed gate, as the validation wrote it."""
    return [
        say(
            language,
            "*{channel:channel}*, {gate:term}: {note:message}",
            channel=row["channel"],
            gate=gate_name(gate["gate"]),
            note=gate["note"],
        )
        for row in facts["channels"]
        for gate in row["gates"]
        if gate["result"] == "fail"
    ]


def _next(facts: dict[str, Any], language: Language) -> list[Sentence]:
    test = facts["next_test"]
    if not test:
        return [say(language, "Every paid channel has been confirmed by an experiment.")]
    made = [
        say(
            language,
            "*Test {channel:channel} next.* Its contribution is the least certain in the mix: {value:value} "
            "(~{interval:value_interval}~) on {spend:money} of spend, and no experiment stands behind it.",
            channel=test["channel"],
            value=test["value"][0],
            interval=test["value"][1:],
            spend=test["spend"],
        )
    ]
    if facts["after_next"]:
        made.append(say(language, "After it, {names:names} would teach the most.", names=facts["after_next"]))
    return made
