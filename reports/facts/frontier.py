"""Would a larger or a smaller budget pay?

The efficient frontier (`tables/frontier.csv`) says what each size of the budget brings when it is split best, and what
the next unit of money brings at each. At a contribution margin `m` that unit pays for itself from a return of `1 / m`:

    the whole interval above 1 / m      more money earns more than it costs
    the whole interval below 1 / m      less money would leave more profit
    otherwise                           the data do not say
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmm.speech import message
from reports.language import Language, Sentence, say
from reports.source import Source

UNSETTLED = message("so the data do not say whether more money would pay")


def numbers(source: Source) -> dict[str, Any]:
    """The return on the next unit of money at the recommended budget, what it needs to be, and the range looked at."""
    rows = source["frontier"]
    if rows.empty or len(rows) < 2:
        return {"ran": False}
    at = rows.iloc[int(np.abs(rows["multiple"] - 1).to_numpy().argmin())]
    margin = source.study.plan.finance.margin
    return {
        "ran": True,
        "low": float(rows["budget"].min()),
        "high": float(rows["budget"].max()),
        "mroi": tuple(float(at[f"mroi_{part}"]) for part in ("mean", "p05", "p95")),
        "margin": margin,
        "needed": 1 / margin if margin is not None else 1.0,
    }


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The figure's caption and what the slope at the recommended budget means."""
    if not facts["ran"]:
        return {"caption": None, "paragraphs": []}
    text = (
        "*The efficient frontier.* What each budget from {low:money} to {high:money} brings when it is split best, "
        "with {level:percent} credible intervals; the bounds of channels widen with it."
    )
    caption = say(language, text, low=facts["low"], high=facts["high"])
    return {"caption": caption, "paragraphs": [_margin(facts, language)] if _known(facts) else []}


def size(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """The same for whoever decides, where the data do say that more or less money would pay."""
    settled = facts["ran"] and language.valued and facts["margin"] is not None and _known(facts)
    return [_margin(facts, language)] if settled and _verdict(facts) != UNSETTLED else []


def _known(facts: dict[str, Any]) -> bool:
    return bool(np.isfinite(facts["mroi"]).all())


def _verdict(facts: dict[str, Any]) -> str:
    _, low, high = facts["mroi"]
    if low > facts["needed"]:
        return "so more money would earn more than it costs"
    return "so less money would leave more profit" if high < facts["needed"] else UNSETTLED


def _margin(facts: dict[str, Any], language: Language) -> Sentence:
    mean, low, high = facts["mroi"]
    known = {"mroi": mean, "interval": (low, high), "margin": facts["margin"], "needed": facts["needed"]}
    if not language.valued:
        text = "*At the recommended budget* the next {coin} brings {mroi:ratio} {kpi} (~{interval:ratio_interval}~)."
        return say(language, text, **known)
    text = (
        "*At the recommended budget* the next {coin} returns {mroi:ratio} (~{interval:ratio_interval}~) in {kpi}. "
        "Were all of it profit, it would pay for itself from {needed:ratio}, {verdict:phrase}."
    )
    if facts["margin"] is not None:
        text = (
            "*At the recommended budget* the next {coin} returns {mroi:ratio} (~{interval:ratio_interval}~) in {kpi}. "
            "At a margin of {margin:percent} it pays for itself from {needed:ratio}, {verdict:phrase}."
        )
    return say(language, text, verdict=_verdict(facts), **known)
