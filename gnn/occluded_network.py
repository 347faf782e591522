"""The network's own scores of users without some of their neighbours and texts: one forward pass at the users alone."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sociogram.gnn.infer import projected
from sociogram.gnn.matrices import Floats, Matrix
from sociogram.gnn.model import Sociogram
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.removal import Mean, Removal, Texts, whole
from sociogram.gnn.sage import blockwise, name, weights

BLOCK = 8_192  # rows computed at a time


class OccludedNetwork:
    """raw(u, t) of `Sociogram` for rows of a removal; the states of a user's neighbours are those of the whole graph."""

    @torch.no_grad()
    def __init__(
        self, c: Context, phase: Phase, model: Sociogram, terms: Callable[[Removal], tuple[Matrix, Matrix]]
    ) -> None:
        problem, user = phase.problem, model.shape.users
        x = problem.inputs.assemble(problem.table)
        h = {label: projected(model, label, v, BLOCK) for label, v in x.items()}
        self.means: list[list[Mean]] = []  # by layer: the messages W_r mean h of each kind of neighbour
        into = {r: weights(a) for r, a in phase.graph.items() if r[2] == user}
        layers: Any = model.layers
        for layer in layers:
            self.means.append([Mean(r[0], m, layer.messages[name(*r)](h[r[0]]).cpu().numpy()) for r, m in into.items()])
            h = blockwise(layer, h, phase.graph, BLOCK)
        self.topics = model.topic_vectors(model.space(h), problem.topic_text)[problem.targets].cpu()
        self.model = copy.deepcopy(model).cpu().eval()
        self.texts = Texts(c, problem.table.cpu().numpy())
        self.read = [m.nnz > 0 for m in c.features.texts.maps[user]]
        self.static, self.lexical, self.terms, self.user = c.features.static[user], c.features.lexical, terms, user

    @torch.no_grad()
    def __call__(self, removal: Removal, inputs: Tensor | None = None) -> Floats:
        """Scores [rows, targets]; `inputs` [rows, width] are taken instead of those without what is hidden."""
        model: Any = self.model
        key = name(self.user)
        own = torch.relu(model.project[key](self.inputs(removal) if inputs is None else inputs))
        for layer, means in zip(model.layers, self.means, strict=True):
            total = layer.own[key](own)
            for mean in means:
                total = total + torch.from_numpy(np.asarray(mean.without(removal), np.float32))
            own = layer.norm[key](own + torch.relu(total))
        out: Floats = model.scores(model.out[key](own), self.topics).numpy()
        return out

    def inputs(self, removal: Removal) -> Tensor:
        """The users' inputs [rows, width]: texts and words change, the rest stays."""
        blocks = [x for x, read in zip(self.texts.blocks(removal), self.read, strict=True) if read]
        static = self.static[removal.users].copy()
        if self.lexical is not None:
            columns = self.lexical.columns(*self.terms(removal))
            static[:, self.lexical.start : self.lexical.start + columns.shape[1]] = columns
        return torch.from_numpy(np.concatenate([*map(whole, blocks), static], 1).astype(np.float32))
