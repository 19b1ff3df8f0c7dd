"""The patterns of measurement language over a sketch, where # is a number and @ a unit."""

from __future__ import annotations

import re
from functools import cache

_VALUE = r"φ?[+-]?#@?"
_TO = r"(?:~+|-{1,2}|…+|\.{2,6}|起?[至到]|÷| ?to(?=φ?[+-]?#)|→|(?:和|与)(?=φ?[+-]?#@?之间))"
_SIDE = r"(?:[≤≥<>]=?)?"
_ROOM = r"(?:室温|常温|环境温度|(?<![A-Za-z])RT(?![A-Za-z]))"
_OPEN, _SHUT = r"[(\[]{0,3}", r"[)\]]{0,3}"
_READING = (
    r"读数值?|示值|显示值|测[量得]值|实测值|设定值|标称值"
    r"|of ?rdg|of ?reading|R\.?D(?:G|ING)?\.?|[Rr]d(?:g|ing)?\.?|reading"
)
_FULL = (
    r"满量程值?|满刻度|满度|全量程|量程上限|测量上限|上限值?|量程|F[.·]?[SV]\.?R?|f\.?s\.?|of ?range|range|R(?:ANGE)"
)
_SPAN = r"[Ss]pan|SPAN"
_DIGITS = r"个?字|[Dd]igits?|[Dd]gts?|个?LSD|counts?"

# One term of a formula: 0.05%RD, 1.5L, 3L/1000, L/350, 2×10⁻⁵·L, 0.002|t|, 2字.
TERM = re.compile(
    r"(?:(?P<number>(?<!\^)#)(?P<unit>@?)(?:[×*·]|的|of)? ?\(?(?:"
    rf"(?P<reading>{_READING})|(?P<fs>{_FULL}|{_SPAN}|U[nm]|Imax)|(?P<digits>{_DIGITS})"
    r"|(?P<variable>\|[A-Za-z]\||[A-Za-z]n?(?![A-Za-z]))"
    r")?\)?|(?P<letter>(?<![A-Za-z])[A-Za-z](?=/)))(?:/(?P<divisor>#))?"
)
_T = re.sub(r"\?P<[a-z]+>", "?:", TERM.pattern)

_SQUARES = rf"\(?{_T}\)?(?:²|\^#)\+\(?{_T}\)?(?:²|\^#)"


@cache
def expression_pattern() -> re.Pattern[str]:
    """All expressions of numbers; compiled at the first text, so that importing the reader is quick."""
    return re.compile(
        rf"(?P<root>Q{_OPEN}{_T}[,，;；]{_T}[)\]]+@?|(?:√|[Ss]qrt|SQRT){_OPEN}{_SQUARES}{_SHUT}@?|\[{_SQUARES}\]\^\(?#/#\)?@?)"
        rf"|(?P<formula>{_OPEN}±?{_OPEN}{_T}(?:\+\(?{_T}\)?|±#(?:{_DIGITS})|±#@(?:of)? ?(?:{_FULL}|{_SPAN}))+{_SHUT}@?)"
        rf"|(?P<diameter>(?:DN|公称[直通]径:?)[≤≥<>]?{_OPEN}#@?(?:{_TO}(?:DN)?#@?)?)"
        rf"|(?P<between>{_VALUE}[<≤]=?[A-Za-zφ一-龥]{{1,4}}[<≤]=?{_VALUE})"
        rf"|(?P<interval>\[{_VALUE}[,，]{_VALUE}[)\]]@?|\({_VALUE}[,，]{_VALUE}\]@?)"
        rf"|(?P<tolerance>{_OPEN}{_VALUE}±#@?{_SHUT}@?)"
        rf"|(?P<asymmetric>{_OPEN}\+#@?[/,，;；]?-#@?{_SHUT}@?|{_OPEN}-#@?[/,，;；]\+#@?{_SHUT}@?)"
        rf"|(?P<limits>{_OPEN}\+#@?/#@?{_SHUT}@?|{_OPEN}#/-#@?{_SHUT}@?)"
        rf"|(?P<dims>{_OPEN}{_VALUE}(?:×{_VALUE})+{_SHUT}@?)"
        rf"|(?P<swing>{_OPEN}#@?{_TO}±#@?{_SHUT}@?)"
        rf"|(?P<room>{_ROOM}(?:\+#@?)?{_SHUT}{_TO}{_OPEN}{_VALUE}{_SHUT}@?|{_OPEN}{_VALUE}{_SHUT}{_TO}{_ROOM}{_SHUT})"
        rf"|(?P<range>{_OPEN}±?{_OPEN}{_SIDE}{_OPEN}{_VALUE}{_SHUT}{_TO}{_OPEN}{_SIDE}{_VALUE}{_SHUT}(?:\(×#(?:/L)?\)|×#)?@?)"
        rf"|(?P<plusminus>{_OPEN}±{_OPEN}#@?{_SHUT}@?)"
        rf"|(?P<single>{_VALUE})"
    )


REFERENCE = re.compile(
    rf"[×*·]?\(?(?:of|的)?(?:(?P<fs>{_FULL})|(?P<span>{_SPAN})|(?P<reading>{_READING}|\|?[tLx]\|?(?![A-Za-z])))\)?"
)

