"""Who approved which plan, why, and may it leave the building?

    approve(run, by="A. Finance", reason="agreed on 2 October")   # an entry of the audit log, for these numbers only
    approval_of(run)                                              # the newest one of the plan as it stands, or None
    upload(calendar, "EUR")                                       # daily budgets for an ad platform, inside guard rails

A plan is known by its hash, which the budget report prints beside the signatures: SHA-256 of channel and proposed spend
in cents, line by line. A plan that is made again with other numbers has another hash, and its approval is a new one.

Budgets rise slowly and fall at once: from one day to the next a channel's budget grows by at most `max_change` of what
it was, or of its mean planned day where that is more, beginning at the last period of the data. So no day spends more
than the plan. What a slow start holds back is not made up later: the file has it day by day beside the planned amount,
in cents that add up to the plan, and `held_back` says it by channel.

The columns are generic on purpose. Platforms' own bulk files set one budget a campaign and know no dates, and which
campaigns make up a channel no study says.
"""

from __future__ import annotations

import hashlib
import json
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml
from jaxtyping import Float

from mmm import audit
from mmm.errors import InputError
from mmm.files import digest, read_table, write_table
from mmm.run import amend, read_manifest

APPROVED: Final = "plan approved"
EXPORTED: Final = "plan exported"
RECOMMENDED: Final = "recommended"
UPLOAD: Final = Path("export") / "budgets.csv"
MAX_CHANGE: Final = 0.2
"""How much a channel's daily budget may grow from one day to the next."""

MONTH: Final = pd.Timedelta(days=30.4)
CENT: Final = Decimal("0.01")
LONGEST: Final = 400
"""The most characters of a name or a reason."""


def plan_hash(moves: list[tuple[str, float]]) -> str:
    """SHA-256 of channel and proposed spend in cents, line by line in the plan's order."""
    return hashlib.sha256("\n".join(f"{channel}\t{proposed:.2f}" for channel, proposed in moves).encode()).hexdigest()


def plan_of_record(run: Path) -> str:
    """The hash of the run's recommended plan. Raises `InputError` where the run has none."""
    path = run / "tables" / "allocation.csv"
    if not path.is_file():
        raise InputError([f"{run} has no plan ({path.relative_to(run)}): run `mmm plan {run}` first"])
    rows = read_table(path)
    rows = rows[(rows["scenario"] == RECOMMENDED) & (rows["period"].astype(str) == "all")]
    return plan_hash(list(zip(rows["channel"].astype(str), rows["recommended_spend"].astype(float), strict=True)))


def approve(run: Path, by: str, reason: str) -> dict[str, Any]:
    """Records who approved the plan as it stands, and why; the caller holds the run's lock.

    Raises `InputError` for an empty or unprintable name or reason, and where the run has no plan or its log was edited.
    """
    problems = [
        f"--{name} must be a line of text of at most {LONGEST} characters: it is read years later"
        for name, text in (("by", by), ("reason", reason))
        if not text.strip() or not text.isprintable() or len(text) > LONGEST
    ]
    problems += faults(run)
    if problems:
        raise InputError(problems)
    entry = {"plan": plan_of_record(run), "by": by.strip(), "reason": reason.strip()}
    amend(run, audit=audit.record(run, APPROVED, **entry))
    return entry


def approval_of(run: Path) -> dict[str, Any] | None:
    """The newest approval of the plan as it stands; `None` where nobody approved it."""
    plan = plan_of_record(run)
    found = [entry for entry in entries(run) if entry.get("event") == APPROVED and entry.get("plan") == plan]
    return found[-1] if found else None


def entries(run: Path) -> list[dict[str, Any]]:
    """The readable entries of a run's log, oldest first."""
    path = run / audit.NAME
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            found.append(dict(json.loads(line)))
        except ValueError:
            continue
    return found


def faults(run: Path) -> list[str]:
    """What does not add up in a run's log, the head that `run.json` keeps included."""
    return [f"{audit.NAME}: {fault}" for fault in audit.faults(run, read_manifest(run).get("audit"))]


