"""The scripted model, as a client of the Messages API meets it."""

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.scripted.model_server import ModelServer
from tests.scripted.script import Answer, Asked, Call, Cut, Failure, Silence, Text, by_prompt, in_turn

HELLO = {"role": "user", "content": "hello"}
TOOLS = [{"name": "look"}]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(in_turn(Text("hi"))) as made:
        yield made


def post(server: ModelServer, path: str = "/v1/messages?beta=true", **body: Any) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request("POST", path, json.dumps({"model": "m", "messages": [HELLO], "tools": TOOLS, **body}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.headers)
    finally:
        connection.close()


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def test_an_answer_is_streamed_as_the_api_streams_it(server: ModelServer) -> None:
    server.script = in_turn([Text("é" * 1000), Call("look", {"at": "x"})])
    status, text, _ = post(server, stream=True)
    told = events(text)
    assert status == 200
    assert [told[0]["type"], told[-1]["type"]] == ["message_start", "message_stop"]
    assert "".join(e["delta"]["text"] for e in told if e.get("delta", {}).get("type") == "text_delta") == "é" * 1000
    pieces = [e["delta"]["partial_json"] for e in told if e.get("delta", {}).get("type") == "input_json_delta"]
    assert json.loads("".join(pieces)) == {"at": "x"}
    assert next(e for e in told if e["type"] == "message_delta")["delta"]["stop_reason"] == "tool_use"


def test_an_answer_comes_whole_when_it_is_not_to_be_streamed(server: ModelServer) -> None:
    status, text, _ = post(server)
    whole = json.loads(text)
    assert (status, whole["content"], whole["stop_reason"]) == (200, [{"type": "text", "text": "hi"}], "end_turn")
    assert whole["usage"]["input_tokens"] > 1
    assert json.loads(post(server, "/v1/messages/count_tokens")[1])["input_tokens"] == whole["usage"]["input_tokens"]


def test_a_script_knows_where_a_conversation_stands() -> None:
    conversation = [
        {"role": "user", "content": [{"type": "text", "text": "<system-reminder>x</system-reminder>first"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "one"}]},
        {"role": "user", "content": [{"type": "text", "text": "second"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "y"}}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "seen", "is_error": True}],
        },
        {"role": "system", "content": [{"type": "text", "text": "by the way"}]},
    ]
    asked = Asked({"messages": conversation, "system": [{"type": "text", "text": "be brief"}], "tools": TOOLS})
    assert (asked.prompt, asked.turn, asked.system, asked.tools) == ("second", 1, "be brief", ["look"])
    (result,) = asked.results
    assert (result.tool, result.input, result.text, result.is_error) == ("look", {"at": "y"}, "seen", True)
    script = by_prompt({"^sec": in_turn(Text("no"), lambda it: Text(it.results[0].text)), ".": in_turn(Text("other"))})
    assert script(asked) == Text("seen")
    assert Asked({"messages": conversation[:1]}).prompt == "first"
    assert in_turn()(Asked({"messages": []})) == Text("A scripted session"), "a request without tools wants a title"


def test_what_is_not_in_the_script_is_refused_and_told(server: ModelServer) -> None:
    server.script = by_prompt({"goodbye": in_turn(Text("bye"))})
    status, text, _ = post(server, stream=True)
    assert (status, json.loads(text)["error"]["type"]) == (400, "invalid_request_error")
    assert list(server.troubles) == ["no pattern fits the prompt: hello"]
    assert [asked.prompt for asked in server.asked] == ["hello"]


def test_a_script_that_breaks_is_told(server: ModelServer) -> None:
    def broken(_: Asked) -> Answer:
        raise KeyError("gone")

    server.script = broken
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        post(server)
    assert list(server.troubles) == ["KeyError: 'gone'"]


def test_the_api_fails_as_it_is_told_to(server: ModelServer) -> None:
    server.script = in_turn(Failure(429, "rate_limit_error", "slowly", retry_after_seconds=3))
    status, text, headers = post(server, stream=True)
    assert (status, headers["retry-after"]) == (429, "3")
    assert json.loads(text)["error"] == {"type": "rate_limit_error", "message": "slowly"}
    assert post(server, "/v1/elsewhere")[0] == 404


def test_an_answer_breaks_off_or_never_comes(server: ModelServer) -> None:
    server.script = in_turn(Cut([Text("never whole")]))
    told = events(post(server, stream=True)[1])
    assert told
    assert told[-1]["type"] != "message_stop"
    server.script = in_turn(Silence())
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        body = json.dumps({"messages": [HELLO], "tools": TOOLS, "stream": True}).encode()
        connection.sendall(b"POST /v1/messages HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        begun = connection.recv(65536)
        while b"message_stop" not in begun and b"\n\n" not in begun.partition(b"message_start")[2]:
            begun += connection.recv(65536)
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(65536)
        assert b"message_stop" not in begun
