"""What only the stages know of a spec: names of backends, clothes, clips, changes of the body; and what must go together.

It is looked up when the spec is read, so that a mistake is told with its line before any work.
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
from stages.voice.voice_rules import RULES as VOICE

_SECTIONS = {"identity": "identity", "body": "body", "persona": "dialogue", "voice": "voice"}
"""Section of the spec -> stage whose backends it may name."""
_SLOTS: tuple[Slot, ...] = ("hair", "brows", "lashes", "outfit", "shoes", "hat")


def collect_spec_choices() -> SpecConstraints:
    """Names and rules."""
    return SpecConstraints(_list_names(), (*DIALOGUE, *MOTION, *VOICE))


def _list_names() -> NameChoices:
    """Dotted pattern -> names, each list made only where a spec holds such a field."""
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
    # Where the body is not baked, nobody knows its names; the preflight says so.
    return None if body.unavailable_reason() else (*ORIGINS, *body.list_changes())
