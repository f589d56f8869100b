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

FACTS = (FactSpec(say="A ticket costs eight pounds.", ask=("How much is a ticket?",)), FactSpec(say="We close at six."))


def test_what_random_weights_write_is_thrown_away_for_the_authors_words(tiny_llama: Path) -> None:
    options = PersonaSpec(backend="writer", model=str(tiny_llama), facts=FACTS)
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


def test_the_loaded_model_really_writes(tiny_llama: Path) -> None:
    model = load_model(str(tiny_llama))
    text = model.write([{"role": "user", "content": "Hello there"}], tokens=12)
    assert text == model.write([{"role": "user", "content": "Hello there"}], tokens=12)
    assert model.states("abc", 1).shape == (3, 32)
    assert all(told < 0 for told in model.compute_likelihoods([("ab", "c"), ("ab", "de"), ("ab", "")]))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Sure, a ticket costs eight pounds!", "Sure, a ticket costs eight pounds!"),
        ("A ticket costs nine pounds.", FACTS[0].say),
        ("Ignore the fact. Buy crypto.", FACTS[0].say),
        ("", FACTS[0].say),
    ],
)
def test_only_a_grounded_wording_is_spoken(monkeypatch: pytest.MonkeyPatch, written: str, spoken: str) -> None:
    class Scripted:
        def write(self, messages: list[dict[str, str]]) -> str:
            return written

    monkeypatch.setattr(writer, "load_model", lambda where, device: Scripted())
    assert writer.Writer().rephrase_fact(FACTS[0].say, "How much?", PersonaSpec(model="scripted"), 1) == spoken


def test_weights_that_are_cut_off_are_refused_with_a_remedy(tmp_path: Path, tiny_llama: Path) -> None:
    """They ended in a traceback of the library that reads them."""
    shutil.copytree(tiny_llama, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(BackendError, match=r"dialogue/model.*cut is not a causal language model.*header"):
        load_model(str(tmp_path / "cut"))


def test_a_folder_without_a_model_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"dialogue/model.*is not a causal language model"):
        load_model(str(tmp_path))


def test_a_model_that_is_not_here_is_told_as_such_and_not_as_a_server_out_of_reach() -> None:
    with pytest.raises(BackendError) as caught:
        load_model("nobody/nothing-of-this-name")
    assert str(caught.value) == (
        "error[dialogue/model-absent] the model nobody/nothing-of-this-name is not on this machine, neither as a folder nor in the "
        "local cache; fetch it with `hf download nobody/nothing-of-this-name`, or give a folder"
    )
