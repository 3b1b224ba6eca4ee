"""What do a company's own documents look like? `brand.yaml` becomes one frozen `Brand`.

    name: Alder Foods                    # says whose logo it is, to a reader who cannot see it
    logo: logo.svg                       # or a PNG
    fonts: [Alder-Regular.ttf, Alder-Bold.ttf]
    colours:
      main: "#5a2d0c"                    # headings, the cover's band, the first row of a table
      ink: "#241a14"                     # text
      palette: ["#5a2d0c", "#c77f1a", "#2c7f76"]      # channels, in the study's order

A study names it as `report.brand: brand.yaml`; every entry may be left out, and the house's look stands in for it.
Colours that carry a meaning (a gain, a loss, a warning) stay ours. A colour too faint for text, a missing or a wrong
file: all of it is listed at once, before anything is fitted. A palette that some readers cannot tell apart is a doubt.

Paths are relative to the file. A run keeps a copy of all of it (`keep`), so that its documents can be made again from
the run alone. To let a brand change more, add a field here and read it in `mmm.plots.look`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, Field

from mmm.colour import APART, READABLE, VISION, WHITE, contrast, difference
from mmm.errors import InputError
from mmm.files import write_atomic
from mmm.study_file import read_document, validate
from mmm.study_types import Key, Part

PLACE = Path("brand") / "brand.yaml"
"""Where a run keeps its brand."""

LARGEST_LOGO = 1_000_000
"""Bytes: the logo stands in every document."""

OUTSIDE = re.compile(
    r"""<script|<foreignObject|@import|href\s*=\s*["'](?!#|data:)|url\(\s*["']?(?!#|data:)""", re.IGNORECASE
)
NEEDED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:%()"
REGULAR, RESTRICTED = 400, 0x0002


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError(f'{value!r} is no colour: write it as "#14365d", in quotes')
    return value.lower()


Colour = Annotated[str, AfterValidator(_colour)]


class Colours(Part):
    """The colours of headings (`main`), of text (`ink`) and of the channels (`palette`, three or more)."""

    main: Colour | None = None
    ink: Colour | None = None
    palette: Annotated[tuple[Colour, ...], Field(min_length=3, max_length=30)] | None = None


class Brand(Part):
    """A company's logo, typeface and colours. `folder` is where its file lies: paths start there."""

    name: str | None = None
    logo: Key | None = None
    fonts: tuple[Key, ...] = ()
    colours: Colours = Colours()
    folder: Path = Field(default=Path(), exclude=True)

    @property
    def logo_file(self) -> Path | None:
        return self.folder / self.logo if self.logo else None

    @property
    def font_files(self) -> list[Path]:
        return [self.folder / font for font in self.fonts]

    @property
    def family(self) -> str | None:
        """The name of the typeface, as its files have it."""
        return face(self.font_files[0])["family"] if self.fonts else None


def load_brand(path: Path) -> Brand:
    """The brand that a file describes; raises `InputError` with every problem of it and of the files it names."""
    document = read_document(path)
    brand, found = validate(Brand, document, {"folder": path.resolve().parent}) if not document.problems else (None, [])
    problems = [*document.problems, *found]
    if brand is not None:
        problems += [*_faint(brand), *_logo_problems(brand), *_font_problems(brand)]
    if problems or brand is None:
        raise InputError(problems, path.name)
    return brand


