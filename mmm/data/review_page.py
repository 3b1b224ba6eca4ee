"""How does a person read the data review? As one page, in their language, that needs no other file and no network.

    page(found, "fr-FR")        # HTML

The template `review.html.jinja` places what this chapter says. Findings hold plain English, as the run's tables do;
the page retells them (`mmm.retelling`).
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmm import speech
from mmm.retelling import retell
from mmm.speech import capitalised, message, plural, speaking, word

if TYPE_CHECKING:
    from mmm.data.checks import Finding
    from mmm.data.review import Review

TEMPLATE = Path(__file__).parent / "review.html.jinja"

SEVERITIES = {"fail": message("Fail"), "caution": message("Caution"), "info": message("To know")}
CHECKS = (
    message("History"),
    message("Observations per parameter"),
    message("Constant KPI"),
    message("KPI zeros"),
    message("KPI outliers"),
    message("KPI level shift"),
    message("Channel without exposure"),
    message("Channel rarely on"),
    message("Channel hardly varies"),
    message("Tiny channel"),
    message("Exposure outliers"),
    message("Exposure without spend"),
    message("Spend without exposure"),
    message("Cost per exposure jumps"),
    message("Collinear channel"),
    message("Channels in step"),
    message("Condition number"),
    message("Constant lever"),
    message("Collinear lever"),
    message("Experiment: old"),
    message("Experiment: in training"),
    message("Experiment: same cells"),
    message("Experiment: shared controls"),
    message("Experiment: contaminated past"),
)
UNITS = (
    message("impressions"),
    message("clicks"),
    message("GRPs"),
    message("views"),
    message("people reached"),
    message("sends"),
    message("visits"),
    message("exposure units"),
    message("KPI units"),
)
"""What a review calls its checks and units; others are shown as they are written."""


def page(review: Review, locale: str) -> str:
    """The whole review as HTML in the language of `locale`."""
    from jinja2 import Environment, StrictUndefined

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    with speaking(locale):
        return template.from_string(TEMPLATE.read_text("utf-8")).render(_page(review, locale))


def _page(review: Review, locale: str) -> dict[str, Any]:
    """What the template places, by name."""
    known = review.summary
    counts = {level: sum(found.severity == level for found in review.findings) for level in SEVERITIES}
    part, whole, geos, channels, kpi, spend = (
        speech.decimal(known[name], 0, locale)
        for name in ("periods_in_window", "periods", "geos", "channels", "kpi_total", "spend_total")
    )
    return {
        "lang": speech.babel(locale).language,
        "title": word("Data review"),
        "lead": [
            word("{start} to {end}", start=_day(known["first_period"], locale), end=_day(known["last_period"], locale)),
            word(plural(counts["fail"], "{n} check failed", "{n} checks failed"), n=counts["fail"]),
            word(plural(counts["caution"], "{n} caution", "{n} cautions"), n=counts["caution"]),
            word(plural(counts["info"], "{n} thing to know", "{n} things to know"), n=counts["info"]),
        ],
        "facts": [
            (
                word("Periods in the window"),
                word("{part} of {all}", part=part, all=whole),
            ),
            (word("Geos"), geos),
            (word("Paid channels"), channels),
            (word("KPI, {unit}", unit=word(known["kpi_units"])), kpi),
            (word("Spend, {unit}", unit=known["currency"]), spend),
        ],
        "notes": [retell(note, locale) for note in known["notes"]],
        "findings_heading": word("Findings"),
        "findings_head": [
            word("Severity"),
            word("Check"),
            word("About"),
            word("Statistic"),
            word("What it means, and what to do"),
        ],
        "findings": [_finding(found, locale) for found in review.findings],
        "nothing": word(
            "Nothing stood out. That the data are complete does not make a channel’s effect identifiable: the fit’s "
            "own checks tell."
        ),
        "channels_heading": word("Channels"),
        "channels_head": [word("Channel"), word("Exposure"), word("Spend"), word("Share"), word("Periods on air")],
        "over_time": word("Over time"),
        "channels": [_channel(row, locale) for row in review.channels],
        "data": word("Data {hash}", hash=known["data_hash"][:12]),
    }


def _finding(found: Finding, locale: str) -> dict[str, str]:
    check = found.check.replace("experiment_", "experiment: ", 1).replace("_", " ")
    return {
        "severity": found.severity,
        "level": word(SEVERITIES[found.severity]),
        "check": word(capitalised(check)),
        "subject": retell(found.subject, locale),
        "statistic": _statistic(found.statistic, locale),
        "message": retell(found.message, locale),
    }


def _statistic(value: float, locale: str) -> str:
    """Three significant digits, and no more than four decimals."""
    first = math.floor(math.log10(abs(value))) if value else 0
    return speech.decimal(value, min(max(2 - first, 0), 4), locale)


def _channel(row: dict[str, Any], locale: str) -> dict[str, Any]:
    return row | {
        "exposure_unit": word(row["exposure_unit"]),
        "spend": speech.decimal(row["spend"], 0, locale) if row["paid"] else word("organic"),
        "share": speech.percentage(row["share"], 1, locale) if row["paid"] else "",
        "described": word("{channel}: exposure over time", channel=row["channel"]),
    }


def _day(text: str, locale: str) -> str:
    """A period's first day; an hour stays behind it."""
    date, _, hour = text.partition("T")
    return " ".join([speech.day(dt.date.fromisoformat(date), "medium", locale), *([hour] if hour else [])])
