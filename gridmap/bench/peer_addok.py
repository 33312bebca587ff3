"""Doors in addok, run by the peers' Python: the best five of each text, by addok as it comes and a Redis of its own.

    python peer_addok.py DOORS.json TEXTS.json FOLDER

The first file holds lists: [code, words, longitude, latitude], the second words. Words are signs and numbers with
spaces between them, which addok's tokenizer needs. Prints JSON as its last line: seconds to build, bytes on disk, bytes
of Redis's memory, and for each text the codes and the seconds.
"""

import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

_BEST = 5
_START_S = 20.0


def main(doors: str, texts: str, folder: str) -> None:
    """Builds, asks all, prints what there is to tell."""
    socket = Path(folder) / "redis.sock"
    options = {"port": "0", "unixsocket": str(socket), "dir": folder, "save": "", "daemonize": "no"}
    command = [word for name, value in options.items() for word in (f"--{name}", value)]
    with subprocess.Popen(["redis-server", *command], stdout=subprocess.DEVNULL) as redis:
        try:
            _wait_for(socket)
            os.environ["REDIS_SOCKET"] = str(socket)
            told = _measure(json.loads(Path(doors).read_text()), json.loads(Path(texts).read_text()), Path(folder))
        finally:
            redis.terminate()
    sys.stdout.write("\n" + json.dumps(told))


def _wait_for(socket: Path) -> None:
    give_up = time.monotonic() + _START_S
    while not socket.exists():
        if time.monotonic() > give_up:
            raise RuntimeError("Redis does not start")
        time.sleep(0.05)


def _measure(rows: list[list[Any]], texts: list[str], folder: Path) -> dict[str, Any]:
    import_module("addok.config").config.load()
    database = import_module("addok.db").DB
    batch, ngrams = import_module("addok.batch").batch, import_module("addok.autocomplete").create_edge_ngrams
    search = import_module("addok.core").search
    began = time.perf_counter()
    batch(
        json.dumps({"_id": code, "id": code, "type": "street", "name": words, "lon": lon, "lat": lat, "importance": 0})
        for code, words, lon, lat in rows
    )
    ngrams()
    built_s = time.perf_counter() - began
    answers = []
    for words in texts:
        began = time.perf_counter()
        codes = [found.id for found in search(words, limit=_BEST)]
        answers.append([codes, time.perf_counter() - began])
    memory = database.info("memory")["used_memory"]
    database.save()
    return {"built_s": built_s, "size": (folder / "dump.rdb").stat().st_size, "memory": memory, "answers": answers}


if __name__ == "__main__":
    main(*sys.argv[1:])
