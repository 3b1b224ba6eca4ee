"""What does a figure say to someone who cannot see it? One or two sentences with its message, made from its table.

    figures.save(plots.roi(run), "roi", plots.describe.roi(run), run)

Each function has the name and the source of the plot that it describes and names the largest, the smallest and the
doubtful, rather than that there are dots and lines; it speaks the language of the source's study. To describe a plot of
your own, say what a reader should remember.
"""

from __future__ import annotations

import pandas as pd

from mmm.plots import labels
from mmm.plots.backtest import largest_geo
from mmm.plots.budget import against_hold, moves, title
from mmm.plots.curves import curves_of
from mmm.plots.graph import cause_name, graph_of
from mmm.plots.names import gate_name, spoken
from mmm.plots.source import Source, Units, channels, table, total, units
from mmm.plots.theme import spoken_for
from mmm.speech import day, spoken_locale, word


@spoken_for
def contribution_over_time(source: Source) -> str:
    """How much of the expected KPI the channels explain, and which explain most."""
    frame = table(source, "contribution")
    sums = frame.groupby("component")["mean"].sum()
    media = sums[[name for name in channels(source, frame["component"]) if name in sums]].sort_values(ascending=False)
    share = media.sum() / sums.sum() if sums.sum() else 0.0
    shares = [f"{spoken(str(name))} {labels.percent(value / sums.sum())}" for name, value in media.head(3).items()]
    return word(
        "{kpi} by driver over time: media explain {share} of it, most of all {channels}; the rest is the base.",
        kpi=units(source).kpi_name,
        share=labels.percent(share),
        channels=labels.listed(shares),
    )


@spoken_for
def decomposition(source: Source) -> str:
    """The channels that contribute most, with their intervals."""
    rows = total(table(source, "channels"))
    rows = rows[rows["metric"] == "contribution"].nlargest(3, "mean")
    unit = units(source)
    parts = [_span(row, "mean", unit.kpi_unit) for _, row in rows.iterrows()]
    text = "The largest contributions to {kpi}, with {level} intervals: {channels}."
    return word(text, kpi=unit.kpi_in_text, level=labels.level(), channels=labels.listed(parts))


@spoken_for
def roi(source: Source) -> str:
    """The best and the worst return, and the channels that may not earn their spend back."""
    rows = total(table(source, "channels"))
    rows = rows[(rows["metric"] == "roi") & rows["median"].notna()].sort_values("median", ascending=False)
    if rows.empty:
        return word("No paid channel has a return on spend.")
    text = "Most is returned per unit of spend by {best} (median and {level} interval)."
    if len(rows) > 1:
        text = "Most is returned per unit of spend by {best}, least by {worst} (median and {level} interval)."
    best, worst = (_span(rows.iloc[place], "median") for place in (0, -1))
    doubtful = [spoken(str(name)) for name in rows.loc[rows["p05"] < units(source).break_even, "channel"]]
    loss = word("Every interval lies above break-even.")
    if doubtful:
        loss = word("The interval includes a loss for {names}.", names=labels.listed(doubtful))
    return f"{word(text, best=best, worst=worst, level=labels.level())} {loss}"


@spoken_for
def moved(source: Source) -> str:
    """The channel whose return moved most between two runs."""
    value = table(source, "changes").pivot(index="channel", columns="step", values="value")
    name = str((value["child"] - value["parent"]).abs().idxmax())
    text = "Returns in the last run and in this one: that of {channel} moved most, from {then} to {now}."
    then, now = (labels.number(float(value[end].astype(float)[name])) for end in ("parent", "child"))
    return word(text, channel=spoken(name), then=then, now=now)


@spoken_for
def spend_shift(source: Source, scenario: str = "recommended") -> str:
    """Where money comes from and where it goes."""
    rows = moves(table(source, "allocation"), scenario)
    change = (rows["recommended_spend"] - rows["current_spend"]).set_axis(rows["channel"]).sort_values()
    floor = 0.001 * rows["current_spend"].max()
    currency = units(source).currency
    gains = [
        f"{spoken(str(name))} {labels.money(value, currency, sign=True)}"
        for name, value in change[::-1].items()
        if value > floor
    ]
    losses = [
        f"{spoken(str(name))} {labels.money(value, currency, sign=True)}"
        for name, value in change.items()
        if value < -floor
    ]
    if not gains and not losses:
        return word("Spend by channel: nothing moves.")
    text = "Proposed change in spend by channel; up: {gains}; down: {losses}."
    if not gains or not losses:
        text = "Proposed change in spend by channel; up: {gains}."
        text = text if gains else "Proposed change in spend by channel; down: {losses}."
    return word(text, gains=labels.listed(gains), losses=labels.listed(losses))


