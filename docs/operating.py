"""How often are estimators and gates wrong? The page of operating characteristics, drawn from what was recorded.

    python docs/operating.py measure          # simulate again and write docs/operating.csv (hours; opt in)
    draw(folder)                              # the figures, for `make docs`

`docs/operating.csv` has a row a share or error: `subject, name, setting, measure, value, runs`. Nothing is drawn that
is not in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmm.plots import theme

RECORDED = Path(__file__).resolve().parent / "operating.csv"
MARKETS = {
    "standard": {},
    "AR(0.9)": {"persistence": 0.9},
    "10 geos": {"geos": 10},
    "30 weeks": {"weeks": 30},
}
RUNS = {
    "synthetic_control": 300,
    "synthetic_did": 300,
    "tbr": 300,
    "did": 300,
    "augmented": 60,
    "ensemble": 40,
    "bsts": 40,
}
CLAIMS = (0.5, 0.7, 0.85, 1.0)
CEILINGS = (0.05, 0.1, 0.2)
ACCEPTED = (0.86, 0.94)
TEXT = """# How often are they wrong?

Every estimator and every gate was tried on simulated markets whose truth is known. What stands here was recorded in
`docs/operating.csv`; `python docs/operating.py measure` simulates it again, and `causal/DESIGN.md` says how.

## Intervals

Of 100 intervals of 90 % about 90 should hold the truth. The shaded band is what is accepted of the default; lines are
two standard errors of the simulation. A market has 40 geos of which a quarter is treated, 78 weeks of which the last
four are measured, and demand of each geo's own with persistence 0.5, unless the title says otherwise.

![Coverage by estimator and market](coverage.svg)

![Error of the lift by estimator and market](error.svg)

## Gates

A gate should seldom fail a sound channel, and often fail one that hidden demand drives. National series hide that
demand well; regions do not.

![Share of channels that each gate fails](gates.svg)

What a national series can show depends on how far the model overstates the channel. At 1 it claims what a regression in
levels finds, and two traces are there: sales that come before the exposure, and a claim that persistence does not bear
out. At about 0.7 it claims what adjustment finds, and only the early sales are left. No test that knows nothing of the
size of the effect can then see more than the dashed line: the power of the likelihood ratio that knows every number of
the market, at the rate of false alarms that is written on it. More is not in three years of national weeks; regions, a
longer history or an experiment are the remedy.

![Share of confounded national channels that fail, by what the model claims](claims.svg)
"""


def draw(folder: Path) -> str:
    """Writes the figures to `folder` and returns the page's text."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.read_csv(RECORDED, keep_default_na=False)
    for name, figure in {
        "coverage": coverage(table),
        "error": error(table),
        "gates": gates(table),
        "claims": claims(table),
    }.items():
        figure.savefig(folder / f"{name}.svg")
        pyplot.close(figure)
    return TEXT


@theme.styled
def coverage(table: pd.DataFrame) -> Figure:
    """The share of 90 % intervals that hold the truth, a panel a market."""
    rows = table[(table["subject"] == "estimator") & (table["measure"] == "coverage")]
    figure, panels = _panels(rows, list(MARKETS))
    for ax, part in panels:
        ax.axvspan(*(100 * bound for bound in ACCEPTED), color=theme.SHADE, zorder=0)
        ax.axvline(90, color=theme.INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        _shares(ax, part, theme.NAVY, 0.0)
        ax.set_xlim(70, 100)
        ax.set_xlabel("Coverage, %")
    return figure


@theme.styled
def error(table: pd.DataFrame) -> Figure:
    """Root mean square error of the lift, a panel a market."""
    rows = table[(table["subject"] == "estimator") & (table["measure"] == "error")]
    figure, panels = _panels(rows, list(MARKETS))
    for ax, part in panels:
        ax.plot(100 * part["value"], part["place"], "o", color=theme.NAVY, markersize=4)
        ax.set_xlim(0, 100 * 1.1 * rows["value"].max())
        ax.set_xlabel("Error of lift, points")
    return figure


@theme.styled
def gates(table: pd.DataFrame) -> Figure:
    """The share of channels that each gate fails: without effect, with one, and driven by hidden demand."""
    rows = table[table["subject"] == "gate"]
    figure, panels = _panels(rows, ["national", "10 geos"])
    kinds = {"null": theme.OTHER, "effective": theme.NAVY, "confounded": theme.LOSS}
    for ax, part in panels:
        for shift, (kind, colour) in zip((-0.22, 0.0, 0.22), kinds.items(), strict=True):
            _shares(ax, part[part["measure"] == kind], colour, shift)
        ax.set_xlim(-3, 103)
        ax.set_xlabel("Channels that fail, %")
    handles = [pyplot.Line2D([], [], color=colour, marker="o", linestyle="", markersize=4, label=kind)
               for kind, colour in kinds.items()]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False)
    return figure


