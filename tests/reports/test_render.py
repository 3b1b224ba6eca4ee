"""Documents: whole, the same bytes in any folder, readable by people, browsers and screen readers."""

import hashlib
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from pypdf import PdfReader

from reports import facts as subjects
from reports import figures, fonts, html, notebooks, pages, pdf, render
from reports.source import read
from tests.reports.conftest import draw
from tests.reports.fake_run import fake_run


def made(run: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in render.documents(run / "report", read(run), ["board_report.ipynb"])
    }


def text_of(document: bytes) -> str:
    pages_ = PdfReader(io.BytesIO(document)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages_)


def test_the_same_run_makes_the_same_bytes_in_any_folder(run: Path, tmp_path: Path) -> None:
    first = made(run)
    second = made(shutil.copytree(run, tmp_path / "elsewhere" / "deeper"))
    assert set(first) == {"facts.json", "model_card.pdf", "board.pdf", "board.html", "budget.pdf", "scenarios.xlsx"}
    digests = [{name: hashlib.sha256(content).hexdigest() for name, content in d.items()} for d in (first, second)]
    assert digests[0] == digests[1]


def test_no_document_names_a_folder_or_a_duration(run: Path) -> None:
    manifest = run / "run.json"
    before = made(run)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"seconds": {"fit": 99.0}}))
    assert made(run) == before
    assert str(run).encode() not in b"".join(before.values())


def test_the_board_report_has_five_pages_or_more_with_the_decision_first(run: Path) -> None:
    document = PdfReader(io.BytesIO(made(run)["board.pdf"]))
    assert len(document.pages) >= 5
    assert "Decision for the board" in document.pages[0].extract_text()


def test_the_pdf_is_archivable_tagged_and_dated_by_its_data(run: Path) -> None:
    document = PdfReader(io.BytesIO(made(run)["board.pdf"]))
    described = str(document.xmp_metadata.stream.get_data()) if document.xmp_metadata else ""
    assert "pdfuaid" in described
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", described)
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert document.trailer["/Root"]["/Lang"] == "en-GB"
    assert document.metadata is not None
    assert "D:20260928" in str(document.metadata.creation_date_raw)


FORBIDDEN = ("/JavaScript", "/AA", "/OpenAction", "/EmbeddedFiles", "/AcroForm")
"""What an archive may not hold, or we have no use for: scripts, actions, attachments, forms."""


def faces(document: PdfReader) -> dict[str, bool]:
    """The typefaces of a document and whether each is embedded."""
    found = {}
    for number in range(1, document.trailer["/Size"]):
        part: Any = document.get_object(number)
        if isinstance(part, dict) and part.get("/Type") == "/FontDescriptor":
            found[str(part["/FontName"])] = any(f"/FontFile{kind}" in part for kind in ("", "2", "3"))
    return found


@pytest.mark.parametrize("name", ["board.pdf", "budget.pdf", "model_card.pdf"])
def test_an_archive_can_show_every_document_without_anything_else(run: Path, name: str) -> None:
    document = PdfReader(io.BytesIO(made(run)[name]))
    root: Any = document.trailer["/Root"]
    described = str(root["/Metadata"].get_object().get_data())
    assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in described
    assert "<pdfuaid:part>1</pdfuaid:part>" in described
    assert not document.is_encrypted
    assert faces(document)
    assert all(faces(document).values())
    assert [str(intent.get_object()["/S"]) for intent in root["/OutputIntents"]] == ["/GTS_PDFA1"]
    assert not [key for key in FORBIDDEN if key in root or key in root.get("/Names", {})]


