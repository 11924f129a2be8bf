from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Cancelled, DiskFull, DownloadFailed, LoadFailed, ModelNotFound, Refused
from engine.models import LocalModel, Progress, list_models, resolve
from engine.models.download import Patience, download
from engine.paths import Paths
from tests.fakes.hub import COMMIT, FakeHub, Repo
from tests.fakes.models import CONFIG, gguf_bytes, model_files, sharded_files

NAME = "owner/tiny"
BIG = {"wte.weight": (500, 200)}
QUICK = Patience(attempts=3, first_wait_s=0.001)


def get(environ: dict[str, str], name: str = NAME, gguf: str = "", **options: Any) -> Path:
    seen: list[Progress] = options.pop("seen", [])
    cancelled = options.pop("cancelled", lambda: False)
    return download(
        name, gguf=gguf, environ=environ, on_progress=seen.append, cancelled=cancelled, patience=QUICK, **options
    )


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def partials(cache: Path) -> list[Path]:
    return list(cache.rglob("*.incomplete"))


def test_a_model_is_downloaded_and_then_opens_without_the_hub(
    hub: FakeHub, environ: dict[str, str], paths: Paths, cache: Path
) -> None:
    files = model_files()
    hub.repos[NAME] = Repo(files)
    model = resolve(NAME, paths=paths, environ=environ)
    assert model == LocalModel(ref=NAME, name=NAME, folder=cache / "models--owner--tiny" / "snapshots" / COMMIT)
    assert {name: (model.folder / name).read_bytes() for name in files} == files
    hub.forget()
    assert resolve(NAME, paths=paths, environ=environ) == model
    assert resolve(NAME, paths=paths, environ=environ | {"HF_HUB_OFFLINE": "1"}) == model
    assert hub.asked == []


def test_the_hubs_own_library_finds_what_was_downloaded(hub: FakeHub, environ: dict[str, str], cache: Path) -> None:
    from huggingface_hub import snapshot_download

    hub.repos[NAME] = Repo(model_files())
    folder = get(environ)
    assert Path(snapshot_download(NAME, cache_dir=cache, local_files_only=True)) == folder


def test_only_files_that_loading_needs_are_fetched(hub: FakeHub, environ: dict[str, str]) -> None:
    unwanted = dict.fromkeys(
        ["pytorch_model.bin", "tf_model.h5", "model.onnx", "onnx/model.safetensors", "flax_model.msgpack", "README.md",
         "tiny.gguf", "modeling_tiny.py", "training_args.bin"], b"no",
    )  # fmt: skip
    hub.repos[NAME] = Repo({**model_files(), **unwanted, "chat_template.jinja": b"{{ messages }}"})
    assert files_in(get(environ)) == {*model_files(), "chat_template.jinja"}


@pytest.mark.slow
def test_a_model_in_several_files_comes_with_its_index(hub: FakeHub, environ: dict[str, str], paths: Paths) -> None:
    hub.repos[NAME] = Repo(sharded_files())
    assert files_in(resolve(NAME, paths=paths, environ=environ).folder) == set(sharded_files())


def test_progress_counts_up_to_the_whole_size(hub: FakeHub, environ: dict[str, str]) -> None:
    files = model_files(weights=BIG)
    trickle = threading.Event()
    repo = hub.repos[NAME] = Repo(files, trickle=trickle)
    seen: list[Progress] = []

    def let_go() -> bool:
        if any(progress.done_bytes for progress in seen):
            trickle.set()
        return False

    get(environ, seen=seen, cancelled=let_go)
    total = sum(map(len, files.values()))
    assert seen[0].stage == "finding"
    assert repo.half_sent.is_set()
    downloading = [progress for progress in seen if progress.stage == "downloading"]
    assert {progress.total_bytes for progress in downloading} == {total}
    assert [progress.done_bytes for progress in downloading] == sorted(progress.done_bytes for progress in downloading)
    assert any(0 < progress.done_bytes < total for progress in downloading)


