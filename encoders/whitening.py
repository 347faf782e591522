"""Whitening of sentence vectors (Su et al. 2021, arXiv:2103.15316): mean zero, no dimension repeats another."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from sociogram.errors import EncoderError

SAMPLE = 4096  # texts that the moments are taken from
FLOOR = 0.3  # of the mean variance, added to each: small directions are mostly noise; docs/decisions/text-encoder.md
FILE = "whitening.safetensors"


@dataclass(frozen=True)
class Whitening:
    """x -> (x - mean) matrix."""

    mean: torch.Tensor  # [h], float32
    matrix: torch.Tensor  # [h, h], float32

    @classmethod
    def fit(cls, vectors: NDArray[np.float32]) -> "Whitening":
        """From vectors [n, h]: with the covariance U diag(v) U^T, the matrix is U diag(1 / sqrt(v + FLOOR mean(v)))."""
        x = vectors.astype(np.float64)
        mean = x.mean(0)
        variances, directions = np.linalg.eigh((x - mean).T @ (x - mean) / max(len(x), 1))
        variances = variances.clip(min=0)
        scale = 1 / np.sqrt(variances + max(FLOOR * variances.mean(), 1e-12))
        matrix = directions * scale
        return cls(torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(matrix.astype(np.float32)))

    def __call__(self, vectors: torch.Tensor) -> torch.Tensor:
        """Whitened vectors [n, h]."""
        return (vectors - self.mean.to(vectors)) @ self.matrix.to(vectors)

    def save(self, folder: Path) -> None:
        """Write whitening.safetensors."""
        save_file({"mean": self.mean, "matrix": self.matrix}, folder / FILE, {"format": "pt"})

    @classmethod
    def open(cls, folder: Path, width: int) -> "Whitening | None":
        """What `save` wrote, None where there is nothing; raises EncoderError where it is not of this width."""
        if not (folder / FILE).is_file():
            return None
        try:
            tensors = load_file(folder / FILE)
            mean, matrix = tensors["mean"].reshape(width), tensors["matrix"].reshape(width, width)
        except Exception as error:  # a broken file raises from safetensors, torch or the dictionary
            raise EncoderError(
                f"{folder / FILE} does not fit the model ({error}): delete it or save the encoder again"
            ) from error
        return cls(mean, matrix)
