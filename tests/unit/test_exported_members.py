"""The public API, held by a list."""

import sociogram as sg


def test_public_names() -> None:
    assert sg.__all__ == ["Engine", "GraphMapping", "Snapshot", "__version__", "loaders", "open"]
    for name in sg.__all__:
        assert getattr(sg, name) is not None
    assert sg.loaders.__all__ == ["csv", "demo", "frames", "jargon", "lastfm", "networkx", "stackexchange"]
    asked = {"load", "inspect", "snapshot", "fit", "publish", "published", "rollback", "unpublish"}
    asked |= {
        "profile",
        "tags",
        "similar",
        "recommend",
        "interested",
        "cypher",
        "recommend_all",
        "tags_all",
        "embeddings",
        "mapping",
        "influence",
        "segments",
        "changes",
    }
    assert asked <= set(dir(sg.Engine))
