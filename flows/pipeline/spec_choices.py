"""What only the stages know about a spec: names of backends, clothes, clips and body changes; and rules between fields.

The reader looks it up, so that every error is reported with its line before any work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from assets.spec.value_checks import NameChoices, SpecConstraints
from flows.pipeline.definition import STAGES
from stages.body.phenotype import ORIGINS
from stages.dialogue.persona_rules import RULES as DIALOGUE
from stages.groom.wardrobe import OPTIONAL_SLOTS, Slot, load_catalogue
from stages.motion.clips import LIBRARY
from stages.motion.consent_rules import RULES as MOTION
from stages.motion.media_rules import RULES as MEDIA
from stages.voice.voice_rules import RULES as VOICE

_SECTIONS = {"identity": "identity", "body": "body", "persona": "dialogue", "voice": "voice"}
"""Section of the spec -> the stage whose backends it may name."""
_SLOTS: tuple[Slot, ...] = ("hair", "brows", "lashes", "outfit", "shoes", "hat")


def collect_spec_choices() -> SpecConstraints:
    """The valid names and the rules of all stages."""
    return SpecConstraints(_list_names(), (*DIALOGUE, *MOTION, *MEDIA, *VOICE))


def _list_names() -> NameChoices:
    """Dotted pattern -> names; each list is only made where a spec has such a field."""
    table: dict[str, Callable[[], Iterable[str] | None]] = {"body.local.*": _list_body_changes, "motion.clips.*.library": lambda: LIBRARY}
    for section, stage in _SECTIONS.items():
        table[f"{section}.backend"] = partial(_list_backends, stage)
    for slot in _SLOTS:
        table[f"groom.{slot}"] = partial(_list_wardrobe_items, slot)
    return table


def _list_backends(stage: str) -> Iterable[str]:
    return STAGES[stage].backends or ()


def _list_wardrobe_items(slot: Slot) -> Iterable[str]:
    return (*load_catalogue()[slot], *(("none",) if slot in OPTIONAL_SLOTS else ()))


def _list_body_changes() -> Iterable[str] | None:
    registry = STAGES["body"].backends
    assert registry is not None
    body = registry.get()
    # The names are those of the baked body; where it is not baked, the preflight says so.
    return None if body.unavailable_reason() else (*ORIGINS, *body.list_changes())
