"""How does a command show what it is doing, and say how it ended?

Progress goes to stderr: a live bar with the time left where a person watches, one line a stage where nobody does.
The outcome goes to stdout: a few lines, or with `--json` one JSON object for a machine. A wrong input is a list of
problems and never a traceback.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click

QUIET_SECONDS = 15.0
"""How often a log without a terminal hears from a long stage."""

Outcome = dict[str, Any]


@dataclass
class Shown:
    """The progress of one command; `update` is what the stages call."""

    live: Any = None
    task: Any = None
    stage: str = ""
    spoke: float = field(default_factory=time.monotonic)

    def begin(self, stage: str) -> None:
        self.stage, self.spoke = stage, time.monotonic()
        if self.live is not None:
            self.task = self.live.add_task(stage, total=None, note="")

    def update(self, share: float, message: str) -> None:
        if self.live is not None:
            self.live.update(self.task, total=1.0, completed=share, note=message)
        elif time.monotonic() - self.spoke > QUIET_SECONDS:
            self.spoke = time.monotonic()
            click.echo(f"{self.stage}: {share:.0%} {message}", err=True)

    def warn(self, text: str) -> None:
        (self.live.console.print if self.live is not None else functools.partial(click.echo, err=True))(
            f"warning: {text}"
        )

    def end(self, note: str) -> None:
        if self.live is not None:
            self.live.update(self.task, total=1.0, completed=1.0, note=note)
        else:
            click.echo(f"{self.stage}: {note}", err=True)


@contextmanager
def showing() -> Iterator[Shown]:
    """Progress on stderr for the length of the block."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Shown()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:10}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, TextColumn("{task.fields[note]}", markup=False), console=console) as live:
        yield Shown(live)


def answer(outcome: Outcome, as_json: bool) -> None:
    """Says how a command ended well: every entry on a line of its own, lists indented."""
    if as_json:
        click.echo(json.dumps(outcome, ensure_ascii=False))
        return
    width = max(map(len, outcome))
    for name, value in outcome.items():
        if isinstance(value, list):
            for place, item in enumerate(value):
                click.echo(f"{name if place == 0 else '':{width}}  {item}")
        elif value is not None and not isinstance(value, dict):
            click.echo(f"{name:{width}}  {value}")


def complain(command: str, message: str, problems: list[str], as_json: bool) -> None:
    """Says why a command did not do its work: on stderr for a person, as JSON on stdout for a machine."""
    if as_json:
        click.echo(json.dumps({"command": command, "error": message, "problems": problems}, ensure_ascii=False))
    click.echo("\n".join([f"mmm {command}: {message}", *(f"  - {problem}" for problem in problems)]), err=True)
