"""A load generator: a process of its own that asks a server over HTTP, on one core.

    SOCIOGRAM_KEY=... python -m benchmarks.serve_load URL USERS SECONDS --rate 300 [--mix] [--connections 64] [--core 0]

With a rate, requests begin at random moments (a Poisson process) whether those before have been answered or not, and a latency counts from
the moment at which a request was due: a server that stalls cannot hide behind a client that waits for it. Without one, each connection asks
again as soon as it has its answer. Prints its figures as JSON.
"""

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiohttp
import numpy as np

Request = tuple[str, str, Any]  # method, path, body
MOST_PENDING = 2_000  # more than that and the server is behind for good
WIDTH = 128


def similar(rng: np.random.Generator, users: int) -> Request:
    """Ten users like a random one, with reasons."""
    return "POST", "/v1/similar", {"user": str(rng.integers(users)), "k": 10}


def mixed(rng: np.random.Generator, users: int) -> Request:
    """What a product asks: profiles most of all."""
    user, draw = str(rng.integers(users)), rng.random()
    if draw < 0.4:
        return "GET", f"/v1/users/{user}", None
    if draw < 0.7:
        return similar(rng, users)
    if draw < 0.8:
        return "POST", "/v1/similar", {"user": user, "k": 10, "where": {"tenth": int(rng.integers(10))}}
    if draw < 0.9:
        return "GET", f"/v1/users/{user}/tags", None
    if draw < 0.95:
        return "POST", "/v1/similar", {"vector": rng.normal(size=WIDTH).round(4).tolist(), "k": 10}
    return "POST", "/v1/queries/users_by_tag", {"parameters": {"topic": f"topic {rng.integers(200)}", "k": 10}}


class Load:
    """Asks and notes milliseconds and statuses."""

    def __init__(self, session: aiohttp.ClientSession, made: Callable[[], Request]) -> None:
        self._session, self._made = session, made
        self.milliseconds: list[float] = []
        self.statuses: Counter[str] = Counter()

    async def ask(self, due: float) -> None:
        """One request; its latency counts from `due` on."""
        method, path, body = self._made()
        try:
            async with self._session.request(method, path, json=body) as answer:
                await answer.read()
                self.statuses[str(answer.status)] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self.statuses[type(error).__name__] += 1
        self.milliseconds.append(1_000 * (time.perf_counter() - due))

    async def closed(self, seconds: float, connections: int) -> None:
        """Each connection asks again as soon as it can."""
        end = time.perf_counter() + seconds

        async def one() -> None:
            while (now := time.perf_counter()) < end:
                await self.ask(now)

        await asyncio.gather(*(one() for _ in range(connections)))

    async def opened(self, seconds: float, rate: float, rng: np.random.Generator) -> None:
        """Requests at a rate."""
        due, end, pending = time.perf_counter(), time.perf_counter() + seconds, set()
        while due < end:
            due += rng.exponential(1 / rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if len(pending) >= MOST_PENDING:
                self.statuses["not asked"] += 1
                continue
            task = asyncio.create_task(self.ask(due))
            pending.add(task)
            task.add_done_callback(pending.discard)
        if pending:
            await asyncio.wait(pending)


async def main(options: argparse.Namespace) -> dict[str, Any]:
    """Ask, and tell."""
    rng = np.random.default_rng(options.seed)
    kind = mixed if options.mix else similar
    connector = aiohttp.TCPConnector(limit=options.connections)
    headers = {"Authorization": f"Bearer {os.environ['SOCIOGRAM_KEY']}"}
    async with aiohttp.ClientSession(options.url, connector=connector, headers=headers) as session:
        load = Load(session, lambda: kind(rng, options.users))
        started = time.perf_counter()
        if options.rate:
            await load.opened(options.seconds, options.rate, rng)
        else:
            await load.closed(options.seconds, options.connections)
        took = time.perf_counter() - started
    p50, p95, p99 = np.percentile(load.milliseconds, [50, 95, 99]).tolist()
    good = load.statuses["200"]
    return {
        "asked a second": options.rate or "as fast as answered",
        "answered a second": good / took,
        "p50 ms": p50,
        "p95 ms": p95,
        "p99 ms": p99,
        "not 200": sum(load.statuses.values()) - good,
        "statuses": dict(load.statuses),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("users", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--mix", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--core", type=int, default=0)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    print(json.dumps(asyncio.run(main(given))))
