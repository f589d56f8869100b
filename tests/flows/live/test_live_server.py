"""The live server, over real sockets: what it gives to friends, and that strangers and broken clients harm nobody."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent.parent / "stages" / "dialogue"))
from chat_server import ChatServer, run_chat_server
from live_bundle import HOURS, LOST, PRICE, Running, Talk, run_live, write_live_bundle

from flows.live import connection
from flows.live.access import Access
from flows.live.limits import Limits
from flows.live.protocol import MAX_FRAME, decode_speech
from flows.live.services import LiveOptions, WriterOptions

TOKEN = "a-token-of-this-test"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_live_bundle(tmp_path_factory.mktemp("live") / "ada")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    """One server for the tests that need no options."""
    with run_live([folder]) as running:
        yield running


def read_end(client: Talk | ClientConnection) -> int:
    """The code with which the server closes the connection."""
    try:
        while True:
            (client.socket if isinstance(client, Talk) else client).recv(timeout=20)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


# Conversations


def test_a_question_gets_its_line_and_an_unknown_one_the_fallback(server: Running) -> None:
    with server.talk() as talk:
        assert (talk.ready["title"], talk.ready["language"], talk.ready["record"]) == ("Ada", "en", False)
        answer = talk.ask("When do you open?")
        assert (answer["lines"], answer["text"], answer["new"]) == (["hours"], HOURS, False)
        assert talk.ask("Who won the war of the worlds in 1066?")["text"] == LOST


def test_a_lost_conversation_resumes_with_its_memory_and_another_has_none(server: Running) -> None:
    with server.talk() as first:
        first.ask("What does a ticket cost?")
    with server.talk(resume=first.ready["session"]) as again, server.talk() as other:
        assert again.ready["resumed"] is True
        assert other.ready["resumed"] is False
        assert again.ready["session"] != first.ready["session"]


def test_sessions_do_not_hear_each_other(server: Running) -> None:
    with server.talk() as one, server.talk() as two:
        one.send(type="ask", text="When do you open?")
        assert two.ask("How much is it?")["text"] == PRICE
        assert one.read("answer")["text"] == HOURS
        assert one.ready["session"] != two.ready["session"]


def test_a_text_is_spoken_with_lips_and_words_where_the_server_allows_it(folder: Path) -> None:
    with run_live([folder], LiveOptions(allow_say=True)) as running, running.talk() as talk:
        talk.send(type="say", text="The whale room is closed. Come back in spring!")
        answer = talk.read("answer")
        header, payload = decode_speech(talk.read("binary")["frame"])
        assert (answer["new"], header["answer"], header["number"]) == (True, answer["answer"], 0)
        assert [word["text"] for word in header["words"]] == ["The", "whale", "room", "is", "closed."]
        assert len(payload) == 2 * header["samples"] + header["frames"] * len(header["morphs"])
        jaw = payload[2 * header["samples"] :][header["morphs"].index("viseme_O") :: len(header["morphs"])]
        assert max(jaw) > 40
        assert decode_speech(talk.read("binary")["frame"])[0]["text"] == "Come back in spring!"
        assert talk.read("spoken")["answer"] == answer["answer"]


WHALE = "The bones in the whale room are two hundred years old, but the teeth are copies."


@pytest.mark.parametrize(
    ("written", "spoken", "is_new"),
    [
        ("In the whale room, the bones are two hundred years old, but the teeth are copies.", "", True),
        ("The bones in the whale room are two hundred years old.", WHALE, False),
        ("NONE", WHALE, False),
    ],
)
def test_a_writer_answers_in_new_words_where_no_line_is_certain_and_the_facts_support_them(
    tmp_path: Path, written: str, spoken: str, is_new: bool
) -> None:
    """The second text drops what follows the but."""
    folder = write_live_bundle(tmp_path / "ada", facts=(WHALE,))
    with run_chat_server(ChatServer(lambda _: written)) as model:
        options = LiveOptions(writer=WriterOptions(model.address, "small"))
        with run_live([folder], options) as running, running.talk() as talk:
            answer = talk.ask("How old is the skeleton?")
            assert (answer["text"], answer["new"]) == (spoken or written, is_new)
            assert talk.ask("When do you open?")["text"] == HOURS
            _, metrics = running.get("/metrics")
    assert [WHALE in request["messages"][1]["content"] for _, request, _ in model.requests] == [True]
    result = "spoken" if is_new else "none" if written == "NONE" else "refused"
    assert f'fenshen_live_writings_total{{result="{result}"}} 1.0' in metrics.decode()


def test_a_writer_that_does_not_answer_leaves_the_lines(tmp_path: Path) -> None:
    folder = write_live_bundle(tmp_path / "ada", facts=(WHALE,))
    with run_chat_server(ChatServer(lambda _: "", 500)) as model:
        options = LiveOptions(writer=WriterOptions(model.address, "small"))
        with run_live([folder], options) as running, running.talk() as talk:
            assert talk.ask("How old is the skeleton?")["text"] == WHALE
            assert 'fenshen_live_writings_total{result="failed"} 1.0' in running.get("/metrics")[1].decode()
    assert len(model.requests) == 1


def test_nobody_may_have_it_say_anything_otherwise(server: Running) -> None:
    with server.talk() as talk:
        talk.send(type="say", text="Everything is free today.")
        assert talk.read("error")["code"] == "say-not-allowed"


def test_a_new_question_stops_the_answer_that_plays(server: Running) -> None:
    with server.talk() as talk:
        first = talk.ask("When do you open?")
        talk.send(type="played", answer=first["answer"], event="started")
        talk.send(type="ask", text="How much is it?")
        assert talk.read("stop") == {"type": "stop", "answer": first["answer"], "reason": "question"}
        assert talk.read("answer")["text"] == PRICE


# Recording


def test_nothing_is_stored_without_record_or_without_consent(folder: Path, tmp_path: Path) -> None:
    options = LiveOptions(record=tmp_path / "talks")
    with run_live([folder], options) as running:
        with running.talk() as silent:
            assert silent.ready["record"] is False
            silent.ask("When do you open?")
        assert not (tmp_path / "talks").exists()
        with running.talk(consent=True) as agreed:
            assert agreed.ready["record"] is True
            agreed.ask("When do you open?")
            agreed.ask("How much is it?")
    (session,) = (tmp_path / "talks").iterdir()
    rows = [json.loads(row) for row in (session / "conversation.jsonl").read_text().splitlines()]
    assert rows[0]["question"] == "When do you open?"
    assert (rows[0]["answer"], rows[0]["consent"]) == (HOURS, True)


def test_the_page_asks_for_consent_only_where_the_server_records(server: Running, folder: Path, tmp_path: Path) -> None:
    assert b'id="consent"' not in server.get("/talk/ada")[1]
    with run_live([folder], LiveOptions(record=tmp_path)) as running:
        assert b'id="consent"' in running.get("/talk/ada")[1]


# Files and state


def test_only_listed_files_of_the_bundle_are_served(server: Running) -> None:
    assert server.get("/bundles/ada/voice/hours.wav")[1].startswith(b"RIFF")
    for path in ("LICENSES.md", "manifest.json", "voice/nothing.wav", "../ada/manifest.json", "%2e%2e/ada/manifest.json", "/etc/passwd"):
        assert server.get(f"/bundles/ada/{path}")[0] == 404, path
    assert server.get("/bundles/bob/avatar.glb")[0] == 404


def test_health_and_metrics_count(server: Running) -> None:
    with server.talk() as talk:
        talk.ask("When do you open?")
        assert server.get("/health")[0] == 200
        text = server.get("/metrics")[1].decode()
    assert "fenshen_live_sessions 1.0" in text
    assert 'fenshen_live_answers_total{source="line"}' in text


def test_hostile_text_of_a_bundle_is_no_markup(tmp_path: Path) -> None:
    hostile = "</script><script>document.body.dataset.hacked = 'yes'</script>{{ 7*7 }}"
    with run_live([write_live_bundle(tmp_path / "ada", hours=hostile)]) as running:
        page = running.get("/talk/ada")[1].decode()
    assert "</script><script>document" not in page
    assert "{{ 7*7 }}" in page


# Doors


def test_a_page_of_another_site_is_refused_on_loopback_too(server: Running) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        server.connect(origin="https://evil.example")
    assert server.get("/talk/ada", Origin="https://evil.example")[0] == 403


def test_a_name_that_was_rebound_to_this_machine_is_refused(server: Running) -> None:
    assert server.get("/talk/ada", Host="evil.example:80")[0] == 403
    assert server.get("/talk/ada", Host="localhost:80")[0] == 200


def test_an_open_server_wants_its_token_everywhere_but_for_health(folder: Path) -> None:
    with run_live([folder], LiveOptions(Access(TOKEN))) as running:
        assert [running.get(path)[0] for path in ("/talk/ada", "/bundles/ada/avatar.glb", "/metrics", "/health")] == [403, 403, 403, 200]
        assert running.get("/talk/ada", Cookie="fenshen_token=wrong")[0] == 403
        assert running.get("/talk/ada", Cookie=f"fenshen_token={TOKEN}")[0] == 200
        with pytest.raises(InvalidStatus, match="403"):
            running.connect()
        with Talk(running.connect(additional_headers={"Authorization": f"Bearer {TOKEN}"}), {}) as talk:
            assert talk.ask("When do you open?")["text"] == HOURS


def test_the_token_moves_from_the_address_into_a_cookie(folder: Path) -> None:
    with run_live([folder], LiveOptions(Access(TOKEN))) as running, socket.create_connection(("127.0.0.1", running.port)) as raw:
        raw.sendall(f"GET /?token={TOKEN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = raw.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 303")
    assert "location: /\r\n" in answer
    assert "HttpOnly" in answer
    assert "SameSite=strict" in answer


# Limits


def test_sessions_beyond_the_limit_are_turned_away_with_a_reason(folder: Path) -> None:
    with run_live([folder], LiveOptions(limits=Limits(sessions=1))) as running, running.talk():
        second = running.connect()
        assert "all 1 sessions are in use" in str(second.recv(timeout=20))
        assert read_end(second) == 1013


def test_too_many_questions_are_refused_and_the_session_continues(folder: Path) -> None:
    with run_live([folder], LiveOptions(limits=Limits(questions_per_minute=4))) as running, running.talk() as talk:
        talk.ask("When do you open?")
        talk.send(type="ask", text="When do you open?")
        assert talk.read("error")["code"] == "too-many-questions"


def test_a_client_that_says_nothing_is_closed(folder: Path) -> None:
    with run_live([folder], LiveOptions(limits=Limits(hello_s=0.1))) as running:
        assert read_end(running.connect()) == 1008


@pytest.mark.parametrize("frame", [
    "not json", "[]", '{"type": "hello"}', '{"type": "format", "disk": true}', '{"type": "ask", "text": ""}', "[" * 60_000,
    json.dumps({"type": "ask", "text": "x" * 501}), '{"type": "ask", "text": "x", "more": 1}', b"", b"\x01\0\0", b"\x07\0\0\0ab",
    b"\x01\0\0\0abc", os.urandom(2000), '{"type": "hello", "protocol": 1}',
])  # fmt: skip
def test_a_frame_of_no_client_ends_its_own_connection_only(server: Running, frame: str | bytes) -> None:
    with server.talk() as friend, server.talk() as broken:
        broken.socket.send(frame)
        assert read_end(broken) == 1008
        assert friend.ask("When do you open?")["text"] == HOURS


@pytest.mark.parametrize("size", [MAX_FRAME + 4, 10_000_000])
def test_a_frame_that_is_too_long_ends_its_own_connection_only(server: Running, size: int) -> None:
    with server.talk() as friend, server.talk() as broken:
        with contextlib.suppress(ConnectionClosed):  # the server may close while the frame is on its way
            broken.socket.send(b"\1\0\0\0" + bytes(size))
        assert read_end(broken) in (1006, 1008, 1009)
        assert friend.ask("When do you open?")["text"] == HOURS


def test_a_wrong_protocol_or_bundle_is_named(server: Running) -> None:
    for hello, reason in (({"protocol": 2}, "this server speaks protocol 1"), ({"protocol": 1, "bundle": "bob"}, "no bundle of that name")):
        client = server.connect()
        client.send(json.dumps({"type": "hello"} | hello))
        assert reason in str(client.recv(timeout=20))
        assert read_end(client) == 1008


def test_sound_faster_than_speech_ends_the_connection(server: Running) -> None:
    with server.talk() as talk:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(400):
                talk.socket.send(b"\1\0\0\0" + bytes(32_000))
        assert read_end(talk) == 1008


def open_deaf_client(port: int) -> socket.socket:
    """A WebSocket whose client never reads: by hand, since every library reads in the background."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.connect(("127.0.0.1", port))
    lines = ("GET /live HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13", "", "")  # fmt: skip
    deaf.sendall("\r\n".join(lines).encode())
    while b"\r\n\r\n" not in deaf.recv(4096, socket.MSG_PEEK):
        pass
    deaf.sendall(Frame(Opcode.TEXT, b'{"type": "hello", "protocol": 1}').serialize(mask=True))
    return deaf


