"""The customers of the demo: who they are, what they had done, and what happens when we call. Pure."""

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

BRANCH = "宏达汽车服务站"
ENCODING = "gbk"
ORDERS = 60

_HEADINGS = [
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
]
_PLATES = "豫京冀鲁晋"
_LETTERS = "ABCDEFGH"
_NAMES = ("王", "赵", "刘", "孙", "周", "吴", "郑", "冯", "许", "何", "吕", "施")
_ADVISERS = ("周敏", "何建国", "许佳")
_TECHNICIANS = ("吴师傅", "郑师傅", "冯师傅")
_WORKS = (
    ("更换机油机滤", 38000),
    ("更换前刹车片", 68000),
    ("四轮定位、动平衡", 32000),
    ("更换空调滤芯、清洗空调", 26000),
    ("更换蓄电池", 79000),
    ("事故维修左前门", 156000),
)


class Fate(StrEnum):
    """What happens at the customer's phone."""

    ANSWERS = "answers"
    BUSY = "busy"
    REJECTS = "rejects"
    NO_ANSWER = "no_answer"
    EMPTY_NUMBER = "empty_number"
    SWITCHED_OFF = "switched_off"
    TRUNK_FULL = "trunk_full"
    DEAD = "dead"


# Every second customer answers; among the others every fate comes up early and again.
_OTHER_FATES = tuple(fate for fate in Fate if fate is not Fate.ANSWERS)


@dataclass(frozen=True, slots=True)
class Role:
    """One customer: the order row, the fate, and for those who answer the talk they have.

    `talk` is the id of a labelled call; `with_plate` tells whether the plate spoken in it is
    this customer's, so that the talk is played with that turn.
    """

    order_no: str
    number: str
    plate: str
    name: str
    fate: Fate
    talk: str = ""
    with_plate: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """A labelled call as the cast needs it: its id, and whom it is spoken to."""

    id: str
    name: str
    plate: str


def make_cast(talks: tuple[Talk, ...]) -> tuple[Role, ...]:
    """Sixty customers; the first to answer are those to whom the labelled calls are spoken."""
    fates: Iterator[Fate] = itertools.cycle(_OTHER_FATES)
    answering = itertools.count()
    spoken_plates: set[str] = set()
    cast = []
    for index in range(ORDERS):
        order_no = f"JS{index + 1:04d}"
        number = f"1390000{index + 1:04d}"
        # After the first two, every second one answers.
        if index < 2 or index % 2 == 0:
            talk = talks[next(answering) % len(talks)]
            own = talk.plate not in spoken_plates
            plate = talk.plate if own else _plate(index)
            spoken_plates.add(talk.plate)
            cast.append(Role(order_no, number, plate, talk.name, Fate.ANSWERS, talk.id, own))
        else:
            name = _NAMES[index % len(_NAMES)] + ("先生" if index % 3 else "女士")
            cast.append(Role(order_no, number, _plate(index), name, next(fates)))
    return tuple(cast)


def orders_csv(cast: tuple[Role, ...], today: date) -> bytes:
    """Yesterday's settlement orders of the cast, as a dealer system exports them: GBK, Chinese headings."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_HEADINGS)
    opening = datetime.combine(today - timedelta(days=1), time(9))
    for index, role in enumerate(cast):
        work, fen = _WORKS[index % len(_WORKS)]
        writer.writerow(
            (
                role.order_no,
                (opening + timedelta(minutes=9 * (index % ORDERS))).strftime("%Y-%m-%d %H:%M"),
                role.plate,
                role.name,
                role.number,
                _ADVISERS[index % len(_ADVISERS)],
                _TECHNICIANS[index % len(_TECHNICIANS)],
                work,
                f"{fen / 100:.2f}",
                BRANCH,
            )
        )
    return out.getvalue().encode(ENCODING)


def _plate(index: int) -> str:
    province = _PLATES[index % len(_PLATES)]
    letter = _LETTERS[index % len(_LETTERS)]
    return f"{province}{letter}{(index * 7919) % 90000 + 10000}"
