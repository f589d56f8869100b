"""A few words before a fact, by the speaker's manner: "Good question!" of a lively one, "Allow me to explain." of a formal one.

They agree to nothing and promise nothing, because the same line answers "Are you open?" and "Are you closed?". The fact itself stays as
the author wrote it.
"""

from __future__ import annotations

from dataclasses import replace

from assets.artefacts.talk import Line
from assets.digest import sha256
from assets.spec.behaviour import PersonaSpec
from stages.dialogue.tags import may_be_serious

OPENERS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "warm": ("I am glad you ask.", "With pleasure.", "Let me help you there.", "Gladly.", "I will explain."),
        "formal": ("Allow me to explain.", "If I may:", "Permit me to answer that.", "Let me state it briefly.", "For your information:"),
        "lively": ("Good question!", "Glad you ask!", "Here we go!", "I know that one!", "Listen to this!"),
        "calm": ("Let me see.", "Well, let us take a look.", "One moment.", "Let me think.", "Here it is."),
    },
    "zh": {
        "warm": ("很高兴你问这个。", "我来帮你。", "你听我说。", "这个我知道。", "我来说说。"),
        "formal": ("请允许我说明一下。", "我来为您说明。", "容我向您介绍。", "请听我说明。", "向您说明如下。"),
        "lively": ("问得好！", "来，听我说！", "这个我来讲！", "这个我知道！", "告诉你哦！"),
        "calm": ("嗯，我想想。", "不急，慢慢说。", "稍等，我看一下。", "我慢慢说给你听。", "是这样的。"),
    },
}
"""Language -> manner -> openers."""
SHARE = 3
"""One in so many facts has an opener: more would sound like a habit."""


def add_opener(line: Line, options: PersonaSpec, seed: int) -> Line:
    """The line of a fact, with an opener where the seed draws one; a serious or sad line, a yes and an "I do not know" get none."""
    plain = line.emotion in ("neutral", "happy", "surprised") and line.gesture in ("explain", "point")
    # Of the fact alone: another fact changes nothing here, so that the voice's cached lines stay.
    drawn = int(sha256(f"{seed}\0{line.text}".encode())[:12], 16)
    if not (options.openers and plain) or drawn % SHARE or may_be_serious(line.text, line.language):
        return line
    choices = OPENERS[line.language][options.manner]
    opener = choices[drawn // SHARE % len(choices)]
    return replace(line, text=opener + ("" if line.language == "zh" else " ") + line.text)
