"""Every way an encoder can fail to open says what to do; nothing is unpickled, run or fetched on the way."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from sociogram.encoders import load
from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.light import LightEncoder
from sociogram.encoders.load import load_encoder
from sociogram.errors import EncoderError


def edit(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def test_default_is_the_packaged_model_offline(minilm):
    assert (minilm.name, minilm.width) == ("all-MiniLM-L6-v2", 384)
    assert (minilm.settings.pooling, minilm.settings.normalise, minilm.settings.max_length) == ("mean", True, 256)


def test_environment_is_left_alone(tiny):
    before = dict(os.environ)
    load_encoder(tiny(), device="cpu").encode(["abc"])
    assert dict(os.environ) == before


def test_changed_package_file_is_refused(tmp_path, monkeypatch):
    package = tmp_path / load.PACKAGE
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EncoderError, match=r"SHA-256 .* was expected: reinstall"):
        load_encoder()


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere-at-all", Path("nowhere"), "a/b/c", ""])
def test_missing_folder(name):
    with pytest.raises(EncoderError, match=r"does not exist|config\.json"):
        load_encoder(name)


def test_folder_without_config(tmp_path):
    with pytest.raises(EncoderError, match=r"no config\.json"):
        load_encoder(tmp_path)


def test_broken_config(tiny):
    folder = tiny()
    (folder / "config.json").write_text("{")
    with pytest.raises(EncoderError, match="not readable JSON"):
        load_encoder(folder)


def test_pickled_weights_are_never_opened(tiny):
    folder = tiny()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"pickled \(pytorch_model.bin\).*safetensors"):
        load_encoder(folder)


def test_no_weights_at_all(tiny):
    folder = tiny()
    (folder / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="no weights"):
        load_encoder(folder)


def test_weights_that_lack_a_part(tiny):
    folder = tiny()
    files = {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    with pytest.raises(EncoderError, match=r"lacks 1 of 2 parts of its weights \(e\.g\. model-00002-of-00002"):
        load_encoder(folder)


def test_cut_off_weights(tiny):
    folder = tiny()
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(EncoderError, match="could not be opened"):
        load_encoder(folder)


def test_weights_that_lack_a_layer(tiny):
    folder = tiny()
    tensors = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if "layer.1." not in k}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(EncoderError, match=r"do not fit .*encoder\.layer\.1\."):
        load_encoder(folder)


def test_a_missing_pooler_is_no_loss_and_no_dice(tiny):
    folder = tiny()
    tensors = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if "pooler" not in k}, folder / "model.safetensors", {"format": "pt"})
    assert load_encoder(folder, device="cpu").digest == load_encoder(folder, device="cpu").digest


def test_remote_code_is_refused_and_not_run(tiny, tmp_path):
    folder = tiny()
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    edit(folder, model_type="own", auto_map={"AutoConfig": "own.Config", "AutoModel": "own.Model"})
    with pytest.raises(EncoderError, match=r"own code \(AutoConfig, AutoModel\), which is never run"):
        load_encoder(folder)
    assert not (tmp_path / "ran").exists()


def test_unknown_and_unfit_families(tiny):
    folder = tiny()
    edit(folder, model_type="no-such-family")
    with pytest.raises(EncoderError, match="does not know"):
        load_encoder(folder)
    edit(folder, model_type="t5", is_encoder_decoder=True)
    with pytest.raises(EncoderError, match="encoder-decoder"):
        load_encoder(folder)


def test_missing_tokenizer(tiny):
    folder = tiny()
    for file in ("tokenizer.json", "vocab.txt"):
        (folder / file).unlink()
    with pytest.raises(EncoderError, match="no tokenizer"):
        load_encoder(folder)


def test_broken_tokenizer(tiny):
    folder = tiny()
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(EncoderError, match=r"tokenizer in .* could not be opened"):
        load_encoder(folder)


def test_vocabulary_larger_than_the_model(tiny):
    folder = tiny()
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["zebra"] = 5000
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(EncoderError, match="not of this model"):
        load_encoder(folder)


def test_unknown_settings(tiny):
    folder = tiny()
    (folder / "sociogram_encoder.json").write_text('{"pooling": "sum"}')
    with pytest.raises(EncoderError, match="pooling is 'sum'"):
        load_encoder(folder)
    (folder / "sociogram_encoder.json").write_text('{"colour": "red"}')
    with pytest.raises(EncoderError, match="not understood"):
        load_encoder(folder)


def test_sentence_transformers_settings_are_read(tiny):
    folder = tiny()
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    (folder / "modules.json").write_text('[{"type": "sentence_transformers.models.Transformer"}]')
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 20}')
    settings = load_encoder(folder, device="cpu").settings
    assert (settings.pooling, settings.normalise, settings.max_length) == ("cls", False, 20)


def test_bad_device(tiny):
    with pytest.raises(EncoderError, match="device 'nonsense' cannot be used"):
        load_encoder(tiny(), device="nonsense")


def test_revision_belongs_to_hub_ids(tiny):
    with pytest.raises(EncoderError, match="only hub ids have revisions"):
        load_encoder(tiny(), revision="main")


def test_hub_id_offline_and_not_at_hand():
    with pytest.raises(
        EncoderError, match="some/model at revision abc is not on this machine and offline was asked for"
    ):
        load_encoder("some/model", revision="abc", offline=True)


def test_hub_id_without_network(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def unreachable(*args: object, **options: object) -> str:
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(EncoderError, match="the hub could not be reached: connect once, give a local folder"):
        load_encoder("some/model")


def test_hub_snapshot_is_opened_like_a_folder(tiny, monkeypatch):
    import huggingface_hub

    asked: dict[str, object] = {}
    folder = tiny()

    def snapshot(name: str, **options: object) -> str:
        asked.update(options, name=name)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    encoder = load_encoder("some/model", revision="abc", device="cpu")
    assert (encoder.name, asked["name"], asked["revision"]) == ("some/model", "some/model", "abc")
    assert not any(str(pattern).endswith((".bin", ".py")) for pattern in asked["allow_patterns"])


def test_not_even_a_hub_id():
    with pytest.raises(EncoderError, match="neither a folder nor a valid hub id"):
        load_encoder("no such model!")


def test_cache_folder_wraps(tmp_path, tiny):
    encoder = load_encoder(tiny(), device="cpu", cache=tmp_path / "cache")
    assert isinstance(encoder, CachedEncoder)
    np.testing.assert_array_equal(encoder.encode(["abc"]), encoder.encode(["abc"]))
    assert (encoder.hits, encoder.misses) == (1, 1)


def test_copied_folder_has_the_same_digest(tiny, tmp_path):
    folder = tiny()
    shutil.copytree(folder, tmp_path / "copy")
    assert load_encoder(folder, device="cpu").digest == load_encoder(tmp_path / "copy", device="cpu").digest


def test_light_needs_no_torch():
    code = (
        "import sys; from sociogram.encoders.load import load_encoder; load_encoder('light').encode(['a b']); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'sklearn', 'jieba')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ)).returncode == 0


def test_light_by_name_and_by_folder(tmp_path):
    LightEncoder(48).save(tmp_path)
    assert load_encoder(tmp_path).digest == LightEncoder(48).digest
    assert load_encoder("light").width == 64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_is_taken_and_agrees(minilm):
    encoder = load_encoder()
    assert encoder.device.type == "cuda"
    texts = ["graph theory", "a long story " * 200, "", "jazz"]
    cosines = (encoder.encode(texts) * minilm.encode(texts)).sum(1)
    assert cosines[[0, 1, 3]].min() > 0.999
