"""The network: text and features in, HeteroSAGE, then one space that users, items and topics share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from sociogram.gnn.config import FitConfig
from sociogram.gnn.features import Features, counted
from sociogram.gnn.linear import Visible
from sociogram.gnn.sage import Adjacency, Relation, SageLayer, aggregate, name
from sociogram.gnn.split import Interests
from sociogram.graph.snapshot import Snapshot

Graph = dict[Relation, Adjacency]


@dataclass(frozen=True)
class Shape:
    """What the model is built for; enough to open its weights again."""

    users: str
    topics: tuple[str, ...]
    widths: dict[str, int]  # label -> input width
    text_width: int
    text_blocks: dict[str, int]  # label -> text vectors in its input
    relations: tuple[Relation, ...]
    heads: dict[str, int]  # attribute -> outputs


@dataclass
class Inputs:
    """Inputs by label on the device; text maps are applied to a table of text vectors."""

    maps: dict[str, list[Adjacency]]
    static: dict[str, Tensor]

    @classmethod
    def of(cls, features: Features, device: torch.device) -> "Inputs":
        maps = {
            label: [Adjacency.of(m, device) for m in blocks if m.nnz] for label, blocks in features.texts.maps.items()
        }
        static = {label: torch.from_numpy(np.ascontiguousarray(x)).to(device) for label, x in features.static.items()}
        return cls(maps, static)

    def assemble(self, table: Tensor, noise: float = 0.0) -> dict[str, Tensor]:
        """Concatenated input [n, width] by label: text vectors (with Gaussian noise while training), then the rest."""
        out = {}
        for label, static in self.static.items():
            blocks = [aggregate(m, table) for m in self.maps[label]]
            if noise:
                blocks = [b + noise * torch.randn_like(b) * (b != 0) for b in blocks]
            out[label] = torch.cat([*blocks, static], 1)
        return out

    def noisy(self, x: Tensor, label: str, width: int, noise: float) -> Tensor:
        """Rows of an assembled input with Gaussian noise on their text vectors."""
        size = len(self.maps[label]) * width
        text = x[:, :size]
        return torch.cat([text + noise * torch.randn_like(text) * (text != 0), x[:, size:]], 1)


def relation_matrices(
    snapshot: Snapshot,
    found: Interests,
    view: Visible,
    hidden_acts: Mapping[tuple[str, str, str], np.ndarray] | None = None,
) -> dict[Relation, "sparse.csr_array"]:
    """Weights [destinations, sources] of every relation and its reverse as far as visible; `hidden_acts` masks behaviours."""
    users = snapshot.users.label
    out: dict[Relation, sparse.csr_array] = {}

    def add(source: str, kind: str, target: str, matrix: "sparse.csr_array") -> None:
        out[(source, kind, target)] = sparse.csr_array(matrix.T)
        out[(target, kind + " <", source)] = matrix

    for (source, kind, target), e in snapshot.edges.items():
        if e.role in ("interest", "about") or not len(e):
            continue
        matrix = counted(e)
        if hidden_acts and e.key in hidden_acts:
            matrix.data = matrix.data * ~hidden_acts[e.key]
            matrix.eliminate_zeros()
        add(source, kind, target, matrix)
    for label, offset in found.offsets.items():
        columns = slice(offset, offset + len(snapshot.nodes[label]))
        add(users, "interested in", label, sparse.csr_array(view.tags[:, columns]))
        start = 0
        for n in snapshot.with_role("item"):
            about = sparse.csr_array(view.item_topics[start : start + len(n), columns])
            start += len(n)
            if about.shape[0] == len(n):
                about.data = np.log1p(about.data)
                add(n.label, "about", label, about)
    return out


class Sociogram(nn.Module):
    """Input projections, HeteroSAGE layers, the shared space, a text tower for topics and attribute heads."""

    def __init__(self, shape: Shape, config: FitConfig) -> None:
        super().__init__()
        self.shape, self.config = shape, config
        labels = list(shape.widths)
        self.project = nn.ModuleDict({name(n): nn.Linear(w, config.hidden) for n, w in shape.widths.items()})
        self.layers = nn.ModuleList(
            SageLayer(labels, shape.relations, config.hidden, config.dropout) for _ in range(config.layers)
        )
        self.out = nn.ModuleDict({name(label): nn.Linear(config.hidden, config.shared) for label in labels})
        self.topic_text = nn.Linear(shape.text_width, config.shared)
        self.heads = nn.ModuleDict({name(a): nn.Linear(config.hidden, k) for a, k in shape.heads.items()})
        self.input_dropout = nn.Dropout(config.dropout / 2)
        self.scale = nn.Parameter(torch.tensor(0.2))  # small: training starts at what the linear parts say
        nn.init.zeros_(self.topic_text.bias)

    def hidden(self, x: Mapping[str, Tensor], graph: Graph | Sequence[Graph]) -> dict[str, Tensor]:
        """Node states after the last layer, label -> [n, hidden]; a sequence gives each layer its own (sampled) graph."""
        h = {label: torch.relu(self.project[name(label)](self.input_dropout(v))) for label, v in x.items()}
        graphs = [graph] * len(self.layers) if isinstance(graph, dict) else list(graph)
        for layer, own in zip(self.layers, graphs, strict=True):
            h = layer(h, own)
        return h

    def space(self, h: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The structural part of the shared space, label -> [n, shared]."""
        return {label: self.out[name(label)](v) for label, v in h.items()}

    def topic_vectors(self, z: Mapping[str, Tensor], text: Tensor, drop: Tensor | None = None) -> Tensor:
        """Topics [topics, shared] from their text plus their place in the graph; `drop` [topics] leaves the latter out.

        A topic that nobody has yet is then in the same space by its text alone.
        """
        placed = torch.cat([z[label] for label in self.shape.topics])
        if drop is not None:
            placed = placed * ~drop[:, None]
        out: Tensor = self.topic_text(text) + placed
        return out

    def scores(self, users: Tensor, topics: Tensor) -> Tensor:
        """User-topic logits by dot product [users, topics]."""
        out: Tensor = self.scale * users @ topics.T / self.config.shared**0.5
        return out


def build_shape(
    snapshot: Snapshot, features: Features, width: int, relations: Sequence[Relation], heads: Mapping[str, int]
) -> Shape:
    """Read the widths off the features."""
    blocks = {label: sum(m.nnz > 0 for m in maps) for label, maps in features.texts.maps.items()}
    widths = {label: blocks[label] * width + x.shape[1] for label, x in features.static.items()}
    topics = tuple(n.label for n in snapshot.with_role("topic"))
    return Shape(snapshot.users.label, topics, widths, width, blocks, tuple(relations), dict(heads))
