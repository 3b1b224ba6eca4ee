"""Which geos should be treated? Chance decides, among assignments that balance the past.

    strata   geos sorted by size are cut into strata of neighbours; each stratum gives one geo to each cell
    pairs    geos that moved alike are paired (minimum-weight matching); a coin picks the treated one of each pair

Many such assignments are drawn and scored: how far does the synthetic control of the treated geos stray from them,
relative to their size? One that strays no more than a quarter farther than the typical draw is *acceptable*, and one of
them is drawn by the seed. That is re-randomisation (Morgan and Rubin, Annals of Statistics, 2012): chance stays in, bad
luck out, such as a treated geo that no others follow. It asks for no more, because scores are luck for the most part,
and what is chosen for a quiet past has a past that is quieter than its future: the best tenth gave a test at 10 % false
alarms in 20 %, the better half promised more power than it had (`causal/DESIGN.md`). Geos in `include` are treated
whatever chance says, which makes the test no longer randomised, and the design says so. Excluded geos never came here.

A rule of your own takes the past, the number of geos of each cell and the rows that are in by name, and gives a
function that draws; enter it in `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from causal.design.history import History, placebo
from causal.estimators.synthetic_control import mixture_of_changes
from mmm.errors import InputError, closest

Cells = tuple[tuple[int, ...], ...]
"""The treated rows of each cell."""
Match = Literal["strata", "pairs"]

DRAWS = 200
WORST = 1.25
"""How many times the median draw's score an acceptable assignment may have."""
SIZE_MATTERS = 0.1
"""What a factor of e in size counts in a pair, beside the relative distance of the two series."""
MOST_TREATED = 0.5
"""At least as many geos stay controls."""


Drawer = Callable[[np.random.Generator], Cells]
"""One assignment by chance."""


@dataclass(frozen=True)
class Selection:
    """Acceptable assignments, the drawn one first, and the score of that one and of the typical draw.

    A score is the root mean square of what the synthetic control misses, as a share of the treated geos' mean KPI.
    """

    assignments: tuple[Cells, ...]
    score: float
    typical_score: float
    randomised: bool


def select(
    history: History,
    sizes: tuple[int, ...],
    seed: int,
    *,
    include: tuple[str, ...] = (),
    match: Match = "strata",
) -> Selection:
    """Draw assignments, keep the acceptable ones, put one of them first by chance.

    `sizes` is the number of treated geos of each cell; `include` names geos that the first cell must treat. Raises
    `InputError` where that leaves too few controls, or names a geo that is not there.
    """
    problems = [f"there is no geo {name!r} to include: {closest(name, history.geos)}" for name in include
                if name not in history.geos]  # fmt: skip
    if min(sizes) < 1 or sum(sizes) > MOST_TREATED * len(history.geos):
        problems.append(
            f"{sum(sizes)} of {len(history.geos)} geos would be treated, in cells of {', '.join(map(str, sizes))}: "
            f"treat at least one a cell and at most {MOST_TREATED:.0%} of all, or exclude fewer"
        )
    if len(include) > sizes[0]:
        problems.append(f"{len(include)} geos are included, and the first cell has {sizes[0]}: raise its share")
    if problems:
        raise InputError(problems, "the selection of geos")
    rng = np.random.default_rng(seed)
    draw = RULES[match](history, sizes, history.numbers(include))
    ordered = sorted({draw(rng) for _ in range(DRAWS)})
    scores = np.array([misfit(history, cells) for cells in ordered])
    typical = float(np.median(scores))
    shuffled = rng.permutation(np.flatnonzero(scores <= WORST * typical))
    return Selection(
        tuple(ordered[int(place)] for place in shuffled),
        float(scores[shuffled[0]]),
        typical,
        randomised=not include,
    )


def misfit(history: History, cells: Cells) -> float:
    """What the synthetic controls of the cells miss of the past, as a share of their mean KPI."""
    missed = []
    for cell in cells:
        trial = placebo(history, cell, others(cells, cell), len(history.times), 1)
        everything = np.ones(len(trial.times), dtype=bool)
        gap = trial.target - mixture_of_changes(trial.target, trial.controls, everything).expected
        missed.append(np.mean(gap**2) / np.mean(trial.target) ** 2)
    return float(np.sqrt(np.mean(missed)))


def others(cells: Cells, cell: tuple[int, ...]) -> tuple[int, ...]:
    """The rows of the other cells."""
    return tuple(row for other in cells if other is not cell for row in other)


def strata(history: History, sizes: tuple[int, ...], include: tuple[int, ...]) -> Drawer:
    """One geo of each stratum of neighbours in size for each cell, as long as the cells have room."""
    rest = [int(row) for row in np.argsort(-history.kpi.mean(1), kind="stable") if row not in include]
    wanted = [size - (len(include) if cell == 0 else 0) for cell, size in enumerate(sizes)]
    rounds = max(*wanted, 1)

    def draw(rng: np.random.Generator) -> Cells:
        chosen = _included(sizes, include)
        for number, stratum in enumerate(np.array_split(np.array(rest), rounds)):
            picked = iter(rng.permutation(stratum))
            for cell, size in enumerate(wanted):
                if number * size // rounds != (number + 1) * size // rounds:
                    chosen[cell].append(int(next(picked)))
        return _sorted(chosen)

    return draw


def pairs(history: History, sizes: tuple[int, ...], include: tuple[int, ...]) -> Drawer:
    """Pairs of geos that moved alike, one of each treated; several cells are served in turn."""
    import networkx as nx

    free = [row for row in range(len(history.geos)) if row not in include]
    moved = history.kpi / history.kpi.mean(1, keepdims=True) - 1
    size = np.log(np.maximum(history.kpi.mean(1), np.finfo(float).tiny))
    graph = nx.Graph()
    for at, first in enumerate(free):
        for second in free[at + 1 :]:
            apart = np.sqrt(np.mean((moved[first] - moved[second]) ** 2)) + SIZE_MATTERS * abs(
                size[first] - size[second]
            )
            graph.add_edge(first, second, weight=float(apart))
    matched = sorted(tuple(sorted(pair)) for pair in nx.min_weight_matching(graph))

    def draw(rng: np.random.Generator) -> Cells:
        chosen = _included(sizes, include)
        for place in rng.permutation(len(matched)):
            room = [cell for cell, most in enumerate(sizes) if len(chosen[cell]) < most]
            if not room:
                break
            emptiest = min(room, key=lambda cell: len(chosen[cell]) / sizes[cell])
            chosen[emptiest].append(int(rng.choice(matched[int(place)])))
        return _sorted(chosen)

    return draw


def _included(sizes: tuple[int, ...], include: tuple[int, ...]) -> list[list[int]]:
    return [list(include) if cell == 0 else [] for cell in range(len(sizes))]


def _sorted(chosen: list[list[int]]) -> Cells:
    return tuple(tuple(sorted(cell)) for cell in chosen)


RULES: dict[str, Callable[[History, tuple[int, ...], tuple[int, ...]], Drawer]] = {"strata": strata, "pairs": pairs}
