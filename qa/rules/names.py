"""Names said as on record, whole or as people shorten them: insurer, shop, product (Q3 rule 5). Pure.

A name is its own part and what such names end with: 明光人寿保险公司 is 明光 among the insurers,
宏达汽车服务站 is 宏达 among the garages. So short a word counts only where a name stands.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from dialer.telephony.outcomes import Leg
from qa.matching.phrases import Hit, find, wording
from qa.matching.syllables import HALF, distance, spell
from qa.rules.call import Call
from qa.speech.text import plain

KINDS: Mapping[str, tuple[str, ...]] = {
    "participating": ("分红型", "分红险"),
    "universal": ("万能型", "万能险"),
    "linked": ("投连型", "投连险", "投资连结"),
}
_SAME = 70.0
_SAME_SHORT = 80.0
_OWN = 90.0
_OWN_LIKE = 75.0
_OWN_NEAR = 50.0
_CERTAIN = 0.9
_ANOTHER = 1.0
_OTHER = 55.0
_LIKE = 45.0
_BELIEVED = 0.6
_GUESS = 0.5
_SHORT = 3
_FIRM = r"(股份|有限|责任|集团|控股|公司|分公司|总公司)*"
_INSURER_TAIL = re.compile(rf"(人寿|人身|财产|养老|健康|寿险|保险){{0,2}}{_FIRM}(保险)?{_FIRM}$")
_SHOP_TAIL = re.compile(
    rf"(新能源|汽车|汽修|车辆|销售|服务|维修|修理|养护|快修|保养|美容|贸易|客户|售后|专营|连锁|中心|门店|站|店|厂|行|部){{1,5}}{_FIRM}$"
)
_GENERIC = re.compile(
    r"(?:新能源|汽车|汽修|车辆|销售|服务|维修|修理|养护|快修|保养|美容|贸易|连锁|中心|公司)+"
)
# No name by itself: 中国人寿 is not 中国.
_NO_OWN = frozenset(("中国", "中华", "全国", "国家"))
_PRODUCT_TAIL = re.compile(
    r"[（(].*|(增额|少儿|定期|终身)?(重大疾病|重疾|寿险|两全保险|两全|年金保险|年金|医疗保险|意外险|养老保险|健康险|终身)?"
    r"(保险|险)?(分红型|万能型|投连型|投资连结型|分红险|万能险|投连险)?$"
)
_BOUGHT = re.compile(
    r"(?:购买|投保|买|办理)(?:了|的是|的)(?:一份|那份|这份|我们的|我公司的)?(.{3,12}?(?:[险型]|年金|两全))"
)
_CLASSES = re.compile("年金|寿险|两全|重大疾病|重疾|医疗|意外|防癌|教育金|护理")
# What follows a product's name says its class.
_CLASS = re.compile(
    f"(?:养老|少儿|增额|终身|定期|教育|住院|门诊|综合|百万|长期|特定|老年|成人|女性)*({_CLASSES.pattern})"
)
_CLASS_WITHIN = 9
_CLASS_END = re.compile("(?:年金|终身寿|定期寿|两全|重大疾病|医疗|意外伤害|护理)保?险|终身寿险")
_KIND_END = re.compile("(?:分红|万能|投资连结)(?=型)")
_LIKE_CLASS = 75.0
# So many syllables of a name may be a town's.
_TOWN = 2
_NEXT = 2
_NO_NAME = re.compile(r"^(?:一份|这份|那份|份|的|那个|这个|我们|我公司|公司|我司|本公司|人寿|人身)*保险")
_PRODUCT = r"(?!人寿|保险|财险|健康险|养老险|寿险).{1,8}?(?:保险|险|两全|年金|终身|重疾)"
# Beside these stands the name of a firm: 我是…, …的客服.
_BEFORE = ("是", "我", "里", "边", "们", "司", "好", "咱")
_AFTER = (
    "人寿",
    "保险",
    "寿险",
    "公司",
    "客服",
    "的",
    "这边",
    "回访",
    "汽车",
    "汽修",
    "维修",
    "服务",
    "售后",
    "店",
    "站",
)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a value at one place. `same` is None where it cannot be told."""

    same: bool | None
    first: int
    last: int
    score: float = 100.0


@lru_cache(maxsize=500)
def insurer_core(name: str) -> str:
    """明光人寿保险公司 → 明光人寿."""
    return _without(plain(name), re.compile(rf"(保险)?{_FIRM}(保险)?{_FIRM}$"))


@lru_cache(maxsize=500)
def own_part(name: str) -> str:
    """明光人寿保险公司 → 明光, 宏达汽车服务站 → 宏达."""
    whole = plain(name)
    own = _without(_without(whole, _INSURER_TAIL), _SHOP_TAIL)
    return whole if own in _NO_OWN else own


