"""Turns of phrase in an answer: disputes, asides, a yes that looks like a question (Q3 rule 14)."""

import re

# 是每天扣还是一年扣一次
_EITHER_OR = re.compile(
    "是.{2,12}还是|[能会要可].{1,8}[不没]$|([能会要可]).{1,6}不\\1"
    # 伙食费给不给报; 退不退都一样 asks nothing.
    "|(?<!不)([给报赔扣收退算保管涨跌分付亏取])[不没]\\2(?!.{0,3}(?:都|也|无所谓|随))"
)
# 还有损失啊: he hears it for the first time.
_SURPRISED = re.compile(
    "^[啊哦噢唉咦哎]*还(?:有|要|会|得|能).{1,8}[啊呀呢]$|^[啊咦唉哎]+还(?:有|要|会|得).{1,8}$"
)
# 不是说好十年吗, 咋成二十年了, 当初说有五个点: it was told otherwise.
_DISPUTES = re.compile(
    "不是.{0,6}(?:[说讲]|告诉|答应|保证|写).{0,14}[吗嘛么]|不是.{1,8}[年月岁天块万千百次]吗"
    "|[咋怎]么?(?:又|就|给)?(?:变成|成了|成.{0,3}[年月岁块]|改成)|[咋怎]么?[和跟].{1,12}不一样|岂不是"
    "|明明(?:[说讲]|是)|(?:没|不是)这么?[说讲]"
    "|(?:当时|当初|那时候|买的时候|业务员|他们?|人家)(?:跟我|和我|给我|可|就|都)*(?:[说讲](?:的?是|一年|有|能)|保证|答应|承诺)"
)
# 怎么不清楚, 有啥不清楚的, 那还能不知道: a yes in the form of a question.
_OF_COURSE = re.compile(
    "(?:还能|哪儿能|谁还?|有啥子?|有什么|哪有|哪能|哪会|咋|怎么)[会能]?不(?:清楚|知道|明白|懂|晓得|了解|记得)"
    "|可不(?!太|会|能|敢|行|好|一|清楚|知道|明白|了解|懂|晓得|记得|想|要|愿|是我|是自己|是这|是那|像)"
)
# 不懂我也不敢买, 看公司赚多少: what would be, and what it hangs on, is neither denied nor asked.
_ASIDES = re.compile(
    "不(?:懂|知道|清楚|明白|了解|看)的?话?[我咱]?(?:也|就|哪|怎么|咋)不?[敢会能签买]+"
    "|(?<!看)看(?![看一下])[^吗呢]{0,8}(?:多少|几|怎么样?|咋样?|什么|啥|如何)|又不是"
    "|看[^吗呢]{0,8}(.)不\\1[^吗呢]{0,3}"
    # 谁买保险是为了退, 天下哪有包赚的买卖: nobody is asked.
    "|谁[^吗]{0,4}(?:为了|想|愿意|舍得|没事|会)[^吗]{0,6}|哪有[^吗]{0,5}的(?:买卖|好事|生意|事儿?|道理|午餐)"
    "|(?:什么|啥)的(?=[不都也])|多少钱?我?[都也]"
    "|多少(?:都|我都)?(?:无所谓|不要紧|没关系|随便|都行|都好)|能(.)就\\2|不能.拉倒"
    "|(?:有什么|有啥|有甚么)好[问说讲]的|这[还也]用问"
    # What he says of the caller's slip, or of his own pen.
    "|别再?[给]?我?[念说看讲报搞弄]错了?|[抄写念]错了|(?:问完|说完|好|完事?儿?)了?没有?$"
)
# 我闺女给我抄的
_BY_OTHERS = re.compile("(?<![没不])(?:帮|替|代|给)(?:我|着|咱)?.{0,2}[抄写签填]")
# 损失多少，合同上有
_IS_WRITTEN = re.compile("(?:合同|单子|条款)[上里]面?(?:都|也)?(?:有|写着|写了|写得)")
# 收到一张纸，没条款: a part is missing.
_LACKS_PART = re.compile(
    "[没缺少](?:有|见|见着|看见)?(?:保险)?(?:条款|合同|材料|说明书)|没拆|没打开|信封|[只就](?:收到|拿到|有|给)了?(?:我)?(?:一|几|两)[张页]"
)
# Question words that only mention: 没什么不清楚的, 什么都知道, 没几天.
_MENTIONS = re.compile(
    "没什么|没有什么|没啥|(?:什么|啥|谁|哪|怎么)[也都]|没多少|[没不](?:怎么|咋)|有就有|[没好那这后每]几|几年退|[前头这]几[年个]|还有几[个项条道]|谁不(?:知道|清楚|晓得|懂|明白)"
)


def asks(chars: str) -> bool:
    """A question without a question word: 还有损失啊, 能不能取."""
    return bool(_EITHER_OR.search(chars) or _SURPRISED.search(chars))


def disputes(chars: str) -> bool:
    """He was told otherwise."""
    return bool(_DISPUTES.search(chars))


def asks_nothing(chars: str) -> bool:
    """A question word that asks nothing."""
    return bool(_MENTIONS.search(chars) or _IS_WRITTEN.search(chars))


def is_plain(chars: str) -> bool:
    """怎么不清楚: of course it is."""
    return bool(_OF_COURSE.search(chars))


# 我儿子知道，我不管
_OTHERS_KNOW = re.compile(
    "(?:儿子|女儿|闺女|姑娘|老公|爱人|媳妇|老婆|老伴|孩子|孩儿他[爸妈]|家里人|他们?|她)(?:都|才|比我)?"
    "(?:知道|清楚|懂|明白|了解|晓得)"
)


def others_know(chars: str) -> bool:
    """Another knows it, and he does not say that he does."""
    return bool(_OTHERS_KNOW.search(chars)) and len(re.findall("知道|清楚|懂|明白|了解|晓得", chars)) == 1


def by_others(chars: str) -> bool:
    """Another did it for him, and he does not say that he did it himself."""
    return bool(_BY_OTHERS.search(chars)) and not re.search("自己|亲[手笔自]|本人", chars)


def lacks_part(chars: str) -> bool:
    """Some of what should have come did not."""
    return bool(_LACKS_PART.search(chars))


def without_asides(chars: str, mask: str) -> str:
    """The words, place by place, with what neither answers nor asks masked."""
    return _ASIDES.sub(lambda part: mask * len(part[0]), chars)
