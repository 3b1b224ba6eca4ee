"""Which colours and which typeface are worn? The house's, or those of a run's brand.

    with wearing(brand), look():        # everything drawn inside; `None` keeps what is worn
        ...

`settings` is the look as matplotlib's rcParams; `theme` has the parts of a figure that are drawn in it. To give the
reports another look, change the defaults of `Look`; to give one company its own, write a `brand.yaml`
(`mmm.study_brand`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager

from mmm.study_brand import Brand

FALLBACK = "DejaVu Sans"
SIZE = 8.0
MUTED, GRID = "#647282", "#e4e8ed"


@dataclass(frozen=True)
class Look:
    """What a brand may change: headings and highlights (`main`), text (`ink`), the channels' colours, the typeface and
    the files it lies in."""

    main: str = "#14365d"
    ink: str = "#1f2d3d"
    palette: tuple[str, ...] = (
        "#14365d",
        "#2f69b1",
        "#45b096",
        "#eba335",
        "#d93f42",
        "#988cc8",
        "#c3e2f8",
        "#44590f",
        "#e7a1c3",
        "#4d180d",
    )
    font: str = "Source Sans Pro"
    files: tuple[Path, ...] = ()


HOUSE = Look()
_worn: ContextVar[Look] = ContextVar("look", default=HOUSE)


def look_of(brand: Brand | None) -> Look:
    """The house's look with what a brand has of its own."""
    if brand is None:
        return HOUSE
    own = {name: shade for name, shade in brand.colours if shade}
    if brand.family:
        own |= {"font": brand.family, "files": tuple(brand.font_files)}
    return Look(**own)


def worn() -> Look:
    """The look that is worn now."""
    return _worn.get()


@contextmanager
def wearing(brand: Brand | None) -> Iterator[Look]:
    """Everything drawn inside wears this brand; None keeps what is worn."""
    token = _worn.set(look_of(brand) if brand is not None else worn())
    try:
        yield worn()
    finally:
        _worn.reset(token)


def family() -> list[str]:
    """The typefaces in order of preference, of those that this installation has."""
    wears = worn()
    return [name for name in dict.fromkeys((wears.font, HOUSE.font, FALLBACK)) if name in _installed(wears.files)]


@functools.cache
def _installed(files: tuple[Path, ...]) -> frozenset[str]:
    package = find_spec("font_source_sans_pro")  # found, never imported: it is a folder of files to us
    for folder in (package.submodule_search_locations or []) if package else []:
        for path in sorted(Path(folder).glob("files/*.ttf")):
            font_manager.fontManager.addfont(path)
    for path in files:
        font_manager.fontManager.addfont(path)
    return frozenset(entry.name for entry in font_manager.fontManager.ttflist)


def settings() -> dict[str, Any]:
    """The look as matplotlib's rcParams."""
    ink = worn().ink
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": MUTED,
        "axes.facecolor": "none",
        "axes.labelcolor": MUTED,
        "axes.labelsize": SIZE,
        "axes.linewidth": 0.6,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": ink,
        "axes.titlelocation": "left",
        "axes.titlepad": 4.0,
        "axes.titlesize": SIZE + 0.5,
        "axes.titleweight": "bold",
        "axes.unicode_minus": True,
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.hspace": 0.05,
        "figure.constrained_layout.w_pad": 0.03,
        "figure.facecolor": "white",
        "font.family": family(),
        "font.size": SIZE,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "hatch.linewidth": 0.5,
        "legend.borderaxespad": 0.0,
        "legend.columnspacing": 1.4,
        "legend.fontsize": SIZE,
        "legend.frameon": False,
        "legend.handleheight": 0.8,
        "legend.handlelength": 1.2,
        "legend.handletextpad": 0.5,
        "legend.labelcolor": ink,
        "lines.linewidth": 1.3,
        "svg.fonttype": "none",
        "svg.hashsalt": "mmm",
        "text.color": ink,
        "text.parse_math": False,
        "xtick.color": MUTED,
        "xtick.labelsize": SIZE,
        "ytick.color": MUTED,
        "ytick.labelsize": SIZE,
    }


@contextmanager
def look() -> Iterator[None]:
    """Everything drawn inside has the look that is worn; matplotlib's own settings are as before afterwards.

    But a notebook's first figure switches on, inside, that figures show themselves; switched off again with the
    settings, the second would not be shown.
    """
    with mpl.rc_context(settings()):
        yield
        shown = mpl.is_interactive()
    mpl.interactive(shown)
