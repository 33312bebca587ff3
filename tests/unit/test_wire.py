"""Requests as they come over a socket: with Chinese in the address, with bodies of any bytes, and unreadable ones."""

import doctest
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import uvicorn

from gridmap.serving import wire
from tests.homes import eventually

BODY = "GET /木 HTTP/1.1\r\n\r\n".encode()


async def _echo(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]) -> None:
    """Answers with the query and the body that it got."""
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    told = scope["query_string"] + b" " + body
    headers = [(b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(_echo, http=wire.Wire, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert eventually(lambda: server.started)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()


def _ask(port: int, *pieces: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer


def test_chinese_in_an_address_is_read(port: int) -> None:
    answer = _ask(port, "GET /search?q=木耳镇%20三社&limit=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"q=%E6%9C%A8%E8%80%B3%E9%95%87%20%E4%B8%89%E7%A4%BE&limit=1 ")


def test_a_body_that_looks_like_a_request_stays_as_it_is(port: int) -> None:
    head = b"POST /? HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    assert _ask(port, head + BODY).endswith(b" " + BODY)
    assert _ask(port, head, BODY).endswith(b" " + BODY)


def test_a_second_request_on_a_connection_is_read_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for word in ("一", "二"):
            connection.sendall(f"GET /?{word} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            answer = b""
            while not answer.endswith(b" "):
                answer += connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200")


def test_what_cannot_be_read_is_a_problem_in_json(port: int) -> None:
    head, _, body = _ask(port, b"GET /a b c HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == "unreadable_request"


def test_docstring_examples() -> None:
    assert doctest.testmod(wire).failed == 0