def keep(brand: Brand | None, run: Path) -> None:
    """Makes the run's copy of the brand what `brand` is: its file, its logo and its fonts, and nothing else."""
    wanted: dict[str, bytes] = {}
    if brand is not None:
        logo = f"logo{brand.logo_file.suffix.lower()}" if brand.logo_file else None
        fonts = tuple(f"font-{place}{path.suffix.lower()}" for place, path in enumerate(brand.font_files, start=1))
        copied = brand.model_copy(update={"logo": logo, "fonts": fonts})
        text = yaml.safe_dump(copied.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        wanted = {PLACE.name: text.encode()} | dict(
            zip(fonts, (path.read_bytes() for path in brand.font_files), strict=True)
        )
        wanted |= {logo: brand.logo_file.read_bytes()} if logo and brand.logo_file else {}
    folder = run / PLACE.parent
    for path in folder.glob("*"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        write_atomic(folder / name, content)


def kept(run: Path) -> Brand | None:
    """The brand that a run keeps; None for a run in the house's own look."""
    return load_brand(run / PLACE) if (run / PLACE).is_file() else None


def doubts(brand: Brand) -> list[str]:
    """Pairs of the palette's colours that look alike with some kind of vision, or like the paper."""
    palette = brand.colours.palette or ()
    made = []
    for kind, vision in VISION.items():
        pairs = [(a, b) for a, b in combinations(palette, 2) if difference(a, b, vision) < APART]
        if pairs:
            named = ", ".join(f"{a} and {b}" for a, b in pairs[:3]) + (
                f" and {len(pairs) - 3} more pairs" * (len(pairs) > 3)
            )
            made.append(f"colours.palette: with {kind}, {named} look alike; make one of each lighter or darker")
    pale = [shade for shade in palette if difference(shade, WHITE) < APART]
    if pale:
        made.append(f"colours.palette: {', '.join(pale)} can hardly be seen on white paper; darken them")
    return made


def _faint(brand: Brand) -> Iterator[str]:
    """Colours that text is set in, or stands on in white, and that cannot be read."""
    for name, shade in (("main", brand.colours.main), ("ink", brand.colours.ink)):
        if shade and contrast(shade, WHITE) < READABLE:
            yield (
                f"colours.{name} {shade} is too faint for text: its contrast with white is "
                f"{contrast(shade, WHITE):.1f}, and {READABLE} is needed to read it; take a darker shade"
            )


def _logo_problems(brand: Brand) -> Iterator[str]:
    path = brand.logo_file
    if path is None:
        return
    if not path.is_file():
        yield f"logo: {brand.logo} does not exist: check the path, which is relative to the brand's folder"
        return
    content = path.read_bytes()
    if len(content) > LARGEST_LOGO:
        yield f"logo: {brand.logo} has {len(content) / 1e6:.1f} MB, and 1 MB is the most: save it smaller"
    elif path.suffix.lower() == ".png":
        if not content.startswith(b"\x89PNG\r\n\x1a\n"):
            yield f"logo: {brand.logo} is not a PNG: save it as PNG or SVG"
    elif path.suffix.lower() == ".svg":
        yield from _svg_problems(brand.logo or "", content.decode("utf-8", "replace"))
    else:
        yield f"logo: {brand.logo} is neither SVG nor PNG: save it as one of the two"


def _svg_problems(name: str, text: str) -> Iterator[str]:
    if not re.search(r"<svg[\s>]", text):
        yield f"logo: {name} is not an SVG: save it as PNG or SVG"
    if re.search(r"<text[\s>]", text):
        yield f"logo: {name} holds text, which looks different wherever its font is missing: convert it to paths"
    if OUTSIDE.search(re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)):
        yield f"logo: {name} runs a script or loads something from elsewhere: save it as plain SVG with all in one file"


def _font_problems(brand: Brand) -> Iterator[str]:
    faces = []
    for name, path in zip(brand.fonts, brand.font_files, strict=True):
        if not path.is_file():
            yield f"fonts: {name} does not exist: check the path, which is relative to the brand's folder"
        elif path.suffix.lower() not in (".ttf", ".otf"):
            yield f"fonts: {name} is neither TTF nor OTF, which PDF needs: take one of the two"
        else:
            try:
                faces.append((name, face(path)))
            except Exception as error:  # fontTools raises whatever the broken bytes lead it to
                yield f"fonts: {name} cannot be read as a font ({type(error).__name__}): download it again"
    for name, known in faces:
        if known["restricted"]:
            yield f"fonts: {name} forbids embedding, and a PDF embeds its fonts: ask for a licence that allows it"
        if known["lacks"]:
            yield f"fonts: {name} lacks {known['lacks']!r}: take a font with Latin letters and digits"
    families = sorted({known["family"] for _, known in faces})
    if len(families) > 1:
        yield f"fonts: the files are of {len(families)} typefaces ({', '.join(families)}): take one typeface"
    if faces and not any(known["weight"] == REGULAR and not known["italic"] for _, known in faces):
        yield "fonts: no file is the regular weight, which text is set in: add it"


@cache
def face(path: Path) -> dict[str, Any]:
    """What a font file is: `family`, `weight` (400 is regular), `italic`, whether embedding is `restricted`, and which
    of the needed characters it `lacks`."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with path.open("rb") as file, TTFont(file, lazy=True) as font:
        names, metrics, codes = font["name"], font["OS/2"], font.getBestCmap()
        return {
            "family": str(names.getDebugName(16) or names.getDebugName(1)),
            "weight": int(metrics.usWeightClass),
            "italic": bool(metrics.fsSelection & 1),
            "restricted": bool(metrics.fsType & RESTRICTED),
            "lacks": "".join(character for character in NEEDED if ord(character) not in codes),
        }
