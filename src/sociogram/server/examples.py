"""Worked examples for the description of the API: what is asked of the demo community, and what comes back."""

from typing import Any

Responses = dict[int | str, dict[str, Any]]

TAG = {"id": "t05", "name": "climbing", "probability": 0.87, "observed": False}
PROFILE = {
    "id": "u0412",
    "name": "Hugo Doyle",
    "tags": [TAG],
    "keywords": ["gauge", "narrow", "cables"],
    "attributes": {"lifeStage": ["parent", 0.47]},
    "properties": {"bio": "Weekends are for via ferrata.", "city": "Madrid"},
    "run": "r1-9f6e",
    "at": "2026-11-26T04:24:15+00:00",
    "sentence": "Hugo Doyle (Madrid) is into climbing; most like Beatriz Molina (u0273); in segment rail travel · outdoors.",
    "influence": 0.403,
    "reach": 5.6,
    "community": 4,
    "bridging": 0.472,
    "segment": 9,
    "segment_name": "rail travel · outdoors",
}
EXPLANATION = {
    "user": "u0412",
    "claim": "tag",
    "id": "t05",
    "name": "climbing",
    "score": 0.87,
    "reasons": [
        {
            "kind": "friend",
            "id": "u0077",
            "name": "Mara Khan",
            "share": 0.41,
            "path": "(:User {id: 'u0412'})-[:KNOWS]-(:User {id: 'u0077'})-[:TAGGED]->(:Topic {id: 't05'})",
            "sentence": "Mara Khan, a friend, is into climbing",
        }
    ],
    "rest": 0.59,
}
SIMILAR = {
    "rows": [
        {
            "id": "u0239",
            "name": "Edith Patel",
            "cosine": 0.695,
            "shared_tags": ["rail travel"],
            "tied": True,
            "friends_in_common": 0,
            "items_in_common": 6,
            "reasons": "rail travel · tied · 6 items in common",
        }
    ],
    "note": None,
}
RECOMMENDED = [
    {
        "id": "i0038",
        "name": "Open evening: sailing",
        "rank": 1,
        "score": 0.067,
        "friends": 3,
        "topics": ["rail travel"],
        "seen": False,
        "source": "model",
        "what": "items",
        "why": "",
        "reasons": "rail travel · 3 friends",
    }
]
MAXIMISED = {
    "seeds": [{"rank": 1, "id": "u0182", "name": "Adaeze Girard", "gain": 27.9, "spread": 27.9, "cost": 1.0}],
    "spread": 27.9,
    "certificate": "expected spread 27.9 of 450 users; at least 27.5, and no choice above 30.1: 91.4% of the best possible (certain to 1 - 0.002)",
    "sets": 65_536,
    "model": "wc",
    "direction": "follows",
    "users": 450,
    "cost": 1.0,
}
SIMULATED = {
    "spread": 5.8,
    "interval": [5.0, 6.6],
    "runs": 10_000,
    "curve": [{"k": 1, "id": "u0412", "name": "Hugo Doyle", "spread": 5.8, "low": 5.0, "high": 6.6}],
    "reached": [{"id": "u0326", "name": "Meera Burke", "probability": 0.33}],
    "model": "wc",
    "direction": "follows",
    "users": 450,
}
QUERIED = {"rows": [{"id": "u0025", "name": "Maja Berg", "score": 1.0, "observed": True}], "total": 1}
RUNS = [
    {
        "id": "r1-9f6e",
        "state": "live",
        "mode": "auto",
        "started": "2026-11-26T04:24:15+00:00",
        "finished": "2026-11-26T04:24:27+00:00",
        "metrics": {"tags map": 0.785},
    }
]
SEGMENTS = [{"segment": 1, "users": 42, "share": 0.093, "top_topics": ["art", "climbing", "fermentation"]}]


def answers(example: Any) -> Responses:
    """For a route: what it answers where all is well."""
    return {200: {"content": {"application/json": {"example": example}}}}
