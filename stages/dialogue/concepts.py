"""Everyday words of similar meaning in English and Chinese, so that lexical matching relates cost to price and 钱 to 费用."""

from __future__ import annotations

import re

ENGLISH_CONCEPTS = {
    "price": "price cost costs fee fees charge pay paid expensive cheap pound pounds dollar dollars euro euros pence money admission fare",
    "hours": "open opens opening close closes closed closing hours until o'clock noon midnight",
    "clocktime": "when time hour hours o'clock start starts begin begins until morning evening",
    "place": "where place address located location find direction directions",
    "way": "get reach tram bus train metro subway station transport ride drive taxi",
    "toilet": "toilet toilets restroom bathroom washroom loo lavatory wc",
    "food": "eat food lunch dinner breakfast snack snacks sandwich restaurant café cafe meal hungry cake",
    "drink": "drink coffee tea water café cafe thirsty",
    "lift": "lift elevator stairs wheelchair accessible disabled ramp step steps",
    "picture": "photo photos photograph photographs picture pictures camera film video selfie flash",
    "tour": "tour tours guided guide show",
    "child": "child children kid kids son daughter baby family young toddler toddlers",
    "old": "old oldest ancient age century year years history historic earliest",
    "maker": "built build made make maker created invented",
    "name": "name called who introduce",
    "number": "many number count amount",
    "long": "long minutes duration last take takes weeks",
    "size": "big large huge size wide width diameter tall high height",
    "learn": "study studied learn university college degree school",
    "job": "job work career profession employed",
    "buy": "buy purchase get recommend advice start beginner begin",
    "cold": "cold warm chilly freeze freezing clothes jacket coat wear dress",
    "sleep": "sleep bed tired wake night",
    "find": "find found discover discovered detect",
    "visit": "visit visitor visitors guest guests come public welcome book booking reserve",
    "fix": "repair fix mend broken maintain",
    "borrow": "borrow lend loan keep return",
}  # fmt: skip
CHINESE_CONCEPTS = {
    "price": "价格 价钱 多少钱 费用 收费 学费 要钱 花钱 免费 贵 便宜 付 交钱 元",
    "clocktime": "几点 什么时候 何时 时间 点半 点钟 几号 几月 开始",
    "begin": "开始 开学 上课 开门 开课",
    "end": "放学 下课 结束 关门 回家",
    "place": "哪里 哪儿 在哪 地址 位置 地方 附近 旁边 离 近 远",
    "way": "怎么去 怎么走 怎么到 地铁 公交 坐车 几号线 号线 交通 车站 路线",
    "number": "多少人 几个人 人数 几个 多少个 多不多 多少学生 最多 人多",
    "class": "班 班级 小班 大班 同学 学生",
    "lesson": "课 课程 班 上课",
    "book": "书 课本 教材 小说 读 看书",
    "duration": "多久 多长 几年 几个星期 几周 多少年 星期 一共",
    "past": "以前 过去 曾经 从前 之前",
    "study": "大学 专业 毕业 念书 本科",
    "teach": "教书 当老师 教学 任教 教了 老师",
    "character": "汉字 写字 认字 生字 个字 记住 记不住",
    "method": "怎么学 办法 方法 窍门 技巧 建议 怎么办 练习",
    "friday": "星期五 周五 礼拜五",
    "activity": "活动 一起 好玩 有意思 节目 聚会 唱歌 做什么",
    "test": "考试 测试 测验 考 水平 程度",
    "beginner": "初学者 零基础 新手 初级 没学过 不会中文 刚开始",
    "holiday": "暑假 夏天 假期 放假 七月 八月 夏季",
    "like": "喜欢 爱 最爱 喜爱 爱好",
    "name": "你是谁 叫什么 名字 贵姓 姓名 自我介绍 介绍一下 什么人",
    "greet": "你好 您好 大家好 早上好 下午好 晚上好 嗨",
    "weather": "天气 下雨 气温 几度",
    "sport": "比赛 足球 篮球 赢",
}  # fmt: skip
_WORD_SETS = {f"@{concept}": frozenset(words.split()) for concept, words in ENGLISH_CONCEPTS.items()}
_CONCEPT_PATTERNS = {
    f"@{concept}": re.compile("|".join(re.escape(word) for word in phrases.split())) for concept, phrases in CHINESE_CONCEPTS.items()
}


def find_concepts(text: str) -> list[str]:
    """The concepts ("@price") in a lower-case text, sorted."""
    words = set(re.findall(r"[^\W\d_]+(?:'[^\W_]+)*", text))
    found = {concept for concept, synonyms in _WORD_SETS.items() if words & synonyms}
    return sorted(found | {concept for concept, pattern in _CONCEPT_PATTERNS.items() if pattern.search(text)})
