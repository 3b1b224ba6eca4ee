"""How far may one trust this?

Three things answer: how the model forecast periods that were hidden from it (`tables/fit.csv`, `split == holdout`),
the checks agreed before fitting (`tables/checks.csv`), and a plain sentence for each that is not passed.

    coverage = share of hidden periods inside their 90 % predictive interval
    wMAPE    = sum |actual - expected| / sum |actual|

A run without hidden periods says so: the fit to the data it has seen is no forecast.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.facts import alarms
from reports.facts.alarms import IDENTIFYING, WORST_FIRST
from reports.language import Language, Scale, Sentence, number, plural, say, styled
from reports.source import ALL, Source, geos
from reports.table import Table

STATUS = {"pass": ("Pass", "good"), "caution": ("Caution", "caution"), "fail": ("Fail", "bad")}
NAMES = {
    "r_hat": "R-hat",
    "wmape": "Forecast error (wMAPE)",
    "backtest_error": "Backtest error (wMAPE)",
    "mode": "Kind of fit",
    "learning": "Learning from the data",
    "ridge": "Channels told apart",
    "shared_spend": "Spend moving together",
    "exposure_slips": "Single wild periods",
    "recurring_weeks": "Weeks that recur",
    "uneven_geos": "Regions that differ",
    "backtest": "Backtest",
    "backtest_coverage": "Backtest coverage",
    "coverage": "Coverage",
    "divergences": "Divergences",
    "effective_draws": "Effective draws",
    "extreme_periods": "Extreme periods",
    "identification": "Identification",
    "interval_coverage": "Interval coverage",
    "prior_driven": "Moved from its own prior",
    "relative_width": "Relative width",
    "residual_autocorrelation": "Residual autocorrelation",
}
"""What checks are called; another is called by its identifier."""

TWO_SIDED = ("residual_autocorrelation",)
"""Checks whose statistic may lie too far from zero on either side."""

UNMEASURED = ("mode",)
"""Checks without a statistic that a reader could compare: their message says all."""


def numbers(source: Source) -> dict[str, Any]:
    """The backtest and the checks, the worst first."""
    checks: list[dict[str, Any]] = [
        {
            "check": str(row["check"]),
            "subject": str(row["subject"]),
            "statistic": _float(row["statistic"]),
            "limit": _float(row["limit"]),
            "result": str(row["result"]),
            "message": "" if row["message"] != row["message"] else str(row["message"]),
        }
        for row in source["checks"].to_dict("records")
    ]
    checks.sort(key=lambda row: WORST_FIRST.get(row["result"], 0))
    count = {result: sum(row["result"] == result for row in checks) for result in STATUS}
    weak = [row["subject"] for row in checks if row["check"] in IDENTIFYING and row["result"] != "pass"]
    fit = of_total(source["fit"])
    return {
        "checks": checks,
        "count": count,
        "weak": list(dict.fromkeys(weak)),
        "geos": geos(source),
        "train": accuracy(fit[fit["split"] == "train"]),
        "holdout": accuracy(fit[fit["split"] == "holdout"]),
        "tipping": _tipping(source),
    }


def _tipping(source: Source) -> dict[str, Any] | None:
    """Channels that pay back, and those of them that a hidden cause no stronger than a measured one would tip."""
    if not source.has("learning"):
        return None
    table = source["learning"].dropna(subset=["tipping_multiple"])
    above = table[table["tipping_multiple"] > 0]
    if above.empty:
        return None
    weak = above[above["tipping_multiple"] < 1]
    return {"paying": above["channel"].tolist(), "tipped": weak["channel"].tolist()}


def of_total(fit: pd.DataFrame) -> pd.DataFrame:
    """The rows of the total over geos, or all rows of a table that has none."""
    return fit[fit["geo"] == ALL] if (fit["geo"] == ALL).any() else fit


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def accuracy(fit: pd.DataFrame) -> dict[str, float | int] | None:
    """Coverage of the predictive interval and wMAPE over rows of the fit table; None without rows."""
    known = fit.dropna(subset=["actual"])
    if known.empty:
        return None
    inside = ((known["p05"] <= known["actual"]) & (known["actual"] <= known["p95"])).sum()
    error = (known["actual"] - known["expected"]).abs().sum() / known["actual"].abs().sum()
    return {"rows": len(known), "periods": known["time"].nunique(), "inside": int(inside), "wmape": float(error)}


def words(facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The heading, the backtest in a sentence, the checks' table and a sentence for each that is not passed."""
    return {
        "heading": say(language, "How far to trust this"),
        "paragraphs": [_backtest(facts, language), _summary(facts, language), *_hidden(facts, language)],
        "weak": _weak(facts, language),
        "caption": _caption(facts, language),
        "table": _table(facts, language),
        "failures": [
            say(language, "*{status:word}*: {message}", status=STATUS[result][0], message=sentence.text)
            for result, sentence in alarms.sentences(facts["checks"], language)
            if result in STATUS and not (facts["weak"] and sentence.template == alarms.TOGETHER["identification"])
        ],
    }


def _caption(facts: dict[str, Any], language: Language) -> Sentence:
    hidden = facts["holdout"]
    if not hidden:
        text = (
            "*Model against actual {outcome}.* Dots are actual, the line is expected, "
            "the band is the {level:percent} predictive interval."
        )
        return say(language, text)
    text = (
        "*Model against actual {outcome}.* Dots are actual, the line is expected, "
        "the band is the {level:percent} predictive interval; the last {n:integer} periods were hidden from the model."
    )
    return say(language, text, n=hidden["periods"])


