import numpy as np
import torch
from scipy import sparse

from sociogram.gnn.sage import Adjacency, Relation, SageLayer, blockwise, name
from sociogram.gnn.sampler import Sampler

CPU = torch.device("cpu")
SIZES = {"User": 40, "Item": 25, "Topic": 7}
RELATIONS: list[Relation] = [
    ("User", "KNOWS", "User"),
    ("User", "SAW", "Item"),
    ("Item", "SAW <", "User"),
    ("Item", "about", "Topic"),
    ("Topic", "about <", "Item"),
]


def graph(seed: int = 0) -> dict[Relation, Adjacency]:
    """Random unit-weight relations; matrices are [destinations, sources]."""
    rng = np.random.default_rng(seed)
    out = {}
    for s, kind, t in RELATIONS:
        dense = (rng.random((SIZES[t], SIZES[s])) < 0.15).astype(np.float32)
        out[(s, kind, t)] = Adjacency.of(sparse.csr_array(dense), CPU)
    return out


def states(width: int = 16) -> dict[str, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    return {label: torch.randn(n, width, generator=g) for label, n in SIZES.items()}


def test_a_plain_pyg_version_with_the_same_weights_gives_the_same_output() -> None:
    """HeteroConv(SAGEConv): SAGEConv's root weight holds the layer's own map for one relation of each label, zero elsewhere."""
    from torch_geometric.nn import HeteroConv, SAGEConv

    torch.manual_seed(0)
    layer = SageLayer(list(SIZES), RELATIONS, 16, 0.0).eval()
    g, x = graph(), states()
    convs, rooted = {}, set()
    for s, kind, t in RELATIONS:
        conv = SAGEConv((16, 16), 16, aggr="mean", root_weight=True)
        own = layer.own[name(t)]
        with torch.no_grad():
            conv.lin_l.weight.copy_(layer.messages[name(s, kind, t)].weight)
            conv.lin_l.bias.copy_(own.bias if t not in rooted else torch.zeros(16))
            conv.lin_r.weight.copy_(own.weight if t not in rooted else torch.zeros(16, 16))
        rooted.add(t)
        convs[(s, kind, t)] = conv
    edges = {}
    for r, a in g.items():
        coo = a.forward.to_dense().nonzero().T  # rows are destinations
        edges[r] = coo.flip(0)
    theirs = HeteroConv(convs, aggr="sum")(x, edges)
    ours = layer(x, g)
    for label in SIZES:
        expected = layer.norm[name(label)](x[label] + torch.relu(theirs[label]))
        torch.testing.assert_close(ours[label], expected, atol=1e-5, rtol=1e-5)


def test_the_gradient_is_that_of_dense_products() -> None:
    torch.manual_seed(0)
    a = next(iter(graph().values()))
    x = torch.randn(40, 3, requires_grad=True)
    weight = torch.randn(40, 3)
    from sociogram.gnn.sage import aggregate

    (aggregate(a, x) * weight).sum().backward()
    torch.testing.assert_close(x.grad, a.forward.to_dense().T @ weight)


def test_blocks_of_rows_give_the_same_as_the_whole() -> None:
    layer = SageLayer(list(SIZES), RELATIONS, 16, 0.3).eval()
    g, x = graph(), states()
    whole, blocks = layer(x, g), blockwise(layer, x, g, rows=7)
    for label in SIZES:
        torch.testing.assert_close(blocks[label], whole[label], atol=1e-5, rtol=1e-5)


def test_sampling_all_neighbours_gives_the_whole_graphs_states_at_the_seeds() -> None:
    layers = [SageLayer(list(SIZES), RELATIONS, 16, 0.0).eval() for _ in range(2)]
    g, x = graph(), states()
    whole = layers[1](layers[0](x, g), g)
    seeds = {"User": np.array([5, 3, 17]), "Topic": np.arange(7)}
    block = Sampler(g, SIZES).sample(seeds, (100, 100), seed=1)
    h = {label: x[label][torch.from_numpy(rows)] for label, rows in block.nodes.items()}
    for layer, own in zip(layers, block.graphs, strict=True):
        h = layer(h, own)
    for label, rows in seeds.items():
        torch.testing.assert_close(h[label], whole[label][torch.from_numpy(rows)], atol=1e-5, rtol=1e-5)


def test_a_sample_has_distinct_true_neighbours_no_more_than_the_fanout() -> None:
    g = graph(3)
    sampler = Sampler(g, SIZES)
    block = sampler.sample({"User": np.arange(40)}, (2,), seed=4)
    again = sampler.sample({"User": np.arange(40)}, (2,), seed=4)
    for r, a in block.graphs[0].items():
        dense = a.forward.to_dense().numpy() > 0
        assert (dense.sum(1) <= 2).all()
        true = g[r].forward.to_dense().numpy() > 0
        rows, columns = np.nonzero(dense)
        assert true[block.nodes[r[2]][rows], block.nodes[r[0]][columns]].all()
        expected = np.minimum(true.sum(1)[block.nodes[r[2]]][: len(dense)], 2)
        np.testing.assert_array_equal(dense.sum(1), expected)
        torch.testing.assert_close(a.forward.to_dense(), again.graphs[0][r].forward.to_dense())


def test_a_product_and_some_of_its_rows_are_those_of_dense_matrices() -> None:
    from sociogram.gnn.sage import product

    rng = np.random.default_rng(2)
    for rows, columns, width in ((30, 20, 5), (4, 1, 1), (3, 0, 2), (0, 3, 2)):
        dense = (rng.random((rows, columns)) * (rng.random((rows, columns)) < 0.3)).astype(np.float32)
        matrix = Adjacency.of(sparse.csr_array(dense), CPU).forward
        x = torch.randn(columns, width)
        expected = matrix.to_dense() @ x
        torch.testing.assert_close(product(matrix, x), expected)
        for part in (slice(0, rows), slice(rows // 2, rows), slice(0, rows // 3)):
            torch.testing.assert_close(product(matrix, x, part), expected[part])


def test_few_sources_are_mapped_before_their_mean_with_the_same_gradient() -> None:
    torch.manual_seed(0)
    layer = SageLayer(["User", "Topic"], [("Topic", "of", "User")], 6, 0.0)
    dense = (torch.rand(30, 4) < 0.4).float().numpy()
    adjacency = Adjacency.of(sparse.csr_array(dense), CPU)
    states = torch.randn(4, 6, requires_grad=True)
    wanted = torch.randn(30, 6)
    weight = layer.messages[name("Topic", "of", "User")].weight
    expected = adjacency.forward.to_dense() @ states @ weight.T
    found = layer.message(("Topic", "of", "User"), adjacency, states)
    torch.testing.assert_close(found, expected)
    for a, b in zip(
        torch.autograd.grad(found, (states, weight), wanted),
        torch.autograd.grad(expected, (states, weight), wanted),
        strict=True,
    ):
        torch.testing.assert_close(a, b)
