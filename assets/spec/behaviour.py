"""How the character moves and speaks: the options of motion, retarget, dialogue, voice and performance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from assets.spec.appearance import Number, Section, Unit

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Subject = Annotated[str, Field(pattern=r"\S", max_length=80)]


class ClipSpec(Section):
    """One clip: exactly one of library, video or bvh."""

    name: Name
    """Clip name in the bundle: small letters, digits and _, a letter first; those of spoken lines begin with say_."""
    library: str | None = None
    """A clip of our library: idle, wave, nod, explain, shrug, point, walk."""
    video: str | None = None
    """Video file, relative to the spec."""
    bvh: str | None = None
    """BVH file, relative to the spec."""
    loop: bool = False
    """The last frame joins the first."""


class MotionSpec(Section):
    """Where movement comes from; idle and wave of the library are always there."""

    clips: tuple[ClipSpec, ...] = ()
    """Clips beside the default ones."""
    fps: Annotated[int, Field(ge=10, le=60), Number] = 30
    """Frames a second of generated clips."""


def _require_odd(value: int) -> int:
    if value % 2 == 0:
        raise PydanticCustomError("even", "an odd number should stand here")
    return value


class RetargetSpec(Section):
    """How landmarks become joint rotations."""

    window: Annotated[int, Field(ge=3, le=31, json_schema_extra={"not": {"multipleOf": 2}}), AfterValidator(_require_odd), Number] = 9
    """Savitzky-Golay window in frames, odd."""
    lock_feet: bool = True
    """Hold feet that touch the floor."""


class FactSpec(Section):
    """A sentence spoken as written, and questions that it answers."""

    say: Text
    """The sentence."""
    ask: tuple[Text, ...] = ()
    """Two or three example questions."""


class PersonaSpec(Section):
    """Who speaks: facts, manner and lines of the user's own."""

    backend: str | None = None
    """Dialogue engine; left out: picked by language."""
    language: Literal["en", "zh"] = "en"
    """Language of every sentence."""
    who: str = ""
    """One sentence about the person."""
    manner: Literal["warm", "formal", "lively", "calm"] = "warm"
    """How they carry themselves; steers gestures and the face."""
    greeting: Text | None = None
    """First words; left out: made of the name."""
    fallback: Text | None = None
    """Said where no fact fits; left out: the language's default."""
    facts: tuple[FactSpec, ...] = ()
    """What the person knows."""
    out_of_scope: tuple[Text, ...] = ()
    """Questions to be answered by the fallback."""
    lines: tuple[Text, ...] = ()
    """Lines to be spoken as they stand."""
    topics: Annotated[tuple[Subject, ...], Field(max_length=20)] = ()
    """Subjects to speak about, at most 20: each becomes one line made of the facts that are about it, or a warning where none is."""
    tune: bool = False
    """Tunes the embedded model on the persona's own questions for about a minute, once; English only."""
    model: str | None = None
    """For the writer: a transformers folder, relative to the spec, or the id of a model in the local cache."""


class VoiceSpec(Section):
    """How it sounds."""

    backend: str | None = None
    """Voice backend; left out: the default of the language, one that may be sold if there is one, whatever the gender."""
    model: str | None = None
    """A coqui model folder of the user's own, relative to the spec; what lies in it is part of the stage's key."""
    rate: Annotated[float, Field(ge=0.5, le=2.0, allow_inf_nan=False), Number] = 1.0
    """Speaking rate, 1 is the voice's own."""


class PerformanceSpec(Section):
    """How sound becomes a face and a body."""

    energy: Unit = 0.5
    """Strength of gestures, brows and head."""
    blink_rate: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False), Number] = 16
    """Blinks a minute."""
