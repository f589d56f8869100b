"""A model at an address: what is sent, where the key comes from, what is spoken, and one sentence for every way to fail."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from chat_server import ChatServer, run_chat_server

from assets.errors import BackendError, SpecError
from assets.spec.behaviour import FactSpec, PersonaSpec
from assets.spec.read import parse_spec
from flows.pipeline.spec_choices import collect_spec_choices
from stages.dialogue.endpoint import EndpointModel
from stages.dialogue.stage import BACKENDS, run
from stages.package.talk_files import describe_dialogue

FACTS = (
    FactSpec(say="A ticket costs eight pounds.", ask=("How much is a ticket?",)),
    FactSpec(say="Dogs may come in if they are small.", ask=("May I bring my dog?",)),
)
WORDINGS = {"eight": "The price of a ticket is eight pounds.", "Dogs": "Dogs may come in."}
FIX = "check persona.model and its server, or remove persona.backend"


def reword(request: dict[str, Any]) -> str:
    """A fair wording of the first fact, and one of the second that drops its condition."""
    return next(text for word, text in WORDINGS.items() if word in request["messages"][-1]["content"])


def ask(server: ChatServer, **fields: Any) -> str:
    return EndpointModel(server.address, "small", **fields).generate_text([{"role": "user", "content": "Hello"}])


def test_the_model_words_the_facts_and_what_they_do_not_support_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "s3cret")
    with run_chat_server(ChatServer(reword)) as server:
        options = PersonaSpec(backend="writer", model=server.address, model_name="small", key_variable="TEST_KEY", facts=FACTS)
        dialogue = run(options=options, seed=1, backend=BACKENDS.get("writer"), name="Ada")
    lines = {line.id: line.text for line in dialogue.lines}
    assert (lines["fact_01"], lines["fact_02"]) == (WORDINGS["eight"], FACTS[1].say)
    assert dialogue.warnings == ("the author's words are spoken in place of 1 of 2 wordings by the model: 1 x it drops a condition",)
    described = describe_dialogue(dialogue)
    assert described["refused"] == [{"line": "fact_02", "text": "Dogs may come in.", "reason": "it drops a condition"}]
    assert "s3cret" not in str(described)
    path, request, authorisation = server.requests[0]
    assert (path, request["model"], request["temperature"], authorisation) == ("/v1/chat/completions", "small", 0, "Bearer s3cret")
    assert (dialogue.sources[0].name, dialogue.sources[0].origin, dialogue.sources[0].sellable) == (
        "small",
        "the model small at 127.0.0.1",
        False,
    )


def test_every_failure_is_one_sentence() -> None:
    def fail(server: ChatServer, **fields: Any) -> str:
        with run_chat_server(server), pytest.raises(BackendError) as caught:
            ask(server, **fields)
        return str(caught.value).replace(server.address, "HERE")

    start = "error[dialogue/endpoint] the model small at HERE: "
    said = b'{"error": {"message": "no such model"}}'
    assert fail(ChatServer(lambda _: "", 404, said)) == (f"{start}it answered with status 404: no such model; {FIX}")
    assert fail(ChatServer(lambda _: "", raw=b"[]")) == f"{start}it sent no chat completion; {FIX}"
    assert fail(ChatServer(lambda _: "", raw=b"x" * 1_000_001)) == f"{start}it sent more than 1 MB; {FIX}"
    assert fail(ChatServer(lambda _: "", delay_s=1.0), timeout_s=0.2) == f"{start}it did not answer within 0.2 seconds; {FIX}"


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(BackendError) as caught:
        EndpointModel(address, "small").generate_text([])
    assert str(caught.value).startswith(f"error[dialogue/endpoint] the model small at {address}: it cannot be reached (")


def test_a_redirect_takes_the_key_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "s3cret")
    with run_chat_server(ChatServer(lambda _: "")) as other, run_chat_server(ChatServer(lambda _: "", 307)) as server:
        server.redirect = f"{other.address}/chat/completions"
        with pytest.raises(BackendError, match="it answered with status 307"):
            ask(server, key_variable="TEST_KEY")
    assert other.requests == []


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ("model: 'http://a:b@host/v1', model_name: m", "persona.model: the address has a name or a password in it; write it as "
         "http://127.0.0.1:8000/v1; a key belongs into the environment variable of persona.key_variable"),
        ("model: 'https://host/v1?key=abc', model_name: m", "persona.model: the address has a ? or # in it; write it as "
         "http://127.0.0.1:8000/v1; a key belongs into the environment variable of persona.key_variable"),
        ("model: 'https://host/v1'", "persona.model is an address without persona.model_name; add the model's name there"),
        ("model: 'https://host/v1', model_name: m, key_variable: NO_SUCH_VARIABLE_HERE",
         "the environment variable NO_SUCH_VARIABLE_HERE is not set; set it to the key of the endpoint"),
        ("model: 'https://host/v1', model_name: m, key_variable: sk-1234",
         "persona.key_variable: expected the name of an environment variable, got sk-1234; "
         "write a name such as MY_KEY, never the key itself"),
    ],
)  # fmt: skip
def test_a_spec_whose_address_cannot_be_used_is_refused(tmp_path: Path, fields: str, finding: str) -> None:
    text = f"name: A\npersona: {{backend: writer, {fields}}}\n"
    with pytest.raises(SpecError) as caught:
        parse_spec(text.encode(), "a.yaml", folder=tmp_path, constraints=collect_spec_choices())
    (found,) = caught.value.findings
    assert f"{found.message}; {found.fix}" == finding


def test_a_name_or_key_without_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(b"name: A\npersona: {model_name: m}\n", "a.yaml", folder=tmp_path, constraints=collect_spec_choices())
    assert str(caught.value) == (
        "a.yaml:2:23: error[dialogue/endpoint-unused] persona.model_name belongs to an address, and persona.model is left out; "
        "remove it, or set persona.model to an address"
    )
