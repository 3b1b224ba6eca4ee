"""What stands behind each channel's number? Gate by gate, and the model beside an independent estimate.

`gates` is a matrix of channels and gates. A passed gate is an outlined circle, a failed one a filled square with a
cross, one that could not be tested a dash: the matrix reads the same in black and white. `causal_agreement` draws the
model's contribution beside the backdoor estimate of the same estimand.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mmm.plots import labels, theme
from mmm.plots.names import evidence_name, gate_name
from mmm.plots.source import Source, Units, table, units
from mmm.speech import message, word

MARKS = {
    "pass": {
        "marker": "o",
        "markersize": 6,
        "markerfacecolor": "white",
        "markeredgecolor": theme.GAIN,
        "markeredgewidth": 1.3,
    },
    "fail": {"marker": "s", "markersize": 7, "markerfacecolor": theme.LOSS, "markeredgecolor": theme.LOSS},
    "not_testable": {"marker": "_", "markersize": 6, "markeredgecolor": theme.MUTED, "markeredgewidth": 1.3},
}
WORDS = {"pass": message("Pass"), "fail": message("Fail"), "not_testable": message("Not testable")}


@theme.styled
def gates(source: Source, ax: Axes | None = None) -> Axes:
    """Every channel's result in every gate, with its verdict beside it.

    `source` gives the table `verdicts` (`channel, label, gate, result`); a gate missing for a channel stays empty.
    """
    frame = table(source, "verdicts")
    names, tests = list(dict.fromkeys(frame["channel"])), list(dict.fromkeys(frame["gate"]))
    verdict = dict(zip(frame["channel"], frame["label"], strict=True))
    ax = theme.frame(theme.axes(ax, theme.TEXT_WIDTH_CM, theme.rows_cm(len(names), 3.0)), grid="none")
    for row in frame.itertuples():
        x, y = tests.index(row.gate), len(names) - 1 - names.index(row.channel)
        ax.plot([x], [y], linestyle="none", **MARKS[str(row.result)])
        if row.result == "fail":
            ax.plot(
                [x], [y], linestyle="none", marker="x", markersize=3.6, markeredgecolor="white", markeredgewidth=1.2
            )
    for place in range(len(names) + 1):
        ax.axhline(place - 0.5, color=theme.GRID, linewidth=0.6, zorder=0)
    ax.spines[:].set_visible(False)
    ax.set_xlim(-0.6, len(tests) - 0.4)
    ax.set_ylim(-0.5, len(names) - 0.5)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(names)), labels.names(names, 30)[::-1])
    ax.tick_params(axis="both", length=0, labelcolor=theme.INK)
    for place, name in enumerate(reversed(names)):
        labels.at_right(ax, place, evidence_name(verdict[name]), color=theme.MUTED, fontsize=theme.SIZE - 0.5)
    _name_gates(ax, tests)
    ax.legend(handles=_key(set(frame["result"])), loc="upper left", bbox_to_anchor=(0.0, -0.02), ncols=3)
    return ax


def _name_gates(ax: Axes, tests: list[str]) -> None:
    """The gates' names over their columns, slanted where they would run into each other."""
    ax.set_xticks(range(len(tests)), [labels.wrapped(gate_name(gate), 10) for gate in tests])
    figure = ax.get_figure(root=True)
    assert figure is not None  # Axes that a plot was given always have one
    figure.draw_without_rendering()
    if labels.collide(ax.get_xticklabels()):
        names = [gate_name(gate) for gate in tests]
        ax.set_xticks(range(len(tests)), names, rotation=35, ha="left", rotation_mode="anchor")
        if len(figure.axes) == 1:
            figure.set_figheight(figure.get_figheight() + 1.0 * theme.CM)


def _key(present: set[str]) -> list[Line2D]:
    return [
        Line2D([], [], linestyle="none", label=word(WORDS[name]), **MARKS[name]) for name in MARKS if name in present
    ]


@theme.styled
def causal_agreement(source: Source, ax: Axes | None = None, *, unit: Units | None = None) -> Axes:
    """The contribution by the mix model (dot) and by backdoor adjustment (square), with 90 % intervals.

    `source` gives the table `causal` (`channel, mean, p05, p95, model_mean, model_p05, model_p95`).
    """
    unit = unit or units(source)
    frame = table(source, "causal").sort_values("model_mean").reset_index(drop=True)
    columns = [f"{who}{part}" for who in ("", "model_") for part in ("p05", "p95")]
    scale = labels.scale(frame[columns].to_numpy(), unit.kpi_unit)
    ax = theme.frame(theme.axes(ax, 13.0, theme.rows_cm(len(frame), 2.0, 0.62)), grid="x")
    looks = {
        "model_": (word("Mix model"), theme.NAVY, "o", 0.16),
        "": (word("Backdoor estimate"), theme.PALETTE[3], "s", -0.16),
    }
    handles = []
    for who, (name, colour, marker, lift) in looks.items():
        places = np.arange(len(frame)) + lift
        low, mean, high = (scale.of(frame[who + part].to_numpy()) for part in ("p05", "mean", "p95"))
        ax.hlines(places, low, high, color=colour, linewidth=2.6, alpha=0.45, capstyle="round")
        handles += ax.plot(mean, places, linestyle="none", marker=marker, markersize=4.5, color=colour, label=name)
    ax.axvline(0, color=theme.INK, linewidth=0.8, zorder=1)
    ax.set_yticks(range(len(frame)), labels.names([str(name) for name in frame["channel"]], 30))
    ax.tick_params(axis="y", labelcolor=theme.INK)
    ax.set_ylim(-0.6, len(frame) - 0.4)
    labels.plain_ticks(ax.xaxis)
    labels.name_x(ax, scale.label(word("Contribution to {kpi}", kpi=unit.kpi_in_text)))
    theme.legend(ax, handles)
    return ax
