"""What should the board decide, and how sure is that?

The decision follows from the plan's numbers and the run's verdict, by rules a reader can check:

    no plan was made                                  -> none
    the run's verdict is `fail`                       -> hold: the model may not carry a decision
    nothing moves, or the expected gain is not > 0    -> hold
    P(gain > 0) < ACT_PROBABILITY                     -> hold: the change is too close to a coin toss
    otherwise                                         -> act

A gain is draw by draw against the current plan over the same horizon; moves compare recommended with current spend.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from reports.language import Language, Sentence, plural, say
from reports.source import Source, of_all_geos

ACT_PROBABILITY = 0.7
"""Below this probability of beating the current plan, the report recommends to hold."""

SAME_BUDGET = 0.005
"""Budgets that differ by less than this share are the same."""

MATERIAL = 0.01
"""A channel moves when its spend changes by more than this share of what it is."""


def numbers(source: Source, evidence: dict[str, Any]) -> dict[str, Any]:
    """The decision with everything that led to it; `evidence` is the evidence page's facts."""
    verdict = str(source.manifest.get("verdict", "ok"))
    facts: dict[str, Any] = {
        "verdict": verdict,
        "reasons": [str(reason) for reason in source.manifest.get("reasons", [])],
        "next_test": evidence["next_test"],
        "weak": [row["channel"] for row in evidence["channels"] if row["label"] in ("conflicted", "not identifiable")],
    }
    if not source.has("scenarios") or not source.has("allocation"):
        return facts | {"action": "none", "why": "no_plan", "moves": []}
    moves = allocation(source["allocation"], "recommended")
    facts |= _gain(source["scenarios"]) | {"moves": moves, "horizon": horizon(source)}
    up, down = (sum(max(sign * move["change"], 0.0) for move in moves) for sign in (1, -1))
    facts["shift"] = max(up, down)
    finance = source.study.plan.finance
    facts["margin"] = finance.margin
    facts["profit"] = finance.profit(facts["gain"], facts["budget"] - facts["current_budget"])
    facts["largest_move"] = max((abs(move["multiple"] - 1) for move in moves), default=0.0)
    action, why = _decide(facts)
    return facts | {"action": action, "why": why}


def allocation(table: pd.DataFrame, scenario: str) -> list[dict[str, Any]]:
    """Current and proposed spend by channel of one scenario, over the whole horizon and all geos."""
    rows = table[(table["scenario"] == scenario) & (table["period"].astype(str) == "all")]
    if "geo" in rows.columns and not (rows["geo"] == "all").any():
        flags = rows.groupby("channel", sort=False)[["at_bound", "extrapolates"]].any()
        rows = of_all_geos(rows, ("current_spend", "recommended_spend")).set_index("channel").join(flags).reset_index()
    elif "geo" in rows.columns:
        rows = rows[rows["geo"] == "all"]
    return [
        {
            "channel": str(row["channel"]),
            "current": float(row["current_spend"]),
            "proposed": float(row["recommended_spend"]),
            "change": float(row["recommended_spend"] - row["current_spend"]),
            "multiple": float(row["recommended_spend"] / row["current_spend"]) if row["current_spend"] else 1.0,
            "at_bound": bool(row["at_bound"]),
            "extrapolates": bool(row["extrapolates"]),
        }
        for _, row in rows.iterrows()
    ]


def _gain(scenarios: pd.DataFrame) -> dict[str, Any]:
    """The recommended plan's gain over the current one."""
    by_name = {row["scenario"]: row for row in scenarios.to_dict("records")}
    row = by_name["recommended"]
    return {
        "budget": float(row["budget"]),
        "current_budget": float(by_name["hold"]["budget"]),
        "gain": float(row["gain_vs_hold_mean"]),
        "gain_interval": (float(row["gain_vs_hold_p05"]), float(row["gain_vs_hold_p95"])),
        "probability": float(row["probability_beats_hold"]),
        "optimality_gap": float(row["optimality_gap"]),
    }


def horizon(source: Source) -> dict[str, str]:
    """What the plan covers, as far as the plan's summary says so: `horizon_start`, `horizon_end`, `periods`, ..."""
    table = source["plan_summary"]
    if table.empty:
        return {}
    return {str(row.iloc[0]): str(row.iloc[1]) for _, row in table.iterrows()}


def certified(known: dict[str, str], subject: str) -> dict[str, Any]:
    """What the plan's summary says of a further decision, `flighting` or `by_geo`: its budget, its gain over holding
    with interval and probability, and the proven gap."""
    return {
        "budget": float(known[f"{subject}_budget"]),
        "gain": tuple(float(known[f"{subject}_gain_{part}"]) for part in ("mean", "p05", "p95")),
        "probability": float(known[f"{subject}_probability"]),
        "gap": float(known[f"{subject}_optimality_gap"]),
    }


def _decide(facts: dict[str, Any]) -> tuple[str, str]:
    moving = [move for move in facts["moves"] if abs(move["change"]) > MATERIAL * max(move["current"], 1e-9)]
    if facts["verdict"] == "fail":
        return "hold", "verdict"
    if not moving or facts["gain"] <= 0:
        return "hold", "nothing_better"
    if not facts["probability"] >= ACT_PROBABILITY:
        return "hold", "coin_toss"
    return "act", "gain"


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The heading, the paragraph, the numbered actions and the figure's caption of page one."""
    return {
        "heading": say(language, "Decision for the board"),
        "paragraphs": _paragraphs(facts, language),
        "actions": _actions(facts, language),
        **_figure(facts, language),
    }


