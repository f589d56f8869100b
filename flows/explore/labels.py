"""The words of the page, in English and Mandarin."""

from __future__ import annotations

from collections.abc import Mapping

# Axis -> its name, and what it is at -1 and at 1: in English, then in Mandarin.
AXIS_LABELS: Mapping[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "face_width": (("Face", "narrow", "wide"), ("脸", "窄", "宽")),
    "jaw_width": (("Jaw", "narrow", "wide"), ("下颌", "窄", "宽")),
    "cheeks": (("Cheeks", "hollow", "full"), ("脸颊", "凹", "丰满")),
    "chin": (("Chin", "receding", "forward"), ("下巴前后", "后缩", "前突")),
    "chin_height": (("Chin height", "short", "long"), ("下巴长短", "短", "长")),
    "chin_width": (("Chin width", "pointed", "square"), ("下巴宽窄", "尖", "方")),
    "nose_width": (("Nose width", "narrow", "wide"), ("鼻宽", "窄", "宽")),
    "nose_length": (("Nose length", "short", "long"), ("鼻长", "短", "长")),
    "nose_bridge": (("Bridge of the nose", "flat", "high"), ("鼻梁", "低", "高")),
    "nose_hump": (("Profile of the nose", "hollow", "humped"), ("鼻梁弧度", "凹", "驼峰")),
    "nose_tip": (("Tip of the nose", "flat", "projecting"), ("鼻尖", "扁", "挺")),
    "nose_upturn": (("Turn of the tip", "down", "up"), ("鼻尖朝向", "下垂", "上翘")),
    "lips": (("Lips", "thin", "full"), ("嘴唇", "薄", "厚")),
    "mouth_width": (("Mouth", "narrow", "wide"), ("嘴", "小", "大")),
    "mouth_corners": (("Corners of the mouth", "down", "up"), ("嘴角", "下垂", "上扬")),
    "upper_lip": (("Nose to mouth", "near", "far"), ("人中", "短", "长")),
    "eye_size": (("Eyes", "small", "large"), ("眼睛", "小", "大")),
    "eye_opening": (("Lids", "narrow", "open"), ("眼裂", "细", "圆")),
    "eye_tilt": (("Tilt of the eyes", "down", "up"), ("眼角", "下垂", "上挑")),
    "eye_distance": (("Distance of the eyes", "close", "wide"), ("眼距", "近", "远")),
    "eye_depth": (("Eye sockets", "flat", "deep"), ("眼窝", "浅", "深")),
    "brow_height": (("Brows", "low", "high"), ("眉毛高低", "低", "高")),
    "brow_angle": (("Slant of the brows", "drooping", "rising"), ("眉形", "下垂", "上扬")),
    "ears": (("Ears", "small", "large"), ("耳朵", "小", "大")),
    "ear_angle": (("Angle of the ears", "flat", "protruding"), ("耳朵角度", "贴", "招风")),
    "forehead": (("Forehead", "low", "high"), ("额头高低", "低", "高")),
    "forehead_width": (("Width of the forehead", "narrow", "wide"), ("额头宽窄", "窄", "宽")),
    "tone": (("Skin alone", "lighter", "darker"), ("仅肤色", "浅", "深")),
}
# Field of the spec -> the same, at the ends of its range.
FIELD_LABELS: Mapping[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "identity.age": (("Age", "18", "90"), ("年龄", "18", "90")),
    "identity.gender": (("Sex", "female", "male"), ("性别", "女", "男")),
    "identity.tone": (("Skin and origin", "light", "dark"), ("肤色与族裔", "浅", "深")),
    "identity.variety": (("Variety", "average", "distinctive"), ("个性", "大众", "独特")),
    "body.height": (("Height", "short", "tall"), ("身高", "矮", "高")),
    "body.weight": (("Weight", "thin", "heavy"), ("体重", "瘦", "胖")),
    "body.muscle": (("Muscles", "slack", "strong"), ("肌肉", "弱", "强")),
    "texture.freckles": (("Freckles", "none", "many"), ("雀斑", "无", "多")),
}
# Title -> axes, in the order of the page.
GROUPS: tuple[tuple[tuple[str, str], tuple[str, ...]], ...] = (
    (("Face", "脸型"), ("face_width", "jaw_width", "cheeks", "chin", "chin_height", "chin_width", "forehead", "forehead_width")),
    (("Eyes and brows", "眼睛与眉毛"), ("eye_size", "eye_opening", "eye_tilt", "eye_distance", "eye_depth", "brow_height", "brow_angle")),
    (("Nose", "鼻子"), ("nose_width", "nose_length", "nose_bridge", "nose_hump", "nose_tip", "nose_upturn")),
    (("Mouth", "嘴"), ("lips", "mouth_width", "mouth_corners", "upper_lip")),
    (("Ears and skin", "耳朵与肤色"), ("ears", "ear_angle", "tone")),
)
LABELS: Mapping[str, tuple[str, str]] = {
    "language": ("Language", "语言"),
    "portrait": ("Portrait", "肖像"),
    "drawing": ("Drawing…", "正在绘制…"),
    "quick": ("Quick view; hair and clothes follow", "快速预览，头发和衣服稍后更新"),
    "exact": ("As it will be built", "与最终构建一致"),
    "seed": ("Seed", "种子"),
    "next": ("Another person", "换一个人"),
    "undo": ("Undo", "撤销"),
    "redo": ("Redo", "重做"),
    "reset": ("Begin again", "从头开始"),
    "person": ("Person", "人物"),
    "text": ("Say who you want", "用文字描述"),
    "text_hint": ("a cheerful museum guide of sixty, short grey hair", "六十岁开朗的博物馆讲解员，短白发"),
    "apply": ("Apply", "应用"),
    "ignored": ("No effect: ", "未起作用："),
    "mix": ("Mix", "混合"),
    "mix_with": ("Mix in", "混入"),
    "mix_weight": ("Weight", "权重"),
    "add": ("Add", "添加"),
    "remove": ("Remove", "移除"),
    "neighbours": ("Neighbours", "相近的人"),
    "more": ("Others", "再换一批"),
    "choose": ("Choose this person", "选这个人"),
    "write": ("Write the spec", "写入文件"),
    "file": ("File", "文件名"),
    "overwrite": ("Overwrite", "覆盖"),
    "written": ("Written: ", "已写入："),
    "next_step": ("Build it with", "构建命令："),
    "lost": ("The server does not answer.", "服务器没有响应。"),
}
