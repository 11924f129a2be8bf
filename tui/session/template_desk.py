"""A template that is being written: its text, its file, its draft, and what another program did to it."""

from __future__ import annotations

import threading

import msgspec
from textual.widgets.text_area import Document

from engine.errors import Failed, Misuse, TemplateNotFound
from engine.templates import Library, authoring
from engine.templates.drafts import Draft, TemplateDrafts
from tui.state.studio import OnDisk, Open


def as_edited(text: str) -> str:
    """A text as an editor gives it back: its line ends are all of one kind."""
    return Document(text).text


class TemplateDesk:
    """Opens, saves and keeps. The disk may be slow: `save`, `keep_draft` and `read_disk` may be called in a thread."""

    def __init__(self, library: Library, drafts: TemplateDrafts) -> None:
        """Work on a library; nothing is open yet."""
        self.library = library
        self._drafts = drafts
        self._open: Open | None = None
        self.visited: frozenset[str] = frozenset()
        """The ids of all templates that were open."""
        self._keeping = threading.RLock()
        """Held while files are written; opening another template waits for it, typing does not."""
        self._changing = threading.Lock()
        """Held for a moment, for what a save in a thread and the typing both change."""

    @property
    def now(self) -> Open:
        """The open template."""
        assert self._open is not None, "nothing is open"
        return self._open

    def open(self, name: str) -> Open:
        """Open a template; what was typed into it before and not saved comes back, even where its file is gone.

        Raises:
            TunesmithError: There is none, or it can't be read.
        """
        with self._keeping:
            try:
                source = authoring.open_source(self.library, name)
            except TemplateNotFound:
                if (left := self._draft_without_file(name)) is None:
                    raise
                self._take(left)
                return left
            opened = Open(
                id=source.id, file=source.file, text=source.text, saved=source.text, shown=as_edited(source.text)
            )
            draft = self._drafts.find(source.id) if source.file is not None else None
            if draft is not None:
                opened = _change(opened, text=draft.text, saved=draft.before, from_draft=True)
                if draft.before != source.text:
                    opened = _change(opened, on_disk="changed", theirs=source.text)
            self._take(opened)
            return opened

    def _take(self, opened: Open) -> None:
        self._open = opened
        self.visited |= {opened.id}

    def _draft_without_file(self, name: str) -> Open | None:
        """What was typed into a template whose file another program took away."""
        stem = name.strip()
        try:
            stems = [stem, authoring.template_id(name)] if "/" not in stem else []
        except Misuse:
            return None
        for one in stems:
            if (draft := self._drafts.find(one)) is not None:
                return Open(
                    id=one,
                    file=self.library.folder / f"{one}.toml",
                    text=draft.text,
                    saved=draft.before,
                    shown=as_edited(draft.before or ""),
                    on_disk="same" if draft.before is None else "gone",
                    from_draft=True,
                )
        return None

    def type(self, text: str) -> None:
        """Take in what was typed."""
        with self._changing:
            self._open = _change(self.now, text=text)

    def keep_draft(self) -> None:
        """Keep what is not saved, so that it outlives the program; forget the draft where all is.

        Raises:
            Failed: It can't be kept.
        """
        with self._keeping:
            one = self.now
            if one.file is None:
                return
            if not one.is_dirty:
                self._drafts.drop(one.id)
                return
            try:
                self._drafts.keep(one.id, Draft(one.text, one.saved))
            except (OSError, UnicodeEncodeError) as error:
                raise Failed(f"The unsaved text of {one.id} can't be kept: {error}") from None

    def save(self, asked: Open | None = None) -> None:
        """Write the file. What is typed meanwhile stays unsaved.

        Args:
            asked: The template as it was open when that was asked for; None: as it is now. Another one may be open
                by now.

        Raises:
            Refused: Another program changed it, which is noted.
            Failed: It can't be written.
        """
        with self._keeping:
            one = asked or self.now
            if one.file == self.now.file and one.saved != self.now.saved:
                one = self.now  # it was saved since
            if asked is not None and not one.is_dirty:
                return
            file = one.file
            assert file is not None
            theirs = authoring.now_on_disk(file)
            if file == self.now.file:
                self.look(theirs)
                one = one if asked is not None else self.now
            authoring.save(file, one.text, one.saved)
            self._saved(one)

    def _saved(self, one: Open) -> None:
        with self._changing:
            if one.file == self.now.file:
                changes = {"saved": one.text, "on_disk": "same", "theirs": None, "from_draft": False}
                self._open = _change(self.now, **changes)
        if one.file == self.now.file:
            self.keep_draft()  # of what was typed meanwhile
        elif (draft := self._drafts.find(one.id)) is not None and draft.text == one.text:
            self._drafts.drop(one.id)

    def read_disk(self) -> str | None:
        """The open template's file as it is now; None where it is gone, or shipped."""
        with self._keeping:  # what a save in a thread is about to write is nobody else's
            file = self.now.file
            return authoring.now_on_disk(file) if file is not None else None

    def look(self, theirs: str | None) -> OnDisk:
        """Take in what is on the disk. Untouched text follows it; what was typed stays.

        Args:
            theirs: What `read_disk` found.
        """
        with self._changing:
            one = self.now
            if one.file is None:
                return "same"
            if theirs == one.saved:
                self._open = _change(one, on_disk="same", theirs=None)
            elif theirs is not None and not one.is_dirty:
                self._open = _change(one, text=theirs, saved=theirs, on_disk="same", theirs=None)
            else:
                self._open = _change(one, on_disk="gone" if theirs is None else "changed", theirs=theirs)
            return self.now.on_disk

    def take_theirs(self) -> None:
        """Give up what was typed for what is on the disk."""
        with self._keeping:
            one = self.now
            if one.theirs is not None:
                self._open = _change(
                    one, text=one.theirs, saved=one.theirs, on_disk="same", theirs=None, from_draft=False
                )
                self._drop_draft()

    def keep_mine(self) -> None:
        """Let the next save overwrite what is on the disk."""
        with self._keeping:
            one = self.now
            self._open = _change(one, saved=one.theirs, on_disk="same", theirs=None)

    def discard(self) -> None:
        """Go back to the saved text."""
        with self._keeping:
            one = self.now
            if one.saved is not None:
                self._open = _change(one, text=one.saved, from_draft=False)
                self._drop_draft()

    def rename(self, new_name: str) -> None:
        """Give the open template another name; it is saved before.

        Raises:
            TunesmithError: It can't be.
        """
        with self._keeping:
            one = self.now
            if one.is_dirty:
                self.save()
            file = authoring.rename(self.library, one.id, new_name)
            self._drop_draft()
            self.forget(file.stem)
            self.open(file.stem)

    def delete(self) -> str:
        """Take the open template out of the list; nothing else is opened. What was typed is kept with it.

        Raises:
            TunesmithError: It can't be.
        """
        with self._keeping:
            self.keep_draft()
            return authoring.delete(self.library, self.now.id)

    def _drop_draft(self) -> None:
        """Forget the draft; one that is being written in a thread is waited for."""
        with self._keeping:
            self._drafts.drop(self.now.id)

    def unsaved(self) -> frozenset[str]:
        """The templates of which something is typed and not saved; those that were deleted here are not among them."""
        with self._keeping:
            deleted = self.library.folder / authoring.DELETED
            return frozenset(one for one in self._drafts.ids() if not (deleted / f"{one}.toml").exists())

    def forget(self, template_id: str) -> None:
        """A template of this name is made anew: what was typed into a deleted one is not meant for it."""
        self._drafts.make_way(template_id, self.library.folder)


def _change(one: Open, **changes: object) -> Open:
    if isinstance(saved := changes.get("saved"), str):
        changes["shown"] = as_edited(saved)
    return msgspec.structs.replace(one, **changes)
