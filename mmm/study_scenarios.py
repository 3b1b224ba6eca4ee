"""How do scenarios come from a file? `plan.scenarios: plans.csv` names a table that anybody keeps in a spreadsheet.

    scenario,tv,radio
    no-radio,,0
    more-tv,1.2,0.8

One row a scenario, one column a channel; a cell is the multiple of the reference spend, and an empty one is 1. The
study takes the rows in as if they stood in it, so that its hash and its copy in the run folder hold them.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

from mmm.textfile import decode, text_problem

NAME = "scenario"
PLACE = "plan.scenarios"


def with_scenarios(tree: dict[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The study's mapping with the scenarios of the file it names in their place, and what is wrong with that file."""
    plan = tree.get("plan")
    if not isinstance(plan, dict) or not isinstance(plan.get("scenarios"), str):
        return tree, []
    found, problems = read_scenarios(folder / plan["scenarios"])
    return tree | {"plan": plan | {"scenarios": found}}, problems


def read_scenarios(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The scenarios of a file as the study writes them, and everything that is wrong with it."""
    problem = text_problem(path)
    text = ""
    if not problem:
        text, problem = decode(path.read_bytes())
    if problem:
        return [], [f"{PLACE}: {path.name} {problem}"]
    separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    head = rows[0] if rows else []
    if NAME not in head or len(set(head)) < len(head):
        return [], [f"{PLACE}: {path.name} must begin with the names of its columns, each once: {NAME}, then channels"]
    found, problems = list[dict[str, Any]](), list[str]()
    for line, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        if len(row) != len(head):
            problems.append(
                f"{PLACE}: {path.name} line {line} has {len(row)} cells, and the first line has {len(head)}"
            )
            continue
        cells = dict(zip(head, row, strict=True))
        name = cells.pop(NAME)
        multiples = {channel: _number(cell, separator) for channel, cell in cells.items() if cell}
        problems += [
            f"{PLACE}: {path.name} line {line}, {channel}: {cells[channel]!r} is no multiple: 1.2 is a fifth more"
            for channel, multiple in multiples.items()
            if multiple is None
        ]
        found.append({"name": name, "multiples": {key: value for key, value in multiples.items() if value is not None}})
    twice = sorted({one["name"] for one in found if [other["name"] for other in found].count(one["name"]) > 1})
    problems += [f"{PLACE}: {path.name} names the scenario {name!r} more than once: rename one" for name in twice]
    return found, problems


def _number(cell: str, separator: str) -> float | None:
    try:
        value = float(cell.replace(",", ".") if separator == ";" else cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
