"""What did marketing contribute, and what did each channel return?

`numbers` reads the channel table; `words` makes page two of the board report of them. Contribution is in KPI units
over the study's window, its value is money:

    value = ROI x spend,        value per KPI = sum of values / sum of contributions
    profit = margin x value - spend

The totals are those of the paid channels, so that value over spend is the return a reader computes; organic media
stand below them. Their intervals come from `tables/total.csv`, summed draw by draw: adding the ends of the channels'
intervals would be wrong, so a run without that table shows none.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from mmm.speech import capitalised
from mmm.study_plan import Finance
from reports.language import Language, Sentence, column_scale, number, plural, say, styled, unit_name
from reports.source import ALL, Source, geos, of_all_geos, times
from reports.table import Table

Triple = tuple[float, float, float]
UNKNOWN: Triple = (math.nan, math.nan, math.nan)


def numbers(source: Source) -> dict[str, Any]:
    """The channels by spend (organic ones last), the totals, and the window."""
    metrics = _metrics(source["channels"])
    rows = [_channel(name, known) for name, known in metrics.items()]
    rows.sort(key=lambda row: -row["spend"])
    paid = [row for row in rows if row["spend"] > 0]
    contributed = sum(row["contribution"][0] for row in paid)
    rate = sum(row["value"][0] for row in paid) / contributed if contributed else 1.0
    for row in rows:
        if not row["spend"]:
            row["value"] = tuple(part * rate for part in row["contribution"])
    total: dict[str, Any] = {
        "spend": sum(row["spend"] for row in paid),
        "contribution": contributed,
        "value": sum(row["value"][0] for row in paid),
        "share": sum(row["share"] for row in paid),
        "media_share": sum(row["share"] for row in rows),
    }
    total |= _joint(source["total"], total["spend"])
    known, finance = times(source), source.study.plan.finance
    return {
        "channels": rows,
        "total": total,
        "roi": total["value"] / total["spend"] if total["spend"] else float("nan"),
        "value_per_kpi": rate,
        "break_even": finance.paying_return,
        "margin": finance.margin,
        "profit": _profit(total, finance),
        "start": known[0],
        "end": known[-1],
        "periods": len(known),
        "geos": geos(source),
        **_components(source),
    }


def _metrics(channels: pd.DataFrame) -> dict[str, dict[str, Triple]]:
    """Channel -> metric -> mean, p05 and p95, of the total over geos."""
    found: dict[str, dict[str, Triple]] = {}
    for row in channels[channels["geo"] == ALL].to_dict("records"):
        triple = (float(row["mean"]), float(row["p05"]), float(row["p95"]))
        found.setdefault(str(row["channel"]), {})[str(row["metric"])] = triple
    return found


def _joint(table: pd.DataFrame, spend: float) -> dict[str, Any]:
    """What needs the channels' joint draws: intervals of value and return, and the marginal return of them all."""
    known = {str(row["metric"]): (row["mean"], row["p05"], row["p95"]) for row in table.to_dict("records")}
    if "roi" not in known:
        return {"mroi": UNKNOWN}
    ends = known["roi"][1:]
    return {"interval": tuple(end * spend for end in ends), "roi_interval": ends, "mroi": known.get("mroi", UNKNOWN)}


def _profit(total: dict[str, Any], finance: Finance) -> Triple:
    """The margin on what paid media brought less their spend; unknown without a margin or joint draws."""
    if "interval" not in total:
        return UNKNOWN
    mean, low, high = (finance.profit(value, total["spend"]) for value in (total["value"], *total["interval"]))
    return mean, low, high


def _channel(name: str, metrics: dict[str, Triple]) -> dict[str, Any]:
    """One channel's facts; what a channel without spend cannot have is unknown."""
    spend = metrics.get("spend", UNKNOWN)[0]
    spend = spend if spend == spend else 0.0
    roi = metrics.get("roi", UNKNOWN)
    return {
        "channel": name,
        "spend": spend,
        "contribution": metrics.get("contribution", UNKNOWN),
        "share": metrics.get("contribution_share", UNKNOWN)[0],
        "roi": roi,
        "mroi": metrics.get("mroi", UNKNOWN),
        "half_life": metrics.get("half_life", UNKNOWN),
        "value": tuple(part * spend for part in roi),
    }


