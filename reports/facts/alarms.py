"""What is wrong with the run, in as few sentences as that takes?

Checks that are not passed come one a channel and one a parameter. A reader needs the kinds: what failed before what is
only cautioned, and in each whether the sampler settled (`convergence`), the model describes the data (`fit`), and the
data can tell the channels apart (`identification`). Several alarms of one kind become one sentence with their names;
a lone one is said as the check wrote it.
"""

from __future__ import annotations

from typing import Any

from reports.language import Language, Sentence, say

CONVERGENCE = ("r_hat", "effective_draws", "divergences", "bfmi", "tree_depth")
IDENTIFYING = ("identification", "learning", "relative_width", "ridge")
"""The checks that ask whether the data, and not the prior, decide a channel's result."""

WORST_FIRST = {"fail": 0, "caution": 1, "pass": 2}
FAMILIES = ("convergence", "fit", "identification", "mode")
"""The kinds of alarms, the most important first."""

TOGETHER = {
    "convergence": "The chains do not agree yet on {names:names}: another run may give other numbers. Draw for longer.",
    "identification": (
        "The data hardly tell what {names:names} do: their intervals are wide or lean on the prior. "
        "Treat their returns as unknown until an experiment has measured them."
    ),
}
"""What several alarms of one kind say together."""


def family(check: str) -> str:
    """Which of `FAMILIES` a check belongs to."""
    if check in CONVERGENCE or check in IDENTIFYING:
        return "convergence" if check in CONVERGENCE else "identification"
    return "mode" if check == "mode" else "fit"


def sentences(checks: list[dict[str, Any]], language: Language) -> list[tuple[str, Sentence]]:
    """`(result, sentence)` of everything that is not passed, the most important first."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in checks:
        if row["result"] != "pass":
            groups.setdefault((row["result"], family(row["check"])), []).append(row)
    order = sorted(groups, key=lambda key: (WORST_FIRST.get(key[0], 0), FAMILIES.index(key[1])))
    return [(result, sentence) for result, kind in order for sentence in _group(groups[result, kind], kind, language)]


def _group(rows: list[dict[str, Any]], kind: str, language: Language) -> list[Sentence]:
    names = list(dict.fromkeys(row["subject"] for row in rows))
    if len(names) > 1 and kind in TOGETHER:
        return [say(language, TOGETHER[kind], names=names)]
    return [say(language, "{message:message}", message=row["message"]) for row in rows]
