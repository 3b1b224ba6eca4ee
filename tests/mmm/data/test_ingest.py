"""What people call a data file, and what it turns out to be."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmm.data.ingest import read_file, read_source
from mmm.study import InputError, Study, load_study


def problems_of(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_file(path)
    return caught.value.problems


def study_of(folder: Path, source: Any) -> Study:
    data = {"source": source, "time": "week", "kpi": {"column": "sales"}, "channels": {"tv": {"spend": "tv"}}}
    return load_study({"study": "s", "currency": "EUR", "data": data}).model_copy(update={"folder": folder})


@pytest.mark.parametrize(
    "content",
    [
        b"week,sales\n2026-01-05,1\n2026-01-12,2\n",
        b"\xef\xbb\xbfweek,sales\r\n2026-01-05,1\r\n2026-01-12,2\r\n",
        b'"week","sales"\n"2026-01-05","1"\n\n"2026-01-12","2"\n',
        b"week;sales\n2026-01-05;1\n2026-01-12;2\n",
        b"week\tsales\n2026-01-05\t1\n2026-01-12\t2",
    ],
)
def test_a_csv_file_is_text_whatever_its_separator_quotes_and_byte_order_mark(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    table = read_file(path)
    assert table.frame.to_dict("list") == {"week": ["2026-01-05", "2026-01-12"], "sales": ["1", "2"]}


def test_a_first_column_without_a_name_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    pd.DataFrame({"week": ["2026-01-05"], "sales": [1]}).to_csv(path)
    assert list(read_file(path).frame) == ["column 1", "week", "sales"]


def test_a_row_is_named_by_its_line_in_text_and_by_its_row_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text('week,note\n2026-01-05,"two\nlines"\n\n2026-01-12,x\n')
    table = read_file(tmp_path / "data.csv")
    assert [table.where(0), table.where(1)] == ["line 2", "line 5"]
    pd.DataFrame({"a": [1, 2]}).to_excel(tmp_path / "data.xlsx", index=False)
    assert read_file(tmp_path / "data.xlsx").where(1) == "row 3"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("data.csv", b"", "data.csv is empty"),
        ("data.csv", b"\n \n", "data.csv is empty"),
        ("data.csv", b"a,b\n", "has a header and no rows"),
        ("data.csv", b"\x89PNG\x00\x00", "is binary, not text"),
        ("data.csv", "week,sales\n".encode("utf-16"), "is UTF-16 text"),
        ("data.csv", b"<!DOCTYPE html>\n<html><body>Please log in</body></html>", "is an HTML page"),
        ("data.csv", b"PK\x03\x04...", "is an Excel workbook"),
        ("data.csv", b"week,caf\xe9\n2026-01-05,1\n2026-01-12,caf\xe9\n", "is not UTF-8 text (first on line 1)"),
        ("data.csv", b"week,sales\n2026-01-05,1\n2026-01-12,2,3\n", "has 2 columns, but not on line 3 (3)"),
        ("data.csv", b"week,sales,sales\n2026-01-05,1,2\n", "has the column 'sales' 2 times"),
        ("data.csv", b"1,2\n3,4\n", "starts with numbers"),
        ("data.csv.gz", b"no gzip", "cannot be opened"),
        ("data.xlsx", b"no workbook", "is not a readable Excel workbook"),
        ("data.parquet", b"no parquet", "is not a readable Parquet file"),
        ("data.json", b"{}", "has the ending '.json', which is not one of .csv"),
    ],
)
def test_a_file_that_is_no_table_says_what_it_is_and_what_to_do(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (problem,) = problems_of(path)
    assert said in problem
    assert ": " in problem


def test_a_packed_csv_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"week,sales\n2026-01-05,1\n"))
    assert read_file(path).frame["sales"].tolist() == ["1"]


def test_a_file_name_with_glob_characters_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "sales [2026]*.csv"
    path.write_text("week,sales\n2026-01-05,1\n")
    assert read_source(study_of(tmp_path, path.name)).frame["sales"].tolist() == ["1"]


def test_a_glob_gathers_files_in_order_and_names_them(tmp_path: Path) -> None:
    for name, day in (("b", "2026-01-12"), ("a", "2026-01-05")):
        (tmp_path / f"{name}.csv").write_text(f"week,sales\n{day},1\n")
    table = read_source(study_of(tmp_path, "*.csv"))
    assert table.frame["week"].tolist() == ["2026-01-05", "2026-01-12"]
    assert table.where(1) == "b.csv line 2"


def test_files_of_one_glob_need_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("week,sales\n2026-01-05,1\n")
    (tmp_path / "b.csv").write_text("week,sale\n2026-01-12,1\n")
    with pytest.raises(InputError, match=r"b\.csv has the columns week, sale, while a\.csv has week, sales"):
        read_source(study_of(tmp_path, "*.csv"))


def test_a_missing_file_lists_the_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "slaes.csv").write_text("week\n")
    with pytest.raises(InputError, match=r"does not exist.*that folder has slaes\.csv"):
        read_source(study_of(tmp_path, "sales.csv"))


def test_a_database_says_which_tables_it_has(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "shop.db")) as connection:
        connection.execute("create table sales as select 1 as a")
    connection_name = "duckdb:///shop.db"
    assert read_source(study_of(tmp_path, {"table": "sales", "connection": connection_name})).frame["a"].tolist() == [1]
    with pytest.raises(InputError, match="there is no table 'slaes': did you mean 'sales'"):
        read_source(study_of(tmp_path, {"table": "slaes", "connection": connection_name}))
    with pytest.raises(InputError, match=r"none\.db does not exist"):
        read_source(study_of(tmp_path, {"table": "sales", "connection": "duckdb:///none.db"}))


def test_a_file_that_is_no_database_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("not a database")
    with pytest.raises(InputError, match="the database does not answer"):
        read_source(study_of(tmp_path, {"table": "sales", "connection": "duckdb:///shop.db"}))


def test_personal_data_in_an_unused_column_stops_ingestion(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("week,sales,contact\n2026-01-05,1,ann@example.org\n")
    with pytest.raises(InputError, match="column 'contact' holds e-mail addresses, which is personal data: remove"):
        read_source(study_of(tmp_path, "data.csv"))
