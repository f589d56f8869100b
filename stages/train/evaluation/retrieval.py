"""How well a text-image encoder works on people unseen in training: it finds pictures by sentences, and names what a picture shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Floats
from stages.datasets import portrait_words as words
from stages.datasets.portrait_captions import LANGUAGES, Language
from stages.nets.weights_io import TrainedNet
from stages.train.families.captions import CaptionSource
from stages.train.loop.family import Examples

NAMED_ATTRIBUTES = (
    "gender", "tone", "build", "hair_colour", "hair_length", "beard", "glasses", "hat", "expression", "outfit", "outfit_colour",
)  # fmt: skip
"""Labels that are named from a picture alone."""
_CAPTION_SEED, _BATCH = 11, 64


@dataclass(frozen=True)
class Retrieval:
    """Of sentences that find pictures, and of pictures that find sentences, among as many of the test split."""

    first: float
    """Share whose right one is first."""
    fifth: float
    """Share whose right one is among the first five."""
    rank: float
    """Mean place of the right one, 0 first .. 1 last; 0.5 is chance."""


def embed_images(nets: TrainedNet, examples: Examples) -> Floats:
    """(n,d) unit vectors of the pictures."""
    import torch

    from stages.train.loop.examples import to_tensor

    with torch.no_grad():
        parts = [
            nets.nets["clip"].embed_images(to_tensor(examples, np.arange(start, min(start + _BATCH, len(examples))))).numpy()
            for start in range(0, len(examples), _BATCH)
        ]
    return np.concatenate(parts)


def embed_texts(nets: TrainedNet, texts: Sequence[str]) -> Floats:
    """(n,d) unit vectors of the texts."""
    import torch

    from stages.nets.clip import tokenize

    with torch.no_grad():
        found: Floats = nets.nets["clip"].embed_tokens(torch.from_numpy(tokenize(texts, nets.shape))).numpy()
    return found


def measure_retrieval(scores: Floats) -> Retrieval:
    """Of scores (n,n), in which what belongs together is on the diagonal; ties count half."""
    right = np.diagonal(scores)[:, None]
    place = (scores > right).sum(1) + 0.5 * ((scores == right).sum(1) - 1)
    return Retrieval(float((place < 1).mean()), float((place < 5).mean()), float(place.mean() / max(len(scores) - 1, 1)))


def retrieve(nets: TrainedNet, test: Examples) -> dict[str, Retrieval]:
    """Direction and language -> the retrieval of held-out sentences about the test split's pictures."""
    images, captions = embed_images(nets, test), CaptionSource.from_split(test.source)
    found = {}
    for language in LANGUAGES:
        rng = np.random.default_rng(_CAPTION_SEED)
        texts = embed_texts(nets, captions.draw(range(len(test)), rng, held_out=True, language=language))
        found[f"sentence to picture, {language}"] = measure_retrieval(texts @ images.T)
        found[f"picture to sentence, {language}"] = measure_retrieval(images @ texts.T)
    return found


def name_attributes(nets: TrainedNet, test: Examples) -> dict[str, tuple[float, float, float]]:
    """Attribute -> share that is named rightly by English and by Chinese phrases, and share of the commonest value.

    A value is the mean vector of its phrases; the picture is of the value whose vector is nearest.
    """
    labels = getattr(test.source, "labels", ())
    if not labels:
        return {}
    images = embed_images(nets, test)
    found = {}
    for name in NAMED_ATTRIBUTES:
        shown = [one[name] for one in labels]
        phrases = {language: collect_phrases(name, language) for language in LANGUAGES}
        # What has no words, such as an ordinary build, is left out.
        rows = [row for row, value in enumerate(shown) if value in phrases["en"]]
        values = sorted({shown[row] for row in rows})
        if len(values) < 2:
            continue
        right = [float(np.mean([_name(images[rows], nets, phrases[language], values)[k] == shown[row] for k, row in enumerate(rows)]))
                 for language in LANGUAGES]  # fmt: skip
        found[name] = (right[0], right[1], max(sum(shown[row] == value for row in rows) for value in values) / len(rows))
    return found


def _name(images: Floats, nets: TrainedNet, phrases: Mapping[str, Sequence[str]], values: Sequence[str]) -> list[str]:
    vectors = np.stack([embed_texts(nets, phrases[value]).mean(0) for value in values])
    return [values[int(k)] for k in (images @ vectors.T).argmax(1)]


def collect_phrases(name: str, language: Language) -> dict[str, list[str]]:
    """Value -> every phrase for it, those that training never used as well."""
    english = language == "en"
    nouns, adjectives, features, negations = (
        (words.NOUNS_EN, words.ADJECTIVES_EN, words.FEATURES_EN, words.NEGATIONS_EN) if english else
        (words.NOUNS_ZH, words.ADJECTIVES_ZH, words.FEATURES_ZH, words.NEGATIONS_ZH)
    )  # fmt: skip
    if name == "gender":
        joined = {value: "|".join(text for key, text in nouns.items() if key.startswith(value)) for value in ("female", "male")}
    else:
        joined = dict({**adjectives, **features}.get(name, {}))
        joined |= {key.split()[1]: text for key, text in negations.items() if key.split()[0] == name}
    return {value: [one.strip() for one in text.replace("|", ";").split(";") if one.strip()] for value, text in joined.items()}