def elements(node: Any) -> Iterator[Any]:
    """Every element of a structure tree."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from elements(child)
    elif hasattr(node, "get"):
        if "/S" in node:
            yield node
        if (children := node.get("/K")) is not None:
            yield from elements(children)


PAINTING = {b"Tj", b"TJ", b"f", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*", b"Do", b"sh"}


def unmarked(page: Any) -> int:
    """Operators that paint outside marked content: a screen reader would not know whether to read what they show."""
    depth = found = 0
    for _, operator in page.get_contents().operations:
        depth += (operator in (b"BDC", b"BMC")) - (operator == b"EMC")
        found += operator in PAINTING and not depth
    return found


@pytest.mark.parametrize(("name", "pictures"), [("board.pdf", 3), ("budget.pdf", 3), ("model_card.pdf", 0)])
def test_a_screen_reader_finds_titles_headings_table_heads_and_a_text_for_every_figure(
    run: Path, name: str, pictures: int
) -> None:
    document = PdfReader(io.BytesIO(made(run)[name]))
    root: Any = document.trailer["/Root"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    found = list(elements(root["/StructTreeRoot"]))
    kinds = Counter(str(element["/S"]) for element in found)
    figures_ = [element for element in found if element["/S"] == "/Figure"]
    assert len(figures_) >= pictures
    assert all(str(figure.get("/Alt", "")).endswith("figure rises.") for figure in figures_)
    assert kinds["/H1"] >= 3
    assert kinds["/Table"] == kinds["/THead"] > 0
    assert kinds["/TH"] > kinds["/Table"]
    assert all(page["/Tabs"] == "/S" for page in document.pages)
    assert [unmarked(page) for page in document.pages] == [0] * len(document.pages)


def test_every_number_of_the_decision_is_on_page_one(run: Path) -> None:
    page = PdfReader(io.BytesIO(made(run)["board.pdf"])).pages[0].extract_text()
    flat = " ".join(page.split())
    source = read(run)
    board = pages.board(source, subjects.numbers(source), {}, [])
    for card in board["cards"]:
        assert card["value"].text in flat


def test_a_failed_run_warns_on_page_one_of_both_documents(tmp_path: Path) -> None:
    documents = made(fake_run(tmp_path, channels=4, verdict="fail"))
    for name in ("board.pdf", "budget.pdf"):
        page = " ".join(PdfReader(io.BytesIO(documents[name])).pages[0].extract_text().split())
        assert "This run failed its checks: do not base a decision on it." in page
        assert "R-hat 1.310 is over 1.01" in page
        assert "Do not act on this run" in page
    assert "For no decision" in text_of(documents["model_card.pdf"])


def test_a_run_without_validation_and_plan_still_makes_every_document(bare: Path) -> None:
    documents = made(bare)
    text = text_of(documents["board.pdf"])
    assert "No causal validation was run" in text
    assert "=cmd|' /C calc'!A0" in text
    assert "*bold* #x" in text


def test_a_name_in_a_script_that_no_font_has_becomes_boxes(bare: Path) -> None:
    assert fonts.displayable("短い") == "□□"
    assert "□□□□" in text_of(made(bare)["board.pdf"])


def test_a_warning_of_typst_is_an_error(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "families", lambda look: ["No Such Font"])
    source = read(run)
    page = pages.budget(source, subjects.numbers(source), {})
    with pytest.raises(RuntimeError, match="unknown font family"):
        pdf.compile_pdf("budget", page)


def test_thirty_long_names_fit(tmp_path: Path) -> None:
    run = fake_run(tmp_path, names=[f"x{i}_delayed-start-{i}" for i in range(30)], currency="GBP", periods=60)
    draw(run)
    text = text_of(made(run)["board.pdf"])
    assert all(f"x{i}_delayed-start-{i}" in text for i in range(30))


def test_the_web_page_needs_nothing_from_elsewhere(run: Path) -> None:
    page = made(run)["board.html"].decode()
    fetched = re.findall(r"""(?:src|href)=["'](?!#|data:)(\S+)|url\((?!data:|#)([^)]*)\)|@import""", page)
    assert not fetched
    assert re.findall(r"<script([^>]*)>", page) == [' type="application/json" id="planner-known"', ""]
    assert page.count('role="img"') >= 6


def test_identifiers_of_figures_on_one_page_do_not_collide(run: Path) -> None:
    page = made(run)["board.html"].decode()
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', page)) <= set(identifiers)


def test_what_scrolls_sideways_on_a_telephone_can_be_reached_with_the_keyboard(run: Path) -> None:
    wide = Figure(figsize=(6.7, 2))
    wide.subplots().plot([0, 1], [0, 1])
    figures.save(wide, "contribution", "The contribution rises.", run)
    page = made(run)["board.html"].decode()
    assert re.findall(r"<figure([^>]*)><svg [^>]*class=\"broad\"", page) == [' tabindex="0"']
    assert page.count('<div class="wide" tabindex="0">') == page.count("<table")


def test_a_channel_name_is_never_markup_on_the_web_page(bare: Path) -> None:
    page = made(bare)["board.html"].decode()
    assert "Ünïcode &amp; &lt;b&gt;" in page
    assert "<b>" not in page


def test_the_web_page_embeds_the_house_font_where_it_is_installed() -> None:
    rules = html.font_faces("abc")
    assert rules.count("@font-face") == (2 if fonts.families()[0] == "Source Sans Pro" else 0)


def test_a_report_in_french_writes_numbers_as_the_french_do(run: Path) -> None:
    study = run / "study.yaml"
    study.write_text(study.read_text().replace("en-GB", "fr-FR"))
    document = PdfReader(io.BytesIO(made(run)["board.pdf"]))
    assert document.trailer["/Root"]["/Lang"] == "fr-FR"
    assert re.search(r"\d,\d+ ?M ?€", text_of(made(run)["board.pdf"]).replace("\u202f", " ").replace("\xa0", " "))


def test_only_the_documents_that_the_study_asks_for_are_made(run: Path) -> None:
    study = run / "study.yaml"
    study.write_text(study.read_text().replace("  - budget\n", ""))
    assert set(made(run)) == {"facts.json", "model_card.pdf", "board.pdf", "board.html"}


def executing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks that take no time: each draws every figure."""

    def execute(name: str, folder: Path, report: Path) -> Path:
        assert not (report / "board.pdf").exists()
        draw(folder)
        path = report / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        return path

    monkeypatch.setattr(notebooks, "execute", execute)


def test_render_executes_the_notebooks_first_and_tells_its_progress(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executing(monkeypatch)
    heard: list[tuple[float, str]] = []
    monkeypatch.chdir(run.parent)
    written = render.render(Path(run.name), lambda share, message: heard.append((share, message)))
    assert all(path.is_file() for path in written)
    assert len([path for path in written if path.suffix == ".svg"]) == 10
    assert [share for share, _ in heard] == sorted(share for share, _ in heard)
    assert heard[-1][0] == 1.0


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def broken(page: object) -> str:
    raise RuntimeError("no such glyph")


def test_a_report_that_fails_leaves_the_last_whole_one(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executing(monkeypatch)
    render.render(run)
    before = content(run)
    (run / "tables" / "checks.csv").write_text((run / "tables" / "checks.csv").read_text().replace("1210", "1211"))
    changed = content(run)
    with monkeypatch.context() as patched:
        patched.setattr(html, "board_html", broken)  # after the figures and the first PDF
        with pytest.raises(RuntimeError, match="no such glyph"):
            render.render(run)
    assert content(run) == changed
    render.render(run)
    assert content(run)["report/board.html"] != before["report/board.html"]
    assert not list(run.rglob(".tmp-*"))
