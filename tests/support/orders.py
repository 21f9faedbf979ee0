"""Files of settlement orders as dealer systems write them, for tests."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

HEADINGS = (
    "结算单号",
    "结算时间",
    "车牌号",
    "客户姓名",
    "手机",
    "服务顾问",
    "维修技师",
    "维修项目",
    "金额",
    "门店",
)
GOOD = {
    "结算单号": "JS001",
    "结算时间": "2026-11-21 16:30",
    "车牌号": "豫A12345",
    "客户姓名": "李女士",
    "手机": "138-0000-1234",
    "服务顾问": "张伟",
    "维修技师": "赵强",
    "维修项目": "更换机油、四轮定位",
    "金额": "1,280.50",
    "门店": "郑州东店",
}


def order(**changes: str) -> dict[str, str]:
    """A good row, with these cells changed; names are English for the common ones."""
    names = {"key": "结算单号", "time": "结算时间", "plate": "车牌号", "name": "客户姓名", "phone": "手机"}
    names |= {"amount": "金额", "branch": "门店", "items": "维修项目"}
    return GOOD | {names[name]: value for name, value in changes.items()}


def text_of(rows: Iterable[Mapping[str, str]], headings: Iterable[str] = HEADINGS) -> str:
    """The rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(headings), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def write(path: Path, rows: Iterable[Mapping[str, str]], encoding: str = "utf-8") -> Path:
    """The rows as a CSV file."""
    path.write_bytes(text_of(rows).encode(encoding))
    return path
