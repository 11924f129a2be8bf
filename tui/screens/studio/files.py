"""What the studio does with files: all by the functions that the command line uses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from engine.errors import Misuse, Refused, TemplateFault, TunesmithError
from engine.paths import anchored
from engine.templates import authoring
from engine.templates.authoring import template_id
from tui.screens.file_prompt import ask_for_file
from tui.screens.line_prompt import LinePrompt
from tui.screens.question import Question
from tui.screens.studio.base import StudioBase
from tui.state.studio import Open

_CHOOSE_FIRST = "Not saved: another program changed the file. The line above the text has the keys to choose with"


class FileActions(StudioBase):
    """New, duplicate, rename, delete, import, export, save, and what to do about another program."""

    def open(self, name: str) -> None:
        """Open another template; what is typed and not saved is kept as its draft."""
        if self.keep() and self.tried(lambda: self.desk.open(name)):
            self.show_text()
            if self.desk.now.from_draft:
                self.notice("What you had typed and not saved is here again. Alt+U goes back to the saved text.")

    def keep(self) -> bool:
        """Keep what is not saved; what can't be kept is told, and stays on the screen."""
        return self.tried(self.desk.keep_draft)

    # The open one

    def action_studio_save(self) -> None:
        """Write the file, which a slow disk may take its time for."""
        one = self.desk.now
        if one.is_read_only or not one.is_dirty:
            self.save()
        else:
            self.run_worker(self._save_in_background(one), group="save")

    async def _save_in_background(self, one: Open) -> None:
        try:
            await asyncio.to_thread(self.desk.save, one)
        except Refused:
            self.notice(_CHOOSE_FIRST, error=True)
        except TunesmithError as error:
            self.notice(str(error), error=True)
        else:
            self._tell_saved()
        self.draw()

    def _tell_saved(self) -> None:
        has_faults = any(finding.kind == "fault" for finding in self.state.findings)
        self.notice("Saved. It has faults: the chat can't use it before they are mended" if has_faults else "Saved")

    def save(self) -> bool:
        """Write the file, where there is something to write."""
        one = self.desk.now
        if one.is_read_only:
            self.ask_to_duplicate()
            return False
        if one.is_dirty:
            try:
                self.desk.save()
            except Refused:
                self.draw()
                self.notice(_CHOOSE_FIRST, error=True)
                return False
            except TunesmithError as error:
                self.notice(str(error), error=True)
                return False
            self._tell_saved()
        self.draw()
        return True

    def action_studio_use(self) -> None:
        """Save it, and talk with it from now on."""
        if self._is_good() and self.tried(lambda: self.host.studio_use(self.desk.now.id)):
            self.keep()
            self.dismiss(None)

    def action_studio_compare(self) -> None:
        """Save it, and compare it with others in the lab."""
        if self._is_good():
            self.keep()
            self.dismiss(None)
            self.host.studio_compare(self.desk.now.id)

    def _is_good(self) -> bool:
        """Save it, where it can be used; say whether it can."""
        if self.state.examined is None:
            self.notice("It is still being rendered: try again in a moment")
            return False
        if self.state.examined.template is None:
            self.notice("The template has faults: mend them first. F8 goes to them", error=True)
            return False
        if not (self.desk.now.is_read_only or self.save()):
            return False
        self.desk.library.scan()
        return True

    def action_studio_discard(self) -> None:
        """Go back to the saved text, after a question."""

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.discard()
                self.show_text()

        if self.desk.now.is_dirty:
            words = "What you have typed since the last save is gone then; Ctrl+Z in the editor does not bring it back."
            self.app.push_screen(Question("Go back to the saved text?", words, yes="goes back"), answered)

    def action_studio_reload(self) -> None:
        """Take over what another program wrote."""
        if self.desk.now.on_disk == "changed":
            self.desk.take_theirs()
            self.show_text()

    def action_studio_keep_mine(self) -> None:
        """Keep one's own text; the next save overwrites the other."""
        if self.desk.now.on_disk != "same":
            self.desk.keep_mine()
            self.keep()
            self.draw()

    # Others

    def action_studio_new(self) -> None:
        """Make a new one from a skeleton."""
        self._ask_name("What is the new template called?", "", lambda name: authoring.create(self.desk.library, name))

    def action_studio_duplicate(self) -> None:
        """Copy what is written, under another name."""
        self.ask_to_duplicate()

    def ask_to_duplicate(self) -> None:
        """Ask what the copy is to be called."""
        one = self.desk.now
        title = "It ships with the program and stays as it is: what is a copy called?"
        title = title if one.is_read_only else "What is the copy called?"
        self._ask_name(title, f"My {one.id}", lambda name: authoring.create(self.desk.library, name, one.text))

    def _ask_name(self, title: str, value: str, make: Callable[[str], Path]) -> None:
        def named(name: str | None) -> None:
            if name is None or not self.keep():
                return
            try:
                file = make(name)
            except TunesmithError as error:
                self.notice(str(error), error=True)
                return
            self.desk.forget(file.stem)
            self.open(file.stem)

        hint = "This is its name in lists; its file is named after it"
        prompt = LinePrompt(title, value=value, hint=hint, validate=self._fault_of_name, does="makes it and opens it")
        self.app.push_screen(prompt, named)

    def _fault_of_name(self, name: str) -> str:
        try:
            stem = template_id(name)
        except Misuse as error:
            return str(error)
        taken = {file.casefold() for file in self.desk.library.scan().files}
        return f"There is a template {stem} already" if stem.casefold() in taken else ""

    def action_studio_rename(self) -> None:
        """Give it another name."""
        one = self.desk.now
        if one.is_read_only:
            self.ask_to_duplicate()
            return

        def named(name: str | None) -> None:
            if name is not None and self.tried(lambda: self.desk.rename(name)):
                self.show_text()

        template = self.state.examined.template if self.state.examined is not None else None
        value = template.name if template is not None else one.id

        def fault(name: str) -> str:
            same = name.strip() and template_id(name).casefold() == one.id.casefold()
            return "" if same else self._fault_of_name(name)

        prompt = LinePrompt("Rename the template", value=value, validate=fault, does="saves and renames it")
        self.app.push_screen(prompt, named)

    def action_studio_delete(self) -> None:
        """Take it out of the list."""
        if self.desk.now.is_read_only:
            self.notice("It is shipped and can't be deleted", error=True)
            return
        try:
            deleted = self.desk.delete()
        except TunesmithError as error:
            self.notice(str(error), error=True)
            return
        self.deleted.append(deleted)
        self.desk.library.scan()
        self.desk.open("plain")
        self.show_text()
        self.notice(f"Deleted {deleted}. Alt+Z brings it back.")

    def action_studio_undo_delete(self) -> None:
        """Bring back the one that was deleted last."""
        if not self.deleted:
            self.notice("Nothing was deleted here")
        elif self.tried(lambda: authoring.restore(self.desk.library, self.deleted[-1])):
            self.open(self.deleted.pop())

    def action_studio_import(self) -> None:
        """Take in a file from anywhere."""

        def named(path: str | None) -> None:
            if path is None or not self.keep():
                return
            theirs = Path(path.strip()).expanduser()
            try:
                file = authoring.import_file(self.desk.library, theirs)
            except TunesmithError as error:
                if isinstance(error, Misuse) and not isinstance(error, TemplateFault):  # it is good, but not its name
                    title = f"The name {theirs.stem} can't be had here: what is it to be called?"
                    self._ask_name(title, "", lambda name: authoring.import_file(self.desk.library, theirs, name))
                else:
                    self.notice(str(error), error=True)
                return
            self.desk.forget(file.stem)
            self.open(file.stem)

        hint = "A .toml file from anywhere; a copy of it goes among your templates"
        prompt = LinePrompt("Take in a template file", hint=hint, placeholder="path/to/file.toml", does="takes it in")
        self.app.push_screen(prompt, named)

    def action_studio_export(self) -> None:
        """Write it to a file somewhere else."""
        self.run_worker(self._export(self.desk.now), group="export", exclusive=True)

    async def _export(self, one: Open) -> None:
        def target(line: str) -> Path:
            return authoring.exported_file(one.id, Path(line.strip()).expanduser())

        hint = "A file; or a folder, in which it will have its own name"
        title = "Write the template to a file"
        file = await ask_for_file(self, title, value=f"{one.id}.toml", hint=hint, target=target)
        if file is None or (one.id == self.desk.now.id and self.desk.now.is_dirty and not self.save()):
            return
        try:
            await asyncio.to_thread(authoring.export_file, self.desk.library, one.id, file, overwrite=True)
        except TunesmithError as error:
            self.notice(str(error), error=True)
        else:
            self.notice(f"Written to {anchored(str(file))}")
