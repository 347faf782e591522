"""Loading Last.fm 2K: ours against plain UNWIND batches of 5,000 of the same rows, both from the files, alternating.

    python -m benchmarks.bench_load DATA/lastfm-2k [--rounds 3] [--out load.json]

Plain: one session, rows as maps, MERGE of nodes by their key, MATCH both ends and MERGE the relationship; the constraints are
there for both. A round empties the database before each side; the first round warms the server up and is not counted.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from sociogram.config import Home
from sociogram.graph.schema import ensure_schema, quote
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store
from sociogram.loaders.lastfm import lastfm
from sociogram.loaders.load import load
from sociogram.loaders.source import NodeBatch, Quarantine, Source

SIZE = 5_000


def plain(source: Source, store: Store, folder: Path, verb: str) -> None:
    """Each batch of the source in one query of a textbook's form; `verb` writes the relationships: MERGE or CREATE."""
    ensure_schema(store, source.mapping)
    with Quarantine(folder / "plain.parquet") as quarantine:
        for batch in source.batches(quarantine):
            for i in range(0, len(batch.rows), SIZE):
                rows = batch.rows[i : i + SIZE]
                if isinstance(batch, NodeBatch):
                    query = f"UNWIND $rows AS row MERGE (n:{quote(batch.label)} {{id: row.id}}) SET n += row"
                    store.write(query, rows=rows)
                    continue
                packed = [{"s": r["source"], "t": r["target"], "e": r.get("eventId", ""), "p": r} for r in rows]
                dated = " SET x.at = datetime({epochMillis: row.p.at})" if "at" in rows[0] else ""
                event = " {eventId: row.e}" if "eventId" in rows[0] else ""
                query = (
                    f"UNWIND $rows AS row MATCH (a:{quote(batch.source)} {{id: row.s}}) "
                    f"MATCH (b:{quote(batch.target)} {{id: row.t}}) "
                    f"{verb} (a)-[x:{quote(batch.type)}{event}]->(b) SET x += row.p{dated}"
                )
                store.write(query, rows=packed)


def empty(store: Store) -> None:
    store.auto("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args(given or [])
    home, source = Home.default(), lastfm(arguments.data)
    address = ManagedServer(home).start()
    seconds: dict[str, list[float]] = {"ours": [], "plain MERGE": [], "plain CREATE": []}
    with Store.connect(address.uri, user=address.user, password=address.password) as store:
        for i in range(arguments.rounds + 1):
            for name, times in seconds.items():
                empty(store)
                started = time.perf_counter()
                if name == "ours":
                    load(source, store, home)
                else:
                    plain(source, store, home.root, name.split()[1])
                if i:
                    times.append(time.perf_counter() - started)
                print(f"round {i} {name}: {time.perf_counter() - started:.1f} s", flush=True)
        empty(store)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    record = {
        "seconds": seconds,
        "medians": medians,
        "ratio to MERGE": medians["plain MERGE"] / medians["ours"],
        "ratio to CREATE": medians["plain CREATE"] / medians["ours"],
        "cores": os.cpu_count(),
    }
    for name, value in {**medians, "ratio to MERGE": record["ratio to MERGE"]}.items():
        print(f"{name:15} {value:8.2f}")
    if arguments.out:
        arguments.out.write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
