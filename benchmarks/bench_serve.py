"""How many questions does `sociogram serve` answer, and how long do they take, beside the same asked of Neo4j directly?

    python -m benchmarks.bench_serve [--users 100000] [--seconds 30] [--mixed 300] [--publishing 50]

The graph is that of bench_similar (width 128, two tags, a tie and a view a user). The load generator is a process of its own on core 0;
server and Neo4j may use all cores, core 0 as well. Rates are of a Poisson process, latencies count from the moment at which a request was
due. The peer asks the same search (`queries/similar/similar_users.cypher`) of Neo4j with the driver, from threads of one process on core 0.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import SkippedError, machine, save, show
from benchmarks.bench_publish import own_server, profiles
from benchmarks.bench_similar import MAPPING, build, world
from sociogram.graph.publish import publish
from sociogram.graph.server import Address
from sociogram.graph.store import Store

RATES = (300, 500)
CONNECTIONS = 32
READY_S = 60
WINDOW_S = 10.0


@dataclass(frozen=True)
class Served:
    """A running `sociogram serve`."""

    url: str
    key: str
    process: psutil.Process


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/serve.json."""
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        raise SkippedError("aiohttp is not installed; pip install aiohttp") from None
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--mixed", type=float, default=300.0, help="seconds of mixed load")
    parser.add_argument("--rate", type=float, default=150.0, help="requests a second of mixed load")
    parser.add_argument(
        "--publishing", type=float, default=50.0, help="similar/s while another run is published; 0: none is"
    )
    options = parser.parse_args(arguments or [])
    with own_server() as (address, root):
        with Store.connect(address.uri, user=address.user, password=address.password) as store:
            build(store, world(options.users))
        direct = peer(address.uri, address.password, options)
        with served(root) as server:
            load(server, options.users, options.seconds)  # Java compiles what is used often
            rows = [{"asked": "similar", **load(server, options.users, options.seconds)}]
            for rate in RATES:
                found = load(server, options.users, options.seconds, "--rate", str(rate))
                rows.append({"asked": "similar", **found})
            rows.append({"asked": "similar, of Neo4j directly", **direct})
            show(f"Answers over HTTP, {options.users:,} users", rows)
            mixed = steady(server, options.users, options.mixed, options.rate) if options.mixed else None
            meanwhile = (
                while_publishing(server, address, options.users, options.publishing) if options.publishing else []
            )
    result = {"users": options.users, "seconds": options.seconds, "machine": machine(), "rows": rows, "mixed": mixed}
    result["while another run is published"] = meanwhile
    if mixed:
        show(f"Mixed load for {options.mixed:g} s", [mixed])
    if meanwhile:
        show("While another run is published, and after", meanwhile)
    save("serve", result)


@contextmanager
def served(root: Path) -> Iterator[Served]:
    """`sociogram serve` on a managed server's home, until the block ends."""
    mapping = root / "graph.toml"
    mapping.write_text(MAPPING.to_toml(), encoding="utf-8")
    log = root / "serve.log"
    command = [sys.executable, "-m", "sociogram", "serve", "--port", "0", "--rate", "100000", "--mapping", str(mapping)]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stderr=out, stdout=subprocess.DEVNULL, env={**os.environ, "SOCIOGRAM_HOME": str(root)}
        )
    try:
        end = time.monotonic() + READY_S
        while not (found := re.search(r"once: (sg_\S+)[\s\S]*?Serving on (\S+)", log.read_text())):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"serve did not start: {log.read_text()}")
            time.sleep(0.1)
        yield Served(found[2], found[1], psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def load(server: Served, users: int, seconds: float, *options: str) -> dict[str, Any]:
    """Figures of one load, and the server's processor seconds for one answer."""
    before = server.process.cpu_times()
    command = [sys.executable, "-m", "benchmarks.serve_load", server.url, str(users), str(seconds)]
    done = subprocess.run(
        [*command, "--connections", str(CONNECTIONS if not options else 512), *options],
        env={**os.environ, "SOCIOGRAM_KEY": server.key}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    after = server.process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    figures["server cpu ms"] = 1_000 * spent / max(figures["statuses"].get("200", 0), 1)
    figures["statuses"] = ", ".join(f"{name} {n}" for name, n in sorted(figures["statuses"].items()))
    return figures


def steady(server: Served, users: int, seconds: float, rate: float) -> dict[str, Any]:
    """Mixed load for a while; memory after a tenth of it and at its end."""
    first = load(server, users, seconds / 10, "--mix", "--rate", str(rate), "--seed", "1")
    begun = server.process.memory_info().rss >> 20
    rest = load(server, users, seconds * 9 / 10, "--mix", "--rate", str(rate), "--seed", "2")
    ended = server.process.memory_info().rss >> 20
    statuses = f"{first['statuses']}; {rest['statuses']}"
    both = {"not 200": first["not 200"] + rest["not 200"], "statuses": statuses}
    return {**rest, **both, "MiB after a tenth": begun, "MiB at the end": ended}


def while_publishing(server: Served, address: Address, users: int, rate: float) -> list[dict[str, Any]]:
    """Figures of one window after the other until another run with ten tags a user is live, and of one after that."""
    with (
        Store.connect(address.uri, user=address.user, password=address.password) as store,
        ThreadPoolExecutor(1) as pool,
    ):
        published = pool.submit(
            publish, store, MAPPING, "r2", profiles(users, 2), config={}, metrics={}, overwrite=True
        )
        windows = []
        while not published.done():
            windows.append(load(server, users, WINDOW_S, "--rate", str(rate)))
        published.result()
    time.sleep(READY_S)  # the server finds that another run is live, and opens it
    return [*windows, load(server, users, WINDOW_S, "--rate", str(rate))]


def peer(uri: str, password: str, options: argparse.Namespace) -> dict[str, Any]:
    """The same search with the driver alone."""
    command = [sys.executable, "-m", "benchmarks.serve_peer", uri, str(options.users), str(options.seconds)]
    done = subprocess.run(command, env={**os.environ, "NEO4J_PASSWORD": password}, check=True, capture_output=True, text=True)  # fmt: skip
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    main(sys.argv[1:])
