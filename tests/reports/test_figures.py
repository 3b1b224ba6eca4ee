"""A figure travels with its text alternative and has the same bytes each time."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports import figures


def drawn() -> Figure:
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([0, 1, 2], [3, 1, 2], label="line")
    figure.legend()
    return figure


def test_a_figure_and_its_text_lie_in_the_run_folder(tmp_path: Path) -> None:
    path = figures.save(drawn(), "roi", "Radio\n returns most.", tmp_path)
    assert path == tmp_path / "report" / "figures" / "roi.svg"
    assert path.with_suffix(".txt").read_text() == "Radio returns most.\n"
    (figure,) = figures.saved(tmp_path / "report").values()
    assert figure.alt == "Radio returns most."
    assert (round(figure.width_cm, 2), round(figure.height_cm, 2)) == (10.16, 5.08)


def test_the_same_figure_has_the_same_bytes(tmp_path: Path) -> None:
    first = figures.save(drawn(), "a", "It falls.", tmp_path).read_bytes()
    assert figures.save(drawn(), "a", "It falls.", tmp_path).read_bytes() == first
    assert b"<dc:date>" not in first


def test_text_stays_text(tmp_path: Path) -> None:
    assert b">line</text>" in figures.save(drawn(), "a", "It falls.", tmp_path).read_bytes()


def test_axes_and_arrays_of_axes_are_saved_as_their_figure(tmp_path: Path) -> None:
    grid = Figure().subplots(2, 2)
    assert isinstance(grid, np.ndarray)
    figures.save(grid, "grid", "Four.", tmp_path)
    figures.save(grid[0, 0], "one", "Four.", tmp_path)
    assert list(figures.saved(tmp_path / "report")) == ["grid", "one"]


def test_a_figure_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no alt text"):
        figures.save(drawn(), "roi", "  ", tmp_path)
    assert not figures.saved(tmp_path / "report")


@pytest.mark.parametrize("name", ["", "../roi", "ROI", "a b", "1st"])
def test_an_unusable_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        figures.save(drawn(), name, "It falls.", tmp_path)
