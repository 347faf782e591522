"""Who may do what: a key in `Authorization: Bearer KEY`, its scope, and how often it may ask."""

import math
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sociogram.server.keys import KeyRing, Scope
from sociogram.server.limits import RateLimits

BEARER = HTTPBearer(auto_error=False, description="A key as `sociogram keys add NAME` shows it, once.")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


class Access:
    """`keys` None: whoever reaches the server may do everything."""

    def __init__(self, keys: KeyRing | None, limits: RateLimits) -> None:
        self.keys, self.limits = keys, limits

    def check(self, request: Request, secret: str | None, scope: Scope) -> None:
        """Raises HTTPException: 401 without a key or with a wrong one, 403 for a scope it lacks, 429 where it asks too often."""
        name = "anyone"
        if self.keys is not None:
            key = self.keys.find(secret) if secret else None
            if key is None:
                said = "this key is not known here" if secret else "a key is needed: Authorization: Bearer KEY"
                raise HTTPException(
                    401, f"{said}. Make one: sociogram keys add NAME", headers={"WWW-Authenticate": "Bearer"}
                )
            if not key.may(scope):
                raise HTTPException(403, f"this needs a key with the scope {scope}; {key.name!r} has {key.scope}.")
            name = key.name
        request.state.key = name
        wait = self.limits.wait(name)
        if wait:
            raise HTTPException(
                429,
                f"more than {self.limits.rate:g} requests a second. Ask again after the seconds of Retry-After.",
                headers={"Retry-After": str(math.ceil(wait))},
            )


def needs(scope: Scope) -> Any:
    """A dependency for routes; it waits for nothing, so it needs no thread of its own."""

    async def check(request: Request, given: Given) -> None:
        access: Access = request.app.state.access
        access.check(request, given.credentials if given else None, scope)

    return Security(check, scopes=[scope])  # named in the description as well
