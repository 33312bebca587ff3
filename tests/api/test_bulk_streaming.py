"""Two million rows through a real server: all of them back, in memory that does not grow with them."""

import http.client
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from gridmap.bench.servers import served
from gridmap.settings import Settings
from tests.county import NORTH_WEST, at

ROWS, AT_ONCE = 2_000_000, 20_000
MOST_MB = 250
"""Half of what is sent, a quarter of what comes back."""


def rows() -> Iterator[bytes]:
    lon, lat = at(NORTH_WEST, 0.25, 0.75)
    yield b"id,lon,lat,name\n"
    for first in range(0, ROWS, AT_ONCE):
        yield "".join(f"{n},{lon!r},{lat!r},卓尼县木耳镇{n}\n" for n in range(first, first + AT_ONCE)).encode()


@contextmanager
def memory_watched(process: psutil.Process) -> Iterator[list[int]]:
    """Notes how many bytes a process holds, until the block ends."""
    found, ended = [process.memory_info().rss], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            found.append(process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def test_two_million_rows_in_bounded_memory_while_others_are_answered(county_url: str) -> None:
    settings = Settings.from_env({}, database_url=county_url, public_map=True)
    lon, lat = at(NORTH_WEST, 0.25, 0.75)
    with served("gridmap.app:create_app_from_env", settings.env()) as port:
        process = next(child for child in psutil.Process().children() if "gridmap.serving.worker" in child.cmdline())
        post(port, iter([b"lon,lat\n1,2\n"]))
        with memory_watched(process) as found:
            # All is sent before anything is read, as most clients do.
            connection = post(port, rows(), read=False)
            url = f"http://127.0.0.1:{port}/api/v1/locate?lon={lon!r}&lat={lat!r}"
            with urllib.request.urlopen(url) as other:
                assert json.load(other)["grid"]["code"] == NORTH_WEST
            response = connection.getresponse()
            assert response.status == 200
            told = check_rows(response)
            connection.close()
        assert told == ROWS
        assert (max(found) - found[0]) / 1e6 < MOST_MB


def post(port: int, body: Iterator[bytes], *, read: bool = True) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=250)
    connection.request("POST", "/api/v1/locate", body, {"Content-Type": "text/csv"}, encode_chunked=True)
    if read:
        assert connection.getresponse().read().endswith(b",,outside\n")
        connection.close()
    return connection


def check_rows(response: http.client.HTTPResponse) -> int:
    """How many rows there are; each has its own number, its name and its answer."""
    assert response.readline() == b"id,lon,lat,name,grid_code,grid_status\n"
    count, rest = 0, b""
    while data := response.read(1 << 20):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines[:: max(1, len(lines) // 50)]:
            number = line.split(b",", 1)[0].decode()
            assert line.decode().endswith(f",卓尼县木耳镇{number},{NORTH_WEST},ok")
        count += len(lines)
    assert rest == b""
    return count
