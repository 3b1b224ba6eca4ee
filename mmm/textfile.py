"""Is this file the text it claims to be? What people save as `.csv` or `.yaml` often is not.

`read_head` looks at the first bytes and `not_text` names what they are instead of text: nothing, UTF-16, HTML, an Excel
workbook, an archive, a picture. A saved web page and an Excel file with a changed name are the commonest of them.
Both `study.yaml` and raw data pass through here before anything parses them.

To recognise one more kind of file, add its first bytes to `MAGIC`.
"""

from __future__ import annotations

import gzip
from pathlib import Path

MAGIC: dict[bytes, str] = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive: save the sheet as CSV, or give the file its .xlsx ending",
    b"\xd0\xcf\x11\xe0": "an old Excel (.xls) file: save it as .xlsx or as CSV",
    b"PAR1": "a Parquet file: give it the ending .parquet",
    b"%PDF": "a PDF: export the table as CSV",
    b"\x1f\x8b": "compressed with gzip: give it the ending .gz",
}

HEAD_BYTES = 65_536


def not_text(head: bytes) -> str | None:
    """What stands in the way of reading `head` as UTF-8 text, with the remedy; `None` if nothing does."""
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        return "is empty: export it again, with its header and rows"
    for magic, what in MAGIC.items():
        if head.startswith(magic):
            return f"is {what}"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "is UTF-16 text: save it as UTF-8 (in Excel: 'CSV UTF-8')"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")) or b"<html" in start:
        return "is an HTML page, perhaps a login or error page that was saved: export the data itself"
    if b"\x00" in head:
        return "is binary, not text: export it as UTF-8 text"
    return None


def read_head(path: Path) -> bytes:
    """The first bytes of a file, unpacked if its name ends in `.gz`; `OSError` where that fails."""
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as packed:
            return packed.read(HEAD_BYTES)
    with path.open("rb") as plain:
        return plain.read(HEAD_BYTES)


def text_problem(path: Path) -> str | None:
    """Why `path` cannot be read as text, as the end of a sentence that starts with its name; `None` if it can."""
    if not path.exists():
        return "does not exist: check the path, which is relative to the study's folder"
    if path.is_dir():
        return "is a folder: name the file inside it"
    try:
        return not_text(read_head(path))
    except (OSError, EOFError) as error:
        return f"cannot be opened ({error}): check its permissions, or make it again"


def decode(data: bytes) -> tuple[str, str | None]:
    """The text of `data`, and what is wrong with its encoding: the line of the first byte that is not UTF-8."""
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", f"is not UTF-8 text (first on line {line}): save it as UTF-8 (in Excel: 'CSV UTF-8')"
