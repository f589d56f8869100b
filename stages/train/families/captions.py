"""Captions of a split's pictures as training draws them: new sentences from labels, or the data set's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assets.errors import Finding, SpecError
from stages.datasets.portrait_captions import LANGUAGES, compose_caption
from stages.datasets.splits import ImageSplit, VectorSplit

REQUIRED_LABELS = ("age", "gender", "tone", "build", "hair_colour", "mood", "view")
"""Labels that a composed sentence is about; a data set with them gets new sentences at every step."""


@dataclass(frozen=True)
class CaptionSource:
    """Sentences about the pictures of a split."""

    captions: Mapping[str, tuple[str, ...]]
    """Language -> (n,) the data set's own."""
    labels: tuple[Mapping[str, str], ...]
    """(n,) empty where sentences cannot be composed."""

    @classmethod
    def from_split(cls, source: ImageSplit | VectorSplit) -> CaptionSource:
        """Of a split; raises SpecError where it has no captions."""
        if not isinstance(source, ImageSplit) or not source.captions:
            fix = "make one with `fenshen data portraits`, or give `fenshen data folder` a table with caption_en or caption_zh"
            raise SpecError(Finding("train/captions", "the data set has no captions", fix=fix))
        composes = bool(source.labels) and all(name in source.labels[0] for name in REQUIRED_LABELS)
        return cls(source.captions, source.labels if composes else ())

    def draw(self, rows: Sequence[int], rng: np.random.Generator, *, held_out: bool = False, language: str | None = None) -> list[str]:
        """A sentence for each row, in a random language unless one is given.

        Args:
            held_out: composed by frames that are never used otherwise; the data set's own sentences are what they are.
        """
        languages = [language] if language else list(LANGUAGES if self.labels else self.captions)
        found = []
        for row in rows:
            chosen = languages[int(rng.integers(len(languages)))]
            if self.labels:
                found.append(compose_caption(self.labels[row], "zh" if chosen == "zh" else "en", rng, held_out=held_out))
            else:
                found.append(self.captions.get(chosen, next(iter(self.captions.values())))[row])
        return found
