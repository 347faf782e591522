"""The classic text classifier: an LSTM over the words of a user's own text, a sigmoid for each tag."""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from benchmarks.tag_methods import AUTHORED
from benchmarks.tag_rows import Answer, Floats
from benchmarks.tag_stop import Rows, base_rates, chosen
from benchmarks.tag_tasks import Task
from sociogram.encoders.keywords import tokenize
from sociogram.graph.snapshot import Snapshot

VOCABULARY, EMBEDDING, STATES = 10_000, 256, 128
WORDS = 256  # of a user's text that are read
BATCH = 16
SETTINGS = ((2e-3, 0.2), (1e-3, 0.5))  # rate and dropout; the better on the users held out is taken
EPOCHS, PATIENCE = 40, 8
UNKNOWN = 0  # word outside the vocabulary; also what a user without text is read as


class Classifier(nn.Module):
    """Embedding, LSTM, and a log-odds for each tag from the last state."""

    def __init__(self, words: int, bias: Tensor, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, STATES, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(STATES, len(bias))
        with torch.no_grad():
            self.head.bias.copy_(bias)

    def forward(self, texts: list[Tensor]) -> Tensor:
        """[texts, tags] from sequences of word numbers, none of them empty."""
        words = self.dropout(self.embedding(pad_sequence(texts, batch_first=True)))
        lengths = torch.tensor([len(t) for t in texts])
        _, (state, _) = self.lstm(pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False))
        return self.head(self.dropout(state[-1]))


def lstm(task: Task, folder: Path) -> Answer:
    """LSTM on bio, posts and comments of the user; rate, dropout, epochs and threshold by a fifth of the training users."""
    texts = user_words(task.snapshot)
    z, found, best, whole = chosen(task, partial(_Training, task, texts), SETTINGS, patience=PATIENCE, most=EPOCHS)
    assert isinstance(whole, _Training)
    own = {"steps": whole.steps, "validation": found.quality, "rate": best[0], "dropout": best[1]}
    return z, expit(z), found.threshold, own


def user_words(s: Snapshot) -> list[list[str]]:
    """The first words of each user's bio, then of the posts, then of the comments."""
    parts: list[list[str]] = [[text] for text in s.users.texts]
    posts = [e for key, e in s.edges.items() if key[1] in AUTHORED]
    written = [e for e in s.edges.values() if e.mapping.source == s.users.label and e.texts]
    for e in posts:
        texts = s.nodes[e.mapping.target].texts
        for user, item in zip(e.sources.tolist(), e.targets.tolist(), strict=True):
            parts[user].append(texts[item])
    for e in written:
        for user, text in zip(e.sources.tolist(), e.texts or [], strict=True):
            parts[user].append(text)
    return [_first_words(texts) for texts in parts]


def _first_words(texts: list[str]) -> list[str]:
    words: list[str] = []
    for text in texts:
        if len(words) >= WORDS:
            break
        words += tokenize(text[:20_000])
    return words[:WORDS]


class _Training:
    """One network that learns from `rows`, its vocabulary among it."""

    def __init__(self, task: Task, texts: list[list[str]], rows: Rows, rate: float, dropout: float) -> None:
        counts = Counter(word for row in rows for word in texts[row])
        place = {word: i for i, (word, _) in enumerate(counts.most_common(VOCABULARY - 1), UNKNOWN + 1)}
        self.words = [torch.tensor([place.get(w, UNKNOWN) for w in words] or [UNKNOWN]) for words in texts]
        self.rows, self.steps = rows, 0
        self.y = torch.from_numpy(task.y.astype(np.float32))
        self.model = Classifier(len(place) + 1, base_rates(task, rows), dropout)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=rate)

    def advance(self) -> None:
        """Every training user once."""
        self.model.train()
        for rows in torch.from_numpy(self.rows)[torch.randperm(len(self.rows))].split(BATCH):
            self.optimiser.zero_grad()
            z = self.model([self.words[row] for row in rows.tolist()])
            nn.functional.binary_cross_entropy_with_logits(z, self.y[rows]).backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            self.steps += 1

    @torch.no_grad()
    def logits(self, rows: Rows) -> Floats:
        """Log-odds [rows, tags]; texts of like length together."""
        self.model.eval()
        order = sorted(range(len(rows)), key=lambda i: len(self.words[rows[i]]))
        out = np.zeros((len(rows), self.y.shape[1]), np.float32)
        for start in range(0, len(order), 128):
            some = order[start : start + 128]
            out[some] = self.model([self.words[rows[i]] for i in some]).numpy()
        return out
