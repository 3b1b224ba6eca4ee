"""Which typeface do the documents have, and where are its files?

The figures' own (`mmm.plots.look`): a brand's, or the house's from a package of font files. No font of the machine is
ever used, so that the same run makes the same bytes anywhere. Where that package is not installed, and for a character
that a brand's files lack, the next of `families` serves: at last matplotlib's DejaVu Sans.

A character that no file has would stop the compilation of an accessible PDF, so text goes through `displayable`, which
puts a box in its place.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

from mmm.plots.look import FALLBACK, HOUSE, Look
from mmm.study_brand import face

FACES = ("Regular", "It", "Semibold", "Bold")
FALLBACK_FACES = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSans-BoldOblique")
BOX = "□"


def files(look: Look = HOUSE) -> list[Path]:
    """The files of the look's typeface and of those that stand in for it, the preferred first."""
    import matplotlib

    package = find_spec("font_source_sans_pro")
    folders = [Path(folder) / "files" for folder in (package.submodule_search_locations or [])] if package else []
    house = [folder / f"{HOUSE.font.replace(' ', '')}-{face}.ttf" for folder in folders for face in FACES]
    fallback = [Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf" for face in FALLBACK_FACES]
    return [*look.files, *(path for path in [*house, *fallback] if path.exists())]


def families(look: Look = HOUSE) -> list[str]:
    """The families in order of preference."""
    there = {face(path)["family"] for path in files(look)}
    return [name for name in dict.fromkeys((look.font, HOUSE.font, FALLBACK)) if name in there]


def upright(look: Look = HOUSE) -> dict[int, Path]:
    """The look's own upright files by weight (400 is regular); none where its typeface is not installed."""
    faces = {path: face(path) for path in files(look)}
    return {
        known["weight"]: path for path, known in faces.items() if known["family"] == look.font and not known["italic"]
    }


@functools.cache
def _covered() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(code for path in files() for code in FT2Font(str(path)).get_charmap())


def displayable(text: str) -> str:
    """`text` with a box for every character that no font file has."""
    covered = _covered()
    return "".join(char if ord(char) in covered or char in "\n\t" else BOX for char in text)
