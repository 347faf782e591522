"""Neo4j's Graph Data Science: unsupervised GraphSAGE on the vectors that ours reads, then logistic regression on its embeddings.

The server is one of the reader's own with GDS, empty, on this machine; SOCIOGRAM_GDS holds its address, such as bolt://127.0.0.1:7687.
Every node written carries the label MARKER; a database with any other node is not touched, and nothing is left behind.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from benchmarks import SkippedError
from benchmarks.tag_graph import connected, relations
from benchmarks.tag_methods import regression, text_vectors
from benchmarks.tag_rows import Answer, Floats
from benchmarks.tag_tasks import Task
from sociogram.errors import DatabaseError, InputError
from sociogram.gnn import matrices
from sociogram.graph.schema import quote
from sociogram.graph.snapshot import EdgeKey
from sociogram.graph.store import Store

ADDRESS = "SOCIOGRAM_GDS"
MARKER = "SociogramBenchmark"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CHUNK = 500  # nodes a transaction: a vector is long
SETTINGS: dict[str, Any] = {
    "embeddingDimension": 128,
    "projectedFeatureDimension": 128,
    "aggregator": "mean",
    "activationFunction": "relu",
    "sampleSizes": [25, 10],
    "epochs": 10,
    "learningRate": 0.01,
    "randomSeed": 0,
    "concurrency": 1,  # a thread, as the other rows have
}


def gds_graphsage(task: Task, folder: Path) -> Answer:
    """`gds.beta.graphSage` of two mean layers, one projection a label; C and threshold of the regression by cross-validation."""
    with own_database() as store:
        graph = relations(task.snapshot)
        vectors, saved = text_vectors(task.snapshot)
        vectors = connected(vectors, graph)
        _write(store, vectors, graph)
        own = _train(store, list(vectors), graph)
        users = _embeddings(store, task.snapshot.users.label, len(task.y))
    scores, probability, threshold, _ = regression(
        task, matrices.csr(matrices.standardise(users) / np.sqrt(users.shape[1]))
    )
    return scores, probability, threshold, own | {"saved": saved}


@contextmanager
def own_database() -> Iterator[Store]:
    """The server's database, empty, and empty again afterwards; raises SkippedError."""
    uri = os.environ.get(ADDRESS, "")
    if not uri:
        raise SkippedError(f"{ADDRESS} is not set: name a server with GDS and an empty database, bolt://127.0.0.1:PORT")
    if _host(uri) not in LOOPBACK:
        raise SkippedError(f"{ADDRESS}: expected a server on this machine, bolt://127.0.0.1:PORT; got {uri}")
    try:
        store = Store.connect(uri)
        store.read("RETURN gds.version() AS version")
    except (DatabaseError, InputError) as error:
        raise SkippedError(f"{ADDRESS}: {error}") from None
    with store:
        others = store.read(f"MATCH (n) WHERE NOT n:{MARKER} RETURN count(n) AS n")[0]["n"]
        if others:
            raise SkippedError(f"{ADDRESS}: {uri} holds {others} nodes of somebody else; give it an empty database")
        _clean(store)
        try:
            yield store
        finally:
            _clean(store)


def _host(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:  # brackets that hold no address
        return None


def _clean(store: Store) -> None:
    store.auto("CALL gds.graph.drop($name, false) YIELD graphName RETURN graphName", name=MARKER)
    store.auto("CALL gds.model.drop($name, false) YIELD modelName RETURN modelName", name=MARKER)
    for index in store.read("SHOW INDEXES YIELD name WHERE name STARTS WITH $name RETURN name", name=f"{MARKER}_"):
        store.auto(f"DROP INDEX {quote(index['name'])}")
    store.auto(f"MATCH (n:{MARKER}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 5000 ROWS")


def _own(label: str) -> str:
    """A label that no other graph has."""
    return quote(f"{MARKER}_{label}")


def _write(store: Store, vectors: dict[str, Floats], graph: Mapping[EdgeKey, NDArray[np.int64]]) -> None:
    """Nodes with their row number and vector, then relationships between rows."""
    for label, x in vectors.items():
        rows = [{"row": i, "vector": v} for i, v in enumerate(x.tolist())]
        create = f"UNWIND $rows AS r CREATE (:{MARKER}:{_own(label)} {{row: r.row, vector: r.vector}})"
        store.write_batches(create, rows, size=CHUNK)
        store.auto(f"CREATE INDEX {_own(label)} FOR (n:{_own(label)}) ON (n.row)")
    store.auto("CALL db.awaitIndexes(60)")
    for (source, kind, target), ends in graph.items():
        match = f"MATCH (a:{_own(source)} {{row: r.a}}), (b:{_own(target)} {{row: r.b}})"
        pairs = [{"a": a, "b": b} for a, b in ends.T.tolist()]
        store.write_batches(f"UNWIND $rows AS r {match} CREATE (a)-[:{quote(kind)}]->(b)", pairs, sessions=1)


def _train(store: Store, labels: list[str], graph: Mapping[EdgeKey, NDArray[np.int64]]) -> dict[str, float]:
    """The model, trained and stored under MARKER, and what it cost."""
    nodes = {f"{MARKER}_{label}": {"properties": ["vector"]} for label in labels}
    edges = {kind: {"orientation": "UNDIRECTED"} for _, kind, _ in graph}
    project = "CALL gds.graph.project($name, $nodes, $edges) YIELD nodeCount RETURN nodeCount"
    store.auto(project, name=MARKER, nodes=nodes, edges=edges)
    settings = {"modelName": MARKER, "featureProperties": ["vector"], **SETTINGS}
    train = "CALL gds.beta.graphSage.train($name, $settings) YIELD modelInfo, trainMillis RETURN modelInfo, trainMillis"
    done = store.auto(train, name=MARKER, settings=settings)[0]
    epochs = int(done["modelInfo"]["metrics"]["ranEpochs"])
    return {"epochs": epochs, "seconds an epoch": done["trainMillis"] / 1000 / max(epochs, 1)}


def _embeddings(store: Store, label: str, size: int) -> Floats:
    """Embeddings of one label's nodes [size, width]."""
    stream = (
        "CALL gds.beta.graphSage.stream($name, {modelName: $name, concurrency: 1}) YIELD nodeId, embedding "
        f"WITH gds.util.asNode(nodeId) AS n, embedding WHERE n:{_own(label)} RETURN n.row AS row, embedding"
    )
    out = np.zeros((size, SETTINGS["embeddingDimension"]), np.float32)
    for found in store.auto(stream, name=MARKER):
        out[found["row"]] = found["embedding"]
    return out
