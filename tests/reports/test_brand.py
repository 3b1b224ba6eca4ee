"""A company's documents look like its own, and a brand that would spoil them is refused with all its faults."""

import hashlib
import io
import shutil
from pathlib import Path

import matplotlib
import openpyxl
import pytest
import yaml
from matplotlib.colors import to_hex
from pypdf import PdfReader

from mmm import plots
from mmm.errors import InputError
from mmm.study_brand import doubts, keep, kept, load_brand
from reports import figures, render
from reports.source import read

SERIF = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><path d="M0 0h40v20z" fill="#5a2d0c"/></svg>'
PALETTE = ["#5a2d0c", "#e0a13c", "#2c7f76", "#9fc5e8"]


def brand_file(folder: Path, **changes: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "logo.svg").write_text(LOGO)
    for name in ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"):
        shutil.copyfile(SERIF / name, folder / name)
    brand: dict[str, object] = {
        "name": "Alder Foods",
        "logo": "logo.svg",
        "fonts": ["DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"],
        "colours": {"main": "#5a2d0c", "ink": "#241a14", "palette": PALETTE},
    }
    path = folder / "brand.yaml"
    path.write_text(yaml.safe_dump(brand | changes))
    return path


@pytest.fixture
def branded(run: Path, tmp_path: Path) -> Path:
    keep(load_brand(brand_file(tmp_path / "company")), run)
    return run


def made(run: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in render.documents(run / "report", read(run), ["board_report.ipynb"])
    }


def fonts_of(document: bytes) -> set[str]:
    found = set()
    for page in PdfReader(io.BytesIO(document)).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            found.add(str(font.get_object()["/BaseFont"]).partition("+")[2])
    return found


def test_every_document_wears_the_brand_and_has_the_same_bytes_each_time(branded: Path, tmp_path: Path) -> None:
    first = made(branded)
    second = made(shutil.copytree(branded, tmp_path / "elsewhere"))
    assert {name: hashlib.sha256(c).hexdigest() for name, c in first.items()} == {
        name: hashlib.sha256(c).hexdigest() for name, c in second.items()
    }
    for name in ("board.pdf", "budget.pdf"):
        assert any("DejaVuSerif" in font for font in fonts_of(first[name]))
        assert not any("SourceSans" in font for font in fonts_of(first[name]))
    page = first["board.html"].decode()
    assert "--navy: #5a2d0c" in page
    assert "font-family:'DejaVu Serif';font-weight:400" in page
    assert '<img src="data:image/svg+xml;base64,' in page
    assert 'alt="Alder Foods"' in page
    book = openpyxl.load_workbook(io.BytesIO(first["scenarios.xlsx"]))
    assert book["Scenarios"]["A1"].fill.fgColor.rgb == "FF5A2D0C"
    assert book["Scenarios"]["A1"].font.name == "DejaVu Serif"
    assert len(book["Summary"]._images) == 1


def test_a_figure_wears_the_brand_of_its_run_and_the_next_one_does_not(branded: Path) -> None:
    axes = plots.response_curves(branded)
    assert to_hex(axes[0].lines[0].get_color()) == PALETTE[0]
    assert b"DejaVu Serif" in figures.save(axes, "curves", "They rise.", branded).read_bytes()
    assert plots.theme.HOUSE.palette == plots.theme.PALETTE


def test_the_markers_of_the_evidence_wear_the_brand_and_those_of_gain_and_loss_do_not(branded: Path) -> None:
    worn = {to_hex(line.get_color()) for line in plots.roi(branded).lines if line.get_marker() not in ("None", "")}
    assert {"#5a2d0c", PALETTE[1]} < worn
    assert {plots.theme.GAIN, plots.theme.LOSS} < worn
    assert not worn & {plots.theme.HOUSE.main, plots.theme.HOUSE.palette[1]}


def test_a_run_keeps_what_its_brand_needs_and_nothing_else(branded: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "company")
    brand = kept(branded)
    assert brand is not None
    assert brand.family == "DejaVu Serif"
    assert brand.logo_file == branded / "brand" / "logo.svg"
    keep(None, branded)
    assert kept(branded) is None
    assert not list((branded / "brand").iterdir())


def test_everything_wrong_with_a_brand_is_listed_at_once(tmp_path: Path) -> None:
    (tmp_path / "note.ttf").write_text("not a font")
    (tmp_path / "logo.svg").write_text('<svg><text>Alder</text><image href="https://a.b/c.png"/></svg>')
    path = tmp_path / "brand.yaml"
    fonts = ["note.ttf", "gone.ttf", "face.woff2"]
    (tmp_path / "face.woff2").write_text("")
    colours = {"main": "#ffd24a", "ink": "grey", "palette": ["#000000", "#ffffff"]}
    path.write_text(yaml.safe_dump({"logo": "logo.svg", "fonts": fonts, "colours": colours, "color": 1}))
    with pytest.raises(InputError) as error:
        load_brand(path)
    said = "\n".join(error.value.problems)
    for expected in (
        "unknown key 'color'", "'grey' is no colour", "colours.palette", "note.ttf cannot be read as a font",
        "gone.ttf does not exist", "face.woff2 is neither TTF nor OTF", "holds text", "loads something from elsewhere",
        "colours.main #ffd24a is too faint for text: its contrast with white is 1.4",
    ):  # fmt: skip
        assert expected in said, said


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("logo.png", b"<svg></svg>", "is not a PNG"),
        ("logo.gif", b"GIF89a", "is neither SVG nor PNG"),
        ("logo.svg", b"<html>login</html>", "is not an SVG"),
        ("logo.svg", b"<svg>" + b" " * 1_100_000, "1 MB is the most"),
    ],
)
def test_a_logo_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "brand.yaml").write_text(f"logo: {name}")
    with pytest.raises(InputError, match=expected):
        load_brand(tmp_path / "brand.yaml")


def test_fonts_are_of_one_typeface_and_have_a_regular_weight(tmp_path: Path) -> None:
    for name in ("DejaVuSerif-Bold.ttf", "DejaVuSans-Bold.ttf"):
        shutil.copyfile(SERIF / name, tmp_path / name)
    (tmp_path / "brand.yaml").write_text("fonts: [DejaVuSerif-Bold.ttf, DejaVuSans-Bold.ttf]")
    with pytest.raises(InputError, match="2 typefaces") as error:
        load_brand(tmp_path / "brand.yaml")
    assert "no file is the regular weight" in str(error.value)


def test_a_palette_that_some_cannot_tell_apart_is_doubted_and_a_good_one_is_not(tmp_path: Path) -> None:
    assert doubts(load_brand(brand_file(tmp_path / "good"))) == []
    alike = {"palette": ["#cd2600", "#8a7000", "#2f69b1", "#fdfdfd"]}
    said = doubts(load_brand(brand_file(tmp_path / "bad", colours=alike)))
    assert any("deuteranopia" in doubt and "#cd2600 and #8a7000" in doubt for doubt in said)
    assert any("#fdfdfd can hardly be seen" in doubt for doubt in said)
