"""What does each channel return, how sure are we, and what stands behind it?

`intervals` draws one metric of `tables/channels.csv`: a dot at the median on its 90 % interval, one row a channel,
largest first. `roi` is `intervals` of the return on spend with the line at which spend earns itself back; the colour
and the shape of a dot say how strong the causal evidence of the channel is, so that a high return that nobody tested
does not look like a proven one.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from mmm.plots import labels, theme
from mmm.plots.names import evidence_name
from mmm.plots.source import Source, Units, beside, channels, table, total, units
from mmm.speech import message, word

METRICS = {
    "contribution": message("Contribution"),
    "contribution_share": message("Share of the KPI"),
    "half_life": message("Half-life of the carryover"),
}


@theme.styled
def roi(
    source: Source, ax: Axes | None = None, *, verdicts: pd.DataFrame | None = None, unit: Units | None = None
) -> Axes:
    """Return on spend by channel, with break-even and the evidence behind each channel.

    `source` gives the table `channels`; `verdicts` is the table of that name, read from the run where it is left out.
    """
    unit = unit or units(source)
    ax = intervals(source, ax, metric="roi", verdicts=verdicts, unit=unit)
    left, right = ax.get_xlim()
    ax.set_xlim(min(left, 0.0), right)
    if not unit.valued:
        return ax
    ax.set_xlim(right=max(right, 1.2 * unit.break_even))
    ax.axvline(unit.break_even, color=theme.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    ax.annotate(
        word("break-even") if unit.profitable else word("equals spend"),
        (unit.break_even, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(3, 1),
        textcoords="offset points",
        color=theme.MUTED,
        va="top",
        ha="left",
        fontsize=theme.SIZE - 1,
    )
    return ax


@theme.styled
def intervals(
    source: Source,
    ax: Axes | None = None,
    *,
    metric: str = "roi",
    verdicts: pd.DataFrame | None = None,
    unit: Units | None = None,
) -> Axes:
    """One metric of every channel: median and 90 % interval, largest first.

    Dots take the look of their verdict (`evidence_looks`) where verdicts are known, else the colour of their channel.
    """
    frame = total(table(source, "channels"))
    unit = unit or units(source)
    verdicts = beside(source, "verdicts") if verdicts is None else verdicts
    rows = frame[(frame["metric"] == metric) & frame["median"].notna()].sort_values("median")
    scale = labels.scale(rows[["median", "p95"]].to_numpy(), _unit_of(metric, frame, unit))
    ax = theme.frame(theme.axes(ax, 11.0, theme.rows_cm(len(rows), 2.0)), grid="x")
    shades = theme.colours(channels(source, frame["channel"]))
    evidence = {} if verdicts is None else dict(zip(verdicts["channel"], verdicts["label"], strict=True))
    looks = evidence_looks()
    for place, (_, row) in enumerate(rows.iterrows()):
        colour, marker, fill = looks.get(evidence.get(row["channel"], ""), (shades[row["channel"]], "o", "full"))
        low, middle, high = scale.of(row[["p05", "median", "p95"]].to_numpy(dtype=float))
        ax.plot([low, high], [place, place], color=colour, alpha=0.4, linewidth=4, solid_capstyle="round")
        ax.plot(
            [middle],
            [place],
            marker=marker,
            color=colour,
            markersize=5,
            markeredgewidth=1.1,
            markerfacecolor="white" if fill == "none" else colour,
        )
    ax.set_yticks(range(len(rows)), labels.names([str(name) for name in rows["channel"]], 30))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(rows) - 0.2)
    labels.plain_ticks(ax.xaxis, 6)
    what = scale.label(name_of(metric, unit))
    labels.name_x(ax, word("{what} (median, {level} interval)", what=what, level=labels.level()))
    if evidence:
        _evidence_legend(ax, {evidence.get(name, "") for name in rows["channel"]})
    return ax


def evidence_looks() -> dict[str, tuple[str, str, str]]:
    """How a verdict looks: colour, marker, and whether the marker is filled. Strongest first.

    Between the colours of a gain and a loss, which carry a meaning, stand those of the look that is worn now.
    """
    return {
        "experiment-confirmed": (theme.GAIN, "o", "full"),
        "quasi-experiment-consistent": (theme.colour(1), "s", "full"),
        "observationally consistent only": (theme.NAVY, "o", "none"),
        "conflicted": (theme.LOSS, "D", "full"),
        "not identifiable": (theme.MUTED, "X", "none"),
    }


def name_of(metric: str, unit: Units) -> str:
    """What a metric is called."""
    return per_spend(metric, unit) if metric in ("roi", "mroi") else word(METRICS.get(metric, metric))


def per_spend(metric: str, unit: Units) -> str:
    """What one unit of money brings (`roi`), or one more of them (`mroi`): `Revenue per €1`."""
    brought = unit.kpi_name if unit.kpi_unit or not unit.valued else word("Value") if unit.currency else word("Return")
    one = labels.money(1.0, unit.currency, 1) if unit.currency else word("unit of spend")
    if metric == "mroi":
        return word("{what} per further {one}", what=brought, one=one)
    return word("{what} per {one}", what=brought, one=one)


def _unit_of(metric: str, frame: pd.DataFrame, unit: Units) -> str:
    if metric in ("roi", "mroi"):
        return ""
    if metric == "contribution":
        return unit.kpi_unit
    found = frame.loc[frame["metric"] == metric, "unit"]
    return "" if metric == "contribution_share" or found.empty else str(found.iloc[0])


def _evidence_legend(ax: Axes, present: set[str]) -> None:
    handles = [
        theme.mark(evidence_name(name), marker, colour, "white" if fill == "none" else None, 5.0)
        for name, (colour, marker, fill) in evidence_looks().items()
        if name in present
    ]
    theme.legend(ax, handles, columns=2, wide=True)
