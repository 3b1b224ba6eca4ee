"""How often should people be reached?

For channels with reach and frequency, `tables/frequency.csv` has the frequency that earns the most for the same
impressions. Where it lies at an end of what was observed, the sentence says so: the best may lie beyond.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.language import Language, Sentence, say
from reports.source import Source
from reports.table import Table


def numbers(source: Source) -> dict[str, Any]:
    """Frequency and ROI now and at the best frequency, by channel."""
    rows = source["frequency"]
    return {"channels": [_numbers(row) for _, row in rows.iterrows()]}


def _numbers(row: pd.Series) -> dict[str, Any]:
    bands = {key: tuple(float(row[f"{key}_{part}"]) for part in ("mean", "p05", "p95")) for key in ("roi_now", "gain")}
    return {
        "channel": str(row["channel"]),
        "now": float(row["frequency_now"]),
        "best": float(row["frequency_best"]),
        "best_interval": (float(row["best_p05"]), float(row["best_p95"])),
        "at_edge": str(row["at_edge"]).lower() == "true",
        **bands,
    }


def words(facts: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """The table and its notes; `None` where no channel has reach and frequency."""
    if not facts["channels"]:
        return None
    return {
        "heading": say(language, "How often to reach people"),
        "table": _table(facts["channels"], language),
        "notes": [_note(row, language) for row in facts["channels"]],
    }


def _note(row: dict[str, Any], language: Language) -> Sentence:
    known = {"channel": row["channel"], "best": row["best"], "now": row["now"], "gain": row["gain"][0]}
    known["interval"] = row["gain"][1:]
    if row["gain"][1] <= 0:
        text = (
            "*{channel:channel}*: the data do not say that another frequency would earn more than the present "
            "{now:ratio}."
        )
    elif row["at_edge"]:
        text = (
            "*{channel:channel}* earns most at {best:ratio} contacts a person, the end of what was observed, "
            "{gain:ratio} more a {coin} (~{interval:ratio_interval}~): the best may lie beyond, and wants a test."
        )
    else:
        text = (
            "*{channel:channel}* earns most at {best:ratio} contacts a person instead of {now:ratio}: {gain:ratio} "
            "more a {coin} (~{interval:ratio_interval}~)."
        )
    return say(language, text, **known)


def _table(rows: list[dict[str, Any]], language: Language) -> Table:
    return Table(
        caption=say(
            language,
            "*Frequency for the same impressions*, at the same cost of an impression. Ranges are {level:percent} "
            "credible intervals.",
        ),
        head=[
            say(language, "Channel"),
            say(language, "Frequency now"),
            say(language, "Best frequency"),
            say(language, "ROI now"),
            say(language, "Gain in ROI"),
        ],
        align=["left", "right", "right", "right", "right"],
        rows=[
            [
                say(language, "{name:channel}", name=row["channel"]),
                say(language, "{x:ratio}", x=row["now"]),
                _range(language, row["best"], row["best_interval"]),
                _range(language, row["roi_now"][0], row["roi_now"][1:]),
                _range(language, row["gain"][0], row["gain"][1:]),
            ]
            for row in rows
        ],
    )


def _range(language: Language, mean: float, interval: tuple[float, ...]) -> Sentence:
    return say(language, "{mean:ratio} ~({interval:ratio_interval})~", mean=mean, interval=interval)
