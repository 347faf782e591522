"""What is around one user in the graph: ties, items and interests, as nodes and links to be drawn."""

from dataclasses import asdict, dataclass
from typing import Any

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.store import Store
from sociogram.queries.ask import Asker, Key
from sociogram.queries.library import translate
from sociogram.queries.one_run import of_one_run

_AROUND = {
    "user": "MATCH (user:User) WHERE user.id IN $user MATCH (user)-[tie:KNOWS]-(other:User) WHERE other <> user "
    "WITH other, count(*) AS n, sum(coalesce(toFloat(tie.weight), 1.0)) AS weight, "
    "COUNT { (other)-[:KNOWS]-() } AS degree ORDER BY weight DESC, degree DESC, other.id LIMIT $most "
    "RETURN other.id AS id, other.name AS name, weight",
    "item": "MATCH (user:User) WHERE user.id IN $user MATCH (user)-[did:VIEWED]->(item) "
    "WITH item, sum(coalesce(toFloat(did.weight), 1.0)) AS weight ORDER BY weight DESC, item.id LIMIT $most "
    "RETURN item.id AS id, item.name AS name, weight",
    "topic": "MATCH (user:User) WHERE user.id IN $user MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic) "
    "WHERE interest.run = user.profileRun WITH topic, interest.score AS weight ORDER BY weight DESC, topic.id LIMIT $most "
    "RETURN topic.id AS id, topic.name AS name, weight",
}
_AMONG = (
    "MATCH (friend:User) WHERE friend.id IN $keys MATCH (friend)-[:KNOWS]->(other:User) WHERE other.id IN $keys "
    "RETURN DISTINCT friend.id AS source, other.id AS target"
)


@dataclass(frozen=True)
class Near:
    """A node of the picture: kind is user, item or topic; `weight` is of the link to the user in the middle."""

    kind: str
    id: Key
    name: str
    weight: float


@dataclass(frozen=True)
class Neighbourhood:
    """A user with what is around; `ties` are those among the neighbours, by key."""

    id: Key
    near: list[Near]
    ties: list[tuple[Key, Key]]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


class Surroundings:
    """Reads neighbourhoods."""

    def __init__(self, store: Store, mapping: GraphMapping) -> None:
        self._store, self._mapping = store, mapping

    @of_one_run
    def of(self, user: Key, most: int = 12) -> Neighbourhood:
        """At most so many ties, items and interests, the strongest; raises NotFoundError for an unknown user."""
        key = Asker(self._store, self._mapping).resolve(user)
        near = [
            Near(kind, row["id"], str(row["name"]), float(row["weight"]))
            for kind, read in _AROUND.items()
            for row in self._store.read(translate(read, self._mapping), user=[key], most=most)
        ]
        others = [n.id for n in near if n.kind == "user"]
        ties = self._store.read(translate(_AMONG, self._mapping), keys=others)
        return Neighbourhood(key, near, [(row["source"], row["target"]) for row in ties])
