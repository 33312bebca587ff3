"""Doors in tantivy, run by the peers' Python: by pairs of signs and house tokens, the best five of each text.

    python peer_tantivy.py DOORS.json TEXTS.json FOLDER

Both files hold lists: [code, pairs, house token] for a door, [pairs, house token] for a text. Prints JSON: seconds to
build, bytes on disk, bytes of memory, and for each text the codes and the seconds.
"""

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

_BEST = 5
_HEAP = 256 << 20


def build(doors: list[list[str]], folder: Path) -> Any:
    """The index of all doors, written and merged."""
    tantivy = import_module("tantivy")
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("code", stored=True, tokenizer_name="raw")
    schema.add_text_field("pairs", tokenizer_name="whitespace")
    schema.add_text_field("house", tokenizer_name="raw")
    index = tantivy.Index(schema.build(), path=str(folder))
    writer = index.writer(_HEAP)
    for code, pairs, house in doors:
        writer.add_document(tantivy.Document(code=code, pairs=pairs, house=house))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def ask(index: Any, pairs: str, house: str) -> list[str]:
    """The codes of the five that fit best: pairs that they share, and the house token before all."""
    tantivy = import_module("tantivy")
    schema, searcher = index.schema, index.searcher()
    wanted = [
        (tantivy.Occur.Should, tantivy.Query.term_query(schema, "pairs", pair)) for pair in dict.fromkeys(pairs.split())
    ]
    if house:
        term = tantivy.Query.term_query(schema, "house", house)
        wanted.append((tantivy.Occur.Should, tantivy.Query.boost_query(term, 2.0)))
    hits = searcher.search(tantivy.Query.boolean_query(wanted), _BEST).hits
    return [searcher.doc(address)["code"][0] for _, address in hits]


def main(doors: str, texts: str, folder: str) -> None:
    """Builds, asks all, prints what there is to tell."""
    rows = json.loads(Path(doors).read_text())
    began = time.perf_counter()
    index = build(rows, Path(folder))
    built_s = time.perf_counter() - began
    size = sum(file.stat().st_size for file in Path(folder).iterdir())
    answers = []
    for pairs, house in json.loads(Path(texts).read_text()):
        began = time.perf_counter()
        codes = ask(index, pairs, house)
        answers.append([codes, time.perf_counter() - began])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    sys.stdout.write(json.dumps({"built_s": built_s, "size": size, "memory": memory, "answers": answers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
