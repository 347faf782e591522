"""Which nodes there are: the ends of ties and events resolved to a label and a key, as the nodes spell and type it."""

from collections.abc import Sequence

from sociogram.loaders.clean import Key
from sociogram.loaders.source import Quarantine


class Ends:
    """The keys met so far, by label; `groups` maps the ID groups of neo4j-admin headers to labels."""

    def __init__(self, quarantine: Quarantine) -> None:
        self._quarantine = quarantine
        self._keys: dict[str, set[Key]] = {}
        self._groups: dict[str, list[str]] = {}

    def add(self, label: str, key: Key, group: str | None = None) -> bool:
        """Remember a node; False where it was known."""
        keys = self._keys.setdefault(label, set())
        if group is not None and label not in self._groups.setdefault(group, []):
            self._groups[group].append(label)
        if key in keys:
            return False
        keys.add(key)
        return True

    def find(self, key: Key, labels: Sequence[str], group: str | None = None) -> tuple[str, Key] | None:
        """The node of this key among labels, or None; `7` finds "7" and the other way round."""
        labels = self._groups.get(group, labels) if group is not None else labels
        spellings = (key, _other(key))
        for label in labels:
            keys = self._keys.get(label, ())
            for spelling in spellings:
                if spelling in keys:
                    return label, spelling
        for label in labels:
            stored = self._quarantine.existing_keys(label)
            for spelling in spellings:
                if spelling in stored:
                    return label, spelling
        return None

    def any(self, labels: Sequence[str]) -> bool:
        """Whether there are nodes of these labels, here or in the database."""
        return any(self._keys.get(label) or self._quarantine.existing_keys(label) for label in labels)


def _other(key: Key) -> Key:
    if isinstance(key, int):
        return str(key)
    try:
        number = int(key)
    except ValueError:
        return key
    return number if str(number) == key else key
