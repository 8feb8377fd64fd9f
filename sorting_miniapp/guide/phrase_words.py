"""The words around the thing in a question, as patterns: what is asked, how politely, in what condition. Pure."""

from __future__ import annotations

import re
from enum import StrEnum


class Condition(StrEnum):
    """What a question says about the thing's condition; the class may depend on it."""

    SOILED = "soiled"
    CLEAN = "clean"
    BROKEN = "broken"
    LEFT_OVER = "left_over"
    EMPTY = "empty"
    EXPIRED = "expired"


def _any(text: str) -> str:
    """One of the words, the first that fits."""
    return f"(?:{'|'.join(text.split())})"


# Negations are said before the words they contain: 洗不干净 is soiled, 没用完 is left over.
CONDITIONS = (
    (
        Condition.SOILED,
        re.compile(
            _any(
                r"""洗不干?净 没有?洗(?:干净)? 没有?冲(?:干净)? 不干净 脏 油污 油渍 油垢 满油 沾 污 湿(?![巾纸垃]) 粘
                带油 油腻 红油 发霉 发臭"""
            )
        ),
    ),
    (
        Condition.CLEAN,
        re.compile(rf"(?<!不)(?<!没){_any('洗干?净 冲干?净 干净 洗过 冲过 冲洗 晾干 全新 没用过 没有用过')}"),
    ),
    (Condition.BROKEN, re.compile(_any("碎 打烂 破 摔坏 断 裂 烂了 坏"))),
    (
        Condition.LEFT_OVER,
        re.compile(_any("(?:没|没有|未|还没)(?:用|喝|吃|放|刷|燃|点)完 剩 还有 余料 半瓶 半桶 过半")),
    ),
    (Condition.EMPTY, re.compile("(?<!没)(?<!有)(?<!未)(?:用|喝|吃|倒|放)(?:完|光|尽)|空(?!气|调|心)")),
    (Condition.EXPIRED, re.compile(_any("过期 过了期 到期 失效"))),
)

