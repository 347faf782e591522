"""A folder in Hugging Face layout, checked and opened: safetensors only, no code of a model, a tokenizer that fits."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sociogram.encoders.settings import TEXT, Options, TransformerSettings, with_options
from sociogram.errors import EncoderError

if TYPE_CHECKING:
    from sociogram.encoders.transformer import TransformerEncoder

SETTINGS_FILE = "sociogram_encoder.json"
BEGINNING = 128  # tokens of a text that a plain language model reads
LONGEST_WINDOW = 512  # tokens: attention costs grow with the square, so longer texts go in windows even where a model could take more
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
LONGEST_REASON = 300  # characters of another library's error
CAUSAL_POOLING = "mean_after_first"
CAUSAL_PROMPT = f"Text: {TEXT}"
STATED_POOLINGS = {  # in the words of sentence-transformers
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_mean_tokens": "mean",
}
PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")


def load_folder(
    folder: Path, name: str, device: str | None = None, options: Options | None = None
) -> "TransformerEncoder":
    """A transformer from a folder in Hugging Face layout; nothing is fetched."""
    config = _checked_config(folder)
    settings, name = _settings(folder, config, name)
    tokenizer = _tokenizer(folder)
    if not (folder / SETTINGS_FILE).is_file():
        settings = _with_beginning(settings, tokenizer)
    module = _module(folder, config, device)
    return assembled(module, tokenizer, name, with_options(settings, options or {}), str(folder.resolve()))


def load_gguf(file: Path, name: str, device: str | None = None, options: Options | None = None) -> "TransformerEncoder":
    """A causal model from a GGUF file, its weights unpacked."""
    from sociogram.encoders.gguf_file import open_gguf
    from sociogram.encoders.precision import native_dtype

    at = found_device(device)
    module, tokenizer = open_gguf(file, native_dtype(at))
    positions = int(module.config.max_position_embeddings)
    settings = _with_beginning(_beginnings(TransformerSettings(CAUSAL_POOLING), positions), tokenizer)
    settings = with_options(settings, options or {})
    return assembled(_placed(module, at), tokenizer, name, settings, str(file.resolve()))


def assembled(
    module: Any, tokenizer: Any, name: str, settings: TransformerSettings, source: str
) -> "TransformerEncoder":
    """The encoder of a model and a tokenizer, after checking that they fit each other; `source` is the folder or file."""
    from sociogram.encoders.families import keep_layers
    from sociogram.encoders.transformer import TransformerEncoder
    from sociogram.encoders.whitening import Whitening

    rows, largest = module.get_input_embeddings().num_embeddings, max(tokenizer.get_vocab().values(), default=0)
    if largest >= rows:
        raise EncoderError(
            f"the tokenizer in {source} has ids up to {largest}, the model {rows} rows: it is not of this model"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token  # the mask hides it: any known token will do
    module.config.use_cache = False  # keys and values are kept for writing on, which no encoder does
    if settings.layers is not None:
        keep_layers(module, settings.layers)
    encoder = TransformerEncoder(module, tokenizer, name, settings, source=source)
    if settings.whiten:
        encoder.pooler.whitening = Whitening.open(Path(source), encoder.width)
    return encoder


def _with_beginning(settings: TransformerSettings, tokenizer: Any) -> TransformerSettings:
    """Something before the text where the tokenizer puts nothing there: the first token is the sink, and that of a one-word text its all."""
    from sociogram.encoders.tokens import Tokens

    if settings.pooling != CAUSAL_POOLING or Tokens(tokenizer, settings.max_length, 1).prefix:
        return settings
    return replace(settings, prompt=CAUSAL_PROMPT)


def found_device(device: str | None) -> Any:
    """The torch device; raises EncoderError where there is none of that name."""
    from sociogram.encoders.precision import pick_device

    try:
        return pick_device(device)
    except RuntimeError as error:
        raise EncoderError(f"device {device!r} cannot be used: {error}") from error


def _checked_config(folder: Path) -> dict[str, Any]:
    """config.json, after checking that weights and tokenizer are there in a form that is safe to read."""
    config: dict[str, Any] | None = read_json(folder / "config.json")
    if config is None:
        raise EncoderError(f"{folder} has no config.json: a folder in Hugging Face layout was expected")
    if config.get("auto_map") and not _known(config.get("model_type")):
        raise EncoderError(
            f"the model in {folder} brings its own code ({', '.join(sorted(config['auto_map']))}), which is never run: choose a model "
            "that transformers itself knows"
        )
    if not _known(config.get("model_type")):
        raise EncoderError(
            f"{folder}/config.json has model_type {config.get('model_type')!r}, which transformers does not know"
        )
    if config.get("is_encoder_decoder"):
        raise EncoderError(
            f"the model in {folder} is an encoder-decoder; an encoder (BERT type) or a decoder (Llama type) was expected"
        )
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(file.name for pattern in PICKLES for file in folder.glob(pattern))
        if pickled:
            raise EncoderError(
                f"the weights in {folder} are pickled ({', '.join(pickled)}), which can run code when opened: convert them to safetensors, "
                "or choose a revision that has model.safetensors"
            )
        raise EncoderError(f"{folder} has no weights: model.safetensors was expected")
    index = read_json(folder / "model.safetensors.index.json") or {}
    parts = sorted({str(part) for part in index.get("weight_map", {}).values()})
    lost = [part for part in parts if not (folder / part).is_file()]
    if lost:
        raise EncoderError(
            f"{folder} lacks {len(lost)} of {len(parts)} parts of its weights (e.g. {lost[0]}): fetch them"
        )
    if not any((folder / file).is_file() for file in TOKENIZER_FILES):
        raise EncoderError(
            f"{folder} has no tokenizer: one of {', '.join(TOKENIZER_FILES)} was expected; save it beside the model"
        )
    return config


def _known(model_type: object) -> bool:
    from transformers import CONFIG_MAPPING

    return model_type in CONFIG_MAPPING


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    from sociogram.encoders.transformer import quiet

    try:
        with quiet():
            return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers and tokenizers raise bare Exception and whatever their parsers raise
        raise EncoderError(f"the tokenizer in {folder} could not be opened: {in_a_line(error)}") from error


def _module(folder: Path, config: dict[str, Any], device: str | None) -> Any:
    import torch
    from transformers import AutoModel

    from sociogram.encoders.precision import native_dtype
    from sociogram.encoders.transformer import quiet

    at = found_device(device)
    try:
        with quiet():
            module, report = AutoModel.from_pretrained(
                str(folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=native_dtype(at) if _is_causal(config) else torch.float32,  # a causal one mostly stays as it is
                output_loading_info=True,
            )
    except Exception as error:  # a broken file can raise from safetensors, json, torch or transformers
        raise EncoderError(f"the model in {folder} could not be opened: {in_a_line(error)}") from error
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if missing or report["mismatched_keys"]:
        lacking = missing or sorted(str(key) for key in report["mismatched_keys"])
        raise EncoderError(
            f"the weights in {folder} do not fit its config.json ({len(lacking)} tensors, e.g. {lacking[0]}): save the model again"
        )
    if report["missing_keys"]:
        module.pooler = None  # random otherwise, and mean pooling has no use for it
    return _placed(module, at)


def _placed(module: Any, device: Any) -> Any:
    try:
        return module.to(device)
    except (RuntimeError, AssertionError) as error:
        raise EncoderError(f"device {str(device)!r} cannot be used: {error}") from error


def _is_causal(config: dict[str, Any]) -> bool:
    from sociogram.encoders.families import CAUSAL

    named = any(str(one).endswith("CausalLM") for one in config.get("architectures") or [])
    return named or config.get("model_type") in CAUSAL


def _settings(folder: Path, config: dict[str, Any], name: str) -> tuple[TransformerSettings, str]:
    """Our own record where we saved the folder, else what sentence-transformers and the configuration say."""
    own = own_settings(folder, name)
    if own is not None:
        return own
    pooling = CAUSAL_POOLING if _is_causal(config) else "mean"
    stated = read_json(folder / "1_Pooling" / "config.json") or {}
    pooling = next((kind for key, kind in STATED_POOLINGS.items() if stated.get(key)), pooling)
    modules = read_json(folder / "modules.json")
    normalise = modules is None or any(str(module.get("type", "")).endswith("Normalize") for module in modules)
    settings, longest = TransformerSettings(pooling=pooling, normalise=normalise), _max_length(folder, config)
    plain = pooling == CAUSAL_POOLING  # not trained as a text encoder, which would say how it is read
    return _beginnings(settings, longest) if plain else replace(settings, max_length=longest), name


def _beginnings(settings: TransformerSettings, longest: int) -> TransformerSettings:
    """A plain language model is dear and reads the beginning of each text (docs/decisions/text-encoder.md: what was measured)."""
    return replace(settings, max_length=min(longest, BEGINNING), max_windows=1)


def own_settings(folder: Path, name: str) -> tuple[TransformerSettings, str] | None:
    """What we wrote beside a model that we saved, and its name; None where that is not there."""
    own = read_json(folder / SETTINGS_FILE)
    if own is None:
        return None
    name = str(own.pop("name", name))
    try:
        return TransformerSettings(**own), name
    except TypeError as error:
        raise EncoderError(
            f"{folder / SETTINGS_FILE} is not understood ({error}): delete it or save the encoder again"
        ) from error


def _max_length(folder: Path, config: dict[str, Any]) -> int:
    """The shortest of what the authors trained on, what the position table allows, and LONGEST_WINDOW."""
    positions = config.get("max_position_embeddings") or config.get("n_positions") or LONGEST_WINDOW
    if config["model_type"] in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= int(config.get("pad_token_id", 1)) + 1  # these count positions from behind the padding id
    trained = (read_json(folder / "sentence_bert_config.json") or {}).get("max_seq_length") or LONGEST_WINDOW
    stated = (read_json(folder / "tokenizer_config.json") or {}).get("model_max_length") or LONGEST_WINDOW
    return int(min(positions, trained, stated, LONGEST_WINDOW))


def in_a_line(error: Exception) -> str:
    """What a library says, without its line breaks and tables."""
    return " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__


def read_json(file: Path) -> Any:
    """The parsed file, or None where there is none."""
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise EncoderError(f"{file} is not readable JSON: {error}") from error
