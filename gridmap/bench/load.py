"""A load on one HTTP server of this machine: many connections, each asking as soon as it has been answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """Answers a second, and how long the median and the slowest percent took, in milliseconds."""

    per_second: float
    median_ms: float
    p99_ms: float


def load(port: int, paths: Sequence[str], *, connections: int, duration_s: float) -> Load:
    """Asks 127.0.0.1 for the paths in turn for some seconds. Raises RuntimeError on any status but 200."""
    return asyncio.run(_load(port, paths, connections, duration_s))


async def _load(port: int, paths: Sequence[str], connections: int, duration_s: float) -> Load:
    requests = [f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for path in paths]
    end = time.perf_counter() + duration_s
    started = time.perf_counter()
    took = await asyncio.gather(*(_ask(port, requests[i::connections], end) for i in range(connections)))
    elapsed = time.perf_counter() - started
    times = sorted(t for one in took for t in one)
    return Load(len(times) / elapsed, times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3)


async def _ask(port: int, requests: Sequence[bytes], end: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took: list[float] = []
    index = 0
    while (asked := time.perf_counter()) < end:
        writer.write(requests[index % len(requests)])
        await _answer(reader)
        took.append(time.perf_counter() - asked)
        index += 1
    writer.close()
    return took


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode(errors="replace"))
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
