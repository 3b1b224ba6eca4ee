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

from typing import Any

import pandas as pd

from reports.language import Language, Sentence, plural, say
from reports.source import Source, of_all_geos

ACT_PROBABILITY = 0.7
"""Below this probability of beating the current plan, the report recommends to hold."""

SAME_BUDGET = 0.005
"""Budgets that differ by less than this share are the same."""

REASONS = 4
"""The most reasons that the warning on page one lists; the checks' table has all."""

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
        return facts | {"action": "none", "why": "no plan", "moves": []}
    moves = allocation(source["allocation"], "recommended")
    facts |= _gain(source["scenarios"]) | {"moves": moves, "horizon": horizon(source)}
    up, down = (sum(max(sign * move["change"], 0.0) for move in moves) for sign in (1, -1))
    facts["shift"] = max(up, down)
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
    row = scenarios.set_index("scenario").loc["recommended"]
    return {
        "budget": float(row["budget"]),
        "current_budget": float(scenarios.loc[scenarios["scenario"] == "hold", "budget"].iloc[0]),
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


def _decide(facts: dict[str, Any]) -> tuple[str, str]:
    moving = [move for move in facts["moves"] if abs(move["change"]) > MATERIAL * max(move["current"], 1e-9)]
    if facts["verdict"] == "fail":
        return "hold", "verdict"
    if not moving or facts["gain"] <= 0:
        return "hold", "nothing better"
    if not facts["probability"] >= ACT_PROBABILITY:
        return "hold", "coin toss"
    return "act", "gain"


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The heading, the paragraph, the numbered actions and the figure's caption of page one."""
    return {
        "heading": say(language, "Decision for the board"),
        "paragraphs": _paragraphs(facts, language),
        "actions": _actions(facts, language),
        "banner": banner(facts, language),
        **_figure(facts, language),
    }


def _figure(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The figure that shows the decision: the moves where it is to act, the alternatives where it is to hold."""
    if facts["action"] == "act":
        text = "*Proposed change in spend.* Dot: now; arrow: proposed. The proposed total is {budget:money}."
        return {"figure": "spend_shift", "caption": say(language, text, budget=facts["budget"])}
    if facts["why"] in ("nothing better", "coin toss"):
        text = "*What the alternatives would change* against the current plan, with {level:percent} credible intervals."
        return {"figure": "scenarios", "caption": say(language, text, level=0.9)}
    return {"figure": None, "caption": None}


def _paragraphs(facts: dict[str, Any], language: Language) -> list[Sentence]:
    if facts["action"] == "none":
        return [
            say(
                language,
                "*No budget plan was made in this run*, so there is nothing to decide yet: run “mmm plan” first.",
            )
        ]
    gain = {"gain": facts["gain"], "interval": facts["gain_interval"], "p": facts["probability"], "kpi": language.kpi}
    if facts["why"] == "verdict":
        return [
            say(
                language,
                "*Do not act on this run: keep the current plan.* The model failed its own checks, so its numbers "
                "may not carry a decision. They are shown so that the failure can be understood and mended.",
            )
        ]
    if facts["why"] == "nothing better":
        return [
            say(
                language,
                "*Hold the current plan.* Within the agreed bounds no other split of the budget is expected to earn more.",
            ),
            say(language, "The best found changes {kpi} by {gain:signed_value} (~{interval:value_interval}~).", **gain),
        ]
    if facts["why"] == "coin toss":
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
        " from {givers:names} into {takers:names}"
        if givers and takers
        else " into {takers:names}"
        if takers
        else " out of {givers:names}"
    )
    total = (
        "at the same total budget of {budget:money}"
        if same
        else "and take the total budget from {current:money} to {budget:money}"
    )
    return say(
        language,
        "Move *{shift:money}*"
        + between
        + ", "
        + total
        + (" ({start:date} to {end:date})." if "horizon_start" in facts["horizon"] else "."),
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
    low, high = facts["gain_interval"]
    tail = ", and the whole range lies above zero." if low > 0 else ", and the range includes a loss."
    return say(
        language,
        "The model gives a *{p:chance} chance* that this raises {kpi}. The central estimate is "
        "*{gain:signed_value}*; the range is {interval:value_interval}" + tail,
        **gain,
    )


def _actions(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """What to approve, what to leave alone, what to test."""
    made = []
    if facts["action"] == "act":
        made.append(
            say(
                language,
                "Approve the reallocation below. No channel moves by more than {move:percent}.",
                move=facts["largest_move"],
            )
        )
        beyond = [move["channel"] for move in facts["moves"] if move["extrapolates"]]
        if beyond:
            text = "Treat the part of the gain from {names:names} as an extrapolation: the proposed spend has not been seen before."
            made.append(say(language, text, names=beyond))
    elif facts["action"] == "hold":
        made.append(say(language, "Keep the current budget and its split until the points below are settled."))
    if facts["why"] == "verdict":
        made.append(
            say(language, "Have the failed checks mended and the model fitted again before the next board paper.")
        )
    if facts["weak"]:
        text = plural(
            len(facts["weak"]),
            "Treat the return of {names:names} as unknown: its tests contradict it, or cannot tell it from demand.",
            "Treat the returns of {names:names} as unknown: tests contradict them, or cannot tell them from demand.",
        )
        made.append(say(language, text, names=facts["weak"]))
    if facts["next_test"]:
        test = facts["next_test"]
        text = "Fund an experiment on {channel}: its contribution of {value:value} is the least certain (~{interval:value_interval}~)."
        made.append(say(language, text, channel=test["channel"], value=test["value"][0], interval=test["value"][1:]))
    return made


def banner(facts: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """The warning across page one when the run's verdict is not `ok`, with its reasons."""
    heads = {
        "fail": "This run failed its checks: do not base a decision on it.",
        "caution": "Read with caution: some checks are outside their limits.",
    }
    if facts["verdict"] not in heads:
        return None
    reasons = [say(language, "{reason}", reason=reason) for reason in facts["reasons"][:REASONS]]
    left = len(facts["reasons"]) - len(reasons)
    if left > 0:
        text = plural(
            left, "{n:integer} more reason stands among the checks.", "{n:integer} more reasons stand among the checks."
        )
        reasons.append(say(language, text, n=left))
    return {"level": facts["verdict"], "heading": say(language, heads[facts["verdict"]]), "reasons": reasons}


def cards(facts: dict[str, Any], contribution: dict[str, Any], language: Language) -> list[dict[str, Sentence]]:
    """The four headline numbers: what media brought, its return, the move and what the move is worth."""
    total = contribution["total"]
    spread = total.get("interval")
    first = {
        "label": say(language, "Incremental {kpi}", kpi=language.kpi),
        "value": say(language, "{value:value}", value=total["value"]),
        "range": say(language, "{interval:value_interval}", interval=spread)
        if spread
        else say(language, "from {n:integer} channels", n=len(contribution["channels"])),
        "note": say(language, "{share:percent} of {kpi}", share=total["share"], kpi=language.kpi),
    }
    second = {
        "label": say(language, "Blended ROI") if language.valued else say(language, "Average return"),
        "value": say(language, "{roi:ratio}", roi=contribution["roi"]),
        "range": say(language, "on {spend:money} of spend", spend=total["spend"]),
        "note": say(language, "{kpi} per {currency} of spend", kpi=language.kpi, currency=language.currency),
    }
    if facts["action"] == "none":
        missing = {"value": say(language, "–"), "range": say(language, "no plan was made"), "note": say(language, "")}
        return [
            first,
            second,
            {"label": say(language, "Recommended shift")} | missing,
            {"label": say(language, "Expected gain")} | missing,
        ]
    act = facts["action"] == "act"
    third = {
        "label": say(language, "Recommended shift"),
        "value": say(language, "{shift:money}", shift=facts["shift"]) if act else say(language, "Hold"),
        "range": say(language, "of {budget:money}", budget=facts["budget"]),
        "note": say(language, "within the agreed bounds") if act else say(language, "keep the current plan"),
    }
    fourth = {
        "label": say(language, "Expected gain") if act else say(language, "Best alternative"),
        "value": say(language, "{gain:signed_value}", gain=facts["gain"]),
        "range": say(language, "{interval:value_interval}", interval=facts["gain_interval"]),
        "note": say(language, "{p:chance} chance above zero", p=facts["probability"]),
    }
    return [first, second, third, fourth]