def _backtest(facts: dict[str, Any], language: Language) -> Sentence:
    held, seen = facts["holdout"], facts["train"]
    if held:
        what = plural(facts["geos"], "values", "totals over all geos")
        text = (
            "Of the {rows:integer} {what:phrase} hidden from the model, *{inside:integer} fell inside* the "
            "{level:percent} predictive interval; the forecast was off by *{wmape:percent}* on average (wMAPE)."
        )
        return say(language, text, what=what, **held)
    if not seen:
        return say(language, "No actual values can be compared with the model.")
    text = (
        "*No period was hidden from the model*, so its forecasts are untested. On the data it has seen, "
        "{inside:integer} of {rows:integer} values fall inside the {level:percent} predictive interval, "
        "and the error is {wmape:percent} on average (wMAPE)."
    )
    return say(language, text, **seen)


def _summary(facts: dict[str, Any], language: Language) -> Sentence:
    count = facts["count"]
    total = sum(count.values())
    if count["pass"] == total:
        return say(language, "All {n:integer} checks agreed before fitting passed.", n=total)
    text = (
        "Of {n:integer} checks agreed before fitting, {passed:integer} passed, {failed:integer} failed, "
        "and {caution:integer} came out as caution."
    )
    return say(language, text, n=total, passed=count["pass"], caution=count["caution"], failed=count["fail"])


def _hidden(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """What a cause that nobody measured could do."""
    known = facts["tipping"]
    if known is None:
        return []
    if not known["tipped"]:
        sound = plural(
            len(known["paying"]),
            "A hidden cause of both spend and {outcome} would have to be stronger than any measured one to bring "
            "{names:names} below break-even.",
            "A hidden cause of both spend and {outcome} would have to be stronger than any measured one to bring any "
            "channel that pays back ({names:names}) below break-even.",
        )
        return [say(language, sound, names=known["paying"])]
    text = plural(
        len(known["tipped"]),
        "A hidden cause of both spend and {outcome}, no stronger than the strongest measured one, would bring "
        "{names:names} below break-even: no fit can rule it out, an experiment can.",
        "A hidden cause of both spend and {outcome}, no stronger than the strongest measured one, would bring each of "
        "{names:names} below break-even: no fit can rule it out, an experiment can.",
    )
    return [say(language, text, names=known["tipped"])]


def _weak(facts: dict[str, Any], language: Language) -> Sentence | None:
    """Weak identification, said loudly."""
    if not facts["weak"]:
        return None
    text = plural(
        len(facts["weak"]),
        "{names:names} is weakly identified: its result is driven by the prior more than by the data. "
        "A change of its budget is a bet until an experiment has measured it.",
        "{names:names} are weakly identified: their results are driven by the prior more than by the data. "
        "A change of their budgets is a bet until an experiment has measured them.",
    )
    return say(language, text, names=facts["weak"])


def check_name(check: str) -> str:
    return NAMES.get(check, check.replace("_", " ").capitalize())


def _table(facts: dict[str, Any], language: Language) -> Table:
    """The checks by kind and result: what is not passed with its worst case, what is passed with its closest call."""
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in facts["checks"]:
        if row["check"] not in UNMEASURED:
            kinds.setdefault((row["check"], row["result"]), []).append(row)
    shown = [_kind_row(rows, result == "pass", language) for (_, result), rows in kinds.items()]
    text = "*Model checks, agreed before fitting.* A kind shows its worst case, or its closest call where it is passed."
    return Table(
        caption=say(language, text),
        head=[say(language, text) for text in ("Check", "Subject", "Result", "Limit", "Status")],
        align=["left", "left", "right", "right", "left"],
        rows=shown,
    )


def _kind_row(rows: list[dict[str, Any]], passed: bool, language: Language) -> list[Sentence]:
    """One row for all checks of a kind with the same result."""
    row = (min if passed else max)(rows, key=_distance)
    if len(rows) == 1:
        return _check_row(row, say(language, "{subject:message}", subject=row["subject"]), language)
    if passed:
        text = say(language, "closest of {n:integer}: {name:message}", n=len(rows), name=row["subject"])
    else:
        text = say(language, "{names:names}", names=[row["subject"] for row in rows])
    return _check_row(row, text, language)


def _distance(row: dict[str, Any]) -> float:
    """How far a check's statistic lies from its limit."""
    value = abs(row["statistic"]) if row["check"] in TWO_SIDED else row["statistic"]
    distance = abs(value - row["limit"])
    return float(distance) if distance == distance else 0.0


def _check_row(row: dict[str, Any], subject: Sentence, language: Language) -> list[Sentence]:
    status, style = STATUS.get(row["result"], (row["result"], "caution"))
    return [
        say(language, "{check:word}", check=check_name(row["check"])),
        styled(subject, "quiet"),
        _statistic(language, row["statistic"], row["limit"]),
        _statistic(language, row["limit"], row["statistic"], _side(row)),
        styled(say(language, status), style),
    ]


def _side(row: dict[str, Any]) -> str:
    """Whether the limit is an upper or a lower one, which the result tells, or counts on both sides."""
    if row["check"] in TWO_SIDED:
        return "± "
    above = row["statistic"] > row["limit"]
    return "≥ " if above == (row["result"] == "pass") else "≤ "


def _statistic(language: Language, value: float, beside: float, side: str = "") -> Sentence:
    """A statistic or its limit, whole where both are."""
    if value != value:
        return say(language, "–")
    whole = value == round(value) and (beside != beside or beside == round(beside) or abs(value) >= 10)
    at = Scale(0, 0) if whole else Scale(0, 3 if abs(value) < 10 else 1 if abs(value) < 100 else 0)
    return say(language, "{side}{x}", side=side, x=number(language, value, at))
