"""What loads, what it says of itself, and what is refused in words."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import Cancelled, LoadFailed, Misuse, Refused, TunesmithError
from engine.inference.conversion import as_safetensors
from engine.inference.loading import LoadedModel, load
from engine.inference.runtime import free_memory_bytes, pick_device, pick_dtype
from engine.models import LocalModel, resolve
from engine.paths import Paths, find_paths
from engine.protocol import LoadStage
from tests.engine.inference.conftest import load_folder, make_tokenizer, save_tiny
from tests.engine.inference.prompts import ids_of, reply
from tests.engine.inference.tiny_gguf import make_llama, write_gguf

pytestmark = pytest.mark.torch


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / folder.name))


def changed_config(folder: Path, **fields: Any) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))
    return folder


def test_a_model_says_what_it_is(tiny_gpt2: LoadedModel) -> None:
    info = tiny_gpt2.info
    assert (info.architecture, info.kind, info.device, info.dtype) == ("gpt2", "base", "cpu", "float32")
    assert info.context_tokens == 256
    assert info.vocabulary == len(tiny_gpt2.tokenizer) + 3
    # Tied weights count once.
    assert info.size_bytes >= 4 * info.parameters > 0
    assert info.size_bytes < 4.2 * info.parameters
    assert info.eos_token == "<|endoftext|>"


@pytest.mark.parametrize(("architecture", "tie"), [("gpt2", True), ("llama", True), ("llama", False)])
def test_a_model_in_several_files_answers_as_in_one(tmp_path: Path, architecture: str, tie: bool) -> None:
    whole = save_tiny(tmp_path / "whole", architecture, tie=tie)
    parts = save_tiny(tmp_path / "parts", architecture, tie=tie, shard=True)
    assert len(list(parts.glob("*.safetensors"))) > 1
    assert ids_of(reply(load_folder(parts))) == ids_of(reply(load_folder(whole)))


def test_a_chat_template_makes_it_an_instruct_model(tiny_gpt2_folder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_gpt2_folder, tmp_path)
    (folder / "chat_template.jinja").write_text("{{ messages[-1].content }}")
    info = load_folder(folder).info
    assert info.kind == "instruct"
    assert info.chat_template == "{{ messages[-1].content }}"


def test_half_precision_is_a_choice(tiny_gpt2_folder: Path, paths: Paths) -> None:
    local = LocalModel(ref="x", name="x", folder=tiny_gpt2_folder)
    loaded = load(local, paths=paths, dtype="bfloat16", threads=1)
    assert loaded.info.dtype == "bfloat16"
    assert len(ids_of(reply(loaded))) == 40


def test_stages_are_told_and_a_cancel_is_noticed_between_them(tiny_gpt2_folder: Path, paths: Paths) -> None:
    local = LocalModel(ref="x", name="x", folder=tiny_gpt2_folder)
    stages: list[LoadStage] = []
    load(local, paths=paths, on_stage=stages.append)
    assert stages == ["reading", "placing"]
    stages.clear()
    with pytest.raises(Cancelled):
        load(local, paths=paths, on_stage=stages.append, cancelled=lambda: "reading" in stages)
    assert stages == ["reading"]


def faulty(folder: Path, kind: str) -> Path:
    """Spoil a model in one way."""
    match kind:
        case "no tokenizer":
            for name in ("tokenizer.json", "tokenizer_config.json"):
                (folder / name).unlink()
        case "damaged weights":
            file = folder / "model.safetensors"
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        case "not safetensors":
            (folder / "model.safetensors").write_bytes(b"\xff" * 100)
        case "unknown architecture":
            changed_config(folder, model_type="flux_capacitor", architectures=["FluxForCausalLM"])
        case "encoder":
            changed_config(folder, model_type="bert", architectures=["BertModel"])
        case "other sizes":
            changed_config(folder, n_embd=64)
        case "missing weights":
            changed_config(folder, n_layer=3)
        case "config is a list":
            (folder / "config.json").write_text("[]")
        case "adapter":
            (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "gpt2"}')
    return folder


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no tokenizer", "tokenizer"),
        ("damaged weights", "damaged"),
        ("not safetensors", "damaged"),
        ("unknown architecture", "flux_capacitor"),
        ("encoder", "does not continue text"),
        ("other sizes", "sizes"),
        ("missing weights", "missing"),
        ("config is a list", "config.json"),
        ("adapter", "adapter"),
    ],
)
def test_a_faulty_folder_is_told_in_words(tiny_gpt2_folder: Path, tmp_path: Path, kind: str, words: str) -> None:
    folder = faulty(copied(tiny_gpt2_folder, tmp_path), kind)
    with pytest.raises(LoadFailed) as caught:
        load_folder(folder)
    assert words in caught.value.title
    assert "\n" not in caught.value.title
    assert caught.value.hint


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.target),))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "adapter_model.bin"])
def test_a_pickle_is_never_opened(tiny_gpt2_folder: Path, tmp_path: Path, name: str) -> None:
    """Not where it is all there is, nor where the config names it beside safetensors."""
    mark = tmp_path / "opened"
    folder = copied(tiny_gpt2_folder, tmp_path)
    (folder / name).write_bytes(pickle.dumps(Bomb(mark)))
    changed_config(folder, transformers_weights=name)
    assert len(ids_of(reply(load_folder(folder)))) == 40
    (folder / "model.safetensors").unlink()
    with pytest.raises(TunesmithError):
        load_folder(folder)
    with pytest.raises(Refused):
        resolve(str(folder), paths=Paths(tmp_path, tmp_path, tmp_path, tmp_path))
    assert not mark.exists()


def test_code_that_comes_with_a_model_is_never_run(tiny_gpt2_folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    folder = copied(tiny_gpt2_folder, tmp_path)
    for file in ("modeling_own.py", "tokenization_own.py"):
        (folder / file).write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    auto = {"AutoConfig": "modeling_own.Config", "AutoModelForCausalLM": "modeling_own.Model"}
    # Where transformers knows the architecture, its own class is taken instead.
    assert len(ids_of(reply(load_folder(changed_config(folder, auto_map=auto))))) == 40
    with pytest.raises(Refused):
        load_folder(changed_config(folder, model_type="own_model", architectures=["OwnForCausalLM"]))
    assert not mark.exists()


def test_a_tokenizers_own_code_is_never_run(tiny_gpt2_folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    folder = copied(tiny_gpt2_folder, tmp_path)
    (folder / "tokenization_own.py").write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    file = folder / "tokenizer_config.json"
    fields = {"auto_map": {"AutoTokenizer": ["tokenization_own.Own", None]}, "tokenizer_class": "Own"}
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))
    with contextlib.suppress(TunesmithError):
        load_folder(folder)
    assert not mark.exists()


def test_kernels_that_a_config_names_are_not_fetched(tiny_gpt2_folder: Path, tmp_path: Path) -> None:
    folder = changed_config(copied(tiny_gpt2_folder, tmp_path), attn_implementation="somebody/their-kernel")
    assert len(ids_of(reply(load_folder(folder)))) == 40


def test_a_device_that_is_not_here_is_told_in_words() -> None:
    with pytest.raises(Misuse, match="toaster"):
        pick_device("toaster")
    if not torch.cuda.is_available():
        with pytest.raises(TunesmithError, match="cuda"):
            pick_device("cuda")
    with pytest.raises(Misuse, match="float8"):
        pick_dtype("float8", torch.device("cpu"))
    assert pick_dtype("auto", torch.device("cpu")) == torch.float32


def test_free_memory_is_counted() -> None:
    assert free_memory_bytes(torch.device("cpu")) > 0


@pytest.mark.parametrize(("wanted", "threads"), [(0, 1), (3, 3)])
def test_a_small_model_gets_one_thread_unless_they_are_set(tmp_path: Path, wanted: int, threads: int) -> None:
    local = LocalModel(ref="it", name="it", folder=save_tiny(tmp_path / "model", "gpt2"))
    paths = find_paths({"TUNESMITH_HOME": str(tmp_path / "home")})
    assert load(local, paths=paths, device="cpu", threads=wanted).threads == threads
    assert not paths.threads_file.exists()


# GGUF


@pytest.fixture
def gguf_file(tmp_path: Path) -> Path:
    return write_gguf(tmp_path / "tiny.gguf", make_llama())


def there(converted: Path) -> list[Path]:
    return [path for path in converted.iterdir() if not path.name.startswith(".lock-")]


def test_a_gguf_file_answers_as_the_model_that_it_was_made_of(gguf_file: Path, paths: Paths) -> None:
    stages: list[LoadStage] = []
    local = resolve(str(gguf_file), paths=paths)
    loaded = load(local, paths=paths, threads=1, on_stage=stages.append)
    assert stages == ["converting", "reading", "placing"]
    assert loaded.info.kind == "instruct"
    assert loaded.info.context_tokens == 128
    assert loaded.info.name == "tiny"
    ids = [5, 6, 7]
    with torch.inference_mode():
        expected = make_llama()(input_ids=torch.tensor([ids])).logits[0, -1]
    logits = loaded.decoder.prefill(ids, lambda: False)
    assert logits is not None
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    assert loaded.tokenizer("Once upon a café 😀")["input_ids"] == make_tokenizer()("Once upon a café 😀")["input_ids"]


def test_a_gguf_file_is_converted_once(gguf_file: Path, paths: Paths) -> None:
    folder = as_safetensors(gguf_file, paths.converted)
    stages: list[LoadStage] = []
    assert as_safetensors(gguf_file, paths.converted, on_stage=stages.append) == folder
    assert stages == []
    status = gguf_file.stat()
    os.utime(gguf_file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    newer = as_safetensors(gguf_file, paths.converted)
    assert newer != folder
    assert there(paths.converted) == [newer]


def test_a_conversion_that_ends_half_way_leaves_nothing(gguf_file: Path, paths: Paths) -> None:
    answers = iter([False, True])
    with pytest.raises(Cancelled):
        as_safetensors(gguf_file, paths.converted, cancelled=lambda: next(answers))
    assert there(paths.converted) == []
    # As after a kill -9 in the middle.
    left = paths.converted / f".partial-{as_safetensors(gguf_file, paths.converted).name.split('-')[1]}-99"
    shutil.rmtree(paths.converted)
    left.mkdir(parents=True)
    (left / "config.json").write_text("{")
    assert there(paths.converted) == [left]
    made = as_safetensors(gguf_file, paths.converted)
    assert there(paths.converted) == [made]


def test_a_gguf_file_of_an_unknown_architecture_is_told_in_words(tmp_path: Path, paths: Paths) -> None:
    file = write_gguf(tmp_path / "odd.gguf", make_llama(), architecture="fluxcapacitor")
    with pytest.raises(LoadFailed, match="can't be converted"):
        as_safetensors(file, paths.converted)
    assert there(paths.converted) == []
