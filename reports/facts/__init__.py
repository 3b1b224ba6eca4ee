"""Which numbers may a report say? Only these: facts computed from the run's tables, and sentences made from them.

    numbers(source)         # {"contribution": {...}, "evidence": {...}, "decision": {...}, ...}: plain JSON values
    write(run)              # the same, as run/report/facts.json, and returned

Each subject is a chapter with two functions: `numbers` turns tables into facts, `words` turns facts into the headings,
sentences, captions and tables of its page. A document never computes: it places what these return.

To add a subject, write such a module and name it in `numbers`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from reports.facts import (
    cards,
    changes,
    contribution,
    decision,
    evidence,
    finance,
    flighting,
    frequency,
    frontier,
    method,
    planner,
    regions,
    replay,
    scenarios,
    trust,
    use,
)
from reports.source import Source, read


def numbers(source: Source) -> dict[str, dict[str, Any]]:
    """Every subject's facts."""
    contributed = contribution.numbers(source)
    evident = evidence.numbers(source, contributed)
    return {
        "contribution": contributed,
        "evidence": evident,
        "cards": cards.numbers(source),
        "decision": decision.numbers(source, evident),
        "scenarios": scenarios.numbers(source),
        "frequency": frequency.numbers(source),
        "frontier": frontier.numbers(source),
        "flighting": flighting.numbers(source),
        "regions": regions.numbers(source),
        "planner": planner.numbers(source),
        "replay": replay.numbers(source),
        "finance": finance.numbers(source),
        "trust": trust.numbers(source),
        "use": use.numbers(source),
        "method": method.numbers(source),
        "changes": changes.numbers(source),
    }


def write(run: Path | str) -> dict[str, dict[str, Any]]:
    """Writes `run/report/facts.json` and returns the facts, for a notebook or a page."""
    run = Path(run)
    facts = numbers(read(run))
    path = run / "report" / "facts.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain(facts), indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
    return facts


def plain(value: Any) -> Any:
    """The same as strict JSON values: NaN and infinity become null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
