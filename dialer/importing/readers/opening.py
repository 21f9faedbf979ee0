"""What a file is, found from what is in it and not from its name (C3)."""

from collections.abc import Generator
from pathlib import Path

from dialer.importing.readers.encodings import encoding_of
from dialer.importing.readers.excel import open_xlsx
from dialer.importing.readers.markup import open_html, open_xml
from dialer.importing.readers.table import Table, UnreadableFile
from dialer.importing.readers.text import open_text

_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0"
_HEAD = 4096


def open_tables(path: Path) -> Generator[Table, None, None]:
    """The tables in a file: one for text, HTML and XML, one for each sheet of a workbook.

    Raises:
        UnreadableFile: it cannot be opened, or is no table.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror}") from error
    if head.startswith(_ZIP):
        yield from open_xlsx(path)
    elif head.startswith(_COMPOUND):
        # Costly, and few files are of this old kind.
        from dialer.importing.readers.xls import open_xls  # noqa: PLC0415

        yield from open_xls(path)
    else:
        yield _marked_up(path, head) or open_text(path)


def _marked_up(path: Path, head: bytes) -> Table | None:
    if b"<" not in head[:_HEAD]:
        return None
    encoding = encoding_of(path)
    start = head.decode(encoding, "ignore").lstrip("\ufeff \r\n\t").lower()
    if "urn:schemas-microsoft-com:office:spreadsheet" in start and start.startswith("<"):
        # Excel's web pages name it, too: as a namespace of their html element.
        return open_html(path, encoding) if "<html" in start else open_xml(path, encoding)
    if start.startswith("<") and ("<html" in start or "<table" in start or "<!doctype html" in start):
        return open_html(path, encoding)
    return None
