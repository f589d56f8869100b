"""Words for captions of portraits, in English and Chinese: attribute -> value -> phrases.

A phrase after | is held out: captions to train on never use it, captions to judge by use it as well.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[str, Mapping[str, str]]
"""Attribute -> value -> phrases, separated by ; and those held out after |."""

NOUNS_EN: Mapping[str, str] = {
    "female young": "young woman; young lady; young girl | lass; young female",
    "male young": "young man; young guy; lad | youngster; young fellow",
    "female middle": "woman; lady; middle-aged woman | madam; grown woman",
    "male middle": "man; middle-aged man; gentleman | bloke; grown man",
    "female old": "old woman; elderly lady; grandmother; senior woman | granny; aged lady",
    "male old": "old man; elderly gentleman; grandfather; senior man | grandpa; man of great age",
}
NOUNS_ZH: Mapping[str, str] = {
    "female young": "年轻女子;年轻姑娘;女青年 | 小姑娘;年轻女性",
    "male young": "年轻男子;小伙子;男青年 | 年轻小伙;年轻男性",
    "female middle": "女士;中年女人;中年女性 | 大姐;阿姨",
    "male middle": "男士;中年男人;中年男性 | 大叔;大哥",
    "female old": "老太太;老妇人;老奶奶 | 奶奶;年长的女性",
    "male old": "老先生;老大爷;老爷爷 | 爷爷;年长的男性",
}
ADJECTIVES_EN: Table = {
    "tone": {"light": "light-skinned; fair-skinned; pale | white-skinned", "medium": "olive-skinned; tan; with a medium skin tone | tanned",
             "dark": "dark-skinned; with dark skin; with very brown skin | deep-brown-skinned"},
    "build": {"thin": "thin; slim; lean | slender", "heavy": "heavy; chubby; plump | stout"},
    "expression": {"smile": "smiling; happy; cheerful | grinning", "serious": "serious; stern; grim | severe",
                   "surprise": "surprised; astonished | amazed", "sad": "sad; unhappy | sorrowful"},
}  # fmt: skip
FEATURES_EN: Table = {
    "hair_colour": {
        "black": "black hair; jet-black hair | raven hair", "brown": "brown hair; brunette hair | chestnut hair",
        "blond": "blond hair; blonde hair; fair hair | golden hair", "red": "red hair; ginger hair | auburn hair",
        "grey": "grey hair; gray hair | silver-grey hair", "white": "white hair; snow-white hair | silvery white hair",
        "dyed": "dyed hair; hair in an unnatural colour | brightly coloured hair",
    },
    "hair_length": {
        "bald": "a bald head; no hair | a hairless scalp", "buzz": "a buzz cut; cropped hair | a shaved head",
        "short": "short hair; a short haircut | hair cut short", "medium": "medium-length hair; chin-length hair | hair to the shoulders",
        "long": "long hair; hair down the back | hair past the shoulders",
    },
    "hair_texture": {"wavy": "wavy hair | waves in the hair", "curly": "curly hair; curls | ringlets",
                     "coily": "coily hair; tightly curled hair | tight coils"},
    "hair_style": {
        "parting": "a parting; parted hair | a side part", "fringe": "a fringe; bangs | hair over the forehead",
        "tail": "a ponytail; hair tied in a tail | hair tied back", "bun": "a bun; hair in a bun | a topknot",
        "braids": "braids; braided hair | plaits",
    },
    "eye_colour": {
        "brown": "brown eyes; dark eyes | chocolate eyes", "hazel": "hazel eyes | light-brown eyes", "green": "green eyes | emerald eyes",
        "blue": "blue eyes | sky-blue eyes", "grey": "grey eyes; gray eyes | steel-grey eyes",
    },
    "beard": {"stubble": "stubble; an unshaven chin | a five o'clock shadow", "moustache": "a moustache; a mustache | whiskers on the lip",
              "beard": "a beard; a full beard; a bearded face | facial hair"},
    "glasses": {"yes": "glasses; spectacles; eyeglasses | specs"},
    "hat": {"yes": "a hat; a hat on the head; a fedora | headwear"},
    "earrings": {"yes": "earrings | ear jewellery"},
    "freckles": {"yes": "freckles; a freckled face | freckly cheeks"},
    "outfit": {
        "t-shirt": "a T-shirt; a tee | a casual tee", "shirt": "a shirt; a collared shirt | a button-up",
        "suit": "a suit; a blazer | a business suit",
        "dress": "a dress | a frock", "skirt": "a top and skirt | a skirt outfit", "uniform": "a uniform; work clothes | workwear",
        "casual": "casual clothes; a sweater | everyday clothes", "sport": "sportswear; a hoodie; a sweatshirt | athletic clothes",
    },
    "outfit_colour": {
        "red": "red clothes; a red top | crimson clothing", "blue": "blue clothes; a blue top | navy clothing",
        "green": "green clothes; a green top | green clothing", "yellow": "yellow clothes; a yellow top | yellow clothing",
        "pink": "pink clothes; a pink top | rosy clothing", "purple": "purple clothes; a purple top | violet clothing",
        "orange": "orange clothes; an orange top | orange clothing", "white": "white clothes; a white top | white clothing",
        "black": "black clothes; a black top | black clothing", "grey": "grey clothes; a grey top | gray clothing",
        "brown": "brown clothes; a brown top | brown clothing",
    },
}  # fmt: skip
NEGATIONS_EN: Mapping[str, str] = {
    "glasses no": "no glasses; without glasses | not wearing spectacles", "hat no": "no hat; without a hat | bareheaded",
    "beard none": "no beard; clean-shaven; without a beard | beardless", "freckles no": "no freckles; clear skin | without any freckles",
    "earrings no": "no earrings | without earrings",
}  # fmt: skip
MOODS_EN: Mapping[str, str] = {
    "neutral": "with a calm face; with a neutral expression | looking relaxed", "smile": "smiling; with a smile | beaming",
    "laugh": "laughing; with a broad laugh | cracking up", "surprise": "looking surprised; with raised brows | looking amazed",
    "sad": "looking sad; with a sad face | looking down in the mouth", "angry": "looking angry; frowning | looking furious",
    "serious": "looking serious; with a stern face | straight-faced", "talk": "talking; speaking | saying something",
    "eyes_closed": "with closed eyes; eyes shut | with the eyes closed",
}  # fmt: skip
VIEWS_EN: Mapping[str, str] = {
    "front": "facing the camera; seen from the front | looking straight ahead",
    "side": "turned to the side; looking aside | half in profile",
    "light background": "on a light background | before a bright wall", "dark background": "on a dark background | before a dark wall",
    "soft": "in soft light | softly lit", "hard": "in hard light | harshly lit",
}  # fmt: skip

ADJECTIVES_ZH: Table = {
    "tone": {"light": "皮肤白皙的;白皮肤的 | 肤色很浅的", "medium": "小麦色皮肤的;肤色中等的 | 肤色偏黄的",
             "dark": "黑皮肤的;皮肤黝黑的 | 深色皮肤的"},
    "build": {"thin": "瘦瘦的;苗条的 | 清瘦的", "heavy": "胖胖的;丰满的;微胖的 | 富态的"},
    "expression": {"smile": "微笑的;开心的 | 笑眯眯的", "serious": "严肃的;板着脸的 | 神情凝重的", "surprise": "惊讶的 | 吃惊的",
                   "sad": "悲伤的;难过的 | 忧愁的"},
}  # fmt: skip
FEATURES_ZH: Table = {
    "hair_colour": {
        "black": "黑色的头发;黑发 | 乌黑的头发", "brown": "棕色的头发;棕发 | 褐色的头发", "blond": "金色的头发;金发 | 浅黄色的头发",
        "red": "红色的头发;红发 | 姜红色的头发", "grey": "灰色的头发;花白的头发 | 灰白头发", "white": "白色的头发;白发 | 银白的头发",
        "dyed": "染过的头发;染发 | 彩色的头发",
    },
    "hair_length": {
        "bald": "光头;没有头发 | 秃头", "buzz": "板寸;寸头 | 剃得很短的头发", "short": "短发;短头发 | 剪短的头发",
        "medium": "中长发;齐肩的头发 | 不长不短的头发", "long": "长发;长头发 | 披肩长发",
    },
    "hair_texture": {"wavy": "波浪形的头发 | 微卷的头发", "curly": "卷发;卷曲的头发 | 鬈发", "coily": "密卷的头发;爆炸头 | 小卷的头发"},
    "hair_style": {
        "parting": "分头;分缝的头发 | 偏分", "fringe": "刘海;齐刘海 | 额前的碎发", "tail": "马尾;马尾辫 | 扎起来的头发",
        "bun": "丸子头;发髻 | 盘起来的头发", "braids": "辫子;麻花辫 | 编起来的头发",
    },
    "eye_colour": {"brown": "棕色的眼睛;深色的眼睛 | 褐色眼睛", "hazel": "榛色的眼睛 | 浅褐色眼睛", "green": "绿色的眼睛 | 碧绿的眼睛",
                   "blue": "蓝色的眼睛;蓝眼睛 | 天蓝色的眼睛", "grey": "灰色的眼睛 | 灰眼睛"},
    "beard": {"stubble": "胡茬;短胡茬 | 没刮干净的胡子", "moustache": "八字胡;小胡子 | 上唇的胡须", "beard": "胡子;大胡子;络腮胡 | 胡须"},
    "glasses": {"yes": "眼镜 | 一副眼镜"},
    "hat": {"yes": "帽子;礼帽 | 一顶帽子"},
    "earrings": {"yes": "耳环 | 耳饰"},
    "freckles": {"yes": "雀斑;脸上的雀斑 | 斑点"},
    "outfit": {
        "t-shirt": "T恤;短袖衫 | 圆领衫", "shirt": "衬衫;衬衣 | 翻领衬衫", "suit": "西装;西服 | 正装",
        "dress": "连衣裙;裙装 | 长裙",
        "skirt": "上衣和半身裙 | 半裙", "uniform": "制服;工作服 | 工装", "casual": "便装;毛衣;休闲装 | 日常衣服",
        "sport": "运动服;卫衣 | 运动装",
    },
    "outfit_colour": {
        "red": "红衣服;红色的上衣 | 大红的衣服", "blue": "蓝衣服;蓝色的上衣 | 藏蓝的衣服", "green": "绿衣服;绿色的上衣 | 草绿的衣服",
        "yellow": "黄衣服;黄色的上衣 | 明黄的衣服", "pink": "粉衣服;粉色的上衣 | 粉红的衣服", "purple": "紫衣服;紫色的上衣 | 紫红的衣服",
        "orange": "橙色的衣服;橙色上衣 | 橘色的衣服", "white": "白衣服;白色的上衣 | 雪白的衣服", "black": "黑衣服;黑色的上衣 | 乌黑的衣服",
        "grey": "灰衣服;灰色的上衣 | 浅灰的衣服", "brown": "棕色的衣服;棕色上衣 | 咖啡色的衣服",
    },
}  # fmt: skip
NEGATIONS_ZH: Mapping[str, str] = {
    "glasses no": "没戴眼镜;不戴眼镜 | 没有眼镜", "hat no": "没戴帽子;不戴帽子 | 没有帽子",
    "beard none": "没有胡子;不留胡子 | 胡子刮得干净",
    "freckles no": "没有雀斑 | 脸上干净", "earrings no": "没戴耳环 | 不戴耳饰",
}  # fmt: skip
MOODS_ZH: Mapping[str, str] = {
    "neutral": "表情平静;面无表情 | 神态自然", "smile": "面带微笑;微笑着 | 笑盈盈", "laugh": "开怀大笑;大笑着 | 哈哈大笑",
    "surprise": "神情惊讶;很惊讶 | 一脸吃惊", "sad": "神情忧伤;看起来很难过 | 愁眉苦脸", "angry": "神情愤怒;皱着眉 | 怒气冲冲",
    "serious": "神情严肃;表情严肃 | 不苟言笑", "talk": "正在说话;在讲话 | 开口说着什么", "eyes_closed": "闭着眼睛;双眼紧闭 | 合着眼",
}  # fmt: skip
VIEWS_ZH: Mapping[str, str] = {
    "front": "正面;面向镜头 | 直视前方", "side": "侧着脸;看向一边 | 半侧面", "light background": "浅色背景 | 明亮的背景",
    "dark background": "深色背景 | 暗色的背景", "soft": "光线柔和 | 柔光", "hard": "光线强烈 | 硬光",
}  # fmt: skip
