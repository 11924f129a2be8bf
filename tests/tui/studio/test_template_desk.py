"""A template that is being written, and what another program does to it meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Misuse, Refused, TemplateNotFound
from engine.paths import Paths
from engine.templates import Library, authoring
from engine.templates.drafts import TemplateDrafts
from tests.tui.studio.slow_disk import SlowDisk
from tui.session.template_desk import TemplateDesk, as_edited


@pytest.fixture
def library(paths: Paths) -> Library:
    return Library(paths.templates)


@pytest.fixture
def file(library: Library) -> Path:
    return authoring.create(library, "mine", 'name = "mine"\nbody = "1"\n')


@pytest.fixture
def desk(library: Library, file: Path, paths: Paths) -> TemplateDesk:
    del file
    return fresh(library, paths)


def fresh(library: Library, paths: Paths) -> TemplateDesk:
    desk = TemplateDesk(library, TemplateDrafts(paths.template_drafts))
    desk.open("mine")
    return desk


def fresh_look(desk: TemplateDesk) -> bool:
    return desk.now.is_dirty


def test_what_is_typed_is_dirty_until_it_is_saved(desk: TemplateDesk, file: Path) -> None:
    desk.type('body = "2"')
    assert desk.now.is_dirty
    assert "1" in file.read_text()
    desk.save()
    assert file.read_text() == 'body = "2"'
    assert not fresh_look(desk)


@pytest.mark.parametrize("text", ["a\r\nb\r\n", "a\x0bb\n", "a\u2028b", "\n\n", ""])
def test_other_line_ends_are_no_change(library: Library, paths: Paths, file: Path, text: str) -> None:
    file.write_bytes(text.encode())
    desk = fresh(library, paths)
    desk.type(as_edited(text))
    assert not desk.now.is_dirty
    assert desk.look(desk.read_disk()) == "same"


def test_a_draft_outlives_the_program_and_goes_when_it_is_saved(
    desk: TemplateDesk, library: Library, paths: Paths, file: Path
) -> None:
    desk.type("typed")
    desk.keep_draft()
    again = fresh(library, paths)
    assert (again.now.text, again.now.is_dirty, again.now.from_draft) == ("typed", True, True)
    again.save()
    assert file.read_text() == "typed"
    assert not fresh(library, paths).now.from_draft


def test_a_draft_of_a_file_that_changed_since_overwrites_nothing(
    desk: TemplateDesk, library: Library, paths: Paths, file: Path
) -> None:
    desk.type("typed")
    desk.keep_draft()
    file.write_text("theirs")
    again = fresh(library, paths)
    assert (again.now.text, again.now.on_disk) == ("typed", "changed")
    with pytest.raises(Refused):
        again.save()
    assert file.read_text() == "theirs"


def test_untouched_text_follows_the_file(desk: TemplateDesk, file: Path) -> None:
    file.write_text("theirs")
    assert desk.look(desk.read_disk()) == "same"
    assert desk.now.text == "theirs"


def test_typed_text_is_kept_and_one_may_choose(desk: TemplateDesk, file: Path) -> None:
    desk.type("mine")
    file.write_text("theirs")
    assert desk.look(desk.read_disk()) == "changed"
    assert desk.now.text == "mine"
    with pytest.raises(Refused):
        desk.save()
    desk.keep_mine()
    assert desk.look(desk.read_disk()) == "same"
    desk.save()
    assert file.read_text() == "mine"


def test_theirs_can_be_taken(desk: TemplateDesk, file: Path) -> None:
    desk.type("mine")
    file.write_text("theirs")
    desk.look(desk.read_disk())
    desk.take_theirs()
    assert (desk.now.text, desk.now.is_dirty, desk.now.on_disk) == ("theirs", False, "same")


def test_a_file_that_went_away_is_written_anew_only_when_that_is_wanted(desk: TemplateDesk, file: Path) -> None:
    file.unlink()
    assert desk.look(desk.read_disk()) == "gone"
    with pytest.raises(Refused):
        desk.save()
    desk.keep_mine()
    desk.save()
    assert "1" in file.read_text()


def test_what_was_typed_into_a_file_that_went_away_is_opened_and_can_be_saved(
    desk: TemplateDesk, library: Library, paths: Paths, file: Path
) -> None:
    desk.type("typed")
    desk.keep_draft()
    file.unlink()
    again = fresh(library, paths)
    assert (again.now.id, again.now.text, again.now.on_disk) == ("mine", "typed", "gone")
    assert again.now.is_dirty
    with pytest.raises(Refused):
        again.save()
    again.keep_mine()
    again.keep_draft()
    again = fresh(library, paths)
    again.save()
    assert file.read_text() == "typed"


def test_what_was_typed_outlives_a_new_file_of_its_name(
    desk: TemplateDesk, library: Library, paths: Paths, file: Path
) -> None:
    desk.type("typed")
    desk.keep_draft()
    file.unlink()
    desk.forget(authoring.create(library, "mine").stem)
    again = fresh(library, paths)
    assert (again.now.text, again.now.on_disk) == ("typed", "changed")


@pytest.mark.parametrize("name", ["nothing", "", "../mine", "a\0b", "x" * 300])
def test_what_has_neither_a_file_nor_a_draft_is_not_there(desk: TemplateDesk, name: str) -> None:
    with pytest.raises(TemplateNotFound):
        desk.open(name)


def test_a_new_one_begins_without_what_was_typed_into_a_deleted_one(
    desk: TemplateDesk, library: Library, paths: Paths
) -> None:
    desk.type("typed")
    desk.delete()
    file = authoring.create(library, "mine")
    desk.forget("mine")
    assert fresh(library, paths).now.text == file.read_text()


def test_a_renamed_one_takes_over_nothing_of_a_deleted_one(desk: TemplateDesk, library: Library) -> None:
    desk.type("typed")
    desk.delete()
    authoring.create(library, "other", 'body = "other"')
    desk.open("other")
    desk.rename("mine")
    assert "other" in desk.now.text
    assert not desk.now.is_dirty


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    return SlowDisk(monkeypatch)


def test_what_is_typed_while_it_is_saved_stays_unsaved(
    desk: TemplateDesk, library: Library, paths: Paths, file: Path, slow_disk: SlowDisk
) -> None:
    desk.type("first")
    with slow_disk.during(lambda: desk.save(desk.now)):
        desk.type("first and more")
    assert file.read_text() == "first"
    assert (desk.now.text, desk.now.saved, desk.now.on_disk) == ("first and more", "first", "same")
    again = fresh(library, paths)
    assert (again.now.text, again.now.on_disk) == ("first and more", "same")


def test_what_is_typed_before_a_save_has_begun_is_not_saved(desk: TemplateDesk, file: Path) -> None:
    desk.type("first")
    asked = desk.now
    desk.type("first and more")
    desk.save(asked)
    assert file.read_text() == "first"
    assert (desk.now.text, desk.now.is_dirty, desk.now.on_disk) == ("first and more", True, "same")


def test_another_one_can_be_opened_before_a_save_has_begun(
    desk: TemplateDesk, library: Library, paths: Paths, file: Path
) -> None:
    desk.type("typed")
    asked = desk.now
    desk.keep_draft()
    desk.open("story")
    desk.save(asked)
    assert desk.now.id == "story"
    assert file.read_text() == "typed"
    assert not fresh(library, paths).now.from_draft


def test_a_save_that_comes_late_changes_nothing_that_was_saved_since(desk: TemplateDesk, file: Path) -> None:
    desk.type("first")
    asked = desk.now
    desk.type("second")
    desk.save()
    desk.save(asked)
    assert file.read_text() == "second"


def test_discarding_goes_back_to_the_saved_text(desk: TemplateDesk) -> None:
    desk.type("typed")
    desk.keep_draft()
    desk.discard()
    assert (desk.now.text, desk.now.is_dirty) == (desk.now.saved, False)


def test_renaming_saves_before_and_deleting_keeps_what_was_typed(
    desk: TemplateDesk, library: Library, paths: Paths
) -> None:
    desk.type('name = "mine"\nbody = "typed"\n')
    desk.rename("Other")
    assert desk.now.id == "other"
    assert desk.now.text == 'name = "Other"\nbody = "typed"\n'
    desk.type("more")
    assert desk.delete() == "other"
    authoring.restore(library, "other")
    again = TemplateDesk(library, TemplateDrafts(paths.template_drafts))
    assert again.open("other").text == "more"


def test_a_shipped_one_is_read_only(desk: TemplateDesk, paths: Paths) -> None:
    desk.open("story")
    assert desk.now.is_read_only
    desk.keep_draft()
    assert not paths.template_drafts.exists()
    with pytest.raises(Misuse):
        desk.rename("x")
