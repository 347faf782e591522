"""A Hugging Face transformer, encoder or causal, as a text encoder: pooled tokens, batches by token budget, native bf16."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sociogram.encoders.families import lower_model
from sociogram.encoders.lora import folded, folded_state, has_adapter, save_adapter
from sociogram.encoders.pooling import Pooler
from sociogram.encoders.precision import cast_, native_dtype
from sociogram.encoders.settings import TransformerSettings
from sociogram.encoders.tokens import Tokens, Windows, batches, check_texts
from sociogram.encoders.top_layers import LowerStates, TopLayers
from sociogram.encoders.tuning import Tuning, default_tuning
from sociogram.encoders.whitening import SAMPLE, Whitening
from sociogram.progress import SILENT, Progress, Stage

SETTINGS_FILE = "sociogram_encoder.json"
ADAPTER = "adapter"  # folder of the adapters inside a saved encoder, where it has learned by LoRA
CHUNK = 8192  # distinct texts tokenized at a time: bounds the memory that token ids take
BUDGET = {
    "cpu": 1024,
    "cuda": 131072,
}  # padded tokens in a batch; on a processor the activations then stay in its cache


class TransformerEncoder:
    """Texts to vectors through a transformer; `module` is the torch model itself.

    Weights that learn are float32; those of a causal model that do not learn are in `dtype`. `source` opens the model again. A text longer than a window is cut into consecutive windows; its vector is their mean weighted by token count, i.e. the mean
    over all of its tokens. Inference computes in `dtype` (bfloat16 where native) on a copy of the weights that follows `module`.
    """

    def __init__(
        self,
        module: Any,
        tokenizer: Any,
        name: str,
        settings: TransformerSettings,
        dtype: torch.dtype | None = None,
        source: str = "",
    ) -> None:
        self.module = module.eval()
        self.tokenizer = tokenizer
        self.settings = settings
        self.device: torch.device = next(module.parameters()).device
        self.dtype = dtype or native_dtype(self.device)
        self.tokens = Tokens(tokenizer, settings.max_length, settings.max_windows, settings.prompt)
        self.pooler = Pooler(settings, self.tokens.head)
        self.budget = BUDGET.get(self.device.type, BUDGET["cpu"])
        self._name = name
        self.source = source or name
        self._copy: Any = None
        self._copied: object = None
        self._digest: tuple[object, str] = (None, "")

    @property
    def name(self) -> str:
        """What a person calls it, e.g. `all-MiniLM-L6-v2`."""
        return self._name

    @property
    def width(self) -> int:
        """Length of a vector."""
        return int(self.module.config.hidden_size)

    @property
    def digest(self) -> str:
        """SHA-256 over weights, tokenizer, settings and number format; computed anew when training has changed the weights."""
        version = weights_version(self.module), id(self.pooler.whitening)
        if self._digest[0] != version:
            self._digest = version, self._hash(self._kept().state_dict())
        return self._digest[1]

    def prepare(self, texts: Sequence[str]) -> None:
        """Take the moments for whitening from these texts, where the settings ask for it and it has not been done."""
        if not self.settings.whiten or self.pooler.whitening is not None:
            return
        check_texts(texts)
        distinct = sorted({text for text in texts if text.strip()})
        if len(distinct) > 1:
            self.pooler.whitening = Whitening.fit(self._encode(distinct[:: -(-len(distinct) // SAMPLE)], SILENT))

    def encode(self, texts: Sequence[str], progress: Progress = SILENT) -> NDArray[np.float32]:
        """Vectors [len(texts), width], float32; each distinct text is computed once and the empty text is the zero vector."""
        check_texts(texts)
        self.prepare(texts)
        return self._encode(texts, progress)

    def _encode(self, texts: Sequence[str], progress: Progress) -> NDArray[np.float32]:
        row_of: dict[str, int] = {}
        # sorted, so that batches, and with them the last bits, do not depend on the order in which the texts come
        for text in sorted({t for t in texts if t.strip()}, key=lambda t: (-len(t), t)):
            row_of[text] = len(row_of)
        distinct = list(row_of)
        vectors = np.zeros((len(distinct) + 1, self.width), np.float32)  # the last row stays zero: the empty text
        with progress.stage("encode", total=len(distinct), unit="texts") as stage:
            advance = _with_rate(stage)
            for start in range(0, len(distinct), CHUNK):
                chunk = distinct[start : start + CHUNK]
                vectors[start : start + len(chunk)] = self._encode_windows(
                    self.tokens.windows(chunk), len(chunk), advance
                )
        return vectors[[row_of.get(text, -1) for text in texts]]

    def forward_with_gradient(self, texts: Sequence[str]) -> torch.Tensor:
        """Vectors [len(texts), width] with gradient through the whole model; any family; float32."""
        check_texts(texts)
        windows = self.tokens.windows([text if text.strip() else "" for text in texts])
        total = torch.zeros(len(texts), self.width, device=self.device)
        count = torch.zeros(len(texts), device=self.device)
        if windows.ids:
            ids, mask = (x.to(self.device) for x in self.tokens.padded(windows.ids))
            with self.autocast():
                states = self.module(input_ids=ids, attention_mask=mask).last_hidden_state
            owner = torch.from_numpy(windows.owner).to(self.device)
            sums, sizes = self.pooler.sums(states, mask)
            total, count = total.index_add(0, owner, sums), count.index_add(0, owner, sizes)
        return self.pooler.finished(total, count)

    def split(self, tuning: Tuning | int | None = None) -> TopLayers:
        """The top layers with pooling, for cheap joint training; they stay part of `module`.

        A number takes so many top layers, and None all, of the recipe for this kind of model (`default_tuning`). Raises EncoderError
        for models that cannot be cut (`families`), for layers or targets that the model lacks, and where LoRA lacks peft.
        """
        if not isinstance(tuning, Tuning):
            tuning = default_tuning(self, tuning)
        return TopLayers(self.module, tuning, self.pooler, self.autocast, self.budget)

    def lower_states(
        self,
        texts: Sequence[str],
        top: TopLayers,
        *,
        max_windows: int | None = 1,
        max_length: int | None = None,
        progress: Progress = SILENT,
    ) -> LowerStates:
        """Hidden states under the cut, once and without gradient, in the inference format.

        Texts longer than `max_windows` windows of `max_length` tokens (at most the encoder's own) are cut; None stands for the
        encoder's own, so that with max_windows=None `top.encode` gives what `encode` would.

        Memory: 2 bytes x hidden size a token in bfloat16, on the CPU.
        """
        check_texts(texts)
        length = min(max_length or self.settings.max_length, self.settings.max_length)
        tokens = Tokens(self.tokenizer, length, max_windows or self.settings.max_windows, self.settings.prompt)
        windows = tokens.windows([text if text.strip() else "" for text in texts])
        lengths = np.asarray([len(ids) for ids in windows.ids], dtype=np.int64)
        ends = np.cumsum(lengths)
        flat = torch.empty(int(lengths.sum()), self.width, dtype=self.dtype)
        model = lower_model(self.module, top.cut)
        if any(parameter.dtype != self.dtype for parameter in model.parameters()):
            model = lower_model(self.inference_module(), top.cut)
        with evaluating(model), torch.no_grad(), progress.stage("lower layers", len(lengths), "windows") as stage:
            for rows in batches(lengths, self.budget):
                ids, mask = (x.to(self.device) for x in tokens.padded([windows.ids[row] for row in rows]))
                states = model(input_ids=ids, attention_mask=mask).last_hidden_state.cpu()
                for row, state in zip(rows, states, strict=True):
                    flat[ends[row] - lengths[row] : ends[row]] = state[: lengths[row]]
                stage.advance(len(rows))
        return LowerStates(flat, lengths, windows.owner, len(texts))

    def lower_digest(self, cut: int) -> str:
        """SHA-256 over all that `lower_states` depends on besides the texts; training the layers from `cut` on leaves it as it is."""
        return self._hash(lower_model(self.module, cut).state_dict())

    def autocast(self) -> torch.autocast:
        """Mixed precision for training: float32 weights, matrix products in the native format."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    def save(self, folder: Path) -> None:
        """Write in Hugging Face layout (`AutoModel`, `AutoTokenizer`) plus sociogram_encoder.json, which `load_encoder` reads.

        Adapters are folded into the weights, so that the folder opens without peft; by themselves they go to the folder `adapter`, in
        peft's layout.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # beside the target first: the weights may be mapped from the very files that are replaced
        staged = Path(tempfile.mkdtemp(prefix=".saving-", dir=folder))
        try:
            with quiet():
                self._kept().save_pretrained(staged)
                self.tokenizer.save_pretrained(staged)
            own = json.dumps({"name": self.name, **asdict(self.settings)}, indent=1) + "\n"
            if has_adapter(self.module):
                (folder / ADAPTER).mkdir(exist_ok=True)
                save_adapter(self.module, staged / ADAPTER, self.source)
            for place in (staged, staged / ADAPTER):
                if place.is_dir():
                    (place / SETTINGS_FILE).write_text(own)
                    if self.pooler.whitening is not None:
                        self.pooler.whitening.save(place)
            for file in [path for path in staged.rglob("*") if path.is_file()]:
                os.replace(file, folder / file.relative_to(staged))
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def inference_module(self) -> Any:
        """The model in `dtype` with the present weights, adapters folded in: `module` itself where that is so already."""
        if not has_adapter(self.module) and all(p.dtype == self.dtype for p in self.module.parameters()):
            return self.module
        version = weights_version(self.module)
        if self._copy is None:
            self._copy = cast_(folded(self.module), self.dtype).eval().requires_grad_(False)
        elif self._copied != version:
            self._copy.load_state_dict(folded_state(self.module))
        self._copied = version
        return self._copy

    def _kept(self) -> Any:
        """What is saved and hashed: the weights in float32 where all of them are, else as inference has them."""
        if not has_adapter(self.module) and all(p.dtype == torch.float32 for p in self.module.parameters()):
            return self.module
        return self.inference_module()

    def _encode_windows(self, windows: Windows, texts: int, advance: Callable[[float], None]) -> NDArray[np.float32]:
        """Vectors [texts, width] of the texts that own the windows."""
        total, count = torch.zeros(texts, self.width), torch.zeros(texts)  # on the CPU, where adding has a fixed order
        lengths = np.asarray([len(ids) for ids in windows.ids], dtype=np.int64)
        shares = 1 / np.bincount(windows.owner, minlength=texts).clip(1)
        model = self.inference_module()
        with evaluating(model), torch.inference_mode():
            for rows in batches(lengths, self.budget):
                ids, mask = (x.to(self.device) for x in self.tokens.padded([windows.ids[row] for row in rows]))
                states = model(input_ids=ids, attention_mask=mask).last_hidden_state
                sums, sizes = self.pooler.sums(states, mask)
                owner = torch.from_numpy(windows.owner[rows])
                total.index_add_(0, owner, sums.cpu())
                count.index_add_(0, owner, sizes.cpu())
                advance(float(shares[windows.owner[rows]].sum()))
            return self.pooler.finished(total, count).numpy()

    def _hash(self, weights: Mapping[str, torch.Tensor]) -> str:
        hasher = hashlib.sha256()
        for name, tensor in sorted(weights.items()):
            hasher.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
            hasher.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        if self.pooler.whitening is not None:
            for tensor in (self.pooler.whitening.mean, self.pooler.whitening.matrix):
                hasher.update(tensor.numpy().tobytes())
        hasher.update(json.dumps(sorted(self.tokenizer.get_vocab().items())).encode())
        hasher.update(_tokenizer_rules(self.tokenizer).encode())
        hasher.update(json.dumps({**asdict(self.settings), "dtype": str(self.dtype)}, sort_keys=True).encode())
        return hasher.hexdigest()


def weights_version(module: Any) -> object:
    """Changes whenever training writes to a parameter: the sums of their bits (4 ms for MiniLM).

    The version counters of autograd do not do: fused optimizers leave them as they are.
    """
    with torch.no_grad():
        return tuple(torch.stack([_bits(p.detach().reshape(-1)) for p in module.parameters()]).tolist())


def _bits(flat: torch.Tensor) -> torch.Tensor:
    pack = 8 // flat.element_size()  # numbers are read as int64, which sums at the speed of memory
    flat = flat.clone() if flat.storage_offset() % pack else flat
    whole = len(flat) // pack * pack
    small = torch.int32 if pack == 2 else torch.int16
    return flat[:whole].view(torch.int64).sum() + flat[whole:].view(small).sum()


@contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[None]:
    """No dropout inside; afterwards each part is in the mode it was in."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


@contextmanager
def quiet() -> Iterator[None]:
    """No bars and reports from transformers inside; its settings are put back."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _tokenizer_rules(tokenizer: Any) -> str:
    """Normalisation and splitting rules; padding and truncation are set at each call and do not count."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return type(tokenizer).__name__
    rules = json.loads(backend.to_str())
    return json.dumps(
        {part: rules.get(part) for part in ("normalizer", "pre_tokenizer", "post_processor")}, sort_keys=True
    )


def _with_rate(stage: Stage) -> Callable[[float], None]:
    started, done = time.perf_counter(), 0.0

    def advance(texts: float) -> None:
        nonlocal done
        done += texts
        stage.advance(texts, f"{done / max(time.perf_counter() - started, 1e-9):,.0f} texts/s")

    return advance
