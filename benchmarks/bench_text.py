"""How fast are texts encoded, beside sentence-transformers in float32, and are the vectors the same?

Both sides encode the same distinct texts with the same weights and threads, in turns, and the median of the rounds counts.
Run `python -m benchmarks.bench_text`; needs `pip install sentence-transformers`, which Sociogram itself does not use.
"""

import argparse
import importlib.util
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LENGTHS = (16, 64)  # tokens a text on average, special tokens included
ROUNDS = 5
RESULT = Path(__file__).parent / "results" / "text.json"
WORDS = [
    "graph",
    "network",
    "people",
    "music",
    "city",
    "river",
    "mountain",
    "story",
    "science",
    "garden",
    "kitchen",
    "history",
    "football",
    "theory",
    "museum",
    "market",
    "language",
    "painting",
    "weather",
    "travel",
    "coffee",
    "morning",
    "teacher",
    "student",
    "engine",
    "computer",
    "planet",
    "forest",
    "island",
    "winter",
    "summer",
    "dance",
    "theatre",
    "guitar",
    "piano",
    "book",
    "paper",
    "question",
    "answer",
    "reading",
    "cooking",
    "running",
    "writing",
    "learning",
    "building",
    "playing",
    "dreaming",
    "about",
    "with",
    "from",
    "under",
    "over",
    "between",
    "green",
    "small",
    "quiet",
    "open",
    "early",
    "modern",
]


def texts(count: int, tokens: int, seed: int) -> list[str]:
    """Distinct texts of common words, a token each; lengths spread evenly over half to one and a half times the mean."""
    rng = random.Random(seed)  # noqa: S311 - sample texts, no secrets
    mean = tokens - 2  # [CLS] and [SEP]
    return [" ".join(rng.choices(WORDS, k=rng.randint(mean // 2, mean + mean // 2))) for _ in range(count)]


def clock(encode: Callable[[], Any]) -> tuple[float, float, np.ndarray]:
    """Seconds by the wall, seconds of processor time, and vectors."""
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = encode()
    return time.perf_counter() - wall, time.process_time() - cpu, np.asarray(vectors)


def compare(ours: Any, peer: Any, tokens: int, count: int, rounds: int) -> dict[str, float]:
    """Texts a second on both sides, their ratio per round (median), and the cosine between the vectors."""
    for encode in (ours.encode, peer.encode):
        encode(texts(64, tokens, seed=99))  # warm up
    own, other, cpu, cosine = [], [], [], []
    for round_ in range(rounds):
        sample = texts(count, tokens, seed=round_)
        sides = [
            ("own", lambda s=sample: ours.encode(s)),
            ("peer", lambda s=sample: peer.encode(s, show_progress_bar=False)),
        ]
        done = {name: clock(encode) for name, encode in (sides if round_ % 2 else reversed(sides))}
        own.append(done["own"][0])
        other.append(done["peer"][0])
        cpu.append(done["peer"][1] / done["own"][1])
        cosine.append((done["own"][2] * done["peer"][2]).sum(1))
    cosines = np.concatenate(cosine)
    return {
        "tokens": tokens,
        "own_texts_per_s": round(count / statistics.median(own), 1),
        "peer_texts_per_s": round(count / statistics.median(other), 1),
        "ratio": round(statistics.median(b / a for a, b in zip(own, other, strict=True)), 2),
        "ratio_lowest": round(min(b / a for a, b in zip(own, other, strict=True)), 2),
        "ratio_processor_time": round(statistics.median(cpu), 2),
        "cosine_mean": round(float(cosines.mean()), 6),
        "cosine_lowest": round(float(cosines.min()), 6),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=600, help="texts a round at 16 tokens; a quarter of them at 64")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args(arguments or [])
    if importlib.util.find_spec("sentence_transformers") is None:
        print(
            "bench_text: skipped, sentence-transformers is not installed (pip install sentence-transformers)",
            file=sys.stderr,
        )
        return 0
    import sentence_transformers
    import torch

    from sociogram.encoders.load import load_encoder, packaged

    ours = load_encoder(device="cpu")
    peer = sentence_transformers.SentenceTransformer(str(packaged()), device="cpu")
    rows = [compare(ours, peer, n, options.texts * LENGTHS[0] // n, options.rounds) for n in LENGTHS]
    record = {
        "peer": f"sentence-transformers {sentence_transformers.__version__}, float32",
        "own": f"{ours.name}, {ours.dtype}",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processor": torch.cpu.get_capabilities().get("cpu_name", "") or platform.machine(),
        "rounds": options.rounds,
        "load_average_per_core": round(os.getloadavg()[0] / (os.cpu_count() or 1), 2),
        "rows": rows,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{record['own']} beside {record['peer']}; {record['threads']} threads, {options.rounds} rounds in turns")
    if record["load_average_per_core"] > 1.2:
        print(
            f"the machine is busy ({record['load_average_per_core']} runnable a core): trust the ratio of processor time, not the wall"
        )
    print(f"{'tokens':>7} {'own/s':>9} {'peer/s':>9} {'ratio':>6} {'lowest':>7} {'cpu':>6} {'cosine':>9} {'lowest':>9}")
    for row in rows:
        print(
            f"{row['tokens']:>7} {row['own_texts_per_s']:>9,.0f} {row['peer_texts_per_s']:>9,.0f} {row['ratio']:>6.2f} "
            f"{row['ratio_lowest']:>7.2f} {row['ratio_processor_time']:>6.2f} {row['cosine_mean']:>9.6f} {row['cosine_lowest']:>9.6f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