def upload(calendar: pd.DataFrame, currency: str, max_change: float = MAX_CHANGE) -> pd.DataFrame:
    """Daily budgets of the recommended plan: `channel, date, daily_budget, planned, held_back, currency`, money a day.

    `planned` adds up to the channel's plan to the cent, and `daily_budget + held_back` is `planned` on every day.
    `calendar` is `tables/calendar.csv`. Raises `InputError` where `max_change` is not above 0, or the plan looks back.
    """
    if not max_change > 0:
        raise InputError([f"--max-change is {max_change:g}: give a share above 0, such as {MAX_CHANGE:g}"])
    rows = calendar.assign(**{name: pd.to_datetime(calendar[name]) for name in ("period", "reference_period")})
    if (rows["period"] == rows["reference_period"]).all():
        raise InputError(["the plan looks back on its own window (plan.horizon: history): there is nothing to upload"])
    frames = []
    for channel, own in rows.sort_values("period").groupby("channel", sort=False):
        dates, planned, before = _daily(own)
        capped, wanted = _rising(planned, before, max_change), _cents(planned)
        budget = [
            full if most >= money else min(full, Decimal(repr(float(most))).quantize(CENT, rounding=ROUND_FLOOR))
            for full, money, most in zip(wanted, planned, capped, strict=True)
        ]
        held = [full - given for full, given in zip(wanted, budget, strict=True)]
        columns = {"channel": channel, "date": dates, "daily_budget": budget, "planned": wanted, "held_back": held}
        frames.append(pd.DataFrame(columns | {"currency": currency}))
    return pd.concat(frames, ignore_index=True)


def held_back(table: pd.DataFrame) -> list[str]:
    """What an upload leaves unspent, a line a channel that rises too slowly, and the sum of them; empty for none."""
    lines, total = [], Decimal(0)
    for channel, own in table.groupby("channel", sort=False):
        amount = sum(own["held_back"], Decimal(0))
        if amount:
            until = own.loc[own["held_back"] > 0, "date"].max()
            lines.append(f"{channel}: {amount:,.2f} of {sum(own['planned'], Decimal(0)):,.2f}, until {until:%Y-%m-%d}")
            total += amount
    if lines:
        currency = table["currency"].iloc[0]
        lines.append(f"{total:,.2f} {currency} in all: a larger --max-change spends it, or spend it by hand")
    return lines


def run_upload(run: Path, max_change: float = MAX_CHANGE) -> pd.DataFrame:
    """`upload` of the run's plan of record."""
    path = run / "tables" / "calendar.csv"
    if not path.is_file():
        raise InputError([f"{run} has no plan ({path.relative_to(run)}): run `mmm plan {run}` first"])
    study = yaml.safe_load((run / "study.yaml").read_text(encoding="utf-8"))
    return upload(read_table(path), str(study["currency"]), max_change)


def _daily(own: pd.DataFrame) -> tuple[pd.DatetimeIndex, Float[np.ndarray, " day"], float]:
    """A channel's planned money by day, each period spread evenly over its days, and that of the last day before."""
    starts = pd.DatetimeIndex(own["period"])
    length = starts[-1] - starts[-2] if len(starts) > 1 else pd.Timedelta(days=1)
    months = round(length / MONTH) if (starts.day == 1).all() else 0
    ends = [*starts[1:], starts[-1] + (pd.DateOffset(months=months) if months else length)]
    days = np.array([(end - start) / pd.Timedelta(days=1) for start, end in zip(starts, ends, strict=True)])
    whole = np.maximum(np.round(days).astype(int), 1)
    offsets = np.concatenate([np.arange(count) for count in whole])
    when = starts.normalize().repeat(whole) + pd.to_timedelta(offsets, unit="D")
    money = np.repeat(own["recommended_spend"].to_numpy(dtype=float) / whole, whole)
    by_day = pd.Series(money, index=when).groupby(level=0).sum()
    last = own.sort_values("reference_period").iloc[-1]
    return pd.DatetimeIndex(by_day.index), by_day.to_numpy(), float(last["current_spend"]) / float(days[-1])


def _cents(planned: Float[np.ndarray, " day"]) -> list[Decimal]:
    """Days in whole cents whose sum is the plan's, for it is the running total that is rounded."""
    running = [Decimal(repr(float(total))).quantize(CENT) for total in np.cumsum(planned)]
    return [here - before for here, before in zip(running, [Decimal(0), *running], strict=False)]


def _rising(planned: Float[np.ndarray, " day"], before: float, max_change: float) -> Float[np.ndarray, " day"]:
    """The planned money, held back where it would rise too fast."""
    capped, usual = np.empty_like(planned), float(planned.mean())
    for day, wanted in enumerate(planned):
        capped[day] = min(wanted, before + max_change * max(before, usual))
        before = capped[day]
    return capped


def export(run: Path, table: pd.DataFrame) -> Path:
    """Writes the approved upload and records it; the caller holds the run's lock.

    Raises `InputError` where nobody approved the plan as it stands, or the audit log was edited.
    """
    problems = faults(run)
    approval = approval_of(run)
    if approval is None:
        problems.append(
            "nobody approved this plan: run `mmm approve RUN --by NAME --reason TEXT` first (a plan that was made "
            "again with other numbers needs a new approval)"
        )
    if problems or approval is None:
        raise InputError(problems)
    path = write_table(run / UPLOAD, table)
    head = audit.record(
        run, EXPORTED, plan=approval["plan"], approved_by=approval["by"], outputs={UPLOAD.as_posix(): digest(path)}
    )
    amend(run, audit=head)
    return path
