"""API keys: shown once, kept as hashes, each with what it may do."""

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.snapshot import now

Scope = Literal["read", "write", "admin"]  # each may do what those before it may
SCOPES: tuple[Scope, ...] = get_args(Scope)
LOG = logging.getLogger("sociogram.server")
PREFIX = "sg_"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def includes(scope: Scope, other: Scope) -> bool:
    """Whether who has the one may do what the other says."""
    return SCOPES.index(scope) >= SCOPES.index(other)


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key: not the key."""

    name: str
    scope: Scope
    digest: str  # SHA-256; the key itself has 256 random bits, so nothing slower is needed
    created: str

    def may(self, scope: Scope) -> bool:
        """Whether the key's scope includes this one."""
        return includes(self.scope, scope)


class KeyRing:
    """The keys in one file that only its owner can read; keys that other processes add or remove count at once."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read_at = 0
        self._keys: dict[str, ApiKey] = {}
        self._lock = threading.Lock()

    def all(self) -> list[ApiKey]:
        """By name."""
        return sorted(self._current().values(), key=lambda key: key.name)

    def add(self, name: str, scope: Scope) -> str:
        """A new key, which is nowhere else: keep it. Raises InputError for a name that is taken or no name, and an unknown scope."""
        if not NAME.fullmatch(name):
            raise InputError(
                f"a key's name has up to 64 letters, digits, dots, dashes and underscores, got {name[:80]!r}."
            )
        if scope not in SCOPES:
            raise InputError(f"a key's scope is one of {', '.join(SCOPES)}, got {scope!r}.")
        if any(key.name == name for key in self.all()):
            raise InputError(f"there is a key {name!r} already. Remove it first: sociogram keys remove {name}")
        secret = PREFIX + secrets.token_urlsafe(32)
        self._write([*self.all(), ApiKey(name, scope, _digest(secret), now())])
        return secret

    def remove(self, name: str) -> None:
        """Raises NotFoundError for a name that no key has."""
        left = [key for key in self.all() if key.name != name]
        if len(left) == len(self._keys):
            known = ", ".join(key.name for key in left) or "none"
            raise NotFoundError(f"there is no key {name!r}. Keys: {known}.")
        self._write(left)

    def find(self, secret: str) -> ApiKey | None:
        """Whose key this is; nobody's as long as the file cannot be read."""
        return self.of(_digest(secret))

    def of(self, digest: str) -> ApiKey | None:
        """The key of that digest, as `find`."""
        try:
            found = self._current().get(digest)
        except InputError as error:
            LOG.error(json.dumps({"keys": str(error)}))
            return None
        return found if found is not None and hmac.compare_digest(found.digest, digest) else None

    def _current(self) -> dict[str, ApiKey]:
        with self._lock:
            try:
                changed = self.file.stat().st_mtime_ns
            except FileNotFoundError:
                self._keys, self._read_at = {}, 0
                return self._keys
            if changed != self._read_at:
                self._keys, self._read_at = {key.digest: key for key in self._read()}, changed
            return self._keys

    def _read(self) -> list[ApiKey]:
        try:
            return [ApiKey(**row) for row in json.loads(self.file.read_text(encoding="utf-8"))]
        except (ValueError, TypeError) as error:  # not repeated: the file holds digests
            raise InputError(
                f"{self.file} is not the list of keys that Sociogram wrote ({type(error).__name__}). "
                "Put back a copy of it, or move it away and make new keys: sociogram keys add NAME"
            ) from None

    def _write(self, keys: list[ApiKey]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        handle, staged = tempfile.mkstemp(dir=self.file.parent, prefix=self.file.name)  # for its owner alone
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump([asdict(key) for key in keys], out, indent=1)
        Path(staged).replace(self.file)
        self._read_at = 0


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
