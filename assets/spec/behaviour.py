"""How the character moves and speaks: the options of motion, retarget, dialogue, voice and performance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from assets.portable_names import WINDOWS_DEVICES
from assets.spec.appearance import Number, Section, Unit
from assets.spec.expectation import Expects
from assets.spec.visible_text import Visible

# A clip's name is a file's name in the bundle, which must also unpack on Windows.
Name = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", json_schema_extra={"not": {"enum": list(WINDOWS_DEVICES)}}),
    Expects("a letter a to z followed by at most 39 lowercase letters, digits and _", "write a name such as take_2"),
]  # fmt: skip
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
LexiconReading = Annotated[
    str, Field(pattern=r"\S", max_length=100), Expects("a reading that is not blank", "write a respelling, /IPA/ or pinyin")
]
StyleToken = Annotated[int, Field(ge=0, le=1000)]
StyleWeight = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False), Number]
DocumentLicence = Annotated[
    str,
    Field(pattern=r"\S", max_length=200),
    Expects("text that is not blank", "write an SPDX id such as CC-BY-4.0, or leave it out"),
    Visible,
]
ModelName = Annotated[
    str, Field(pattern=r"\S", max_length=200), Expects("text that is not blank", "write the name that the address knows")
]  # fmt: skip
EnvironmentVariable = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"),
    Expects("the name of an environment variable", "write a name such as MY_KEY, never the key itself"),
]  # fmt: skip
Subject = Annotated[str, Field(pattern=r"\S", max_length=80), Expects("text that is not blank", "name a subject, or remove the item")]


class ClipSpec(Section):
    """One clip: exactly one of library, video or bvh."""

    name: Name
    """Clip name in the bundle: lowercase letters, digits and _, a letter first; say_ and the device names of Windows are reserved."""
    library: str | None = None
    """A clip of the library: idle, wave, nod, explain, shrug, point, walk."""
    video: str | None = None
    """Video file, relative to the spec; of one person, or see `person`."""
    person: Literal["left", "right", "largest"] | None = None
    """Which of several people in the video is captured: at the picture's left or right, or the largest; left out: there must be one."""
    bvh: str | None = None
    """BVH file, relative to the spec."""
    from_: Annotated[float, Field(alias="from", ge=0, le=3600, allow_inf_nan=False), Number] = 0.0
    """Seconds of the source at which the clip starts; a recording may begin with a T-pose."""
    to: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False), Number] | None = None
    """Seconds of the source at which the clip ends; left out: its end."""
    facing: Literal["start", "source"] | None = None
    """start turns the clip so that its first frame faces forward, source keeps its heading; left out: start for BVH, source for others."""
    mirror: bool = False
    """Exchange left and right."""
    speed: Annotated[float, Field(ge=0.1, le=10, allow_inf_nan=False), Number] = 1.0
    """Speed of the movement; 2 plays it in half the time."""
    loop: bool = False
    """Close the clip into a loop: its end is blended into its start, or refused where they are too far apart."""


class MotionSpec(Section):
    """The clips; the library's gestures are always included."""

    clips: tuple[ClipSpec, ...] = ()
    """Clips in addition to the library's gestures; one of the same name replaces it."""
    fps: Annotated[int, Field(ge=10, le=60), Number] = 30
    """Frames per second of generated clips."""


def _require_odd(value: int) -> int:
    if value % 2 == 0:
        raise PydanticCustomError("even", "expected an odd number")
    return value


class RetargetSpec(Section):
    """How motion is transferred to the body."""

    window: Annotated[int, Field(ge=3, le=31, json_schema_extra={"not": {"multipleOf": 2}}), AfterValidator(_require_odd), Number] = 9
    """Savitzky-Golay window in frames, odd."""
    lock_feet: bool = True
    """Keep feet in place while they touch the floor."""


class FactSpec(Section):
    """A sentence that is spoken as written, and the questions that it answers."""

    say: Text
    """The sentence; see also `openers`."""
    ask: tuple[Text, ...] = ()
    """Two or three example questions."""


class SmallTalkSpec(Section):
    """What is said to thanks, goodbyes and the like, so that these need no fact; left out: the language's own sentences."""

    thanks: Text | None = None
    """Reply to thanks."""
    goodbye: Text | None = None
    """Reply to a goodbye."""
    more: Text | None = None
    """Reply to yes, no, ok and insults: a question that leads on."""
    language: Text | None = None
    """Reply to a question in another language."""


