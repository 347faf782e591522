from sociogram.graph.mapping import NodeMapping
from sociogram.queries.portrait import listed, portrait
from sociogram.queries.rows import Tag

USER = NodeMapping("User", "user", categorical=("city", "plan"), numeric=("age",))


def tag(name: str, *, observed: bool) -> Tag:
    return Tag(name, name, 0.8, observed)


def test_known_and_likely_interests_are_told_apart() -> None:
    tags = [tag("climbing", observed=True), tag("baking", observed=True), tag("jazz", observed=False)]
    said = portrait("Mara", USER, {"city": "Bern", "age": 31}, tags, ["dough"], "Jon (u0077)", "makers")
    assert said == (
        "Mara (Bern, age 31) is into climbing and baking, likely jazz; most like Jon (u0077); in segment makers."
    )


def test_little_is_said_of_whom_little_is_known() -> None:
    assert portrait("u1", USER, {}, [tag("jazz", observed=False)], [], None) == "u1 is likely into jazz."
    alone = portrait("u1", USER, {"city": ""}, [], ["dough", "salt"], None)
    assert alone == "u1 has no interest that is sure enough to show; writes of dough and salt."


def test_lists_read_as_sentences() -> None:
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
