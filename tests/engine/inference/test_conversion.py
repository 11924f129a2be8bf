"""A GGUF file's copy: made of that file alone, by one process at a time, and whole or not there."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import Cancelled, DiskFull, LoadFailed
from engine.inference import conversion
from engine.inference.conversion import as_safetensors
from engine.inference.loading import load
from engine.models import resolve
from engine.models.converted import path_key, remove_copies
from engine.models.folder import inspect_folder
from engine.paths import Paths
from tests.engine.inference.tiny_gguf import make_llama, write_gguf

pytestmark = pytest.mark.torch
DEADLINE_S = 60.0


@pytest.fixture
def gguf_file(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return write_gguf(folder / "tiny.gguf", make_llama())


def left_over(converted: Path) -> list[str]:
    """What is there beside locks."""
    return sorted(path.name for path in converted.iterdir() if not path.name.startswith(".lock-"))


# What lies beside the file


def test_an_adapter_beside_the_file_is_not_taken_in(gguf_file: Path, paths: Paths) -> None:
    from safetensors.torch import save_file

    fields = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM"}
    (gguf_file.parent / "adapter_config.json").write_text(
        json.dumps({**fields, "base_model_name_or_path": str(gguf_file.parent)})
    )
    weights = {
        f"base_model.model.model.layers.0.self_attn.q_proj.lora_{side}.weight": torch.ones(shape)
        for side, shape in (("A", (4, 32)), ("B", (32, 4)))
    }
    save_file(weights, gguf_file.parent / "adapter_model.safetensors")
    loaded = load(resolve(str(gguf_file), paths=paths), paths=paths, threads=1)
    ids = [5, 6, 7]
    with torch.inference_mode():
        expected = make_llama()(input_ids=torch.tensor([ids])).logits[0, -1]
    logits = loaded.decoder.prefill(ids, lambda: False)
    assert logits is not None
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_code_beside_the_file_is_neither_run_nor_asked_about(
    gguf_file: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = gguf_file.parent / "ran"
    (gguf_file.parent / "own.py").write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    (gguf_file.parent / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": {"AutoTokenizer": ["own.T", None]}})
    )
    (gguf_file.parent / "config.json").write_text(
        json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}})
    )
    asked: list[object] = []
    monkeypatch.setattr("builtins.input", lambda *words: asked.append(words))
    made = as_safetensors(gguf_file, paths.converted)
    assert inspect_folder(made).problem is None
    assert not asked
    assert not mark.exists()


# Several processes at once


_CONVERT_SLOWLY = """
import sys
from pathlib import Path
from engine.inference import conversion

real = conversion._sync
def slow(folder):
    print("saved", flush=True)
    sys.stdin.readline()
    real(folder)