def _components(source: Source) -> dict[str, Any]:
    """How much of the expected KPI each block explains, and how many channels have a loss inside their interval."""
    table = source["contribution"].astype({"time": "str"})
    sums = of_all_geos(table, ("mean",)).groupby("component", sort=False)["mean"].sum()
    return {"blocks": {str(name): float(value) for name, value in sums.items()}, "expected_kpi": float(sums.sum())}


def words(facts: dict[str, Any], language: Language, labels: dict[str, str]) -> dict[str, Any]:
    """Heading, captions, the channel table and the paragraphs of the page."""
    return {
        "heading": say(language, "What marketing contributed"),
        "lead": _lead(facts, language),
        "profit": _paid(facts, language),
        "caption": _caption(facts, language),
        "roi_caption": _return_caption(facts, language),
        "paragraphs": _paragraphs(facts, language),
        "table": channel_table(facts, language, labels),
    }


def _lead(facts: dict[str, Any], language: Language) -> Sentence:
    return say(
        language,
        "Between {start:date} and {end:date}, {spend:money} of media spend brought *{value:value}* of {kpi}: "
        "{share:percent} of the total. Each {currency} of spend returned *{roi:ratio}* on average.",
        start=facts["start"],
        end=facts["end"],
        spend=facts["total"]["spend"],
        value=facts["total"]["value"],
        share=facts["total"]["share"],
        roi=facts["roi"],
    )


def _paid(facts: dict[str, Any], language: Language) -> Sentence | None:
    """Whether media as a whole earned their cost back; None where no margin says what that takes."""
    mean, low, high = facts["profit"]
    if not language.valued or mean != mean:
        return None
    known = {"margin": facts["margin"], "needed": facts["break_even"], "profit": mean, "interval": (low, high)}
    verdict = (
        "so media as a whole earned their cost back"
        if low > 0
        else "so media as a whole *cost more than they earned*"
        if high < 0
        else "so it is *not settled* whether media as a whole earned their cost back"
    )
    text = (
        "At a margin of {margin:percent}, spend pays back from a return of {needed:ratio}. The margin that media "
        "brought, less their cost, is {profit:signed_money} (~{interval:money_interval}~), {verdict:phrase}."
    )
    return say(language, text, verdict=verdict, **known)


def _caption(facts: dict[str, Any], language: Language) -> Sentence:
    return say(
        language,
        "*Expected {outcome} by {period} and driver.* Media explain {share:percent}; "
        "everything without media (level, trend, season, controls) explains the rest.",
        share=facts["total"]["media_share"],
    )


def _return_caption(facts: dict[str, Any], language: Language) -> Sentence:
    if not language.valued:
        return say(language, "*Return on spend.* Dots are medians, bars are intervals.")
    if facts["margin"] is None:
        text = (
            "*Return on spend.* Dots are medians, bars are intervals; at the dashed line {kpi} equals spend. The study "
            "gives no margin, at which break-even would lie higher."
        )
        return say(language, text)
    text = (
        "*Return on spend.* Dots are medians, bars are intervals; the dashed line is break-even at a margin of "
        "{margin:percent}."
    )
    return say(language, text, margin=facts["margin"])


def _paragraphs(facts: dict[str, Any], language: Language) -> list[Sentence]:
    """Best and worst return, the next unit of money, and where a loss cannot be excluded."""
    paid = sorted((row for row in facts["channels"] if row["spend"] > 0), key=lambda row: -row["roi"][0])
    if not paid:
        return []
    best, worst = paid[0], paid[-1]
    made = [
        say(
            language,
            "*{best:channel}* returns most per {currency}: {roi:ratio} (~{interval:ratio_interval}~).",
            best=best["channel"],
            roi=best["roi"][0],
            interval=best["roi"][1:],
        )
    ]
    if len(paid) > 1:
        made.append(
            say(
                language,
                "*{worst:channel}* returns least: {roi:ratio} (~{interval:ratio_interval}~).",
                worst=worst["channel"],
                roi=worst["roi"][0],
                interval=worst["roi"][1:],
            )
        )
        drop = max(paid, key=lambda row: row["roi"][0] - row["mroi"][0] if row["mroi"][0] == row["mroi"][0] else 0)
        made.append(
            say(
                language,
                "Returns on the *next* {currency} differ from the average: {channel:channel} returns {roi:ratio} on "
                "average and {mroi:ratio} at the margin.",
                channel=drop["channel"],
                roi=drop["roi"][0],
                mroi=drop["mroi"][0],
            )
        )
    return made + (_losses(paid, facts["break_even"], language) if language.valued else [])


