from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.errors import LoadFailed, Refused, TunesmithError
from engine.models.folder import FolderReport, inspect_folder
from engine.models.records import ModelFacts
from tests.fakes.models import CONFIG, PARAMETERS, model_files, safetensors_bytes, sharded_files, write_files


def report(tmp_path: Path, files: dict[str, bytes]) -> FolderReport:
    return inspect_folder(write_files(tmp_path / "m", files))


def problem(tmp_path: Path, files: dict[str, bytes]) -> TunesmithError:
    found = report(tmp_path, files).problem
    assert found is not None
    return found


def without(name: str) -> dict[str, bytes]:
    files = model_files()
    del files[name]
    return files


def with_config(**fields: Any) -> dict[str, bytes]:
    return model_files(config=CONFIG | fields)


def test_a_whole_model_tells_its_facts(tmp_path: Path) -> None:
    files = model_files()
    assert report(tmp_path, files) == FolderReport(
        facts=ModelFacts(
            architecture="gpt2",
            kind="base",
            parameters=PARAMETERS,
            size_bytes=len(files["model.safetensors"]),
            context_tokens=64,
            dtype="float32",
        )
    )


def test_a_model_in_several_files_is_added_up(tmp_path: Path) -> None:
    found = report(tmp_path, sharded_files())
    assert found.problem is None
    assert found.facts.parameters == PARAMETERS


def test_masks_that_old_checkpoints_keep_are_no_parameters(tmp_path: Path) -> None:
    weights = {"h.0.attn.bias": (1, 1, 64, 64), "h.0.attn.masked_bias": (), "h.0.attn.c_attn.bias": (7,), "x": (2, 3)}
    assert report(tmp_path, model_files(weights=weights)).facts.parameters == 7 + 6


@pytest.mark.parametrize("template", ["tokenizer_config.json", "chat_template.jinja"])
def test_a_chat_template_makes_an_instruct_model(tmp_path: Path, template: str) -> None:
    files = model_files(chat=template == "tokenizer_config.json")
    if template == "chat_template.jinja":
        files[template] = b"{{ messages }}"
    assert report(tmp_path, files).facts.kind == "instruct"


def test_the_context_is_found_inside_a_nested_config(tmp_path: Path) -> None:
    config = {"model_type": "gemma3", "text_config": {"max_position_embeddings": 4096}}
    assert report(tmp_path, model_files(config=config)).facts.context_tokens == 4096


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (without("config.json"), r"config\.json is missing from .*m$"),
        (without("tokenizer.json"), r"tokenizer\.json is missing"),
        (without("model.safetensors"), r"model\.safetensors is missing"),
        ({**without("tokenizer.json"), "vocab.json": b"{}"}, r"tokenizer\.json is missing"),
        ({**model_files(), "config.json": b"{"}, r"config\.json of .* is not JSON"),
        ({**model_files(), "config.json": b"[1]"}, r"config\.json of .* is not JSON"),
        ({**model_files(), "model.safetensors": b"PK\x03\x04 a pickle with another name"}, "not a safetensors file"),
        ({**model_files(), "model.safetensors": b""}, "only 0 bytes long"),
        ({**model_files(), "model.safetensors": safetensors_bytes({"x": (9, 9)})[:-1]}, "cut off"),
        ({name: data for name, data in sharded_files().items() if "00002-of" not in name}, r"00002-of-00002\S* is mis"),
        ({"adapter_config.json": b"{}", "adapter_model.safetensors": b""}, "is an adapter"),
        (with_config(architectures=["BertForMaskedLM"]), "is a BertForMaskedLM, which does not continue text"),
        (with_config(architectures=["T5ForConditionalGeneration"], is_encoder_decoder=True), "does not continue text"),
        (with_config(quantization_config={"quant_method": "gptq"}), "quantised with gptq"),
    ],
)
def test_what_can_not_be_loaded_is_told_in_words(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    found = problem(tmp_path, files)
    assert isinstance(found, LoadFailed)
    with pytest.raises(LoadFailed, match=words):
        raise found


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pth", "tf_model.h5", "flax_model.msgpack"])
def test_a_folder_with_a_pickle_only_is_refused_with_how_to_convert_it(tmp_path: Path, name: str) -> None:
    found = problem(tmp_path, {**without("model.safetensors"), name: b"\x80\x04N."})
    assert isinstance(found, Refused)
    assert name in found.title
    assert "save_pretrained" in found.hint


def test_a_pickle_beside_safetensors_does_no_harm(tmp_path: Path) -> None:
    assert report(tmp_path, {**model_files(), "pytorch_model.bin": b""}).problem is None


def test_code_that_comes_with_a_model_is_refused(tmp_path: Path) -> None:
    auto_map = {"AutoModelForCausalLM": "modeling_x.X"}
    assert isinstance(problem(tmp_path, with_config(model_type="my_own", auto_map=auto_map)), Refused)


def test_an_architecture_that_is_built_in_needs_no_code_of_the_models(tmp_path: Path) -> None:
    assert report(tmp_path, with_config(auto_map={"AutoConfig": "configuration_x.X"})).problem is None


@pytest.mark.parametrize("model_type", ["../gpt2", "..", "/etc"])
def test_an_odd_name_of_an_architecture_is_not_built_in(tmp_path: Path, model_type: str) -> None:
    assert isinstance(problem(tmp_path, with_config(model_type=model_type, auto_map={"AutoConfig": "x.X"})), Refused)


def test_an_index_may_not_name_files_elsewhere(tmp_path: Path) -> None:
    files = sharded_files()
    files["model.safetensors.index.json"] = json.dumps({"weight_map": {"x": "../../secret.safetensors"}}).encode()
    assert "names a file that it should not" in problem(tmp_path, files).title


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions don't bind this user")
def test_a_folder_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "m", model_files())
    (folder / "model.safetensors").chmod(0)
    found = inspect_folder(folder).problem
    assert found is not None
    assert "could not be read" in found.title