_MAY = (
    _any(
        """到底 究竟 一般 通常 应该 应当 应 该 需要 需不需要 需 可不可以 可以 能不能 能否 能够 能 是否 是不是 算不算
        属不属于 要不要 用不用 该不该 会不会 得 要 会 还 都 也 又 就 可 直接 随便 乱 一起 单独 先 再 给 怎么 平时
        现在"""
    )
    + "*"
)
_PUT = _any(
    """投放 投递 投进 丢弃 扔掉 丢掉 处理 处置 分类 归类 归到 归入 归 属于 属 算是 算 叫 是 扔 丢 抛 投 放 倒 搁 摆 送
    卖 拿 交 装 分 掟 掉 摞"""
)
_INTO = _any("掉 到 在 进去 进 入 去 给 往 落 喺") + "?"
_WHAT = _any(
    """哪里面 哪里 哪儿 哪边 哪些 哪 什么 甚么 什麼 啥 几号 怎么样 怎么 怎样 怎麼 如何 咋样 咋 边度 边个 边 乜嘢 乜 点样
    点"""
)
_BIN = (
    "(?:一|个|個|种|类|样|些|只)*(?:颜色|色)?的?(?:垃圾|废物)?"
    + _any("桶 箱 筐 袋 地方 分类 类别 类型 类 种 里面 里 边 号")
    + "*(?:里面|里|中|去)?"
)
_END = (
    _any(
        """就可以 就行 就好 可以 行
        好一点 好点 好 合适 合理 正确 才对 对 才行 才 安全 比较 呢 呀 啊 吗 嘛 吧 呐 哦 哈 了 的 啦 噢 咧 么 不 没有
        先"""
    )
    + "*"
)
_CLASS = _any(
    """可回收物 可回收垃圾 不可回收物 不可回收垃圾 不可回收 可回收的? 厨余垃圾 厨余 餐厨垃圾 餐厨 湿垃圾 干垃圾
    有害垃圾 有毒垃圾 有害 其他垃圾 其它垃圾 大件垃圾 大件 装修垃圾 建筑垃圾 生活垃圾 普通垃圾 垃圾"""
)
_DONE = _any(
    """投放 丢弃 扔 丢 抛 回收 循环利用 再利用 利用 卖 洗干净 清洗 洗 冲洗 冲 拆开 拆 分开 收 倒 处理 处置 烧 埋 压扁 包
    捐 换 要 投 放 进"""
)
_AS = f"{_MAY}(?:算不算|是不是|属不属于|算不算是|当作|当成|当|{_PUT}){_INTO}"
_IN = f"{_CLASS}(?:桶|箱)?(?:里面|里)?"
_CAN = _any("可不可以 能不能 要不要 用不用 需不需要 该不该 会不会 是不是 可以 能 要 需要 还能 还可以")
_ANYWHERE = f"(?:{_PUT}|冲|送|交)"
_PLACE = _any(
    """马桶 下水道 厕所 水槽 洗手池 垃圾桶 垃圾箱 垃圾站 垃圾房 楼下 门口 路边 河里 水里 水沟 田里 地里 旧衣回收箱
    衣物回收箱 旧衣箱 回收箱 回收站 废品站 厨余桶 药店 绿桶 红桶 蓝桶 灰桶"""
)
_WAY = _any("直接 随便 随意 乱 一起 上门 单独 先 再 够 拿去 拿来") + "*"
QUESTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        # 干垃圾有哪些, 厨余垃圾包括什么
        f"{_MAY}(?:包括|包含|指的是|是指|指|有|含){_WHAT}{_BIN}(?:东西|物品|意思)?{_END}$",
        # 是干垃圾还是湿垃圾, 算不算厨余垃圾呀, 扔其他垃圾桶可以吗
        f"{_AS}{_IN}(?:还是|或者|或|和|跟)(?:是|算|属于|扔|放)?{_IN}{_END}$",
        f"{_AS}{_IN}(?:可以|行|能行|对)?{_END}$",
        # 往哪里丢, 要扔到哪类, 属于什么垃圾, 丢什么颜色的桶
        f"{_MAY}(?:往|向|从|到)?{_WHAT}{_BIN}{_MAY}{_PUT}{_INTO}{_END}$",
        f"{_MAY}{_PUT}{_INTO}{_WHAT}{_BIN}{_END}$",
        f"{_PUT}{_INTO}{_WHAT}{_BIN}{_END}",
        # 怎么扔, 如何处理, 怎么办
        f"{_MAY}{_WHAT}{_MAY}(?:{_PUT}|{_DONE}|办|弄|搞|做|分)(?:掉|走|它|到|去|才)?{_END}",
        # 有没有上门收, 能不能回收, 还能卖吗, 要不要洗
        "(?:有没有|有人|有无|谁)(?:人|地方|师傅)?(?:上门)?(?:收|要|回收|处理|知道)[的吗嘛么]*$",
        f"{_CAN}{_WAY}{_DONE}(?:掉|钱|走|干净|过|了)*{_END}$",
        # 能倒马桶吗, 可以放旧衣回收箱吗
        f"{_CAN}{_WAY}{_ANYWHERE}{_INTO}{_PLACE}(?:里面|里|中)?{_END}$",
        f"{_CAN}?{_WAY}(?:不要|别)?(?:倒|冲|扔|丢|放|投)(?:进|到|入|去|落)?{_PLACE}(?:里面|里|中)?{_END}$",
        # 是什么, 哪一类
        f"(?:是|算|属于|归)?(?!点|边[^度个]){_WHAT}{_BIN}{_END}$",
        f"(?:不想要|不要|不用|想扔|想丢|要扔|要丢)(?:掉|了)*{_END}$",
        "(?:怎么办|咋办|点算|求助|求解|求教|谢谢|急)+$",
    )
)
OPENING = re.compile(
    "^"
    + _any(
        """请问一下 请问 请教一下 请教 我想问一下 我想问 想问一下 想问问 想问 问一下 问下 问问 我想知道 想知道
        帮我查一下 帮我查 查一下 查查 你好 您好 麻烦问一下 麻烦 老师好 各位 大家好 那个 这个 这种 那种 一下 有个 有一个
        有些 我家里面 我家里 我家的 我家 家里面 家里的 家里 咱家 我们家 我的 我有 我"""
    )
    + "+"
)
SPLIT = re.compile("[，。！？、,.!?；;…+＋&\n]+|(?<=[\u3400-\u9fff])\\s+(?=[\u3400-\u9fff])")
OLD = re.compile(
    "^(?:"
    + _any(
        """用过 用完 用剩 用旧 用坏 喝完 喝剩 喝光 吃完 吃剩 吃过 剩下 剩余 拆下来? 换下来? 换掉 废弃 废旧 报废 过期
        过了期 穿旧 穿烂 不要 不用 坏掉 打碎 打烂 摔碎 摔坏 破旧 破损 旧 坏 破 烂 碎 废 空 脏 湿 干 小 大
        变质 发霉 发臭 发黄 腐烂 臭 馊 没吃完 没喝完 没用完 吃不完 喝不完 用不完 用不上 多余 闲置 淘汰 二手
        老(?![师板人婆家火干抽姜陈花鼠虎坛年友]) 一次性 啃完 嗑完 剥下来? 白色 黑色 红色 彩色 透明"""
    )
    + "(?:了|的|掉)*)+"
)
COUNTED = re.compile(
    "^(?:这|那|一|二|两|三|四|五|六|七|八|九|十|几|半|好|多|[0-9])+(?:大|小)?"
    "[个只条根块片张瓶桶盒袋包箱堆把件双台部辆节粒颗支枝本份串碗杯些叠套捆卷罐盆朵棵](?:的)?"
)
# Where the thing itself begins: behind these words.
HEAD_BEGINS = re.compile("的(?=.)|(?:旧|二手|过期|报废)的?(?=..)")
# What was done to it stands behind the thing: 钙片过期了, 饲料袋一大叠.
AFTERWARDS = re.compile(
    "(?<=..)(?:"
    + _any(
        """过期 过了期 坏 破 烂 旧 脏 断 没电 用完 喝完 吃完 没用完 没吃完 没喝完 没喝 没吃 发霉 发臭 生锈 变质 不要
        不用 用旧 用过 空 (?:[一两几半多]+|一)(?:大|小)?[个只条块片张瓶桶盒袋包箱堆把件双台部节粒叠捆]"""
    )
    + "(?:了|的|掉)*)+$"
)
_USED = _any(
    """拉 用 吃 喝 啃 嗑 装 放 剩 剩下 剩余 掉 剪 拆 换 包 穿 戴 坐 抽 泡 煮 煲 炸 烧 里面 里 上面 上 下面 下 身上 家的
    拔 剃 梳 刮 削 挖 扫 洗 磨 撕 捡 铲 落 贴 挂 盛 煎"""
)
DONE_TO = re.compile(f"(?:(?<=.)[上里]?{_USED}(?:完|剩|过|下来|出来|下|掉|光)?)?的(?=.)")
# Where it was says nothing about it: 狗拉的屎 of 狗在路边拉的屎.
WHERE = re.compile("(?:在|从|到)[^的]{1,5}?[边上里下面外口中](?=[^的]{1,2}的)")
# What is in it, or on it, stands behind the thing: 硬盘里有资料.
HOLDS = re.compile("(?<=..)(?:里面?|上面?|中|内)(?:还|都)?(?:有|是|装|剩|沾|带)[^的]+$")
AND = re.compile("(?:以及|还有|加上|连同|连着|和|跟|与|及|连(?!州|衣|裤|环|帽|花|锁|体|供))")
SMALL = re.compile("([袋瓶盒罐箱杯桶筒管壳盖叶碟刷膜绳圈套])子")
TURNED = re.compile("(?:.*[的旧])?(.{2,})(脏|破|碎|烂|过期|发霉|漏液|漏电|油污)了?")
