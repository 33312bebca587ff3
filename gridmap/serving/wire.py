"""HTTP/1.1 as people type it: an address with Chinese in it, as curl sends it, is read as percent-encoded."""

import json
import re
from urllib.parse import quote_from_bytes

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_REQUEST_LINE = re.compile(rb"[A-Z]{3,7} (/[^ \r\n]*) HTTP/1\.[01]\r\n")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_UNREADABLE = (
    "This is no HTTP request that can be read. Write spaces and quotation marks in an address percent-encoded."
)


class Wire(HttpToolsProtocol):
    """uvicorn's protocol, which would refuse every byte above 127 in an address with a line of plain text."""

    def data_received(self, data: bytes) -> None:
        """Reads what has come."""
        super().data_received(data if data.isascii() or self._answering() else with_encoded_target(data))

    def send_400_response(self, msg: str) -> None:
        """Says what is wrong as every error is said; `msg` is uvicorn's own line."""
        problem = {
            "type": "about:blank", "title": msg, "status": 400, "detail": _UNREADABLE, "code": "unreadable_request",
        }  # fmt: skip
        body = json.dumps(problem).encode()
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
        self.transport.write(head % len(body) + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def _answering(self) -> bool:
        # Then what comes is a body, and a body is left as it is. Before the first request there is no cycle.
        return not getattr(self.cycle, "response_complete", True)


def with_encoded_target(data: bytes) -> bytes:
    r"""The first bytes of a request, with those of its address that are not ASCII percent-encoded.

    >>> with_encoded_target("GET /api/v1/search?q=木&limit=1 HTTP/1.1\r\nHost: a\r\n".encode())
    b'GET /api/v1/search?q=%E6%9C%A8&limit=1 HTTP/1.1\r\nHost: a\r\n'
    """
    line = _REQUEST_LINE.match(data)
    if line is None:
        return data
    return data[: line.start(1)] + quote_from_bytes(line[1], safe=_ASCII).encode() + data[line.end(1) :]
