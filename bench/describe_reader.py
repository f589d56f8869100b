"""Reads a person's attributes from pictures: the judge of texts that became people, which generation never saw.

    python -m bench.describe_reader validate|test|train [--folder build/describe_people ...] [--first BODY]

One linear model an attribute over the measures of bench/describe_measures.py that can show it (regularised softmax, ridge for age),
trained on the random people of bench/describe_people.py: a few dozen people could not teach a convolutional net, and here every
judgement can be traced to a measure. `validate` prints the accuracy on people whose bodies were in no training, `test` that on bodies
from --first on; `train` fits on everybody and writes bench/describe_reader.safetensors with its card bench/describe_reader.md.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import SpecError
from bench.describe import VOCABULARY, Describer, Sentence, accepts
from bench.describe_measures import COLUMNS, PROFILE
from bench.describe_people import Photographer, Pictures

if TYPE_CHECKING:
    import torch

WEIGHTS = Path(__file__).resolve().with_name("describe_reader.safetensors")
_COLOUR = r"(L|a|b|chroma|red|blue|green)"
SEEN_BY: Mapping[str, str] = {
    "age": r"net age|(forehead|crow|under eye|cheeks|lens below) (fine|down|dark)|hair (L|chroma)$",
    "gender": r"net gender|brows (L|spread)|(moustache|chin) dark|lips a|width (172|132|98)|height 13-152|trunk",
    "tone": r"skin [Lab]$",
    "build": r"trunk|width (172|132|234)",
    "height": r"metres",
    "hair_length": r"hair (reach|mass|low|volume|rough|on skin)|(hair (left|right)|past jaw left|past jaw right) (L|spread)",
    "hair_texture": r"hair (rough|volume|mass|low)|hair (top|front) spread",
    "hair_style": r"hair (reach|mass|low|volume|rough)|forehead (L|a|b|fine)|(hair left|hair right|past jaw left) (L|spread)",
    "hair_colour": rf"hair {_COLOUR}$|hair on skin",
    "eye_colour": rf"eye {_COLOUR}$",
    "beard": r"(upper lip|lip side|chin|jaw|jaw side|under lip|low cheek) L|(upper lip|chin|jaw) spread|(moustache|chin|jaw) (fine|dark)",
    "glasses": r"(bridge|lens below|temple|lens side) (down|across|dark)|under eye spread",
    "hat": r"hair (reach|mass|volume|rough)|hair (front|top) [Lab]$|back top|forehead L|back width [0-3]$",
    "freckles": r"(cheeks|nose) (fine|warm|dark)|skin L",
    "outfit": r"dress |trunk",
    "expression": r"shape (mouth(Smile|Frown|Press|Dimple|Stretch)|brow|cheekSquint|eyeSquint)|width 61",
}  # fmt: skip
"""Attribute -> the measures that can show it: few people cannot teach a model which of 800 to ignore."""
_PARTS = ("mean", "scale", "weights")
RELIABLE = 0.9
_ROWS = PROFILE
DECAY = 1.0
"""Weight of the L2 penalty; fixed beforehand, not searched."""


@dataclass(frozen=True)
class LinearModel:
    """One attribute: standardised measures times weights."""

    attribute: str
    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    """(measures + 1, values); the last row is the bias. One column of years for age."""

    def score(self, rows: Floats) -> Floats:
        """(n, values) of measures (n, all measures in `names` order)."""
        scaled = np.clip((rows - self.mean) / self.scale, -4, 4)
        scores: Floats = np.c_[scaled, np.ones(len(scaled))] @ self.weights
        return scores

    def read(self, measures: Mapping[str, float]) -> str | float:
        """The value of one person."""
        scores = self.score(np.array([[measures[name] for name in self.names]]))[0]
        return float(scores[0]) if self.attribute == "age" else VOCABULARY[self.attribute][int(scores.argmax())]


def add_derived(measures: Mapping[str, float], height_m: float) -> dict[str, float]:
    """The measures with the colours of hair and iris in forms that a linear model can use, and the height."""
    rows = {**measures, "metres": height_m, "metres squared": height_m**2}
    rows |= _expand_colour("hair", [measures[f"back {channel}"] for channel in "Lab"])
    rows |= _summarise_hair(measures) | _summarise_figure(measures)
    rows |= _expand_colour("eye", [measures[f"iris {channel}"] for channel in "Lab"])
    return rows


def _summarise_hair(measures: Mapping[str, float]) -> dict[str, float]:
    """How far hair hangs, how much there is, and how rough it is, seen from behind."""
    hair = np.array([measures[f"back hair {k}"] for k in range(_ROWS)])
    rough = [measures[f"back rough {k}"] for k in range(2, 10)]
    there = hair > 0.4 * max(float(hair[3:8].mean()), 0.02)
    reach = int(np.argmin(there[3:])) + 3 if not there[3:].all() else _ROWS
    found = {"reach": reach, "mass": hair.sum(), "low": hair[14:22].mean(), "lowest": hair[22:].mean(), "rough": np.mean(rough)}
    found |= {"volume": max(measures[f"back width {k}"] for k in range(3, 11)), "on skin": measures["back skin"]}
    return {f"hair {name}": float(value) for name, value in found.items()}


def _summarise_figure(measures: Mapping[str, float]) -> dict[str, float]:
    """Widths of the trunk as shares of the height, and what shows of skin, legs and colours."""

    def get(name: str) -> NDArray[Any]:
        return np.array([measures[f"figure {name} {k}"] for k in range(_ROWS)])

    trunk, gap, bare, reach = get("torso"), get("gap"), get("bare"), get("reach")
    colour = np.stack([[measures[f"figure {channel} {column} {k}"] for channel in "Lab"] for column in COLUMNS for k in range(_ROWS)])
    left, middle, right = colour.reshape(3, _ROWS, 3)
    slices = {"chest": (7, 9), "ribs": (9, 11), "waist": (11, 14), "hips": (14, 17)}
    found = {name: trunk[low:high].mean() for name, (low, high) in slices.items()}
    found |= {"narrowest": trunk[9:14].min(), "neck": trunk[4:6].min(), "reach": reach[6:12].mean(), "legs": (reach - gap)[19:27].mean()}
    rows = {f"trunk {name}": float(value) for name, value in found.items()}
    rows["trunk taper"] = rows["trunk chest"] - rows["trunk narrowest"]
    chest, belly, thigh, shin = (middle[k].mean(0) for k in (slice(8, 10), slice(11, 13), slice(17, 19), slice(24, 27)))
    sides = (left[8:14] + right[8:14]) / 2
    parts = {"arms bare": bare[9:15].mean(), "legs bare": bare[18:29].mean(), "knees bare": bare[21:24].mean()}
    parts |= {"gap": gap[17:21].mean(), "low gap": gap[21:26].mean(), "hem": reach[18:22].mean() - reach[24:28].mean()}
    parts |= {"chest L": chest[0], "chest a": chest[1], "chest colour": np.hypot(chest[1], chest[2]), "feet L": middle[31][0]}
    parts |= {"thigh L": thigh[0], "thigh b": thigh[2], "thigh colour": np.hypot(thigh[1], thigh[2]), "shin L": shin[0]}
    parts |= {"belt": np.linalg.norm(belly - thigh), "two parts": np.linalg.norm(chest - thigh), "neon": max(0.0, sides[:, 2].max() - 35)}
    parts |= {
        "front": np.linalg.norm(middle[8:14] - sides, axis=1).mean(),
        "print": np.linalg.norm(np.diff(middle[8:14], axis=0), axis=1).mean(),
    }
    return rows | {f"dress {name}": float(value) for name, value in parts.items()}


def _expand_colour(name: str, lab: Sequence[float]) -> dict[str, float]:
    """Lab, chroma, and nearness to hues that no pigment of hair or iris has."""
    light, a, b = lab
    hue, chroma = float(np.degrees(np.arctan2(b, a))), float(np.hypot(a, b))
    near = {key: chroma * max(0.0, 1 - abs((hue - at + 180) % 360 - 180) / 60) for key, at in (("red", 10), ("blue", -80), ("green", 160))}
    values = {"L": light, "a": a, "b": b, "chroma": chroma, **near}
    return {f"{name} {key}": value for key, value in values.items()}


def fit(attribute: str, names: Sequence[str], rows: Floats, values: NDArray[Any], decay: float = DECAY) -> LinearModel:
    """The model of one attribute, of people's measures (n,k) and class numbers or years (n,)."""
    mean, scale = rows.mean(0), np.maximum(rows.std(0), 1e-4)
    scaled = np.c_[np.clip((rows - mean) / scale, -4, 4), np.ones(len(rows))]
    weights = _fit_years(scaled, values, decay) if attribute == "age" else _fit_softmax(scaled, values, len(VOCABULARY[attribute]), decay)
    return LinearModel(attribute, tuple(names), mean.astype(np.float32), scale.astype(np.float32), weights.astype(np.float32))