FACTOR = re.compile(
    r"(?:(?:包含|覆盖|扩展)因子(?:为|是|:|=|取)?(?:[kK][=≈:为取]?)?|(?<![A-Za-z])[kK](?:_?p|95)?(?:=|≈|:|取|为))#"
)
PROBABILITY = re.compile(
    r"(?:(?:置信|包含)(?:概率|水平|度|水准|区间)?(?:约?为|:|=|≈|约)?(?:[pP][=≈:])?|(?<![A-Za-z])[pP](?:=|≈|:|为))#@?"
)
HEAD_UNIT = re.compile(r"(?:\(?单位[:为]?|[/(\[,，]) ?")
VARIABLE_UNIT = re.compile(
    r"(?<![A-Za-z])([A-Za-z]) ?(?:的?单位 ?(?:为|是|:|取|用)?|:|-|以|in|用|取"
    r"|为[^,，;；。()]{0,8}[,，(]? ?(?:单位)? ?[:为是]?|\() ?"
)

_LE = (
    r"≤|<=|=<|[不无未][大多]于|不[超高]过?于?|不高于|小于等于|小于或等于|至多|可达|高达|高至|上限(?!允许|误差|偏差|以)[一-龥]{0,2}|优于"
    r"|最[大高多](?!允许|误差|偏差)[一-龥]{0,5}|(?<![A-Za-z])(?:Max|MAX|max)"
)
_GE = (
    r"≥|>=|=>|不[小少低]于|大于等于|大于或等于|至少|下限(?!允许|误差|偏差|以)[一-龥]{0,2}"
    r"|最[小低](?!分度|分辨|读数|刻度|示值|显示)[一-龥]{0,5}|(?<![A-Za-z])(?:Min|MIN|min)"
)
_LT = r"<|小于|低于|少于|不足|不满|不到"
_GT = r">|大于|高于|超过|超出|多于"
OPERATOR = re.compile(
    rf"(?:(?P<le>{_LE})|(?P<ge>{_GE})|(?P<lt>{_LT})|(?P<gt>{_GT}))(?:[:=为是约在]|[可能要]*(?:测?到|达到?)?)?{_OPEN}$"
)
SUFFIX = re.compile(r"(?:\(含\)|及|和|或|\()?(?:(?P<up>以上|之上)|以下|之下|以内|之内)")

_SUBSCRIPT = r"(?:_?\{?(?:(?:0\.)?9[59]| ?(?:rel|Rel|REL)|CMC|cmc|r|p|c)\}?)*"
KEYWORD = re.compile(
    rf"(?P<unc>(?:相对)?(?:扩展|合成|标准)?(?:测量)?不确定度(?:[Uu]{_SUBSCRIPT})?"
    rf"|(?<![A-Za-z])[Uu]{_SUBSCRIPT}(?![A-Za-z]))"
    r"|(?P<res>(?:显示)?分辨[力率]?|分度值?|最小(?:读数|刻度|示值|显示|分度)值?|感量|细分|鉴别[力阈]|读数精度"
    r"|(?<![A-Za-z])[de](?==))"
    r"|(?P<mpe>(?:最大)?允许误差|误差(?!矢量)|允差|公差带?|偏差|精度|精确度|准确度|准确性|MPE[A-Z0-9]{0,4}"
    r"|波动[度性]?|均匀[度性]|允许偏差)"
    r"|(?P<span>量程|范围|行程|测程|满度|输出|输入|幅度|角度|双向)"
    r"|(?P<other>重复性|复现性|稳定性|线性度?|迟滞|回程误差|漂移|蠕变|灵敏度限)"
)
# What may stand between a keyword and its value.
FILLER = re.compile(
    r"(?:要求|等级|应当?|需要?|须|达到?|为|是|在?范围|在|值|约|可|能|满足|保证|控制|不能|限|均|都|±|≤|≥|<=|=<|<|>|[:=≈]"
    r"|[不无未][大多小低高]于|不超过|优于|小于|低于|[,，]?§+[,，:]?|[UuEe](?=[=≤<:])|\([^()#]{0,10}\)|[(\[]|[)\]])*"
)
KEYWORD_AFTER = re.compile(
    r"(?:以内|之内|左右)?(?:的|之)?(?:测量|示值|最大|允许|定位)*"
    r"(?P<key>分辨[力率]|精度|准确度|误差|允差|不确定度|分度值?)"
    r"(?!(?:[:为≤<=]|不[大超]|优于|要求|等级)*[±(]*[+-]?#)"
)
SPAN_AFTER = re.compile(r"(?:的)?(?:测量)?(?:量程|范围|行程)(?![:为]?[(]*[+-]?#)")
BALANCE_AFTER = re.compile(r"[级的]?(?:电子|分析|机械|精密|光电)*天平")
DIFFERENCE = re.compile(r"(?:温差|温升|温度差|温度变化)[^#@，,；;。]{0,5}$")
SCALE_BEFORE = re.compile(r"(pH|PH|HRC|HRB|HRA|HBW?|HV|HK|HLD?|HSD)(?:硬度|值|值为|为|:|=)?[(\[]*$")

CONDITION = re.compile(
    r"环境(?!试验|箱|监测|空气|γ|辐射|级|检测|噪声|模拟|剂量|振动|保护|放射|可靠|应力)|条件[:下为]"
    r"|(?:工作|参比|参考|校准|使用|测试|试验|检定|实验室|标准|存储|储存)(?:温度|湿度|条件)"
    r"|室温|恒温(?:室|条件|间)|实验室(?:内|温)|供电|电源电压|工作电源|车间温度|现场温度"
)
CONDITION_AFTER = re.compile(
    r"[)\]]*(?:的?(?:环境|恒温|室温|条件)|时(?!间)"
    r"|[^。；;\n#]{0,12}(?:#@)?[^。；;\n#]{0,6}(?:环境(?:条件)?下|条件下))"
)
NEW_SUBJECT = re.compile("测量范围|量程|校准范围|被[测检校]|不确定度|允差|误差|准确度|分辨|分度|测量对象|校准")
SENTENCE_END = re.compile("[。；;\n]")
