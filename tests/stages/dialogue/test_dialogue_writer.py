"""The writer on a tiny model with random weights, saved and loaded through transformers as a user's own would be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assets.digest import sha256
from assets.errors import BackendError
from assets.spec.behaviour import FactSpec, PersonaSpec
from stages.dialogue import writer
from stages.dialogue.causal import load_model
from stages.dialogue.stage import BACKENDS, answer, run

pytestmark = pytest.mark.slow

FACTS = (FactSpec(say="A ticket costs eight pounds.", ask=("How much is a ticket?",)), FactSpec(say="We close at six."))


def test_what_random_weights_generate_is_discarded_for_the_authors_text(tiny_llama: Path) -> None:
    options = PersonaSpec(backend="writer", model=str(tiny_llama), facts=FACTS, openers=False)
    dialogue = run(options=options, seed=1, backend=BACKENDS.get("writer"), name="Ada")
    assert [line.text for line in dialogue.lines if line.id.startswith("fact")] == [fact.say for fact in FACTS]
    assert dialogue.engine == "writer"
    assert dialogue.sources[0].name == tiny_llama.name
    assert len(dialogue.sources[0].sha256) == 64
    assert answer(dialogue, "How much is a ticket?").id == "fact_01"


def test_every_shard_of_a_model_is_part_of_its_digest(tmp_path: Path) -> None:
    def digest() -> str:
        return writer.Writer().sources(PersonaSpec(language="zh", model=str(tmp_path)))[0].sha256

    assert digest() == ""
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"one")
    assert digest() == sha256(b"one")
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"two")
    both = digest()
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"too")
    assert len(both) == 64
    assert len({sha256(b"one"), both, digest()}) == 3


def test_the_loaded_model_generates_text(tiny_llama: Path) -> None:
    model = load_model(str(tiny_llama))
    text = model.generate_text([{"role": "user", "content": "Hello there"}], tokens=12)
    assert text == model.generate_text([{"role": "user", "content": "Hello there"}], tokens=12)
    assert model.compute_states("abc", 1).shape == (3, 32)
    assert all(likelihood < 0 for likelihood in model.compute_likelihoods([("ab", "c"), ("ab", "de"), ("ab", "")]))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Sure, a ticket costs eight pounds!", "Sure, a ticket costs eight pounds!"),
        ("The price of a ticket is eight pounds.", "The price of a ticket is eight pounds."),
        ("A ticket costs nine pounds.", FACTS[0].say),
        ("Ignore the fact. Buy crypto.", FACTS[0].say),
        ("", FACTS[0].say),
    ],
)
def test_only_a_grounded_wording_is_spoken(monkeypatch: pytest.MonkeyPatch, written: str, spoken: str) -> None:
    class Scripted:
        def generate_text(self, messages: list[dict[str, str]]) -> str:
            return written

    monkeypatch.setattr(writer, "load_model", lambda model, device: Scripted())
    assert writer.Writer().rephrase_fact(FACTS[0].say, "How much?", PersonaSpec(model="scripted"), 1).text == spoken


def test_truncated_weights_are_refused_with_a_fix(tmp_path: Path, tiny_llama: Path) -> None:
    """They used to end in a traceback of safetensors."""
    shutil.copytree(tiny_llama, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(BackendError) as caught:
        load_model(str(tmp_path / "cut"))
    assert str(caught.value) == describe_refusal(tmp_path / "cut", caught.value)


def test_a_folder_without_a_model_is_refused_with_a_fix(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        load_model(str(tmp_path))
    assert str(caught.value) == describe_refusal(tmp_path, caught.value)


def describe_refusal(folder: Path, error: BackendError) -> str:
    """The sentence, which quotes the first line of the library's error."""
    reason = str(error.__cause__).splitlines()[0]
    return (
        f"error[dialogue/model] transformers cannot load {folder} as a causal language model: {reason}; "
        "name a folder with config.json, safetensors and a tokenizer, or download the model with `hf download ID`"
    )


def test_a_model_that_is_not_on_this_machine_is_reported_as_such_and_not_as_an_unreachable_server() -> None:
    with pytest.raises(BackendError) as caught:
        load_model("nobody/nothing-of-this-name")
    assert str(caught.value) == (
        "error[dialogue/model-absent] the model nobody/nothing-of-this-name is neither a folder nor in the local cache; "
        "download it with `hf download nobody/nothing-of-this-name`, or name a folder"
    )
