"""Making, copying, renaming, deleting, taking in and giving out templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Misuse, Refused, TemplateFault, TemplateNotFound
from engine.paths import Paths
from engine.templates import Library, parse
from engine.templates import authoring as a
from engine.templates.drafts import Draft, TemplateDrafts
from engine.templates.traps import find_traps


@pytest.fixture
def library(paths: Paths) -> Library:
    return Library(paths.templates)


def test_a_new_one_is_good_and_without_traps(library: Library) -> None:
    file = a.create(library, "My haiku!")
    assert file.name == "my-haiku.toml"
    template = library.scan().templates[-1]
    assert (template.id, template.name) == ("my-haiku", "My haiku!")
    assert find_traps(file.read_text(), template) == ()


@pytest.mark.parametrize("name", ['"quoted" \\ name', "naïve 😀", "a\x7fb", "  two\twords "])
def test_any_name_is_written_so_that_it_can_be_read(library: Library, name: str) -> None:
    a.create(library, name)
    assert library.scan().faults == ()
    assert library.scan().templates[-1].name == " ".join(name.split())


@pytest.mark.parametrize("name", ["", "///", "😀", "trained", "\udcff"])
def test_some_names_can_not_be(library: Library, name: str) -> None:
    with pytest.raises(Misuse):
        a.create(library, name)
    assert not library.folder.exists()


@pytest.mark.parametrize("taken", ["Story", "plain", "MINE"])
def test_nothing_is_overwritten(library: Library, taken: str) -> None:
    a.create(library, "mine")
    with pytest.raises(Misuse, match="already"):
        a.create(library, taken)


def test_a_shipped_one_can_be_copied_with_its_comments(library: Library) -> None:
    file = a.duplicate(library, "story", "My story")
    copy = library.scan().templates[-1]
    assert (copy.name, copy.body) == ("My story", library.get("story").body)
    assert "# No space after the colon" in file.read_text()


@pytest.mark.parametrize("change", [lambda lib: a.rename(lib, "story", "x"), lambda lib: a.delete(lib, "story")])
def test_a_shipped_one_stays_as_it_is(library: Library, change: object) -> None:
    with pytest.raises(Misuse, match="shipped"):
        change(library)  # type: ignore[operator]


def test_renaming_changes_file_and_name_and_nothing_else(library: Library) -> None:
    before = a.create(library, "One", 'kind = "chat" # talk\nname = "One"\nbody = "x"\n')
    after = a.rename(library, "one", "Two")
    assert not before.exists()
    assert after.read_text() == 'kind = "chat" # talk\nname = "Two"\nbody = "x"\n'
    assert a.rename(library, "two", "TWO") == after
    assert library.scan().templates[-1].name == "TWO"


def test_a_faulty_file_can_be_opened_renamed_and_deleted(library: Library) -> None:
    library.folder.mkdir(parents=True)
    (library.folder / "bad.toml").write_text("nonsense")
    assert a.open_source(library, "bad").text == "nonsense"
    assert a.rename(library, "bad", "worse").read_text() == "nonsense"
    assert a.delete(library, "worse") == "worse"
    assert library.scan().faults == ()


def test_what_was_deleted_comes_back(library: Library) -> None:
    text = a.create(library, "mine").read_text()
    assert a.delete(library, "mine") == "mine"
    assert "mine" not in library.scan().files
    assert a.restore(library, "mine").read_text() == text
    assert "mine" in library.scan().files
    with pytest.raises(TemplateNotFound, match="No template"):
        a.restore(library, "mine")


def test_what_was_deleted_twice_comes_back_twice(library: Library) -> None:
    for body in ("first", "second", "third"):
        a.create(library, "mine", f'body = "{body}"')
        a.delete(library, "mine")
    assert "third" in a.restore(library, "mine").read_text()
    assert "first" in a.restore(library, "mine-2").read_text()
    assert "second" in a.restore(library, "mine-3").read_text()


def test_bringing_back_overwrites_nothing(library: Library) -> None:
    a.create(library, "mine")
    a.delete(library, "mine")
    a.create(library, "mine", 'body = "new"')
    with pytest.raises(Misuse, match="already"):
        a.restore(library, "mine")


def test_a_file_goes_out_and_comes_in_the_same(library: Library, tmp_path: Path) -> None:
    text = a.create(library, "mine").read_text()
    out = a.export_file(library, "mine", tmp_path)
    assert (out.name, out.read_text()) == ("mine.toml", text)
    with pytest.raises(Refused, match="already"):
        a.export_file(library, "mine", out)
    a.export_file(library, "story", out, overwrite=True)
    with pytest.raises(Misuse, match="already"):
        a.import_file(library, out)
    taken = a.import_file(library, out, "Another story")
    assert (taken.name, library.scan().files["another-story"]) == ("another-story.toml", str(taken))
    assert library.get("Another story").id == "another-story"


def test_a_faulty_file_is_not_taken_in(library: Library, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "x"\nbody = "{{ mesage }}"\n')
    with pytest.raises(TemplateFault, match='line 2: the body uses "mesage"'):
        a.import_file(library, bad)
    with pytest.raises(TemplateFault):
        a.import_file(library, tmp_path)
    assert not library.folder.exists()


def test_saving_never_overwrites_what_another_program_wrote(library: Library) -> None:
    file = a.create(library, "mine")
    before = file.read_text()
    a.save(file, "mine 1", before)
    file.write_text("theirs")
    with pytest.raises(Refused, match="another program"):
        a.save(file, "mine 2", "mine 1")
    assert file.read_text() == "theirs"
    file.unlink()
    with pytest.raises(Refused):
        a.save(file, "mine 2", "theirs")
    a.save(file, "mine 2", None)
    assert file.read_text() == "mine 2"


def test_an_unwritable_folder_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="can't be changed"):
        a.create(Library(tmp_path / "file" / "templates"), "mine")


def test_drafts_are_kept_moved_and_dropped(tmp_path: Path) -> None:
    drafts = TemplateDrafts(tmp_path / "drafts")
    assert drafts.find("x") is None
    drafts.keep("x", Draft("typed", "saved"))
    assert TemplateDrafts(tmp_path / "drafts").find("x") == Draft("typed", "saved")
    drafts.move("x", "y")
    assert drafts.find("x") is None
    assert drafts.find("y") == Draft("typed", "saved")
    drafts.drop("y")
    assert drafts.find("y") is None
    (tmp_path / "drafts" / "z.json").write_text("{")
    assert drafts.find("z") is None


@pytest.mark.parametrize("name", ["x", 'a "b"'])
def test_a_text_without_a_name_gets_one(name: str) -> None:
    template = parse(a.renamed_text('body = "x"', name), template_id="t").template
    assert template is not None
    assert template.name == name