class KnowledgeSpec(Section):
    """A document that the person quotes."""

    file: Annotated[str, Field(pattern=r"\S"), Expects("the name of a file", "write a path relative to the spec")]
    """Markdown, TXT, CSV or PDF file, relative to the spec (docs/knowledge.md)."""
    licence: DocumentLicence | None = None
    """SPDX id of the document's licence, listed in the bundle; left out: it is your own, under the spec's licence."""
    author: Annotated[str, Field(max_length=200), Visible] | None = None
    """Who wrote it."""


class PersonaSpec(Section):
    """Who speaks: facts, manner and the user's own lines."""

    backend: str | None = None
    """Dialogue engine; left out: picked by language."""
    language: Literal["en", "zh"] = "en"
    """Language of every sentence."""
    who: str = ""
    """One sentence about the person."""
    manner: Literal["warm", "formal", "lively", "calm"] = "warm"
    """Manner of speaking; it controls pace, gestures, the face and the gaze, and the words of `openers`."""
    openers: bool = True
    """A few words of the manner before about one fact in three, such as "Good question!"; the facts stay as written."""
    greeting: Text | None = None
    """First words; left out: made from the name."""
    fallback: Text | None = None
    """Reply where no fact fits; left out: the language's default."""
    facts: tuple[FactSpec, ...] = ()
    """What the person knows."""
    knowledge: Annotated[tuple[KnowledgeSpec, ...], Field(max_length=20)] = ()
    """Documents of which passages are spoken word for word where no fact answers, at most 20."""
    max_passages: Annotated[int, Field(ge=1, le=300), Number] = 24
    """Most passages of the documents; each is spoken in the bundle, a few seconds of its build and 0.1 to 0.5 MB."""
    small_talk: SmallTalkSpec = SmallTalkSpec()
    """Four short lines that a persona with facts has as well."""
    out_of_scope: tuple[Text, ...] = ()
    """Questions that the fallback answers."""
    lines: tuple[Text, ...] = ()
    """Lines that are spoken as written."""
    topics: Annotated[tuple[Subject, ...], Field(max_length=20)] = ()
    """Subjects to speak about, at most 20: each becomes one line made from the facts about it, or a warning where there is none."""
    tune: bool = False
    """Fine-tune the embedded model on the persona's questions, once, for about a minute; English only."""
    model: str | None = None
    """For the writer backend: a transformers folder, relative to the spec, the id of a cached model, or an OpenAI-compatible address."""
    model_name: ModelName | None = None
    """Name of the model at the address of `model`."""
    key_variable: EnvironmentVariable | None = None
    """Environment variable that holds the key of that address; left out: none is sent."""
    encoder: str | None = None
    """The embedding backend's sentence encoder: a transformers folder, relative to the spec, or an id; left out: the embedded one."""


class VoiceSpec(Section):
    """How it sounds."""

    backend: str | None = None
    """Voice backend; left out: the default of the language, one that may be sold if there is one, whatever the gender."""
    model: str | None = None
    """The user's own coqui model folder, relative to the spec; the voice is made again when its contents change."""
    speaker: Annotated[str, Field(pattern=r"\S", max_length=200)] | None = None
    """A speaker of a voice.model that has several; left out: the first by name."""
    style: dict[StyleToken, StyleWeight] = Field(default_factory=dict, max_length=100)
    """Weights of the global style tokens of a voice.model that has them: the token's number, from 0 -> its weight."""
    rate: Annotated[float, Field(ge=0.5, le=2.0, allow_inf_nan=False), Number] = 1.0
    """Speaking rate; 1 is the voice's normal rate."""
    lexicon: dict[str, LexiconReading] = Field(default_factory=dict, max_length=500)
    """Your own readings: a word -> another spelling, /IPA/ between slashes, or pinyin with tone digits such as shan4."""


class PerformanceSpec(Section):
    """How speech moves the face and the body."""

    energy: Unit = 0.5
    """Strength of gestures, brows and head."""
    blink_rate: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False), Number] = 16
    """Blinks per minute."""
    expression: Literal["neutral", "smile", "serious"] = "neutral"
    """The face at rest, in the portrait too; a line's emotion comes on top of it."""
