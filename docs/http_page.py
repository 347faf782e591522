"""The HTTP interface as a page, from the description that the server itself gives (/v1/openapi.json)."""

import json
from typing import Any

OPENING = """# HTTP

Every route of `sociogram serve`. The same description as OpenAPI is at `/v1/openapi.json`; [Serve over HTTP](../howto/serve.md) shows how to start the server and make a key.
In Python use [`sociogram.client.Client`](python.md#sociogram.client.Client).

Every request carries a key, except `/v1/health` and `/v1/ready`. Bodies and answers are JSON:

```sh
curl localhost:8765/v1/similar -H "Authorization: Bearer $KEY" \\
    -H "Content-Type: application/json" -d '{"user": "u0412", "k": 5}'
```

A key has one scope: `read`, `write` (which includes `read`) or `admin` (which includes both). Each route names the scope that it needs.

Errors are [problems](https://www.rfc-editor.org/rfc/rfc9457) (`application/problem+json`). Their `detail` says what was expected, what came and what to do:

| status | when |
|---|---|
| 401 | no key, or a wrong one |
| 403 | the key lacks the scope, or a page of another origin tried to change something |
| 404 | an unknown user, item, run or query; `detail` names the nearest |
| 409 | somebody else is publishing |
| 413 | a body above 1 MiB |
| 421 | the server is not known by that host name: `sociogram serve --allow-host NAME` |
| 422 | a field that is missing, wrong or unknown |
| 429 | too many requests: come back after `Retry-After` seconds |
| 503 | Neo4j is away, a run is being published, or none is: come back after `Retry-After` seconds |
| 504 | no answer within 30 s |
"""
HEAD = ("name", "in", "type", "default", "meaning")


def http_page() -> str:
    """Markdown with every route, its fields and an example."""
    from sociogram.server.app import create_app

    described = create_app(None, None).openapi()  # type: ignore[arg-type]  # only described, never asked
    schemas = described["components"]["schemas"]
    tags: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            tags.setdefault(route["tags"][0], []).append(_route(method.upper(), path, route, schemas))
    sections = (f"## {tag.capitalize()}\n\n" + "\n".join(routes) for tag, routes in tags.items())
    return OPENING + "\n" + "\n".join(sections)


def _route(method: str, path: str, route: dict[str, Any], schemas: dict[str, Any]) -> str:
    parts = [f"### `{method} {path}`", " ".join([route.get("description", ""), _scope(route)])]
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    body = _resolved(body, schemas)
    required = body.get("required", [])
    fields = [
        (p["name"], p["in"], p["required"], p["schema"], p.get("description")) for p in route.get("parameters", [])
    ]
    fields += [(n, "body", n in required, s, s.get("description")) for n, s in body.get("properties", {}).items()]
    parts.append(_table([_row(*field, schemas) for field in fields]))
    examples = body.get("examples") or [
        {n: s["examples"][0] for n, s in body.get("properties", {}).items() if "examples" in s}
    ]
    parts += [f"Body:\n\n{_json(example)}" for example in examples[:1] if example]
    parts += [f"Or:\n\n{_json(example)}" for example in examples[1:]]
    answers = (answer.get("content", {}).get("application/json", {}) for answer in route["responses"].values())
    parts += [f"Answers:\n\n{_json(answer['example'])}" for answer in answers if "example" in answer]
    return "\n\n".join(part for part in parts if part) + "\n"


def _scope(route: dict[str, Any]) -> str:
    scopes = [scope for way in route.get("security", []) for scopes in way.values() for scope in scopes]
    return f"Scope: `{scopes[0]}`." if scopes else ""


def _row(
    name: str, where: str, required: bool, schema: dict[str, Any], told: str | None, schemas: dict[str, Any]
) -> tuple[str, ...]:
    return f"`{name}`", where + ", required" * required, _type(schema, schemas), _default(schema), _cell(told or "")


def _table(rows: list[tuple[str, ...]]) -> str:
    """Without columns in which nothing stands."""
    kept = [n for n, _ in enumerate(HEAD) if any(row[n] for row in rows)]
    lines = [HEAD, ("---",) * len(HEAD), *rows] if rows else []
    return "\n".join("| " + " | ".join(line[n] for n in kept) + " |" for line in lines)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"```json\n{text if len(text) < 100 else json.dumps(value, ensure_ascii=False, indent=2)}\n```"


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return dict(schemas[schema["$ref"].rpartition("/")[2]]) if "$ref" in schema else schema


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    schema = _resolved(schema, schemas)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(s, schemas) for s in schema["anyOf"] if s.get("type") != "null"))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    low, high = schema.get("minimum"), schema.get("maximum")
    limits = f", {low:,} to {high:,}" if low is not None and high is not None and high < 2**53 else ""
    return {"integer": "whole number", "string": "text", "object": "object"}.get(
        schema.get("type", ""), schema.get("type", "any")
    ) + limits


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    return "" if value is None or value in ([], {}) else f"`{json.dumps(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
