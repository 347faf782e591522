"""What segments are made of: a run's profiles, and the ties and properties of a snapshot, by the run's user rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.graph.held_out import HeldOutInterests
from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.queries.segments.network import Ties, undirected
from sociogram.queries.segments.rules import PREDICTED, Facts

HELD_OUT = 0.2  # of the behaviours, where a run has held nothing out and the segments do not know of any


@dataclass(frozen=True)
class People:
    """A run and the graph, which may have changed since: users that came later are left out, those that went have no ties."""

    profiles: Profiles
    snapshot: Snapshot
    held_out: HeldOutInterests | None = None

    def __len__(self) -> int:
        return len(self.profiles.keys[self.profiles.user_label])

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Published embeddings [n, d]."""
        return self.profiles.embeddings[self.profiles.user_label]

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Row of each user in the snapshot [n], -1 where it is gone."""
        row = self.snapshot.users.row
        return np.array([row.get(key, -1) for key in self.profiles.keys[self.profiles.user_label]], np.int64)

    @cached_property
    def ties(self) -> Ties | None:
        """Undirected ties between the run's users [n, n]; None where there are none."""
        found = undirected(self.snapshot)
        if found is None:
            return None
        place = np.full(len(self.snapshot.users), -1, np.int64)
        there = np.flatnonzero(self.rows >= 0)
        place[self.rows[there]] = there
        ties: Any = found.tocoo()
        left, right = place[ties.row], place[ties.col]
        keep = (left >= 0) & (right >= 0)
        own: Any = sparse.csr_array((ties.data[keep], (left[keep], right[keep])), shape=(len(self), len(self)))
        return own if own.nnz else None

    def cut(self, seed: int) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Behaviours towards items of all labels side by side, as ones [n, items]: a random fifth apart from the others."""
        parts = [e.matrix(weighted=False) for e in self.snapshot.edges_with_role("behaviour") if len(e)]
        if not parts:
            nothing: Any = sparse.csr_array((len(self), 1))
            return nothing, nothing
        there = self.rows >= 0
        acts: Any = sparse.coo_array(sparse.hstack(parts, "csr")[np.where(there, self.rows, 0)])
        kept = there[acts.row]
        row, column = acts.row[kept], acts.col[kept]
        held = np.random.default_rng((seed, 31)).random(len(row)) < HELD_OUT
        one, other = (
            sparse.csr_array((np.ones(int(part.sum()), np.float32), (row[part], column[part])), shape=acts.shape)
            for part in (~held, held)
        )
        return one, other

    def facts(self) -> Facts:
        """What rules may ask about."""
        return Facts(len(self), self._topics(), self._properties())

    def _topics(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]]:
        tags = self.profiles.tags
        pairs = zip(tags["topic_label"].tolist(), tags["topic"].tolist(), strict=True)
        named = tags.assign(name=[self.profiles.names[label][topic] for label, topic in pairs])
        return {
            str(name): (
                part["user"].to_numpy(np.int64),
                part["probability"].to_numpy(np.float32),
                part["shown"].to_numpy(bool) | part["observed"].to_numpy(bool),
            )
            for name, part in named.groupby("name", sort=True)
        }

    def _properties(self) -> Mapping[str, Sequence[Any]]:
        """The mapped properties of the source, predicted attributes as `predictedName`, and the run's own scores."""
        users = self.snapshot.users
        known = (c for c in users.table.column_names if c not in ("text", "time", "key"))
        found = {name: self._own(users.column(name)) for name in known}
        found[users.mapping.key] = self.profiles.keys[self.profiles.user_label]
        for name, attribute in self.profiles.attributes.items():
            found[f"{PREDICTED}{name[:1].upper()}{name[1:]}"] = attribute.values
        if self.profiles.users is not None:
            for name in ("influence", "reach", "community", "bridging"):
                column = self.profiles.users[name].astype(object)
                found[name] = column.where(column.notna(), None).tolist()
        return found

    def _own(self, values: Sequence[Any]) -> list[Any]:
        return [values[row] if row >= 0 else None for row in self.rows.tolist()]
