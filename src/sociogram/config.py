"""Where Sociogram keeps its state; the one place that reads the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

HEAP = "SOCIOGRAM_NEO4J_HEAP"  # names the managed Neo4j's largest heap: 4g, 6000m


@dataclass(frozen=True)
class Home:
    """The folder that holds all state: database, jars, text cache, runs, quarantine."""

    root: Path

    @classmethod
    def default(cls) -> "Home":
        """SOCIOGRAM_HOME, else the user's data folder."""
        return cls(Path(os.environ.get("SOCIOGRAM_HOME") or platformdirs.user_data_path("sociogram")).resolve())

    @property
    def database(self) -> Path:
        return self.root / "database"

    @property
    def jars(self) -> Path:
        return self.root / "jars"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def keys(self) -> Path:
        """Hashes of the API keys."""
        return self.root / "keys.json"

    @property
    def audiences(self) -> Path:
        """Saved groups of users."""
        return self.root / "audiences"

    @property
    def session_secret(self) -> Path:
        """What signs the explorer's cookies."""
        return self.root / "session.secret"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def truth(self) -> Path:
        """Planted truths of demo communities: never in the database."""
        return self.root / "truth"


def java_home() -> Path | None:
    """JAVA_HOME: a Java of the user's own."""
    named = os.environ.get("JAVA_HOME")
    return Path(named) if named else None


def named_heap() -> str | None:
    """What HEAP says."""
    return os.environ.get(HEAP) or None
