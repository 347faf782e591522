"""A client of `sociogram serve`: the Engine's answers from another process or machine.

with Client("http://127.0.0.1:8765") as sociogram:
    sociogram.similar("u0412", k=5, where={"city": "Lyon"})
"""

import io
import os
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pyarrow as pa

from sociogram.errors import (
    AuthenticationFailed,
    DatabaseUnavailable,
    InputError,
    NotFoundError,
    PublishError,
    SociogramError,
)
from sociogram.graph.embeddings import Embeddings
from sociogram.graph.snapshot import Key
from sociogram.queries.changes import Change
from sociogram.queries.rows import Recommendation, Rows, Similar, Tag

KEY = "SOCIOGRAM_KEY"  # the environment's name of the API key
TRIES = 4  # of a request that is asked to come back
ERRORS: dict[int, type[SociogramError]] = {
    401: AuthenticationFailed,
    403: AuthenticationFailed,
    404: NotFoundError,
    409: PublishError,
    413: InputError,
    422: InputError,
    503: DatabaseUnavailable,
}


class Client:
    """One server; `key` is an API key, by default the one in SOCIOGRAM_KEY.

    What the server refuses is raised as the Engine would raise it; where it is too busy or its Neo4j is away, the question is
    asked again after the time that it names, `TRIES` times in all.
    """

    def __init__(
        self, address: str = "http://127.0.0.1:8765", key: str | None = None, *, timeout: float = 35.0
    ) -> None:
        key = key or os.environ.get(KEY)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout, trust_env=False)

    def profile(self, user: Key, *, embedding: bool = False) -> dict[str, Any]:
        """All that was published about a user."""
        return dict(self._get(f"/v1/users/{_part(user)}", embedding=embedding))

    def tags(self, user: Key) -> Rows[Tag]:
        """A user's published interests, strongest first."""
        return Rows([Tag(**row) for row in self._get(f"/v1/users/{_part(user)}/tags")])

    def changes(self, user: Key, since: str | None = None) -> Rows[Change]:
        """What is new about a user since another run, by default the one published before."""
        return Rows([Change(**row) for row in self._get(f"/v1/users/{_part(user)}/changes", since=since)])

    def explain(
        self, user: Key, *, tag: str | None = None, similar: Key | None = None, item: Key | None = None, k: int = 3
    ) -> dict[str, Any]:
        """What carries one claim: a tag, a similar user or an item."""
        return dict(self._get(f"/v1/users/{_part(user)}/explain", tag=tag, similar=similar, item=item, k=k))

    def similar(
        self,
        user: Key | None = None,
        k: int = 10,
        where: Mapping[str, Any] | None = None,
        *,
        text: str | None = None,
        vector: Any = None,
        exclude: Iterable[Key] = (),
    ) -> Rows[Similar]:
        """The k users most like a user, a description or a vector."""
        near = None if vector is None else np.asarray(vector, float).tolist()
        body = {"user": user, "k": k, "where": where, "text": text, "vector": near, "exclude": list(exclude)}
        rows = self._post("/v1/similar", body)["rows"]
        return Rows([Similar(**{name: value for name, value in row.items() if name != "reasons"}) for row in rows])

    def recommend(self, user: Key, k: int = 10, **options: Any) -> Rows[Recommendation]:
        """The k best items (`what="people"`, `"topics"`) for a user; the options are those of `Engine.recommend`."""
        rows = self._post("/v1/recommend", {"user": user, "k": k, **options})
        return Rows([Recommendation(**{n: v for n, v in row.items() if n not in ("why", "reasons")}) for row in rows])

    def people(self, name: str = "", where: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Users by a part of their name: rows, total and, with `facets=True`, facets; other options: k, skip."""
        return dict(self._post("/v1/people", {"name": name, "where": where, **options}))

    def audiences(self) -> Rows[dict[str, Any]]:
        """All that are saved, with the number of their users."""
        return Rows(list(self._get("/v1/audiences")))

    def audience(self, name: str) -> dict[str, Any]:
        """One with its users."""
        return dict(self._get(f"/v1/audiences/{_part(name)}"))

    def save_audience(self, name: str, **whom: Any) -> dict[str, Any]:
        """Save users, or those nearest to a text, or all who are called so; see `Engine.save_audience`."""
        return dict(self._post("/v1/audiences", {"name": name, **whom}))

    def maximise(self, k: int = 10, **options: Any) -> dict[str, Any]:
        """The k users who together reach most; options: model, topic, exclude, seed."""
        return dict(self._post("/v1/influence/maximise", {"k": k, **options}))

    def simulate(self, seeds: Iterable[Key], **options: Any) -> dict[str, Any]:
        """How far given users reach; options: model, topic, runs, seed."""
        return dict(self._post("/v1/influence/simulate", {"seeds": list(seeds), **options}))

    def segments(self) -> Rows[dict[str, Any]]:
        """Segments of the live run."""
        return Rows(list(self._get("/v1/segments")))

    def queries(self) -> Rows[dict[str, Any]]:
        """All that `query` knows."""
        return Rows(list(self._get("/v1/queries")))

    def query(self, name: str, /, **parameters: Any) -> Rows[dict[str, Any]]:
        """All rows of a query of the library."""
        rows: list[dict[str, Any]] = []
        while True:
            body = {"parameters": parameters, "skip": len(rows), "limit": 1000}
            page = self._post(f"/v1/queries/{_part(name)}", body)
            rows += page["rows"]
            if len(rows) >= page["total"] or not page["rows"]:
                return Rows(rows)

    def embeddings(self, label: str, *, run: str | None = None) -> Embeddings:
        """Keys and vectors of a label."""
        answer = self._ask("GET", f"/v1/embeddings/{_part(label)}", params={"run": run} if run else None)
        table = pa.ipc.open_stream(io.BytesIO(answer.content)).read_all().combine_chunks()
        column = table.column("embedding").combine_chunks()
        vectors = column.flatten().to_numpy().reshape(len(table), -1)
        told = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
        return Embeddings(table.column("id").to_pylist(), vectors, told["sociogram.label"], told["sociogram.run"])

    def runs(self) -> Rows[dict[str, Any]]:
        """Every run that was published, newest first."""
        return Rows(list(self._get("/v1/runs")))

    def rollback(self, run: str) -> dict[str, Any]:
        """Make an earlier run the live one again; needs a key with the scope admin."""
        return dict(self._post(f"/v1/runs/{_part(run)}/rollback", {}))

    def _get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params={k: v for k, v in query.items() if v is not None}).json()

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("POST", path, json={k: v for k, v in body.items() if v is not None}).json()

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        for left in reversed(range(TRIES)):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.HTTPError as error:
                raise DatabaseUnavailable(
                    f"no server answers at {self._http.base_url} ({type(error).__name__}). Start it: sociogram serve"
                ) from None
            if answer.status_code not in (429, 503) or not left:
                break
            time.sleep(float(answer.headers.get("retry-after", "1")))
        if answer.is_error:
            raise ERRORS.get(answer.status_code, SociogramError)(_told(answer))
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _part(key: Key) -> str:
    """One part of a path, whatever it holds."""
    return quote(str(key), safe="")


def _told(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {answer.status_code} {answer.reason_phrase}"