def _figure(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The figure that shows the decision: the moves where it is to act, the alternatives where it is to hold."""
    if facts["action"] == "act":
        text = "*Proposed change in spend.* Dot: now; arrow: proposed. The proposed total is {budget:money}."
        return {"figure": "spend_shift", "caption": say(language, text, budget=facts["budget"])}
    if facts["why"] in ("nothing_better", "coin_toss"):
        text = "*What the alternatives would change* against the current plan, with {level:percent} credible intervals."
        return {"figure": "scenarios", "caption": say(language, text)}
    return {"figure": None, "caption": None}


def _paragraphs(facts: dict[str, Any], language: Language) -> list[Sentence]:
    if facts["action"] == "none":
        return [
            say(
                language,
                "*No budget plan was made in this run*, so there is nothing to decide yet: run “mmm plan” first.",
            )
        ]
    gain = {"gain": facts["gain"], "interval": facts["gain_interval"], "p": facts["probability"]}
    if facts["why"] == "verdict":
        return [
            say(
                language,
                "*Do not act on this run: keep the current plan.* The model failed its own checks, so its numbers "
                "may not carry a decision. They are shown so that the failure can be understood and mended.",
            )
        ]
    if facts["why"] == "nothing_better":
        if not math.isfinite(facts["probability"]):
            text = (
                "*Hold the current plan.* Within the agreed bounds no other split of the budget is worth more, "
                "uncertainty counted against moving."
            )
            return [say(language, text)]
        return [
            say(
                language,
                "*Hold the current plan.* Within the agreed bounds no other split of the budget "
                "is expected to earn more.",
            ),
            say(language, "The best found changes {kpi} by {gain:signed_value} (~{interval:value_interval}~).", **gain),
        ]
    if facts["why"] == "coin_toss":
        return [
            say(
                language,
                "*Hold the current plan.* The best reallocation has only a *{p:chance} chance* of raising {kpi}: "
                "expected {gain:signed_value}, with a range of {interval:value_interval}. "
                "That is too close to a coin toss to act on; test first.",
                **gain,
            )
        ]
    return [_move(facts, language), _gain_words(facts, language, gain)]


def _move(facts: dict[str, Any], language: Language) -> Sentence:
    takers = sorted((move for move in facts["moves"] if _moves(move, 1)), key=lambda move: -move["change"])
    givers = sorted((move for move in facts["moves"] if _moves(move, -1)), key=lambda move: move["change"])
    same = abs(facts["budget"] - facts["current_budget"]) < SAME_BUDGET * facts["current_budget"]
    between = (
        "from {givers:names} into {takers:names}"
        if givers and takers
        else "into {takers:names}"
        if takers
        else "out of {givers:names}"
    )
    total = (
        "at the same total budget of {budget:money}"
        if same
        else "and take the total budget from {current:money} to {budget:money}"
    )
    text = "Move *{shift:money}* {between:phrase}, {total:phrase}."
    if "horizon_start" in facts["horizon"]:
        text = "Move *{shift:money}* {between:phrase}, {total:phrase} ({start:date} to {end:date})."
    return say(
        language,
        text,
        between=between,
        total=total,
        current=facts["current_budget"],
        shift=facts["shift"],
        givers=[move["channel"] for move in givers],
        takers=[move["channel"] for move in takers],
        budget=facts["budget"],
        start=facts["horizon"].get("horizon_start"),
        end=facts["horizon"].get("horizon_end"),
    )


def _moves(move: dict[str, Any], sign: int) -> bool:
    return bool(sign * move["change"] > MATERIAL * move["current"])


def _gain_words(facts: dict[str, Any], language: Language, gain: dict[str, Any]) -> Sentence:
    text = (
        "The model gives a *{p:chance} chance* that this raises {kpi}. The central estimate is "
        "*{gain:signed_value}*; the range is {interval:value_interval}, {tail:phrase}."
    )
    tail = "and the whole range lies above zero" if facts["gain_interval"][0] > 0 else "and the range includes a loss"
    if not language.valued or facts["margin"] is None:
        return say(language, text, tail=tail, **gain)
    text = (
        "The model gives a *{p:chance} chance* that this raises {kpi}. The central estimate is "
        "*{gain:signed_value}*; the range is {interval:value_interval}, {tail:phrase}. At a margin of {margin:percent} "
        "that is *{profit:signed_money}* of profit."
    )
    return say(language, text, tail=tail, margin=facts["margin"], profit=facts["profit"], **gain)


def _actions(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """What to approve, what to leave alone, what to test."""
    made = []
    if facts["action"] == "act":
        if facts["verdict"] == "caution":
            made.append(say(language, "Take this as provisional until the warning above is settled."))
        made.append(
            say(
                language,
                "Approve the reallocation below. No channel moves by more than {move:percent}.",
                move=facts["largest_move"],
            )
        )
        beyond = [move["channel"] for move in facts["moves"] if move["extrapolates"]]
        if beyond:
            text = "Treat the gain from {names:names} as an extrapolation: so much spend has not been seen before."
            made.append(say(language, text, names=beyond))
    elif facts["action"] == "hold":
        made.append(say(language, "Keep the current budget and its split until the points below are settled."))
    if facts["why"] == "verdict":
        made.append(
            say(language, "Have the failed checks mended and the model fitted again before the next board paper.")
        )
    if facts["weak"]:
        doubt = plural(
            len(facts["weak"]),
            "Treat the return of {names:names} as unknown: its tests contradict it, or cannot tell it from demand.",
            "Treat the returns of {names:names} as unknown: tests contradict them, or cannot tell them from demand.",
        )
        made.append(say(language, doubt, names=facts["weak"]))
    if facts["next_test"]:
        test = facts["next_test"]
        text = (
            "Fund an experiment on {channel:channel}: its contribution of {value:value} is the least certain "
            "(~{interval:value_interval}~)."
        )
        made.append(say(language, text, channel=test["channel"], value=test["value"][0], interval=test["value"][1:]))
    return made