conversion._sync = slow
print(conversion.as_safetensors(Path(sys.argv[1]), Path(sys.argv[2])), flush=True)
"""


def test_two_processes_that_convert_the_same_file_wait_for_each_other(gguf_file: Path, paths: Paths) -> None:
    pipe = subprocess.PIPE
    argv = [sys.executable, "-P", "-c", _CONVERT_SLOWLY, str(gguf_file), str(paths.converted)]
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "saved\n"
        waiting = threading.Event()
        made: list[Path] = []

        def not_cancelled() -> bool:
            waiting.set()
            return False

        def convert() -> None:
            made.append(as_safetensors(gguf_file, paths.converted, cancelled=not_cancelled))

        thread = threading.Thread(target=convert)
        thread.start()
        assert waiting.wait(DEADLINE_S)
        other.stdin.write("\n")
        other.stdin.close()
        theirs = other.stdout.readline().strip()
        assert other.wait(DEADLINE_S) == 0
        thread.join(DEADLINE_S)
    assert [str(path) for path in made] == [theirs]
    assert left_over(paths.converted) == [Path(theirs).name]


def test_waiting_for_another_process_can_be_cancelled(gguf_file: Path, paths: Paths) -> None:
    from filelock import FileLock

    paths.converted.mkdir(parents=True)
    with FileLock(paths.converted / f".lock-{path_key(gguf_file)}"), pytest.raises(Cancelled):
        as_safetensors(gguf_file, paths.converted, cancelled=lambda: True)


# What was cut short


@pytest.mark.parametrize("lost", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_copy_that_lost_a_file_is_made_again(gguf_file: Path, paths: Paths, lost: str) -> None:
    made = as_safetensors(gguf_file, paths.converted)
    (made / lost).unlink()
    assert as_safetensors(gguf_file, paths.converted) == made
    assert inspect_folder(made).problem is None
    assert left_over(paths.converted) == [made.name]


def test_a_deletion_killed_half_way_leaves_nothing_that_counts(
    gguf_file: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = as_safetensors(gguf_file, paths.converted)
    seen: list[bool] = []
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda folder, **options: seen.append(made.exists()))
        remove_copies(gguf_file, paths.converted)
    assert seen
    assert not any(seen)
    assert len(left_over(paths.converted)) == 1
    assert as_safetensors(gguf_file, paths.converted) == made
    assert left_over(paths.converted) == [made.name]


def test_a_deletion_leaves_the_work_of_another_process_alone(gguf_file: Path, paths: Paths) -> None:
    from filelock import FileLock

    key = path_key(gguf_file)
    made = as_safetensors(gguf_file, paths.converted)
    partial = paths.converted / f".partial-{key}-99"
    partial.mkdir()
    with FileLock(paths.converted / f".lock-{key}"):
        assert remove_copies(gguf_file, paths.converted) > 0
        assert not made.exists()
        assert partial.exists()
    remove_copies(gguf_file, paths.converted)
    assert left_over(paths.converted) == []


def test_a_file_that_changes_meanwhile_is_not_kept_as_its_old_self(
    gguf_file: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = conversion._sync

    def touched(folder: Path) -> None:
        os.utime(gguf_file, ns=(0, 0))
        real(folder)

    monkeypatch.setattr(conversion, "_sync", touched)
    with pytest.raises(LoadFailed, match="changed while it was converted"):
        as_safetensors(gguf_file, paths.converted)
    assert left_over(paths.converted) == []


# What the disk says


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_without_room_is_told_as_such(
    gguf_file: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(folder: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(conversion, "_sync", full)
    with pytest.raises(DiskFull, match=r"converted copy of tiny\.gguf"):
        as_safetensors(gguf_file, paths.converted)
    assert left_over(paths.converted) == []


def test_a_disk_that_fills_while_weights_are_written_is_told_as_such(
    gguf_file: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors import SafetensorError
    from transformers import LlamaForCausalLM

    def full(*args: Any, **options: Any) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", full)
    with pytest.raises(DiskFull, match="No space left"):
        as_safetensors(gguf_file, paths.converted)
    assert left_over(paths.converted) == []


def test_a_folder_that_may_not_be_written_is_not_told_as_a_full_disk(gguf_file: Path, paths: Paths) -> None:
    paths.converted.parent.mkdir(parents=True)
    paths.converted.write_text("a file is in the way")
    with pytest.raises(LoadFailed, match=r"converted copy of tiny\.gguf could not be written") as caught:
        as_safetensors(gguf_file, paths.converted)
    assert "owns" in caught.value.hint


def test_a_file_that_can_not_be_read_is_not_told_as_a_full_disk(
    gguf_file: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoTokenizer

    def fail(*args: Any, **options: Any) -> None:
        raise OSError("Can't load tokenizer for 'x'. Make sure it is there")

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", fail)
    with pytest.raises(LoadFailed, match=r"tiny\.gguf can't be converted: Can't load tokenizer"):
        as_safetensors(gguf_file, paths.converted)
    assert left_over(paths.converted) == []
