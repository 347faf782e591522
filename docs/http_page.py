"""The HTTP interface as a page, from the description that the server itself gives (/v1/openapi.json)."""

import json
from typing import Any

OPENING = """# HTTP

What `sociogram serve` answers; the same as OpenAPI is at `/v1/openapi.json`. Every request but `/v1/health` and `/v1/ready` carries `Authorization: Bearer KEY`, and bodies are
JSON. Errors are [problems](https://www.rfc-editor.org/rfc/rfc9457) (`application/problem+json`) with a `detail` that says what was expected, what came and what to do:

| status | when |
|---|---|
| 401, 403 | no key, a wrong one, or one without the scope |
| 404 | an unknown user, item, run or query; the nearest names are in `detail` |
| 409 | another publisher is at work |
| 413, 422 | a body above 1 MiB; a field that is missing, wrong, or not known |
| 429, 503 | too many requests; Neo4j is away, or no run is published: come back after `Retry-After` seconds |
| 504 | no answer within 30 s |

How to start it, and keys: [Serve over HTTP](../howto/serve.md). In Python: [`sociogram.client.Client`](python.md#sociogram.client.Client).
"""


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
    parts = [f"### `{method} {path}`", route.get("description", "")]
    if route.get("parameters"):
        rows = (
            (p["name"], p["in"] + (", required" if p["required"] else ""), p["schema"], p.get("description", ""))
            for p in route["parameters"]
        )
        parts.append(_table([(n, where, _type(s, schemas), _default(s), _cell(d)) for n, where, s, d in rows]))
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        schema = _resolved(body, schemas)
        required = schema.get("required", [])
        parts.append(
            _table(
                [
                    (name, "body" + (", required" if name in required else ""), _type(s, schemas), _default(s),
                     _cell(s.get("description", "")))
                    for name, s in schema["properties"].items()
                ]
            )
        )  # fmt: skip
        example = {name: s["examples"][0] for name, s in schema["properties"].items() if s.get("examples")}
        if example:
            parts.append(f"```json\n{json.dumps(example, ensure_ascii=False)}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: list[tuple[str, ...]]) -> str:
    head = ("name", "in", "type", "default", "")
    lines = [head, ("---",) * len(head), *((f"`{row[0]}`", *row[1:]) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


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
    limits = f", {low:g} to {high:g}" if low is not None and high is not None and high < 2**53 else ""
    return {"integer": "whole number", "string": "text", "object": "object"}.get(
        schema.get("type", ""), schema.get("type", "any")
    ) + limits


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    return "" if value is None or value in ([], {}) else f"`{json.dumps(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
