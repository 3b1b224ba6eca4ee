"""What was promised before the test, and is that still what we analyse? The design as a file, and its analysis.

    digest = write_design(found, "tv-spring.json")       # JSON with its own SHA-256
    found = read_design("tv-spring.json")                # refuses a file that was changed since
    answers = analyse(panel, found)                      # one Estimate a cell
    rows = lift_rows(found, answers)                     # for the lift table, with the design's digest as source

The digest is taken over the canonical JSON of everything but itself. A test without a design file is analysed with the
estimators directly: `synthetic_control.estimate(panel, treated, start, end, measured_until)`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from causal.design.plan import Cell, Design
from causal.estimators import synthetic_control
from causal.estimators.estimate import Estimate, to_lift_rows
from causal.estimators.trial import Panel
from mmm.errors import InputError
from mmm.files import write_atomic

VERSION = 1


def digest(design: Design) -> str:
    """SHA-256 of the design's canonical JSON."""
    return _digest(_facts(design))


def write_design(design: Design, path: Path | str) -> str:
    """Writes the design and gives its digest back."""
    facts = _facts(design)
    found = _digest(facts)
    write_atomic(Path(path), json.dumps(facts | {"sha256": found}, indent=1, ensure_ascii=False) + "\n")
    return found


def read_design(path: Path | str) -> Design:
    """The design in a file. Raises `InputError` where the file is no design, or is not what was written."""
    path = Path(path)
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError([f"it cannot be read as JSON: {error}"], path.name) from None
    if not isinstance(facts, dict) or facts.get("version") != VERSION or "sha256" not in facts:
        raise InputError([f"it is not a design of version {VERSION}: write it with `write_design`"], path.name)
    stated = facts.pop("sha256")
    if stated != _digest(facts):
        raise InputError(
            [f"it was changed after it was written (not {stated[:12]} any more): take the original, or design anew"],
            path.name,
        )
    facts.pop("version")
    cells = tuple(_cell(cell) for cell in facts.pop("cells"))
    tuples = {name: tuple(facts.pop(name)) for name in ("controls", "excluded", "history", "notes")}
    rest: dict[str, Any] = tuples | {name: _number(value) for name, value in facts.items()}
    return Design(cells=cells, **rest)


def analyse(
    panel: Panel, design: Design, *, columns: tuple[str, str, str] = ("geo", "time", "kpi")
) -> dict[str, Estimate]:
    """Every cell against the common controls, by the estimator whose power the design promised.

    Raises `InputError` where the panel does not hold the design's geos or days.
    """
    answers = {}
    for cell in design.cells:
        elsewhere = [geo for other in design.cells if other is not cell for geo in other.geos]
        answers[cell.name] = synthetic_control.estimate(
            panel,
            list(cell.geos),
            design.start,
            design.end,
            design.measured_until,
            level=design.level,
            exclude=[*design.excluded, *elsewhere],
            columns=columns,
        )
    return answers


def lift_rows(
    design: Design, answers: Mapping[str, Estimate], spend_delta: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """The answers as rows of the lift table; `spend_delta` is what was truly moved, by cell (default: as planned)."""
    tables = []
    for cell in design.cells:
        moved = (spend_delta or {}).get(cell.name, cell.spend_delta)
        if not np.isfinite(moved):
            raise InputError([f"what was spent more or less in cell {cell.name!r} is not known: give `spend_delta`"])
        tables.append(
            to_lift_rows(
                answers[cell.name],
                design.channel,
                moved,
                experiment=f"{design.channel} {cell.name} {design.start}",
                design=cell.name,
                randomised=design.randomised,
                source=f"design sha256 {digest(design)[:16]}",
            )
        )
    return pd.concat(tables, ignore_index=True)


def _facts(design: Design) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps({"version": VERSION} | asdict(design), default=str))
    return _without_nan(plain)


def _digest(facts: Mapping[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN and no infinity: they are null and the word `inf`."""
    if isinstance(value, dict):
        return {name: _without_nan(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_nan(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else "inf"
    return value


def _number(value: Any) -> Any:
    return float("nan") if value is None else float("inf") if value == "inf" else value


def _cell(facts: dict[str, Any]) -> Cell:
    expected = facts.pop("expected_lift")
    curve = tuple(tuple(_number(number) for number in row) for row in facts.pop("power"))
    geos = tuple(facts.pop("geos"))
    return Cell(
        geos=geos,
        power=curve,
        expected_lift=tuple(expected) if expected else None,
        **{name: _number(value) for name, value in facts.items()},
    )
