"""What a reader's browser shows: the report from a file, and a notebook in JupyterLab, each with its sliders moved.

Opt in with `make browser` (or `pytest -m browser`): it wants the group `browser` of pyproject.toml and a Chromium, the
one that `CHROMIUM` names or Debian's. On a busy machine of two cores JupyterLab's test took six minutes and the others
four (2026-11-23).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from notebooks import FOLDER
from reports import render
from reports.source import read
from tests.reports.conftest import draw
from tests.reports.fake_run import fake_run

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PHONE, DESK = 390, 1100


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="install the group `browser`")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}: name a Chromium with CHROMIUM=...")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fake_run(tmp_path_factory.mktemp("run"), channels=5)
    draw(folder)
    render.documents(folder / "report", read(folder), ["board_report.ipynb"])
    return folder


@pytest.fixture(params=[PHONE, DESK])
def page(request: pytest.FixtureRequest, browser: Any, run: Path) -> Iterator[Any]:
    """The HTML report from its file, on a telephone and on a desk; whatever it asks for is noted in `asked`."""
    opened = browser.new_page(viewport={"width": request.param, "height": 900})
    opened.asked, opened.failed = [], []
    opened.on("request", lambda sent: opened.asked.append(sent.url))
    opened.on("pageerror", lambda error: opened.failed.append(str(error)))
    opened.goto((run / "report" / "board.html").as_uri())
    yield opened
    assert not opened.failed
    opened.close()


def shown(page: Any, name: str) -> str:
    return str(page.locator(f"[data-of={name}] .value").inner_text())


def test_the_report_asks_nothing_of_anybody(page: Any, run: Path) -> None:
    assert [url for url in page.asked if not url.startswith("data:")] == [(run / "report" / "board.html").as_uri()]


def test_the_report_never_scrolls_sideways_as_a_whole(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_a_slider_moves_the_outcome_as_the_curves_say(page: Any, run: Path) -> None:
    page.locator("#planner").get_by_role("button", name="Present plan").click()
    assert (shown(page, "gain"), shown(page, "beats-present")) == ("€0.00", "–")
    page.locator("#planner input[type=range]").nth(1).evaluate(
        "slider => { slider.value = 0.7; slider.dispatchEvent(new Event('input')); }"
    )
    draws, curves = (read(run)[name].round({"multiple": 6}) for name in ("plan_draws", "plan_curves"))
    first = draws["channel"].iloc[0]
    single = draws[draws["channel"] == first].set_index("multiple").filter(like="draw_")
    gain = (single.loc[0.7] - single.loc[1.0]).to_numpy()
    mean = curves[curves["channel"] == first].set_index("multiple")["mean"]
    expected = mean[0.7] - mean[1.0]
    assert shown(page, "gain").startswith("−")
    assert money(shown(page, "gain")) == pytest.approx(expected, rel=0.01)
    low, high = page.locator("[data-of=gain] .note").inner_text().split(" to ")
    assert [money(low), money(high)] == pytest.approx(np.quantile(gain, [0.05, 0.95]), rel=0.02)


def money(text: str) -> float:
    """€1.23m, −€45.6k: what a card says, as a number."""
    found = re.fullmatch(r"([−+]?)€([\d.]+)([km]?)", text)
    assert found, text
    return float(found[2]) * {"": 1, "k": 1e3, "m": 1e6}[found[3]] * (-1 if found[1] == "−" else 1)


def test_keeping_the_total_moves_the_others(page: Any) -> None:
    page.get_by_label("Keep the total").check()
    total = page.locator(".slide.whole output").inner_text()
    before = page.locator(".slides output").nth(2).inner_text()
    slider = page.locator(".slides input[type=range]").nth(0)
    slider.focus()
    slider.press("ArrowLeft")
    slider.press("PageDown")
    assert page.locator(".slide.whole output").inner_text() == total
    assert page.locator(".slides output").nth(2).inner_text() != before


def test_wider_bounds_let_a_slider_go_further(page: Any) -> None:
    page.get_by_text("Bounds", exact=True).click()
    field = page.locator("#planner input[type=number]").nth(1)
    field.fill("190")
    field.press("Tab")
    assert page.locator(".slides input[type=range]").nth(0).get_attribute("max") == "1.9"


def test_axe_finds_nothing_serious(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the group `browser`").Axe()
    page.get_by_text("Bounds", exact=True).click()
    violations = axe.run(page).response["violations"]
    grave = [found for found in violations if found["impact"] in ("serious", "critical")]
    assert not grave, json.dumps([(found["id"], found["nodes"][0]["html"][:200]) for found in grave], indent=1)


QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
"""Settings of JupyterLab: it asks nobody for news, and keeps what is scrolled out of sight."""

PATIENCE = 600
"""Seconds to wait for a server, a kernel or a fit: a busy machine of two cores takes minutes for each."""


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs."""

    address: str
    token: str

    def asked(self, path: str) -> Any:
        """What the server answers, as JSON; None while it does not."""
        try:
            with urllib.request.urlopen(f"{self.address}/api/{path}?token={self.token}", timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None


def eventually(happened: Callable[[], object], what: str) -> None:
    """Waits until it happened; fails after `PATIENCE` with what did not."""
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, f"{what}: not within {PATIENCE} seconds"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks and the example."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(FOLDER, root / "notebooks")
    shutil.copytree(repository / "examples", root / "examples")
    settings = root / "config" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(QUIET))
    quick = root / "notebooks" / "quickstart.ipynb"
    text = quick.read_text()
    assert "2, 300, 300" in text
    quick.write_text(text.replace("2, 300, 300", "2, 100, 100"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(8))
    places = {"JUPYTER_CONFIG_DIR": root / "config", "JUPYTER_DATA_DIR": root / "data", "PYTHONPATH": repository}
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        f"--IdentityProvider.token={served.token}",
        f"--notebook-dir={root}",
        "--LabApp.extension_manager=readonly",
        "--ServerApp.jpserver_extensions=jupyter_lsp=False",
    ]
    with (root / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options],
            env=os.environ | {name: str(value) for name, value in places.items()}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        eventually(lambda: server.poll() is not None or served.asked("status"), "JupyterLab answers")
        assert server.poll() is None, (root / "log").read_text()
        yield served
    finally:
        server.terminate()
        server.wait(60)


