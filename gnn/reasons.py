"""The table of reasons of a run: for every shown tag what carries it, with its share, its path in the graph and a sentence."""

import numpy as np
import pandas as pd

from sociogram.gnn.choose import Choice
from sociogram.gnn.evidence import TEXT, Evidence, find_evidence, predicted_pairs
from sociogram.gnn.model import Sociogram
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.reason_words import ReasonWords
from sociogram.gnn.split import topic_mapping
from sociogram.progress import SILENT, Progress

KEPT = 5  # pieces of a tag in the run's table
COLUMNS = ("user", "topic", "topic_label", "place", "kind", "key", "name", "share", "path", "sentence")


def reasons(
    c: Context, phase: Phase, choice: Choice, model: Sociogram, tags: pd.DataFrame, progress: Progress = SILENT
) -> pd.DataFrame:
    """Columns user (row), topic (row), topic_label, place (from 0), kind, key, name, share, path, sentence; sorted by the first four.

    kind: friend, item, topic, text (the user's own words), said (the graph has the interest itself) or node. `share` is what the piece
    carries of the claim; what is missing to 1 is carried by other pieces and by the user's general profile.
    """
    pairs = predicted_pairs(c, tags)
    frames = [_said(c, tags)]
    words = ReasonWords(c, phase, tags)
    if len(pairs):
        with progress.stage("reasons", len(pairs), "tags") as stage:
            evidence = Evidence(c, phase, choice, model)
            words.weights = evidence.occlusion.word_weights()
            found = find_evidence(evidence, pairs, KEPT, stage)
            frames.append(_predicted(c, found))
    pieces = pd.concat(frames, ignore_index=True)
    pieces = pieces.sort_values(["user", "column", "place"], kind="stable", ignore_index=True)
    columns = topic_mapping(c.found, c.snapshot)
    pieces["topic_label"] = [columns[i][0] for i in pieces["column"].tolist()]
    pieces["topic"] = [columns[i][1] for i in pieces["column"].tolist()]
    pieces = pd.concat([pieces, words.describe(pieces)], axis=1)
    order = pieces.sort_values(["user", "topic_label", "topic", "place"], kind="stable", ignore_index=True)
    table = order[list(COLUMNS)]
    return table.astype({"user": np.int64, "topic": np.int64, "place": np.int32, "share": np.float32})


def _predicted(c: Context, found: pd.DataFrame) -> pd.DataFrame:
    column = c.split.targets[found["target"].to_numpy(np.int64)]
    roles = {label: n.role for label, n in c.snapshot.nodes.items()}
    names = {"user": "friend", "item": "item", "topic": "topic"}
    kind = [TEXT if label == TEXT else names.get(roles[label], "node") for label in found["label"]]
    return found.assign(column=column, kind=kind)[["user", "column", "place", "kind", "label", "node", "share"]]


def _said(c: Context, tags: pd.DataFrame) -> pd.DataFrame:
    """Observed interests: the items through which they were seen, with their share of the weight; else the tag itself."""
    seen = tags[tags["observed"].to_numpy(bool)]
    at = {pair: i for i, pair in enumerate(topic_mapping(c.found, c.snapshot))}
    column = np.array([at[pair] for pair in zip(seen["topic_label"], seen["topic"], strict=True)], np.int64)
    user = seen["user"].to_numpy(np.int64)
    pair = user * max(c.found.topics, 1) + column
    frames = []
    for label, triples in c.found.triples.items():
        through = pd.DataFrame(triples, columns=["user", "node", "column", "weight"])
        summed = through.groupby(["user", "node", "column"])[["weight"]].sum().reset_index()
        summed = summed.astype({"user": np.int64, "node": np.int64, "column": np.int64})
        frames.append(summed.assign(label=label, kind="item"))
    one = pd.DataFrame({"user": user, "column": column, "node": column, "weight": 1.0, "label": "", "kind": "said"})
    if frames:
        items: pd.DataFrame = pd.concat(frames, ignore_index=True)
        code = items["user"].to_numpy() * max(c.found.topics, 1) + items["column"].to_numpy()
        items = items[np.isin(code, pair) & (items["weight"].to_numpy() > 0)]
        one = one[~np.isin(pair, code)]
        one = pd.concat([one, items], ignore_index=True)
    one = one.sort_values(
        ["user", "column", "weight", "label", "node"], ascending=[True, True, False, True, True], kind="stable"
    )
    by = one.groupby(["user", "column"], sort=False)
    one = one.assign(place=by.cumcount(), share=one["weight"] / by["weight"].transform("sum"))
    return one[one["place"] < KEPT][["user", "column", "place", "kind", "label", "node", "share"]]
