"""Which words of a need ask for something: its request counts in full, its background little.

Enterprises write who they are, what they own and what they tried before they say what they want. The text
is read clause by clause; nothing is removed, only weighed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

REQUEST = 1.0
BACKGROUND = 0.25
# What would be nice to have is no condition, though its figures are asked for.
WISH = 0.15
# What is at hand but does not do, or is expressly not asked for.
SET_ASIDE = 0.1

SENTENCE_END = re.compile(r"[。！？!?；;\n]+")
CLAUSE_END = re.compile(r"[，,：]+")

ASKS = re.compile(r"需|要求|希望|急|求|想|拟|请|寻|能否|能不能|解决|不准|超差|偏差|不一致|对不上|不稳|检不了|测不")
INTRODUCES = re.compile(
    r"成立于|注册资本|占地|员工|高新技术企业|专精特新|龙头|知名|是一家|专业从事|专业生产|主要从事|主要生产|主营|"
    r"主要产品|产品包括|产品有|年产|产值|销售额|客户包括|我们是做|随着|近年来|众所周知|行业内|市场"
)
OWNS = re.compile(r"(?<!没)有(?!没有|偏差|误差|问题)|买了|配了|配备|具备|购置|用的是|用过|试过")
TURNS = re.compile(r"但|可是|不过|然而|却|只是|无奈")
DENIES = re.compile(
    r"不是(?!很|太|特别)|不需要|不用(?!于)|无需|不要求|不包括|不含|除外|(?<![没未])[校检]过|(?:都|是|还)好的|没问题"
    r"|(?<!不)正常(?!工作|运行|使用|生产)|没法用|不作数|不算数|不顶用"
)
# What is said of the clause before: 清水标的系数差一成，不认.
DENIES_BEFORE = re.compile("(?:都|也|还是|肯定)?(?:不认|不算数?|不作数|没法用|不能用|不顶用|不行|没用|白搭)")
WISHES = re.compile("最好(?!的)|优先|更好")
PAST = re.compile(
    r"去年|前年|往年|上次|上一[次家]|以前|之前|原来|(?<![没未])[送做标试比]过|只能?(?:覆盖|做)到|最低只到|一般做到"
)
WANTS = re.compile("(?<!不)需要|(?<!不)要求|希望|想|请|目标")


def weigh_clauses(text: str) -> Iterator[tuple[str, float]]:
    """The clauses of a need's text, each with what its words count.

    >>> list(weigh_clauses("我们有三坐标，但是孔太深，要测内径。"))
    [('我们有三坐标', 0.1), ('但是孔太深', 1.0), ('要测内径', 1.0)]
    """
    for sentence in SENTENCE_END.split(text):
        clauses = [clause.strip() for clause in CLAUSE_END.split(sentence) if clause.strip()]
        is_background = bool(INTRODUCES.search(sentence)) and not ASKS.search(sentence)
        for clause, following in pairwise([*clauses, ""]):
            is_denied = DENIES.search(clause) or DENIES_BEFORE.fullmatch(following)
            if is_denied or (OWNS.search(clause) and TURNS.match(following)):
                yield clause, SET_ASIDE
            elif WISHES.search(clause):
                yield clause, WISH
            elif is_background or (INTRODUCES.search(clause) and not ASKS.search(clause)):
                yield clause, BACKGROUND
            else:
                yield clause, REQUEST


def blank_aside(text: str) -> str:
    """The text, as long as before, without the clauses whose figures are not asked for.

    These are the clauses set aside, and what others once did or found, up to where the sentence asks for something.

    >>> blank_aside("我们有三坐标，但是孔太深。去年送检，给的U是0.03%，要求0.01%").replace(" ", "")
    '，但是孔太深。，，要求0.01%'
    """
    kept, at, is_past = list(text), 0, False
    for clause, weight in weigh_clauses(text):
        start = text.index(clause, at)
        is_new = bool(SENTENCE_END.search(text, at, start))
        is_past = not WANTS.search(clause) and (bool(PAST.search(clause)) or (is_past and not is_new))
        at = start + len(clause)
        if weight == SET_ASIDE or is_past:
            kept[start:at] = " " * len(clause)
    return "".join(kept)
