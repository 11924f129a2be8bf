from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import TemplateNotFound
from engine.templates import Library, default_template_id, parse
from tests.engine.templates.builders import model

SHIPPED = ["plain", "story", "chat", "assistant", "summarise", "translate", "sentiment", "question", "own"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates"


@pytest.fixture
def library(folder: Path) -> Library:
    return Library(folder)


def test_the_shipped_templates_are_there_without_a_folder(tmp_path: Path) -> None:
    listing = Library(tmp_path / "nowhere").scan()
    assert [template.id for template in listing.templates] == SHIPPED
    assert not listing.faults
    assert not (tmp_path / "nowhere").exists()


def test_every_shipped_file_is_without_fault(library: Library) -> None:
    for name in SHIPPED:
        parsed = parse(library.source(name), template_id=name)
        assert parsed.template == library.get(name)
        assert parsed.template is not None
        assert parsed.template.description
        assert parsed.template.sampling.max_new_tokens


def test_files_are_picked_up_changed_and_dropped_while_running(folder: Path, library: Library) -> None:
    library.scan()
    file = folder / "haiku.toml"
    file.write_text('name = "Haiku"\nbody = "{{ message }}"')
    listing = library.scan()
    assert listing.templates[-1].name == "Haiku"
    assert listing.files["haiku"] == str(file)
    file.write_text('name = "Haiku, longer"\nbody = "{{ message }}"')
    assert library.scan().templates[-1].name == "Haiku, longer"
    file.unlink()
    assert [template.id for template in library.scan().templates] == SHIPPED


def test_an_unchanged_folder_gives_the_same_listing_and_reads_nothing(
    folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "good.toml").write_text('body = "x"')
    (folder / "bad.toml").write_text("body = 3")
    listing = library.scan()
    monkeypatch.setattr("engine.templates.library.parse_file", lambda path: pytest.fail(f"{path} is read again"))
    assert library.scan() is listing
    assert library.listing is listing


def test_a_touched_file_that_says_the_same_gives_the_same_listing(folder: Path, library: Library) -> None:
    for name, text in (("good.toml", 'body = "x"'), ("bad.toml", "body = 3")):
        (folder / name).write_text(text)
    listing = library.scan()
    for name in ("good.toml", "bad.toml"):
        os.utime(folder / name, ns=(1, 1))
    assert library.scan() is listing


def test_a_users_file_overrides_a_shipped_one_in_its_place(folder: Path, library: Library) -> None:
    (folder / "Story.toml").write_text('name = "My story"\nbody = "Tell me: {{ message }}"')
    listing = library.scan()
    assert [template.name for template in listing.templates][:3] == ["Plain", "My story", "Chat"]
    assert library.get("story").name == "My story"
    assert "Tell me" in library.source("story")


def test_a_bad_file_breaks_nothing_else(folder: Path, library: Library) -> None:
    (folder / "good.toml").write_text('body = "x"')
    (folder / "syntax.toml").write_text("name =")
    (folder / "binary.toml").write_bytes(b"# fine\n\xff\xfe")
    (folder / "big.toml").write_text("#" * 300_000)
    (folder / "folder.toml").mkdir()
    (folder / "gone.toml").symlink_to(folder / "nowhere")
    (folder / "pipe.txt").write_text("not looked at")
    listing = library.scan()
    assert [template.id for template in listing.templates] == [*SHIPPED, "good"]
    told = {Path(fault.file).name: (fault.line, fault.title) for fault in listing.faults}
    assert told == {
        "syntax.toml": (1, "it is not TOML: invalid value"),
        "binary.toml": (2, "it is not UTF-8 text"),
        "big.toml": (0, "it has 300,000 bytes"),
        "folder.toml": (0, "it is a folder"),
        "gone.toml": (0, "it can't be read: No such file or directory"),
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_is_not_waited_for(folder: Path, library: Library) -> None:
    os.mkfifo(folder / "pipe.toml")
    assert "not an ordinary file" in library.scan().faults[0].title


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(folder: Path, library: Library) -> None:
    (folder / "mine.toml").write_text('body = "x"')
    (folder / "mine.toml").chmod(0)
    assert "Permission denied" in library.scan().faults[0].title


def test_a_folder_that_is_a_file_is_told_and_the_shipped_stay(tmp_path: Path) -> None:
    (tmp_path / "templates").write_text("x")
    library = Library(tmp_path / "templates")
    listing = library.scan()
    assert len(listing.templates) == len(SHIPPED)
    assert "can't be read" in listing.faults[0].title
    assert library.scan() is listing


def test_a_template_is_found_by_id_or_name_in_any_case(library: Library) -> None:
    assert library.get("QUESTION").id == "question"
    assert library.get("question and ANSWER").id == "question"
    assert library.get(" Model's own ").id == "own"


def test_an_unknown_name_is_told_with_its_like(folder: Path, library: Library) -> None:
    with pytest.raises(TemplateNotFound) as caught:
        library.get("transalte")
    assert caught.value.hint in ('Did you mean "translate"?', 'Did you mean "Translate"?')
    (folder / "mine.toml").write_text("body = 3")
    library.scan()
    with pytest.raises(TemplateNotFound, match="can't be used"):
        library.get("mine")


def test_the_default_is_the_models_own_where_it_has_one() -> None:
    assert default_template_id(None) == "plain"
    assert default_template_id(model()) == "plain"
    assert default_template_id(model("{{ messages }}")) == "own"