def _fit_years(rows: NDArray[Any], years: NDArray[Any], decay: float) -> NDArray[Any]:
    """Ridge regression; the bias is free."""
    penalty = decay * np.sqrt(rows.shape[1]) * np.eye(rows.shape[1])
    penalty[-1, -1] = 1e-6
    return np.asarray(np.linalg.solve(rows.T @ rows + penalty, rows.T @ years))[:, None]


def _fit_softmax(rows: NDArray[Any], classes: NDArray[Any], count: int, decay: float) -> NDArray[Any]:
    """Softmax regression with an L2 penalty, classes balanced, by L-BFGS."""
    import torch

    inputs, targets = torch.tensor(rows, dtype=torch.float64), torch.tensor(classes)
    present = torch.bincount(targets, minlength=count)
    balance = torch.where(present > 0, len(targets) / (present.clamp(min=1) * (present > 0).sum()), torch.zeros(count))
    weights = torch.zeros(inputs.shape[1], count, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")
    absent = torch.where(present > 0, 0.0, -1e4)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(inputs @ weights + absent, targets, balance.double())
        total = loss + decay * (weights[:-1] ** 2).sum() / len(targets)
        total.backward()
        return total

    optimiser.step(closure)
    found = weights.detach().numpy().copy()
    found[-1] += absent.numpy()
    return np.asarray(found)


@dataclass(frozen=True)
class People:
    """Measures and labels, a row for each picture of a face."""

    bodies: NDArray[np.int64]
    """(n,) equal where body and clothes are: people who share them are trained on or tested on together."""
    measures: list[dict[str, float]]
    labels: list[dict[str, Any]]

    def select(self, attribute: str, chosen: NDArray[np.bool_]) -> tuple[list[str], Floats, NDArray[Any]]:
        """Names of the measures, their rows (n,k), and classes or years (n,), of the chosen people whose attribute is known."""
        names = [name for name in self.measures[0] if re.match(SEEN_BY[attribute], name)]
        known = [k for k in np.flatnonzero(chosen) if self.labels[k][attribute] != ""]
        rows = np.array([[self.measures[k][name] for name in names] for k in known], np.float32).reshape(-1, len(names))
        values = [self.labels[k][attribute] for k in known]
        numbers = values if attribute == "age" else [VOCABULARY[attribute].index(value) for value in values]
        return names, rows, np.array(numbers)


def load_people(folders: Sequence[Path]) -> People:
    """One row for each picture of a face of bench.describe_people."""
    from bench.describe_measures import measure, open_landmarks

    bodies, measures, labels = [], [], []
    with open_landmarks() as landmarks:
        for file in (file for folder in folders for file in sorted(folder.glob("*.npz"))):
            data = np.load(file)
            label = json.loads(str(data["labels"]))
            pictures = Pictures(tuple(data["faces"]), data["back"], data["figure"], label["height_m"])
            for row, expression in zip(measure(pictures, landmarks), label["expression"], strict=True):
                bodies.append(label["body"])
                measures.append(add_derived(row, pictures.height_m))
                labels.append(label | {"expression": expression})
    return People(np.array(bodies), measures, labels)


def evaluate(people: People, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> dict[str, tuple[int, float]]:
    """Attribute -> how many people were read and the share that was right; for age the mean error in years."""
    found = {}
    for attribute in SEEN_BY:
        names, rows, values = people.select(attribute, train)
        _, unseen, requested = people.select(attribute, test)
        if len(values) and len(requested):
            scores = fit(attribute, names, rows, values).score(unseen)
            right = np.abs(scores[:, 0] - requested) if attribute == "age" else scores.argmax(1) == requested
            found[attribute] = (len(requested), float(right.mean()))
    return found


def cross_validate(people: People, folds: int = 5) -> dict[str, tuple[int, float]]:
    """`evaluate` with every person held out once, together with all people of the same body."""
    fold = people.bodies % folds
    runs = [evaluate(people, fold != k, fold == k) for k in range(folds)]
    merged = {}
    for attribute in SEEN_BY:
        pairs = [run[attribute] for run in runs if attribute in run]
        total = sum(count for count, _ in pairs)
        merged[attribute] = (total, sum(count * share for count, share in pairs) / max(total, 1))
    return merged


@dataclass(frozen=True)
class Reader:
    """The models of all attributes."""

    models: Mapping[str, LinearModel]
    accuracy: Mapping[str, float]
    """Share of unseen people read right, as on the card; for age the mean error in years."""

    def read(self, pictures: Pictures, landmarks: Any) -> dict[str, str | float]:
        """Attribute -> value of the closed vocabulary, age in years."""
        from bench.describe_measures import measure

        rows = add_derived(measure(pictures, landmarks)[0], pictures.height_m)
        return {name: model.read(rows) for name, model in self.models.items()}

    def save(self, file: Path) -> None:
        """Writes the weights as safetensors."""
        from safetensors.numpy import save_file

        tensors: dict[str, Floats] = {}
        names: dict[str, str] = {}
        for name, model in self.models.items():
            tensors |= {f"{name}.mean": model.mean, f"{name}.scale": model.scale, f"{name}.weights": np.ascontiguousarray(model.weights)}
            names[name] = json.dumps({"measures": model.names, "accuracy": round(self.accuracy[name], 4)})
        save_file(tensors, file, metadata=names)

    @classmethod
    def load(cls, file: Path = WEIGHTS) -> Reader:
        """The committed reader."""
        from safetensors import safe_open

        with safe_open(file, framework="numpy") as store:
            records = {name: json.loads(record) for name, record in store.metadata().items()}
            models = {
                name: LinearModel(name, tuple(record["measures"]), *(store.get_tensor(f"{name}.{part}") for part in _PARTS))
                for name, record in records.items()
            }
        return cls(models, {name: record["accuracy"] for name, record in records.items()})


def read_back(product: Describer, sentences: Iterable[Sentence], seed: int = 0) -> str:
    """Markdown: how often what a reader sees in the renders is what the sentence says, and what the product says of itself."""
    from bench.describe_measures import open_landmarks
    from stages.render.portrait import open_portrait_studio

    reader = Reader.load()
    checks: dict[str, tuple[list[bool], list[bool]]] = {name: ([], []) for name in SEEN_BY}
    with open_landmarks() as landmarks, open_portrait_studio() as studio:
        photographer = Photographer(studio)
        for sentence in sentences:
            if "refused" in sentence.expected or "reported" in sentence.expected:
                continue
            try:
                description: Any = product.describe(sentence.text, seed=seed)
            except SpecError:  # the table of sentences has counted it
                continue
            seen = reader.read(photographer.take(build_spec(description.fields, seed)), landmarks)
            for name, requested in sentence.expected.items():
                near = [requested[0] - 8, requested[1] + 8] if name == "age" else requested
                said = (
                    [description.attributes[name] - 8, description.attributes[name] + 8] if name == "age" else description.attributes[name]
                )
                checks[name][0].append(accepts(near, seen[name]))
                checks[name][1].append(accepts(said, seen[name]))
    lines = [
        "| read from renders | n | as the sentence says | as the product says | the reader on unseen people |",
        "|---|---|---|---|---|",
    ]
    for name, (by_text, by_product) in checks.items():
        if by_text:
            own = reader.accuracy[name]
            trust = f"{own:.1f} years off" if name == "age" else f"{100 * own:.1f} %"
            lines.append(f"| {name} | {len(by_text)} | {100 * np.mean(by_text):.1f} % | {100 * np.mean(by_product):.1f} % | {trust} |")
    return "\n".join(lines) + "\n"


def build_spec(fields: Mapping[str, Any], seed: int) -> Any:
    """The spec of dotted fields, such as {"identity.age": 62}."""
    from assets.spec.avatar import AvatarSpec

    document: dict[str, Any] = {"name": "Read back", "seed": seed, "texture": {"size": 512}}
    for name, value in fields.items():
        *folders, leaf = name.split(".")
        inner = document
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[leaf] = value
    return AvatarSpec.model_validate(document)


def guess(people: People, attribute: str) -> float:
    """What one gets without looking: the share of the most frequent value, or the mean distance from the median age."""
    values = people.select(attribute, np.ones(len(people.bodies), bool))[2]
    if attribute == "age":
        return float(np.abs(values - np.median(values)).mean())
    return float(np.bincount(values).max() / len(values))


def format_accuracy(people: People, found: Mapping[str, tuple[int, float]]) -> str:
    """Markdown rows."""
    lines = ["| attribute | pictures | read right | without looking |", "|---|---|---|---|"]
    for name, (count, share) in found.items():
        shown = [f"{one:.1f} years off" if name == "age" else f"{100 * one:.1f} %" for one in (share, guess(people, name))]
        lines.append(f"| {name} | {count} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("validate", "test", "train"))
    parser.add_argument("--folder", type=Path, nargs="+", default=[Path("build/describe_people")])
    parser.add_argument("--first", type=int, default=0, help="number of the first body that is held out for `test`")
    chosen = parser.parse_args()
    people = load_people(chosen.folder)
    held_out = people.bodies >= chosen.first
    if chosen.command == "validate":
        sys.stdout.write(format_accuracy(people, cross_validate(people)))
    elif chosen.command == "test":
        sys.stdout.write(format_accuracy(people, evaluate(people, ~held_out, held_out)))
    else:
        everybody = np.ones(len(people.bodies), bool)
        models = {}
        for attribute in SEEN_BY:
            names, rows, values = people.select(attribute, everybody)
            models[attribute] = fit(attribute, names, rows, values)
        found = cross_validate(people)
        Reader(models, {name: share for name, (_, share) in found.items()}).save(WEIGHTS)
        card = format_card(people, found)
        WEIGHTS.with_suffix(".md").write_text(card, encoding="utf-8")
        sys.stdout.write(card)


def format_card(people: People, found: Mapping[str, tuple[int, float]]) -> str:
    """The card of the weights, in Markdown."""
    weak = [name for name, (_, share) in found.items() if name != "age" and share < RELIABLE]
    size = WEIGHTS.stat().st_size
    return f"""# The reader of renders

`bench/describe_reader.safetensors` ({size} bytes): one linear model an attribute over measures of a person's pictures
(bench/describe_measures.py), for `python -m bench.describe --render`. Generation never sees it.

- Data: {len(people.bodies)} pictures of faces of {len(set(people.bodies.tolist()))} random bodies (bench/describe_people.py), labels of
  their artefacts and draws; no real person, no text.
- Licence: Apache-2.0. Made by: `python -m bench.describe_people --count N`, then `python -m bench.describe_reader train`.
- Below: every picture read by models that saw neither its person nor its body (five folds); the committed weights are fitted on all.
- Not reliable yet (below {100 * RELIABLE:.0f} %): {", ".join(weak) or "none"}. More people make it better.

{format_accuracy(people, found)}"""


if __name__ == "__main__":
    main()
