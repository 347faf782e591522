"""Shared by the tests that run the command line or a server."""

import subprocess
from collections.abc import Callable

from sociogram.graph.store import Store

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def empty(store: Store) -> None:
    """Remove all data, constraints and indexes."""
    store.auto("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
    for row in store.read("SHOW CONSTRAINTS YIELD name RETURN name"):
        store.auto(f"DROP CONSTRAINT `{row['name'].replace('`', '``')}`")
    for row in store.read("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"):
        store.auto(f"DROP INDEX `{row['name'].replace('`', '``')}`")