def test_a_reader_that_does_not_read_is_dropped_and_the_others_are_served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SEND_S", 0.2)
    limits = Limits(questions_per_minute=10**9)
    with run_live([folder], LiveOptions(limits=limits), send_buffer=2048) as running, running.talk() as friend:
        deaf = open_deaf_client(running.port)
        message = Frame(Opcode.TEXT, b'{"type": "say", "text": "x"}').serialize(mask=True)  # each is answered by an error message
        deaf.settimeout(20)
        with contextlib.suppress(OSError):
            for _ in range(4000):
                deaf.sendall(message)
        assert friend.ask("When do you open?")["text"] == HOURS
        while running.services.clients.count > 1:
            friend.ask("When do you open?")
        assert "fenshen_live_slow_readers_total 1.0" in running.get("/metrics")[1].decode()
        deaf.close()


@pytest.mark.slow
def test_a_thousand_connections_leave_nothing_behind(server: Running) -> None:
    for number in range(1000):
        client = server.connect(close_timeout=0)
        if number % 2:
            client.send('{"type": "hello", "protocol": 1}')
        if number % 3:
            client.close()
        else:
            client.socket.shutdown(socket.SHUT_RDWR)
    with server.talk() as talk:
        assert talk.ask("When do you open?")["text"] == HOURS
        assert server.services.clients.count <= 2