@theme.styled
def claims(table: pd.DataFrame) -> Figure:
    """The share of confounded national channels that fail, by how much the model claims, under the ceiling."""
    rows = table[table["subject"] == "claim"]
    figure = theme.figure(13.0, 8.5)
    ax = theme.frame(figure.subplots(), grid="y")
    looks = {"any": theme.INK, "hidden_demand": theme.LOSS, "agreement": theme.NAVY, "lead": theme.OTHER}
    for name, colour in looks.items():
        part = rows[rows["name"] == name]
        at, share = part["setting"].astype(float).to_numpy(), part["value"].to_numpy()
        reach = 2 * np.sqrt(share * (1 - share) / part["runs"].to_numpy())
        ax.errorbar(at, 100 * share, yerr=100 * reach, color=colour, marker="o", markersize=4, linewidth=1.2,
                    label={"any": "any gate"}.get(name, name.replace("_", " ")))  # fmt: skip
    best = table[(table["subject"] == "ceiling") & (table["setting"] == "156 weeks")]
    for share, alarms in zip(best["value"], best["measure"], strict=True):
        ax.axhline(100 * share, color=theme.MUTED, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        ax.annotate(f"best test, {float(alarms):.0%} false alarms", (1.03, 100 * share), xytext=(4, -3),
                    textcoords="offset points", color=theme.MUTED, fontsize=theme.SIZE - 1)  # fmt: skip
    ax.set_xlim(0.46, 1.03)
    ax.set_ylim(0, 100)
    ax.set_xlabel("Claim, as a share of what a regression in levels finds")
    ax.set_ylabel("Channels that fail, %")
    figure.legend(loc="outside lower left", ncols=4, frameon=False)
    return figure


def _panels(rows: pd.DataFrame, settings: list[str]) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """A small Axes a setting, names down the side, the first on top."""
    names = list(dict.fromkeys(rows["name"]))
    figure = theme.figure(17.0, 1.8 + 0.75 * len(names))
    axes = figure.subplots(1, len(settings), sharey=True)
    panels = []
    for ax, setting in zip(axes, settings, strict=True):
        theme.frame(ax, grid="x")
        theme.title(ax, setting)
        part = rows[rows["setting"] == setting]
        panels.append((ax, part.assign(place=part["name"].map(names.index))))
    axes[0].set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    return figure, panels


def _shares(ax: Axes, part: pd.DataFrame, colour: str, shift: float) -> None:
    """Shares with two standard errors; one of none or all still has the error of one case in the runs."""
    share, runs = part["value"].to_numpy(), part["runs"].to_numpy()
    kept = np.clip(share, 1 / runs, 1 - 1 / runs)
    reach = 2 * np.sqrt(kept * (1 - kept) / runs)
    left, right = share - np.clip(share - reach, 0, 1), np.clip(share + reach, 0, 1) - share
    ax.errorbar(100 * share, part["place"] + shift, xerr=(100 * left, 100 * right), fmt="o", color=colour,
                markersize=4, elinewidth=1.0)  # fmt: skip


def measure() -> pd.DataFrame:
    """All of it again; `operating.csv` as it would be written."""
    from causal.ceiling import most_power
    from causal.estimators.study import operating
    from causal.operating import failure_rates

    rows: list[tuple[object, ...]] = []
    for name, runs in RUNS.items():
        for market, setting in MARKETS.items():
            if runs < 100 and market != "standard":
                continue
            seen = operating(name, runs, seed=11, **setting)
            rows += [("estimator", name, market, each, seen[each], runs) for each in ("coverage", "error")]
    for setting, geos in (("national", 1), ("10 geos", 10)):
        for kind in ("null", "effective", "confounded"):
            runs = 800 if geos == 1 else 200
            seen = failure_rates(kind, runs, geos, seed=1)["fail"]
            gates = ("lead", "hidden_demand", "circular_shift", "agreement", "robustness", "any")
            rows += [("gate", gate, setting, kind, seen[gate], runs) for gate in gates]
    for claimed in CLAIMS:
        seen = failure_rates("confounded", 200, seed=1, claimed=claimed)["fail"]
        shown = ("hidden_demand", "agreement", "lead", "any")
        rows += [("claim", gate, claimed, "confounded", seen[gate], 200) for gate in shown]
    for periods in (156, 260):
        best = [(alarms, most_power(alarms, periods)) for alarms in CEILINGS]
        rows += [("ceiling", "any test", f"{periods} weeks", alarms, power, 4000) for alarms, power in best]
    return pd.DataFrame(rows, columns=["subject", "name", "setting", "measure", "value", "runs"])


if __name__ == "__main__":
    if sys.argv[1:] != ["measure"]:
        sys.exit("python docs/operating.py measure: simulates for hours, and writes docs/operating.csv")
    measure().round(3).to_csv(RECORDED, index=False)
