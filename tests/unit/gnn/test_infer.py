"""Layer-wise inference in blocks of rows: the same states as the whole at once, and as PyG's HeteroConv(SAGEConv) has them."""

import pytest
import torch
from scipy import sparse
from torch import Tensor

from sociogram.gnn.config import FitConfig
from sociogram.gnn.infer import layerwise
from sociogram.gnn.model import Shape, Sociogram
from sociogram.gnn.sage import Adjacency, Relation, SageLayer, name

SIZES = {"User": 50, "Item": 31, "Topic": 6}
RELATIONS: tuple[Relation, ...] = (
    ("User", "KNOWS", "User"),
    ("User", "SAW", "Item"),
    ("Item", "SAW <", "User"),
    ("Item", "about", "Topic"),
    ("Topic", "about <", "Item"),  # fewer sources than destinations
)


@pytest.fixture(scope="module")
def made() -> tuple[Sociogram, dict[str, Tensor], dict[Relation, Adjacency]]:
    torch.manual_seed(3)
    graph = {}
    for r in RELATIONS:
        dense = (torch.rand(SIZES[r[2]], SIZES[r[0]]) < 0.2).float().numpy()
        graph[r] = Adjacency.of(sparse.csr_array(dense), torch.device("cpu"))
    x = {label: torch.randn(n, 10) for label, n in SIZES.items()}
    shape = Shape("User", (), dict.fromkeys(SIZES, 10), 1, dict.fromkeys(SIZES, 0), RELATIONS, {})
    return Sociogram(shape, FitConfig(hidden=16, shared=8)).eval(), x, graph


@pytest.mark.parametrize("rows", [1, 7, 50, 1000])
@torch.no_grad()
def test_blocks_of_any_size_give_the_states_of_the_whole(made, rows: int) -> None:
    model, x, graph = made
    whole = model.hidden(x, graph)
    for label, states in layerwise(model, x, graph, rows).items():
        torch.testing.assert_close(states, whole[label], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_pyg_with_the_same_weights_gives_the_same_states(made) -> None:
    from torch_geometric.nn import HeteroConv, SAGEConv

    model, x, graph = made
    edges = {r: a.forward.to_dense().nonzero().T.flip(0) for r, a in graph.items()}
    h = {label: torch.relu(model.project[name(label)](v)) for label, v in x.items()}
    for layer in model.layers:
        assert isinstance(layer, SageLayer)
        convs = {}
        for r in RELATIONS:
            convs[r] = SAGEConv((16, 16), 16, aggr="mean", root_weight=False, bias=False)
            convs[r].lin_l.weight.copy_(layer.messages[name(*r)].weight)
        messages = HeteroConv(convs, aggr="sum")(h, edges)
        own = {label: layer.own[name(label)](v) for label, v in h.items()}
        h = {
            label: layer.norm[name(label)](v + torch.relu(own[label] + messages.get(label, 0)))
            for label, v in h.items()
        }
    for label, states in layerwise(model, x, graph, 9).items():
        torch.testing.assert_close(states, h[label], atol=1e-5, rtol=1e-5)