@spoken_for
def response_curves(source: Source) -> str:
    """Which channels are nearest to saturation: what doubling their spend would add."""
    frame, _ = curves_of(source)
    most = float(frame["spend_multiple"].max())
    now, then = _at(frame, 1.0), _at(frame, most)
    added = ((then - now) / now.where(now > 0)).dropna().sort_values()
    if added.empty or most <= 1:
        return word("Each channel's contribution against its spend.")
    text = (
        "Each channel's contribution against its spend, with {level} intervals. {most} has the most room: at {times} "
        "times its spend it adds {more} to its contribution; {least} the least: {less}."
    )
    if len(added) == 1:
        text = (
            "The contribution of {most} against its spend, with {level} intervals: at {times} times its spend it adds "
            "{more} to its contribution."
        )
    return word(
        text,
        level=labels.level(),
        most=spoken(added.index[-1]),
        times=labels.number(most),
        more=labels.percent(added.iloc[-1]),
        least=spoken(added.index[0]),
        less=labels.percent(added.iloc[0]),
    )


@spoken_for
def fit_over_time(source: Source) -> str:
    """How many observed periods lie inside the predictive interval, hidden ones apart."""
    frame = table(source, "fit")
    rows = frame[frame["geo"].astype(str) == largest_geo(frame)].dropna(subset=["actual"])
    parts = []
    names = {"holdout": "{inside} of {n} hidden periods", "train": "{inside} of {n} fitted periods"}
    for split, text in names.items():
        some = rows[rows["split"] == split]
        inside = ((some["actual"] >= some["p05"]) & (some["actual"] <= some["p95"])).sum()
        parts += [word(text, inside=inside, n=len(some))] * bool(len(some))
    text = "Actual {kpi} against the model: {parts} lie inside the {level} predictive interval."
    return word(text, kpi=units(source).kpi_in_text, parts=labels.listed(parts), level=labels.level())


@spoken_for
def scenarios(source: Source) -> str:
    """Every plan's gain over holding, in profit where the margin is known, else with its probability."""
    unit = units(source)
    parts = []
    for row in against_hold(table(source, "scenarios"), unit).to_dict("records"):
        gain = _interval(row["mean"], row["p05"], row["p95"], unit.worth, sign=True)
        chance = row["probability_beats_hold"]
        words = word("{gain}, {p} chance of a gain", gain=gain, p=labels.percent(chance))
        known = gain if unit.profitable else words
        parts.append(f"{title(row['scenario'])} {known if chance == chance else word('changes nothing')}")
    text = "Gain over holding the present spend, with {level} intervals: {plans}."
    if unit.profitable:
        text = "Profit over the present plan, with {level} intervals: {plans}."
    return word(text, level=labels.level(), plans="; ".join(parts))


@spoken_for
def gates(source: Source) -> str:
    """Which channels failed which gates."""
    frame = table(source, "verdicts")
    failed = frame[frame["result"] == "fail"].assign(gate=lambda rows: rows["gate"].map(gate_name).str.lower())
    parts = [
        f"{spoken(str(name))} ({labels.listed(list(tests))})"
        for name, tests in failed.groupby("channel", sort=False)["gate"]
    ]
    counts = {name: int((frame["result"] == name).sum()) for name in ("pass", "fail", "not_testable")}
    text = word("{pass} gates passed, {fail} failed and {not_testable} could not be tested.", **counts)
    return word("{counts} Failed: {names}.", counts=text, names=labels.listed(parts)) if parts else text


@spoken_for
def causal_agreement(source: Source) -> str:
    """The channels whose two estimates exclude each other."""
    frame = table(source, "causal")
    apart = frame[(frame["p05"] > frame["model_p95"]) | (frame["p95"] < frame["model_p05"])]["channel"].map(spoken)
    text = (
        "Contribution by the mix model and by backdoor adjustment: the two intervals overlap for {agree} of {n} "
        "channels; not for {apart}."
    )
    if not len(apart):
        text = (
            "Contribution by the mix model and by backdoor adjustment: the two intervals overlap for all {n} channels."
        )
    return word(text, agree=len(frame) - len(apart), n=len(frame), apart=labels.listed(list(apart)))


@spoken_for
def causal_graph(source: Source) -> str:
    """What is held still for the first channel, and whether anything that nobody measured stands in the way."""
    arrows, channel = graph_of(source)
    held, latent = (
        [cause_name(str(name)) for name in arrows.loc[arrows[kind], "cause"].unique()] for kind in ("held", "latent")
    )
    text = word("What moves {channel} and what it moves.", channel=spoken(channel))
    if held:
        text += " " + word("Held still: {names}.", names=labels.listed(held))
    return text + (" " + word("Not measured: {names}.", names=labels.listed(latent)) if latent else "")