def product_core(name: str, insurer: str = "") -> str:
    """福满年年终身寿险分红型 → 福满年年; the insurer's own name before it is left aside."""
    core = _without(plain(name), _PRODUCT_TAIL)
    return _without(core, re.compile(f"^{own_part(insurer)}")) if insurer else core


def _without(name: str, part: re.Pattern[str]) -> str:
    """At least two characters are left."""
    core = part.sub("", name)
    return core if len(core) > 1 else name


def names_of(facts: Mapping[str, str]) -> tuple[str, ...]:
    """The names of a call's facts that are looked for, to be compiled with its wordings."""
    texts: list[str] = []
    if product := facts.get("product"):
        texts += [plain(product), *_product_texts(product, facts.get("insurer", ""))]
    for name in (facts.get("insurer"), facts.get("shop")):
        if name:
            texts += [plain(name), insurer_core(name), own_part(name), *_shortened(name)]
    return tuple(text for text in texts if text)


def firm(call: Call, leg: Leg, name: str) -> Iterator[Heard]:
    """Where the insurer or the shop was named."""
    core, own = insurer_core(name), own_part(name)
    products = list(name_places(call, leg))
    short = _shortened(name)
    for text in dict.fromkeys((plain(name), core, *short)):
        if text != own:
            for hit in call.find(leg, text, _SAME if len(text) > _SHORT else _SAME_SHORT):
                heard = _own_heard(call, leg, own, hit) and not _other_heard(call, leg, own, hit)
                if heard or text in short:
                    yield from _by_sound(call, leg, plain(name), own, hit)
    for hit in call.find(leg, own, _OWN if len(own) < _SHORT else _SAME_SHORT):
        in_product = any(first <= hit.first <= last for first, last in products)
        if not in_product and _stands_as_name(call, leg, hit):
            yield from _by_sound(call, leg, plain(name), own, hit)
    like = call.find(leg, core, _LIKE)
    for hit in call.find(leg, plain(name), _OTHER):
        # 保险公司 alone is like every insurer's name: something of its own must have been heard.
        if any(hit.overlaps(one) for one in like) and _own_heard(call, leg, own, hit):
            yield from (replace(one, same=None) for one in _by_sound(call, leg, plain(name), own, hit))


@lru_cache(maxsize=500)
def _shortened(name: str) -> tuple[str, ...]:
    """万里行汽车服务连锁解放路店 is 万里行解放路店: its own part and its branch's. 兖州路路通汽车修理厂 is
    known without its town."""
    whole = plain(name)
    parts = [part for part in _GENERIC.split(whole[:-1]) if part]
    if whole[-1] not in "店站厂部" or not parts:
        return ()
    branch = (parts[0] + parts[-1] + whole[-1],) if len(parts) > 1 else ()
    return (*branch, *((whole[_TOWN:],) if len(parts[0]) > _TOWN + 1 else ()))


def _by_sound(call: Call, leg: Leg, name: str, own: str, hit: Hit) -> Iterator[Heard]:
    """城西店 is not 城东店; 江海 may be 江泰, for a person: as far as the engine was certain of the words."""
    off = _off(call, leg, name, own, hit)
    if off < _ANOTHER:
        yield Heard(True if off < HALF else None, hit.first, hit.last, hit.score)


def _own_heard(call: Call, leg: Leg, own: str, hit: Hit) -> bool:
    return any(hit.overlaps(one) for one in call.find(leg, own, _OWN_NEAR))


def _other_heard(call: Call, leg: Leg, own: str, hit: Hit) -> bool:
    """东岭汽车服务站 is not 东山汽车服务站, where the engine was certain of 东山."""
    heard = [one for one in call.find(leg, own, _OWN_NEAR) if hit.overlaps(one)]
    sureness = call.legs[leg].confidences
    return all(one.score < _OWN_LIKE and min(sureness[one.first : one.last + 1]) >= _CERTAIN for one in heard)


def _off(call: Call, leg: Leg, name: str, own: str, hit: Hit) -> float:
    """How far the worst syllable of its own part is from the one that was heard for certain, 0 to 1."""
    spoken = call.legs[leg]
    for sought in (spell(name), hit.wording.syllables):
        said = spoken.syllables[hit.first : hit.first + len(sought)]
        if len(said) < len(sought) or said[-1].char != sought[-1].char:
            continue
        at = "".join(one.char for one in sought).find(own)
        places = range(at, at + len(own)) if at >= 0 else range(len(sought))
        sure = (at for at in places if spoken.confidences[hit.first + at] >= _CERTAIN)
        return max((distance(said[at], sought[at]) for at in sure), default=0.0)
    return 0.0


def _stands_as_name(call: Call, leg: Leg, hit: Hit) -> bool:
    spoken = call.legs[leg]
    before = spoken.text(max(0, hit.first - 1), hit.first - 1) if hit.first else "是"
    after = spoken.text(hit.last + 1, hit.last + 12)
    return after.startswith(_AFTER) or (before in _BEFORE and not re.match(_PRODUCT, after))


