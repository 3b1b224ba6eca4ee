"""Would following the model have paid? The plan that was due before the periods that were hidden, judged since.

Read from `tables/replay.csv`: a fit that had not seen the last periods split the money that was spent in them, and the
fit of all data says what that would have earned, beside what was done and beside the best split in hindsight.

    gain   = outcome of a split less outcome of what was done        draw by draw, then mean and interval
    regret = outcome of the best split in hindsight less outcome of the plan that was due

Nobody ran those splits, and both fits share one model: the page says so beside the numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from reports.facts.decision import MATERIAL
from reports.language import Language, Scale, Sentence, column_scale, number, say, styled, unit_name
from reports.source import Source
from reports.table import Table

NOTHING = 0.005
"""A plan that misses less than this share of the best gain misses nothing."""

DONE, DUE, HINDSIGHT = "done", "recommended", "oracle"


def numbers(source: Source) -> dict[str, Any]:
    """The hidden periods, each split by channel, and what the plan and hindsight would have gained."""
    hidden = source["fit"].loc[lambda rows: rows["split"] == "holdout", "time"].astype(str).str[:10].unique()
    if not source.has("replay") or not len(hidden):
        return {"ran": False}
    rows = source["replay"]
    whole = {str(row["scenario"]): row for row in rows[rows["channel"] == "all"].to_dict("records")}
    spend: dict[str, dict[str, float]] = {name: {} for name in (DONE, DUE, HINDSIGHT)}
    for row in rows[rows["channel"] != "all"].to_dict("records"):
        spend[str(row["scenario"])][str(row["channel"])] = float(row["spend"])
    moved = {name: spend[DUE][name] - now for name, now in spend[DONE].items()}
    return {
        "ran": True,
        "start": min(hidden),
        "end": max(hidden),
        "periods": len(hidden),
        "budget": float(whole[DONE]["spend"]),
        "shift": sum(max(change, 0.0) for change in moved.values()),
        "moves": any(abs(change) > MATERIAL * spend[DONE][name] for name, change in moved.items()),
        "spend": spend,
        "gain": {name: _interval(whole[name], "gain_") for name in (DUE, HINDSIGHT)},
        "probability": float(whole[DUE]["probability"]),
        "regret": _interval(whole[DUE], "regret_"),
    }


def _interval(row: Mapping[Hashable, Any], prefix: str) -> tuple[float, float, float]:
    mean, low, high = (float(row[prefix + part]) for part in ("mean", "p05", "p95"))
    return mean, low, high


def words(facts: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """The section, and in `brief` one sentence of it for the board; None where nothing was replayed."""
    if not facts["ran"]:
        return None
    return {
        "heading": say(language, "Would following the last plan have paid?"),
        "brief": _brief(facts, language),
        "paragraphs": [_due(facts, language), *_hindsight(facts, language), _caveat(language)],
        "table": _table(facts, language) if facts["moves"] else None,
    }


def _earned(facts: dict[str, Any]) -> dict[str, Any]:
    gain = facts["gain"][DUE]
    return {"gain": gain[0], "interval": gain[1:], "p": facts["probability"], "n": facts["periods"]}


def _brief(facts: dict[str, Any], language: Language) -> Sentence:
    if not facts["moves"]:
        text = "For the last {n:integer} periods, the model that had not seen them would have kept the split as it was."
        return say(language, text, n=facts["periods"])
    text = (
        "Over the last {n:integer} periods, the split of a model that had not seen them would have changed {kpi} by "
        "*{gain:signed_value}* (~{interval:value_interval}~), by what all data say now, with a {p:chance} chance of a "
        "gain. Nobody ran it."
    )
    return say(language, text, **_earned(facts))


def _due(facts: dict[str, Any], language: Language) -> Sentence:
    when = {"start": facts["start"], "end": facts["end"], "budget": facts["budget"]}
    if not facts["moves"]:
        text = (
            "A model that had not seen the periods from {start:date} to {end:date} would have kept the split of "
            "{budget:money} as it was, within the limits of the study."
        )
        return say(language, text, **when)
    text = (
        "A model that had not seen the periods from {start:date} to {end:date} would have moved *{shift:money}* of the "
        "{budget:money} that was spent. By what all data say now, that would have changed {kpi} by "
        "*{gain:signed_value}* (~{interval:value_interval}~), with a {p:chance} chance of a gain."
    )
    return say(language, text, **when, shift=facts["shift"], **_earned(facts))


def _hindsight(facts: dict[str, Any], language: Language) -> list[Sentence]:
    best, missed = facts["gain"][HINDSIGHT], facts["regret"]
    if best[0] <= 0:
        return [
            say(language, "Even in hindsight, no other split within the same limits is expected to have earned more.")
        ]
    if max(map(abs, missed)) < NOTHING * abs(best[0]):
        return [
            say(language, "In hindsight too, no split within the same limits would have earned more than that plan.")
        ]
    text = (
        "The best split in hindsight, within the same limits, would have changed {kpi} by {gain:signed_value} "
        "(~{interval:value_interval}~); against it the plan that was due misses {missed:value} "
        "(~{missed_interval:value_interval}~)."
    )
    known = {"gain": best[0], "interval": best[1:], "missed": missed[0], "missed_interval": missed[1:]}
    return [say(language, text, **known)]


def _caveat(language: Language) -> Sentence:
    text = (
        "~Nobody ran these splits. Both fits share one model, so this shows what the periods taught, and not whether "
        "the model is right: only an experiment shows that.~"
    )
    return say(language, text)


def _table(facts: dict[str, Any], language: Language) -> Table:
    """Spend by channel as it was, as the plan would have had it, and as hindsight would."""
    spend = facts["spend"]
    at = column_scale(spend[DONE].values())
    rows = [
        [
            say(language, "{channel:channel}", channel=name),
            _amount(now, at, language),
            *(_proposal(now, spend[split][name], at, language) for split in (DUE, HINDSIGHT)),
        ]
        for name, now in spend[DONE].items()
    ]
    totals = [_amount(sum(spend[split].values()), at, language) for split in (DONE, DUE, HINDSIGHT)]
    text = (
        "*Spend of those periods, {unit}.* As it was, as the plan due before them would have had it, and in hindsight."
    )
    return Table(
        caption=say(language, text, unit=unit_name(language, at)),
        head=[say(language, name) for name in ("Channel", "Spent", "Plan that was due", "Best in hindsight")],
        align=["left", "right", "right", "right"],
        rows=rows,
        total=[styled(cell, "strong") for cell in (say(language, "Total"), *totals)],
    )


def _amount(spend: float, at: Scale, language: Language) -> Sentence:
    return say(language, "{x}", x=number(language, spend, at, unit=False))


def _proposal(now: float, spend: float, at: Scale, language: Language) -> Sentence:
    change = spend / now - 1 if now else 0.0
    if abs(change) < MATERIAL:
        return _amount(spend, at, language)
    amount = number(language, spend, at, unit=False)
    return say(language, "{x} ~({change:signed_percent})~", x=amount, change=change)