def _losses(paid: list[dict[str, Any]], break_even: float, language: Language) -> list[Sentence]:
    """Which channels may return less than pays back: one over the study's margin, or 1."""
    unsure = [row["channel"] for row in paid if row["roi"][1] < break_even <= row["roi"][2]]
    losing = [row["channel"] for row in paid if row["roi"][2] < break_even]
    made = []
    if len(losing) == len(paid) > 1:
        made.append(say(language, "*No channel pays back*: every interval lies wholly below break-even."))
    elif losing:
        text = plural(
            len(losing),
            "{names:names} does not pay back: the whole interval lies below break-even.",
            "{names:names} do not pay back: their whole intervals lie below break-even.",
        )
        made.append(say(language, text, names=losing))
    if unsure:
        made.append(say(language, "The interval includes a loss for {names:names}.", names=unsure))
    if not losing and not unsure:
        made.append(say(language, "Every channel's interval lies above break-even."))
    return made


def channel_table(facts: dict[str, Any], language: Language, labels: dict[str, str]) -> Table:
    """The channel table: spend, value, ROI and marginal ROI with intervals, evidence."""
    rows = facts["channels"]
    spend_at = column_scale(row["spend"] for row in rows)
    value_at = column_scale(row["value"][0] for row in rows)
    body, below = (
        [_row(row, language, spend_at, value_at, labels) for row in rows if (row["spend"] > 0) == paid]
        for paid in (True, False)
    )
    total = facts["total"]
    returns = ((facts["roi"], *total.get("roi_interval", UNKNOWN[1:])), total["mroi"])
    last = [
        say(language, "All paid media"),
        say(language, "{x}", x=number(language, total["spend"], spend_at, unit=False)),
        say(language, "{x}", x=number(language, total["value"], value_at, unit=False)),
        *(_return(language, triple) for triple in returns),
        say(language, ""),
    ]
    kpi = capitalised(language.kpi)
    return Table(
        caption=say(
            language, "*Channel results over the window.* Ranges are {level:percent} credible intervals.", level=0.9
        ),
        head=[
            say(language, "Channel"),
            say(language, "Spend, {unit}", unit=unit_name(language, spend_at)),
            say(
                language,
                "{kpi}, {unit}" if unit_name(language, value_at, language.valued) else "{kpi}",
                kpi=kpi,
                unit=unit_name(language, value_at, language.valued),
            ),
            *(say(language, text, kpi=kpi) for text in return_names(language)),
            say(language, "Evidence"),
        ],
        align=["left", "right", "right", "right", "right", "left"],
        rows=body,
        total=[styled(cell, "strong") for cell in last[:3]] + last[3:],
        below=below,
    )


def return_names(language: Language) -> tuple[str, str]:
    """What the return on spend is called: ROI is money for money, anything else names its unit."""
    return ("ROI", "Marginal ROI") if language.valued else ("{kpi} per {currency}", "At the margin")


def _row(
    row: dict[str, Any], language: Language, spend_at: Any, value_at: Any, labels: dict[str, str]
) -> list[Sentence]:
    paid = row["spend"] > 0
    returns = [_return(language, row[name] if paid else UNKNOWN) for name in ("roi", "mroi")]
    return [
        say(language, "{channel:channel}", channel=row["channel"]),
        say(language, "{x}", x=number(language, row["spend"], spend_at, unit=False)) if paid else say(language, "–"),
        say(language, "{x}", x=number(language, row["value"][0], value_at, unit=False)),
        *returns,
        evidence(language, labels.get(row["channel"], "")) if paid else say(language, "–"),
    ]


def _return(language: Language, triple: Triple) -> Sentence:
    """A return with its interval, as far as they are known."""
    if triple[0] != triple[0]:
        return say(language, "–")
    if triple[1] != triple[1]:
        return say(language, "{mean:ratio}", mean=triple[0])
    return say(language, "{mean:ratio} ~({interval:ratio_interval})~", mean=triple[0], interval=triple[1:])


def evidence(language: Language, label: str) -> Sentence:
    """The evidence behind a channel, toned: green only for an experiment, red for a conflict or nothing."""
    shown = {
        "experiment-confirmed": ("Experiment-confirmed", "good"),
        "quasi-experiment-consistent": ("Quasi-experiment", "good"),
        "observationally consistent only": ("Observational only", "caution"),
        "conflicted": ("Conflicted", "bad"),
        "not identifiable": ("Not identifiable", "bad"),
    }
    words, style = shown.get(label, (label or "Not validated", "caution"))
    return styled(say(language, words), style)