def connected(lab: Lab) -> bool:
    """Whether the page has a kernel that waits for work; told to run before, JupyterLab asks which kernel to take."""
    kernels = [session["kernel"] for session in lab.asked("sessions") or []]
    return any(kernel["connections"] and kernel["execution_state"] == "idle" for kernel in kernels)


def test_the_quickstart_runs_in_jupyterlab_and_its_sliders_move_the_outcome(browser: Any, lab: Lab) -> None:
    opened = browser.new_page(viewport={"width": 1300, "height": 1000})
    opened.set_default_timeout(1000 * PATIENCE)
    opened.goto(f"{lab.address}/lab/tree/notebooks/quickstart.ipynb?token={lab.token}")
    opened.locator(".jp-Notebook").wait_for()
    eventually(lambda: connected(lab), "the kernel is idle")
    opened.locator(".lm-MenuBar").get_by_text("Run", exact=True).click()
    opened.get_by_text("Run All Cells", exact=True).click()
    desk = opened.locator(".planner.studio")
    failed = opened.locator("[data-mime-type='application/vnd.jupyter.error'], .jp-OutputArea-output .ansi-red-fg")
    desk.or_(failed).first.wait_for(state="attached")
    assert failed.count() == 0, failed.first.inner_text()
    desk.scroll_into_view_if_needed()
    before = desk.locator("[data-of=outcome] .value").inner_text()
    slider = desk.locator(".slides input[type=range]").nth(0)
    slider.focus()
    for _ in range(4):
        slider.press("PageUp")
    assert desk.locator("[data-of=outcome] .value").inner_text() != before
    opened.get_by_text("Proposed change in spend by channel").wait_for()
    assert failed.count() == 0, failed.first.inner_text()
    if folder := os.environ.get("BROWSER_SHOTS"):
        desk.scroll_into_view_if_needed()
        opened.screenshot(path=f"{folder}/lab.png")
