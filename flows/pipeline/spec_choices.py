"""What only the stages know about a spec: names of backends, clothes, clips and body changes; and rules between fields.

The reader looks it up, so that every error is reported with its line before any work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from assets.spec.read import list_presets
from assets.spec.value_checks import NameChoices, SpecConstraints
from flows.pipeline.definition import STAGES
from flows.pipeline.text_fields import RULES as TEXT
from stages.body.face_axes import list_axes
from stages.dialogue.persona_rules import RULES as DIALOGUE
from stages.groom.garments.choices import TAILORED, list_outfit_names, list_shoe_names
from stages.groom.garments.patterns import list_patterns
from stages.groom.garments.style import load_fabrics, load_garments
from stages.groom.hair.beard import list_beards
from stages.groom.hair.style import list_styles
from stages.groom.jewellery import EARRING_KINDS, list_glasses
from stages.groom.print_rules import RULES as PRINTS
from stages.groom.wardrobe import OPTIONAL_SLOTS, Slot, load_catalogue
from stages.identity.people_rules import make_people_rules
from stages.identity.stage import TONE_AXIS
from stages.motion.clips import LIBRARY
from stages.motion.consent_rules import RULES as MOTION
from stages.motion.media_rules import RULES as MEDIA
from stages.origins import ORIGINS
from stages.voice.voice_rules import RULES as VOICE

_SECTIONS = {"identity": "identity", "body": "body", "persona": "dialogue", "voice": "voice"}
"""Section of the spec -> the stage whose backends it may name."""
_SLOTS: tuple[Slot, ...] = ("hair", "brows", "lashes", "outfit", "shoes", "hat")


def collect_spec_choices() -> SpecConstraints:
    """The valid names and the rules of all stages."""
    names = _list_names()
    return SpecConstraints(names, (*DIALOGUE, *MOTION, *MEDIA, *VOICE, *PRINTS, *TEXT, *make_people_rules(names)))


def list_identity_axes() -> tuple[str, ...]:
    """Names of the axes of a person: those of the face, and the skin's tone."""
    return (*list_axes(), TONE_AXIS)


def _list_names() -> NameChoices:
    """Dotted pattern -> names; each list is only made where a spec has such a field."""
    table: dict[str, Callable[[], Iterable[str] | None]] = {"body.local.*": _list_body_changes, "motion.clips.*.library": lambda: LIBRARY}
    table |= {f"identity.{field}.*.preset": list_presets for field in ("mix", "child_of")}
    table["identity.axes.*"] = list_identity_axes
    for section, stage in _SECTIONS.items():
        table[f"{section}.backend"] = partial(_list_backends, stage)
    for slot in _SLOTS:
        table[f"groom.{slot}"] = partial(_list_wardrobe_items, slot)
    table["groom.hair"] = lambda: (*list_styles(), *_list_wardrobe_items("hair"))
    table["groom.outfit"] = lambda: (*_list_wardrobe_items("outfit"), *list_outfit_names(), TAILORED)
    table["groom.shoes"] = lambda: (*_list_wardrobe_items("shoes"), *list_shoe_names())
    table["groom.pieces.*.garment"] = load_garments
    table["groom.pieces.*.fabric"] = load_fabrics
    table["groom.pieces.*.pattern"] = list_patterns
    table["groom.glasses"] = lambda: (*list_glasses(), "yes", "no", "none")
    table["groom.earrings"] = lambda: (*EARRING_KINDS, "none")
    table["groom.beard"] = lambda: (*list_beards(), "none")
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
