"""Which typeface do the documents have, and where are its files?

The figures' own (`mmm.plots.theme.FONT`), from a package of font files: no font of the machine is ever used, so that
the same run makes the same bytes anywhere. Where that package is not installed, matplotlib's DejaVu Sans serves.

A character that no file has would stop the compilation of an accessible PDF, so text goes through `displayable`, which
puts a box in its place.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

from mmm.plots.theme import FALLBACK, FONT

FACES = ("Regular", "It", "Semibold", "Bold")
FALLBACK_FACES = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSans-BoldOblique")
BOX = "□"


def files() -> list[Path]:
    """The files of the house's typeface, or of the fallback alone."""
    import matplotlib

    package = find_spec("font_source_sans_pro")
    folders = [Path(folder) / "files" for folder in (package.submodule_search_locations or [])] if package else []
    house = [folder / f"{FONT.replace(' ', '')}-{face}.ttf" for folder in folders for face in FACES]
    fallback = [Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf" for face in FALLBACK_FACES]
    return [path for path in [*house, *fallback] if path.exists()]


def families() -> list[str]:
    """The families in order of preference."""
    return [FONT, FALLBACK] if any(path.name.startswith(FONT.replace(" ", "")) for path in files()) else [FALLBACK]


@functools.cache
def _covered() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(code for path in files() for code in FT2Font(str(path)).get_charmap())


def displayable(text: str) -> str:
    """`text` with a box for every character that no font file has."""
    covered = _covered()
    return "".join(char if ord(char) in covered or char in "\n\t" else BOX for char in text)
