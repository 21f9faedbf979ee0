"""Ten thousand damaged files through the reader: no crash, and no row that is not counted (C3, C4)."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dialer.customers.values import Occasion
from dialer.importing.reading import BadRow, UnreadableFile
from tests.support.files import html, opened, xls, xlsx, xml
from tests.support.orders import HEADINGS, order, text_of

FILES = 10_000
# Of each form so many: a workbook costs ten times what text does.
_SHARES = {"csv": 33, "tsv": 20, "gbk": 20, "utf-16": 6, "html": 12, "xml": 6, "xlsx": 1.5, "xls": 1.5}
_TOKENS = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"<",
    b"&",
    b"=",
    b"\t",
    "合计".encode(),
    "车".encode("gbk"),
]


def seeds() -> dict[str, bytes]:
    """A good file of each form, with a title, two bad rows and a total."""
    orders = [order(key=str(n)) for n in range(3)] + [order(phone="x"), order(time="x")]
    rows = [["明细"], list(HEADINGS), *(list(row.values()) for row in orders), ["合计", "", "", "", "", "1"]]
    text = "\r\n".join(["明细", text_of(orders).rstrip(), "合计,,,,,1"])
    return {
        "csv": text.encode(),
        "tsv": text.replace(",", "\t").encode(),
        "gbk": text.encode("gbk"),
        "utf-16": text.encode("utf-16"),
        "html": html(rows),
        "xml": xml(rows),
        "xlsx": xlsx(rows),
        "xls": xls(rows),
    }


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 5, 30))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def take_out(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 60) :]


def put_in(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(_TOKENS) * rng.choice((1, 1, 1, 40)) + data[at:]


def double(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start : start + rng.randrange(1, 200)] * 2 + data[start:]


def drop_column(data: bytes, rng: random.Random) -> bytes:
    column = rng.randrange(12)
    lines = data.split(b"\n")
    return b"\n".join(b",".join(c for n, c in enumerate(line.split(b",")) if n != column) for line in lines)


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip,
    cut,
    take_out,
    put_in,
    double,
    drop_column,
)


def test_c4_ten_thousand_mutated_files_lose_no_row(tmp_path: Path) -> None:
    """C3, C4: each is read to its end or refused in a sentence; each of its rows is good, bad or left out."""
    rng = random.Random(3)
    good_files = seeds()
    names = rng.choices(list(_SHARES), list(_SHARES.values()), k=FILES)
    path = tmp_path / "mutated"
    became: Counter[str] = Counter()
    for name in names:
        data = rng.choice(MUTATIONS)(good_files[name], rng)
        path.write_bytes(rng.choice(MUTATIONS)(data, rng) if data and rng.random() < 0.3 else data)
        became[_read(path)] += 1
    assert became.total() == FILES
    # The mutations are neither harmless nor the end of everything.
    assert became["read"] > FILES / 3
    assert became["refused"] > FILES / 50


def _read(path: Path) -> str:
    try:
        file = opened(path)
    except UnreadableFile as error:
        assert str(error)
        return "refused"
    seen: Counter[type] = Counter()
    lines = []
    try:
        for row, read in file.pairs():
            assert isinstance(read, Occasion | BadRow)
            seen[type(read)] += 1
            lines.append(row.line)
            if isinstance(read, BadRow):
                assert read.why
                assert read.line == row.line
    except UnreadableFile as error:
        assert str(error)
        return "cut short"
    finally:
        file.close()
    # Rows come in the file's order, and each line once: none is passed over or told twice.
    assert lines == sorted(lines)
    assert seen[Occasion] + seen[BadRow] == len(lines)
    return "read"


def test_c4_no_line_of_a_mutated_csv_disappears(tmp_path: Path) -> None:
    """C4: every phone number of the file is in an occasion, in a bad row's cells, or in what was left out."""
    rng = random.Random(7)
    numbers = [f"138{n:08}" for n in range(8)]
    data = text_of([order(key=str(n), phone=number) for n, number in enumerate(numbers)]).encode()
    head = data.index(b"\n") + 1
    path = tmp_path / "orders.csv"
    for _ in range(400):
        at = rng.randrange(head, len(data))
        path.write_bytes(data[:at] + rng.choice((b'"', b",", b'""', b"\r", b"x")) + data[at:])
        file = opened(path)
        told = ""
        for row, read in file.pairs():
            told += " ".join(read.numbers) if isinstance(read, Occasion) else " ".join(read.cells)
            told += " ".join(str(cell) for cell in row.cells if isinstance(read, Occasion))
        file.close()
        lost = [number for number in numbers if number[3:] not in told.replace(",", "").replace('"', "")]
        # At most the number that the mutation itself went through.
        assert len(lost) <= 1, (data[at - 20 : at + 20], lost)