def product(call: Call, leg: Leg, name: str) -> Iterator[Heard]:
    """Where the product was named, or another one."""
    insurer = call.facts.get("insurer", "")
    core = product_core(name, insurer)
    hits = [
        hit
        for text in _product_texts(name, insurer)
        for hit in call.find(leg, text, _SAME if len(text) > _SHORT else _SAME_SHORT)
        if len(core) > 2 or text == core or any(hit.overlaps(one) for one in call.find(leg, core, 75.0))
    ]
    if len(core) == 2 and plain(name) != core:
        hits = [hit for hit in hits if len(hit.wording.syllables) > 2]
    kind = next((kind for kind, texts in KINDS.items() if any(text in name for text in texts)), None)
    for hit in hits:
        others = list(_other_kinds(call, leg, kind, hit))
        last = others[0].last if others else hit.last
        same = not (kind and others) and not _other_class(call, leg, plain(name), hit)
        # 臻爱一生 may be 臻爱人生, for a person.
        near = len(core) > 2 and _off(call, leg, plain(name), core, hit) >= HALF
        yield Heard(None if same and near else same, hit.first, last, hit.score)
    if not hits:
        told = list(_another(call, leg, core, own_part(insurer) if insurer else ""))
        yield from told or _only_its_class(call, leg, plain(name))


def _product_texts(name: str, insurer: str) -> list[str]:
    """What the name is known by; a short core with what stands beside it."""
    core, whole = product_core(name, insurer), plain(name)
    if len(core) > 2:
        return [core]
    at = whole.find(core)
    beside = [whole[max(0, at - 2) : at + len(core)], whole[at : at + len(core) + 2]]
    return [*dict.fromkeys([*(text for text in beside if len(text) > len(core)), core])]


def _other_class(call: Call, leg: Leg, name: str, after: Hit) -> bool:
    """金桥传家养老年金 is not 金桥传家终身寿险: what stands right after the name is another class."""
    spoken = call.legs[leg]
    said = _CLASS.match(spoken.text(after.last + 1, after.last + _CLASS_WITHIN))
    if said is None:  # 智盈年金 is not 智赢两全: the class was taken for a part of the name
        return _is_other_class(spoken.text(after.first + 1, after.last + _NEXT), name)
    return _is_other_class(said[0], name)


def _is_other_class(said: str, name: str) -> bool:
    """康乐福长期护理 is not 康乐宝重大疾病."""
    mine, others = (set(_CLASSES.findall(text.replace("重大疾病", "重疾"))) for text in (name, said))
    return bool(mine and others) and mine.isdisjoint(others)


def _other_kinds(call: Call, leg: Leg, kind: str | None, after: Hit) -> Iterator[Hit]:
    spoken = call.legs[leg]
    for other, texts in KINDS.items():
        for text in texts if other != kind else ():
            for hit in call.find(leg, text, 80.0):
                near = after.last < hit.first and hit.last <= after.last + 10
                if hit.polar and near and spoken.text(hit.first, hit.last) in texts:
                    yield hit


def _another(call: Call, leg: Leg, core: str, brand: str) -> Iterator[Heard]:
    """您买的是…, or the insurer's name before what is a product's."""
    spoken = call.legs[leg]
    found = [one.span(1) for one in _BOUGHT.finditer(spoken.chars) if not _NO_NAME.match(one[1])]
    if brand:
        found += [one.span() for one in re.finditer(brand + _PRODUCT, spoken.chars)]
    for first, until in found:
        believed = spoken.is_sure(first, until - 1, mean=_BELIEVED, least=_GUESS)
        near = any(hit.first < until and hit.last >= first for hit in call.find(leg, core, 60.0))
        near = near and not _is_other_class(spoken.text(first, until - 1), plain(call.facts["product"]))
        yield Heard(None if near or not believed else False, first, until - 1, 0.0)


def _only_its_class(call: Call, leg: Leg, name: str) -> Iterator[Heard]:
    """起码门年金保险分红型 for 喜满门…: the name was not understood, what stands after it was."""
    if said := _CLASS_END.search(name):
        yield from (
            Heard(None, hit.first, hit.last) for hit in find(wording(said[0]), call.legs[leg], _LIKE_CLASS)
        )
    if kind := _KIND_END.search(name):
        for found in re.finditer(f"{kind[0]}[型形行]", call.legs[leg].chars):
            yield Heard(None, found.start(), found.end() - 1)


def name_places(call: Call, leg: Leg) -> Iterator[tuple[int, int]]:
    """Where the product's name was said: 终身 in it is no period."""
    if name := call.facts.get("product"):
        for hit in call.find(leg, plain(name), 60.0):
            yield hit.first, hit.last