def test_a_cut_connection_is_taken_up_again_by_itself(hub: FakeHub, environ: dict[str, str]) -> None:
    files = model_files(weights=BIG)
    hub.repos[NAME] = Repo(files, cuts=4)
    folder = get(environ)
    assert (folder / "model.safetensors").read_bytes() == files["model.safetensors"]
    assert hub.served_bytes["model.safetensors"] == len(files["model.safetensors"])


@pytest.mark.slow
def test_a_connection_lost_for_good_keeps_what_came_and_the_next_download_goes_on(
    hub: FakeHub, environ: dict[str, str], cache: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = model_files(weights=BIG)
    size = len(files["model.safetensors"])
    repo = hub.repos[NAME] = Repo(files, cuts=1, status_after_cut=503)
    with pytest.raises(DownloadFailed, match="connection was lost after") as caught:
        get(environ)
    assert "kept" in caught.value.hint
    assert partials(cache)[0].stat().st_size == size // 2
    entry = next(entry for entry in list_models(paths, environ) if entry.ref == NAME)
    assert entry.resumable
    assert not entry.usable

    repo.status_after_cut = 0
    hub.forget()
    folder = get(environ)
    assert (folder / "model.safetensors").read_bytes() == files["model.safetensors"]
    assert hub.served_bytes == {"model.safetensors": size - size // 2}
    assert partials(cache) == []


@pytest.mark.slow
@pytest.mark.parametrize("page", [b"<html>log in</html>", b""])
def test_a_page_in_place_of_a_file_is_told_at_once(hub: FakeHub, environ: dict[str, str], page: bytes) -> None:
    hub.repos[NAME] = Repo(model_files(weights=BIG), instead=page)
    with pytest.raises(DownloadFailed, match=r"model\.safetensors of owner/tiny") as caught:
        get(environ)
    assert f"{len(page)} B" in caught.value.title
    assert "proxy" in caught.value.hint
    assert [file for file, _ in hub.starts].count("model.safetensors") == 1
    hub.repos[NAME].instead = None
    assert (get(environ) / "model.safetensors").is_file()


@pytest.mark.parametrize("page", [b"<html>log in</html>", b""])
def test_answers_that_bring_nothing_new_use_the_attempts_up(hub: FakeHub, environ: dict[str, str], page: bytes) -> None:
    hub.repos[NAME] = Repo(model_files(weights=BIG), instead=page, says_length=False)
    with pytest.raises(DownloadFailed, match="connection was lost"):
        get(environ)
    assert [file for file, _ in hub.starts].count("model.safetensors") <= QUICK.attempts + 1


def test_a_pause_between_attempts_ends_when_the_download_is_cancelled(hub: FakeHub, environ: dict[str, str]) -> None:
    hub.repos[NAME] = Repo(model_files(weights=BIG), instead=b"", says_length=False)
    slow = Patience(attempts=5, first_wait_s=600)
    with pytest.raises(Cancelled):
        download(
            NAME,
            environ=environ,
            on_progress=lambda progress: None,
            cancelled=lambda: "model.safetensors" in dict(hub.starts),
            patience=slow,
        )
    assert [file for file, _ in hub.starts].count("model.safetensors") == 1


def test_a_server_that_knows_no_ranges_sends_the_file_again(hub: FakeHub, environ: dict[str, str]) -> None:
    files = model_files(weights=BIG)
    hub.repos[NAME] = Repo(files, cuts=1, ignores_ranges=True)
    assert (get(environ) / "model.safetensors").read_bytes() == files["model.safetensors"]


def test_wrong_bytes_are_deleted_and_never_become_a_model(
    hub: FakeHub, environ: dict[str, str], cache: Path, paths: Paths
) -> None:
    repo = hub.repos[NAME] = Repo(model_files(), corrupt=True)
    with pytest.raises(DownloadFailed, match=r"model\.safetensors of owner/tiny arrived damaged"):
        get(environ)
    assert partials(cache) == []
    assert not list(cache.rglob("model.safetensors"))
    assert [entry.usable for entry in list_models(paths, environ) if entry.ref == NAME] == [False]
    repo.corrupt = False
    assert (get(environ) / "model.safetensors").is_file()


def test_a_partial_file_that_is_not_the_start_of_this_file_is_begun_again(
    hub: FakeHub, environ: dict[str, str], cache: Path
) -> None:
    files = model_files(weights=BIG)
    hub.repos[NAME] = Repo(files)
    whole = get(environ)
    blob = (whole / "model.safetensors").resolve()
    blob.rename(blob.with_name(blob.name + ".incomplete"))
    with blob.with_name(blob.name + ".incomplete").open("r+b") as partial:
        partial.write(b"garbage")
        partial.truncate(1000)
    assert (get(environ) / "model.safetensors").read_bytes() == files["model.safetensors"]


def test_a_damaged_file_in_the_cache_is_fetched_again(hub: FakeHub, environ: dict[str, str], paths: Paths) -> None:
    files = model_files(weights=BIG)
    hub.repos[NAME] = Repo(files)
    blob = (get(environ) / "model.safetensors").resolve()
    os.truncate(blob, 5000)
    model = resolve(NAME, paths=paths, environ=environ)
    assert (model.folder / "model.safetensors").read_bytes() == files["model.safetensors"]


@pytest.mark.slow
def test_cancelling_a_stalled_download_returns_at_once_and_keeps_what_came(
    hub: FakeHub, environ: dict[str, str], cache: Path
) -> None:
    files = model_files(weights=BIG)
    repo = hub.repos[NAME] = Repo(files, trickle=threading.Event())
    seen: list[Progress] = []
    half = len(files["model.safetensors"]) // 2

    def half_is_here() -> bool:
        return repo.half_sent.is_set() and any(partial.stat().st_size >= half for partial in partials(cache))

    started = time.monotonic()
    with pytest.raises(Cancelled):
        get(environ, seen=seen, cancelled=half_is_here)
    assert time.monotonic() - started < 10
    assert partials(cache)[0].stat().st_size == half
    assert repo.trickle is not None
    repo.trickle.set()


def test_gated_models_say_what_to_do(hub: FakeHub, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repos[NAME] = Repo(model_files(), gated=True)
    with pytest.raises(DownloadFailed, match="only for who accepted its licence") as caught:
        get(environ)
    assert f"{hub.endpoint}/{NAME}" in caught.value.hint
    assert "HF_TOKEN" in caught.value.hint
    monkeypatch.setenv("HF_TOKEN", "accepted")
    assert get(environ).is_dir()


def test_a_model_that_may_not_be_seen_says_so(hub: FakeHub, environ: dict[str, str]) -> None:
    hub.repos[NAME] = Repo(model_files(), status=401)
    with pytest.raises(DownloadFailed, match="401") as caught:
        get(environ)
    assert "HF_TOKEN" in caught.value.hint


@pytest.mark.parametrize(("status", "words"), [(429, "pause"), (500, "error"), (503, "error")])
def test_a_hub_in_trouble_says_so(hub: FakeHub, environ: dict[str, str], status: int, words: str) -> None:
    hub.repos[NAME] = Repo(model_files(), status=status)
    with pytest.raises(DownloadFailed, match=words):
        get(environ)


@pytest.mark.parametrize(("typed", "meant"), [("gtp2", "gpt2"), ("distillgpt2", "distilgpt2")])
def test_a_name_that_is_not_there_brings_close_matches(
    hub: FakeHub, environ: dict[str, str], typed: str, meant: str
) -> None:
    with pytest.raises(ModelNotFound, match=f"no model {typed} on the hub") as caught:
        get(environ, typed)
    assert meant in caught.value.hint


def test_without_a_network_the_words_say_so(environ: dict[str, str]) -> None:
    with pytest.raises(
        DownloadFailed, match=r"owner/tiny is not here, and the hub at http://127\.0\.0\.1:1 can't be reached"
    ):
        get(environ | {"HF_ENDPOINT": "http://127.0.0.1:1"})


def test_offline_mode_asks_nothing(hub: FakeHub, environ: dict[str, str]) -> None:
    hub.repos[NAME] = Repo(model_files())
    with pytest.raises(DownloadFailed, match="HF_HUB_OFFLINE"):
        get(environ | {"HF_HUB_OFFLINE": "1"})
    assert hub.asked == []


def test_a_download_that_would_not_fit_is_not_begun(
    hub: FakeHub, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[NAME] = Repo(model_files(weights=BIG))
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DiskFull, match=r"needs 400 kB, and 1 kB are free"):
        get(environ)
    assert hub.served_bytes == {}


def test_a_disk_that_becomes_full_keeps_what_came(
    hub: FakeHub, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[NAME] = Repo(model_files())

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match="became full"):
        get(environ)


def test_a_model_that_is_only_a_pickle_is_refused_before_anything_is_fetched(
    hub: FakeHub, environ: dict[str, str]
) -> None:
    files = model_files()
    files["pytorch_model.bin"] = files.pop("model.safetensors")
    hub.repos[NAME] = Repo(files)
    with pytest.raises(Refused, match=r"pytorch_model\.bin") as caught:
        get(environ)
    assert "save_pretrained" in caught.value.hint
    assert caught.value.exit_code == 4
    assert hub.served_bytes == {}


def test_a_model_with_code_of_its_own_is_refused_before_its_weights_come(hub: FakeHub, environ: dict[str, str]) -> None:
    config = {"model_type": "strange_llm", "auto_map": {"AutoModelForCausalLM": "modeling.Strange"}}
    hub.repos[NAME] = Repo({**model_files(config=config), "modeling.py": b"print('hello')"})
    with pytest.raises(Refused, match="Python code that comes with it"):
        get(environ)
    assert not {"model.safetensors", "modeling.py"} & set(hub.served_bytes)


def test_a_model_of_another_kind_is_told_before_its_weights_come(hub: FakeHub, environ: dict[str, str]) -> None:
    hub.repos[NAME] = Repo(model_files(config=CONFIG | {"architectures": ["BertForMaskedLM"]}))
    with pytest.raises(LoadFailed, match="BertForMaskedLM"):
        get(environ)
    assert "model.safetensors" not in hub.served_bytes


def test_one_gguf_file_is_fetched_by_its_name(hub: FakeHub, environ: dict[str, str], paths: Paths) -> None:
    hub.repos[NAME] = Repo({"tiny.Q4.gguf": gguf_bytes(), "tiny.Q8.gguf": gguf_bytes(), "README.md": b""})
    with pytest.raises(LoadFailed, match="GGUF files only") as caught:
        resolve(NAME, paths=paths, environ=environ)
    assert f"{NAME}/tiny.Q4.gguf" in caught.value.hint
    model = resolve(f"{NAME}/tiny.Q8.gguf", paths=paths, environ=environ)
    assert model.gguf_file is not None
    assert files_in(model.folder) == {"tiny.Q8.gguf"}
    hub.forget()
    assert resolve(f"{NAME}/tiny.Q8.gguf", paths=paths, environ=environ) == model
    assert hub.asked == []
    with pytest.raises(ModelNotFound, match=r"no file other\.gguf"):
        resolve(f"{NAME}/other.gguf", paths=paths, environ=environ)


def test_a_hub_that_names_files_outside_the_folder_is_not_believed(hub: FakeHub, environ: dict[str, str]) -> None:
    hub.repos[NAME] = Repo({**model_files(), "additional_chat_templates/../../../x.jinja": b"bad"})
    folder = get(environ)
    assert files_in(folder) == set(model_files())


def test_a_model_that_only_its_longer_name_brought_is_found_by_the_short_one(
    hub: FakeHub, environ: dict[str, str], paths: Paths
) -> None:
    hub.repos["openai-community/gpt2"] = Repo(model_files())
    folder = resolve("openai-community/gpt2", paths=paths, environ=environ).folder
    assert resolve("gpt2", paths=paths, environ=environ | {"HF_HUB_OFFLINE": "1"}).folder == folder
