"""How does a figure travel from a notebook into a document?

As two files of the run folder: `report/figures/<name>.svg`, and `<name>.txt` with the sentence that says the same to
a reader who cannot see it. The same figure always has the same bytes: no date, a fixed salt for the SVG's
identifiers, and text kept as text, so that the document's own font sets it and a reader can search it.

    figures.save(plots.roi(table), "roi", alt="Online video returns most: 2.76 EUR per EUR (1.74 to 4.08).", run=run)

To add a figure to a document: save it under a new name in a notebook, and place it in the template by that name.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmm.files import write_atomic

CM_PER_POINT = 2.54 / 72


@dataclass(frozen=True)
class Figure:
    """A figure of a run: its SVG, the sentence that stands for it, and its size on the page."""

    svg: Path
    alt: str
    width_cm: float
    height_cm: float


REPORT = "MMM_REPORT"
"""The environment variable that names a report's folder in the run while it is being made."""


def folder(run: Path | str) -> Path:
    """Where the figures of a run lie: in its report, or in the one that is being made."""
    return Path(run) / os.environ.get(REPORT, "report") / "figures"


def save(drawn: Any, name: str, alt: str, run: Path | str = ".") -> Path:
    """Writes a figure as SVG with its text alternative and returns the SVG's path.

    `drawn` is a matplotlib Figure, an Axes, or an array of Axes; `name` is lower-case letters, digits and
    underscores; `alt` is the message of the figure in a sentence; `run` is the run folder (notebooks are executed
    in it). Raises `ValueError` for an unusable name or an empty `alt`: a document refuses a figure without one.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(
            f"figure name {name!r}: use lower-case letters, digits and underscores, starting with a letter"
        )
    if not alt.strip():
        raise ValueError(f"figure {name!r} has no alt text: say its message in a sentence")
    path = folder(run) / f"{name}.svg"
    write_atomic(path.with_suffix(".txt"), " ".join(alt.split()) + "\n")
    return write_atomic(path, to_svg(drawn, run))


def to_svg(drawn: Any, run: Path | str = ".") -> bytes:
    """The figure as SVG with the typeface of the run's brand, byte for byte the same each time."""
    from mmm.plots.look import look, wearing
    from mmm.plots.source import brand

    buffer = io.BytesIO()
    figure = _figure(drawn)
    with wearing(brand(run)), look():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    figure.set_layout_engine("none")  # what is laid out stays: a notebook that shows it does not lay it out again
    return buffer.getvalue()


def _figure(drawn: Any) -> Any:
    import numpy as np

    first = np.ravel(np.asarray(drawn, dtype=object))[0]
    return first if hasattr(first, "savefig") else first.get_figure(root=True)


def saved(report: Path) -> dict[str, Figure]:
    """The figures that notebooks saved in a report's folder, by name."""
    return {path.stem: _read(path) for path in sorted((report / "figures").glob("[a-z]*.svg"))}


def _read(svg: Path) -> Figure:
    head = svg.read_text(encoding="utf-8")[:2000]
    sizes = [float(re.search(rf'\b{side}="([0-9.]+)pt"', head)[1]) * CM_PER_POINT for side in ("width", "height")]  # type: ignore[index]
    return Figure(svg, svg.with_suffix(".txt").read_text(encoding="utf-8").strip(), *sizes)