@spoken_for
def verdict_cards(source: Source) -> str:
    """The median return of each channel by every source that speaks of it."""
    frame = table(source, "estimates").dropna(subset=["median"])
    model = frame[frame["source"] == "model"].set_index("channel")
    other = frame[frame["source"].isin(["experiment", "adjustment"])]
    apart = [
        str(row["channel"])
        for row in other.to_dict("records")
        if row["channel"] in model.index
        and (row["p05"] > model.loc[row["channel"], "p95"] or row["p95"] < model.loc[row["channel"], "p05"])
    ]
    names = [spoken(name) for name in dict.fromkeys(apart)]
    text = "Returns by mix model, experiment and adjustment: the intervals overlap for all {n} channels."
    if names:
        text = (
            "Returns by mix model, experiment and adjustment: the intervals overlap for {agree} of {n} channels; "
            "not for {apart}."
        )
    return word(text, agree=len(model) - len(names), n=len(model), apart=labels.listed(names))


@spoken_for
def allocation(source: Source) -> str:
    """Which channels a plan may move no further."""
    rows = total(table(source, "allocation"))
    bound = (
        rows[(rows["scenario"] == "recommended") & rows["at_bound"].astype(bool)]["channel"]
        .drop_duplicates()
        .map(spoken)
    )
    text = (
        "Recommended spend as a multiple of the present one, within the study's bounds: {names} at a bound."
        if len(bound)
        else "Recommended spend as a multiple of the present one, within the study's bounds: no channel at a bound."
    )
    return word(text, names=labels.listed(list(bound)))


@spoken_for
def frontier(source: Source) -> str:
    """What the recommended budget earns when split best, and what the smallest and the largest drawn would."""
    rows, unit = table(source, "frontier"), units(source)
    best = rows.loc[[(rows["multiple"] - 1).abs().idxmin()]]
    parts = [
        word(
            "{budget} earns {outcome}",
            budget=labels.money(row["budget"], unit.currency),
            outcome=_interval(row["outcome_mean"], row["outcome_p05"], row["outcome_p95"], unit.worth),
        )
        for _, row in pd.concat([rows.iloc[[0]], best, rows.iloc[[-1]]]).drop_duplicates().iterrows()
    ]
    text = "Best outcome of paid media by budget, with {level} intervals: {budgets}."
    return word(text, level=labels.level(), budgets=labels.listed(parts))


@spoken_for
def marginal_returns(source: Source) -> str:
    """Where the next unit of money earns most and least, now and as proposed."""
    rows = table(source, "allocation_quality").dropna(subset=["mroi_current_mean"]).set_index("channel")
    said = {}
    for when in ("current", "recommended"):
        mean = rows[f"mroi_{when}_mean"]
        ends = (mean.nlargest(1), mean.nsmallest(1))
        most, least = (f"{labels.number(float(end.iloc[0]))} ({spoken(str(end.index[0]))})" for end in ends)
        said[when] = word("{most} and {least}", most=most, least=least)
    text = "Return on the next unit of money: now between {current}; as proposed between {recommended}."
    return word(text, **said)


@spoken_for
def calendar(source: Source) -> str:
    """The periods with the most and the least proposed spend."""
    return _calendar(table(source, "calendar"), units(source))


@spoken_for
def flighting(source: Source) -> str:
    """The same of the calendar that decides every period."""
    return _calendar(table(source, "flighting"), units(source))


def _calendar(rows: pd.DataFrame, unit: Units) -> str:
    by_period = rows.groupby("period")["recommended_spend"].sum().sort_values(kind="stable")
    least, most = (
        f"{day(pd.Timestamp(str(when)), 'medium', spoken_locale())} ({labels.money(float(spend), unit.currency)})"
        for when, spend in (next(iter(part.items())) for part in (by_period, by_period[::-1]))
    )
    text = "Proposed spend by channel and period beside the present; most in {most}, least in {least}."
    return word(text, most=most, least=least)


def _span(row: pd.Series, middle: str, unit: str = "") -> str:
    """A channel with its interval: `TV 2.3 (1.7 to 3.1)`."""
    return f"{spoken(row['channel'])} {_interval(row[middle], row['p05'], row['p95'], unit)}"


def _interval(middle: float, low: float, high: float, unit: str = "", sign: bool = False) -> str:
    middle_, low_, high_ = (labels.money(value, unit, sign=sign) for value in (middle, low, high))
    return word("{mean} ({low} to {high})", mean=middle_, low=low_, high=high_)


def _at(frame: pd.DataFrame, multiple: float) -> pd.Series:
    """Each channel's contribution at the multiple nearest to `multiple`."""
    nearest = frame.assign(away=(frame["spend_multiple"] - multiple).abs()).sort_values("away", kind="stable")
    return nearest.groupby("channel")["mean"].first()
