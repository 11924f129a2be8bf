"""The lab, seen from the chat: it is opened from here, goes on behind it, and hands its winner over."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec
from textual import on

from engine.errors import TunesmithError
from engine.protocol import CountTokens, LoadModel, Prompt, Template, TokensCounted
from engine.templates import render
from engine.templates.writing import TRAINED_ID, adopt_template, with_stops
from tui.lab_messages import LabFigured, LabMoved
from tui.notices import say_instead
from tui.screens.chat.base import ChatBase
from tui.state.preview import Previewed, fitted
from tui.widgets.composer import Composer
from tui.widgets.header import Header

if TYPE_CHECKING:
    from pathlib import Path

    from engine.lab.records import Variation
    from engine.lab.store import LabStore
    from tui.lab_bench import LabBench
    from tui.screens.lab import LabScreen
    from tui.state.lab_draft import Draft

_NOT_LOADED = "as the template writes it: M asks the model itself, which takes a load"


class LabActions(ChatBase):
    """One lab at a time."""

    lab: LabBench | None = None
    """None until it was opened once."""
    _opening: asyncio.Lock

    async def action_lab(self, name: str = "") -> None:
        """Open the lab: that of a name, a spec file, or the one from before."""
        from tui.screens.lab import LabScreen

        bench = await self._bench()
        if bench is None:
            return
        screen = LabScreen(bench, self)
        self.app.push_screen(screen)
        if name.lower().endswith(".toml"):
            screen.call_after_refresh(screen.open_spec, name)
        elif name:
            screen.call_after_refresh(screen.open_named, name)

    def compare_template(self, template_id: str) -> None:
        """Put a template into the lab, beside others, asked of the chat's model; in the open lab, of its column's."""
        self.run_worker(self._compare_template(template_id), group="compare")

    async def _compare_template(self, template_id: str) -> None:
        from tui.state.lab_draft import with_template

        bench, session = await self._bench(), self.session
        if bench is None or session is None:
            return
        listing = session.prompting.listing(session.library.scan())
        template = next((found for found in listing.templates if found.id == template_id), None)
        if template is not None and not (bench.draft.lab.variations or session.state.model.ref):
            self.notice("Pick a model first: Ctrl+O. Then it can be compared.")
        elif template is not None:
            bench.change(with_template(bench.draft, template, self.first_column(), self.services.settings.sampling))
            self.remember_lab(bench.draft.lab.name)
        screen = self._lab_screen()
        if screen is None:
            await self.action_lab()
        else:
            screen.draw()

    async def _bench(self) -> LabBench | None:
        from tui.lab_bench import LabBench

        async with self._opening:
            if self.lab is None and self.session is not None:
                file, last = self.services.paths.labs_file, self.memory.lab
                try:
                    store, draft = await asyncio.to_thread(_open_store, file, last, self.new_draft())
                except TunesmithError as error:
                    self.notice(str(error), error=True)
                    return None
                self.lab = LabBench(
                    draft,
                    store=store,
                    make_runner=self.services.lab_runner,
                    settings=self.services.settings,
                    post=self.post_message,
                    clock=self.services.clock,
                )
                self.lab.put(draft)
            return self.lab

    async def close_lab(self) -> None:
        """End it; what is finished is kept."""
        if self.lab is not None:
            await self.lab.close()

    @on(LabMoved)
    def _lab_moved(self, event: LabMoved) -> None:
        changed = self.lab.take(event) if self.lab is not None else None
        if changed is not None and (screen := self._lab_screen()) is not None:
            screen.draw_cells(changed)
        self._show_lab()

    @on(LabFigured)
    def _lab_figured(self, event: LabFigured) -> None:
        if self.lab is not None and self.lab.take_figures(event) and (screen := self._lab_screen()) is not None:
            screen.draw_figures()

    def _show_lab(self) -> None:
        from tui.state.lab_words import header_words

        if self.lab is not None:
            self.query_one(Header).show_lab(header_words(self.lab.view))

    def _lab_screen(self) -> LabScreen | None:
        from tui.screens.lab import LabScreen

        return next((screen for screen in self.app.screen_stack if isinstance(screen, LabScreen)), None)

    # What the lab asks of the chat

    def first_column(self) -> Variation:
        """How the chat asks now."""
        from engine.lab.records import Variation

        session = self.session
        assert session is not None
        template = session.state.template
        return Variation(
            name=template.name,
            model=session.state.model.ref,
            template=template,
            variables=dict(session.state.variables),
            sampling=session.prompting.sampling,
        )

    def new_draft(self) -> Draft:
        """The chat's own way of asking, and its last message."""
        from engine.lab.records import Lab, Row
        from tui.state.lab_draft import FIRST_NAME, own_rows

        column = self.first_column()
        turns = self.session.state.turns if self.session is not None else ()
        messages = [turn.text for turn in turns if turn.role == "user"][-1:]
        rows = tuple(Row(input=text) for text in messages if text.strip())
        return own_rows(Lab(name=FIRST_NAME, rows=rows, variations=(column,) if column.model else ()))

    async def preview_template(self, template: Template, message: str) -> Previewed:
        """What the chat's model would see of a message."""
        if self.session is None:
            return Previewed(text="")
        return await self.session.prompting.preview_alone(template, message)

    async def see_prompt(self, prompt: Prompt, variation: Variation, *, exactly: bool = False) -> Previewed:
        """What a cell's model sees: exactly where the chat has the same one loaded, or where that is worth a load."""
        session, tokens = self.session, variation.sampling.max_new_tokens
        if session is not None and session.state.model.info is not None and variation.model == session.state.model.ref:
            return await session.prompting.fitted_prompt(prompt, tokens)
        if not exactly:
            return Previewed(text=await asyncio.to_thread(render, prompt), remark=_NOT_LOADED)
        settings, client = self.services.settings, self.services.background_client()
        try:
            await client.ask(
                LoadModel(
                    id=client.next_id(),
                    ref=variation.model,
                    device=settings.device,
                    dtype=settings.dtype,
                    threads=settings.threads,
                )
            )
            command = CountTokens(id=client.next_id(), prompt=prompt, max_new_tokens=tokens, with_text=True)
            counted = await client.ask(command)
        finally:
            await client.aclose()
        assert isinstance(counted, TokensCounted)
        return fitted(counted)

    def use_variation(self, variation: Variation, doubt: str = "") -> None:
        """Ask like this in the chat from now on: in a new conversation where another model answers there.

        Args:
            variation: A column of the lab.
            doubt: What speaks against it, in sentences.
        """
        from tui.state.lab_words import used_words

        session = self.session
        if session is None:
            return
        is_same = session.state.model.ref == variation.model
        if session.state.turns and not is_same:
            self.action_new_chat()
        variation = self._at_home(variation)
        session.prompting.adopt(variation)
        if not is_same:
            session.model.load(variation.model)
        self.remember(template=session.state.template.id)
        self.count_soon()
        self.query_one(Composer).focus()
        but = "Its stop strings are too many to come along." if variation.stop else ""
        say_instead(self, " ".join(filter(None, (used_words(variation), but, doubt))))

    def _at_home(self, variation: Variation) -> Variation:
        """The same with a template that conversations can remember: one of the library, into which it is put.

        Its stop strings are in that template then, as a conversation has none of its own.
        """
        library, stops = self.services.library, variation.stop
        try:
            template, stops = with_stops(variation.template, stops), ()
        except ValueError:
            template = variation.template
        if template.id == TRAINED_ID:
            return msgspec.structs.replace(variation, stop=stops)
        try:
            adopted = adopt_template(library, template)
        except OSError as error:
            self.notice(f"The template can't be kept in {library.folder}: {error.strerror or error}", error=True)
            return variation
        return msgspec.structs.replace(variation, template=adopted, stop=stops)

    def remember_lab(self, name: str) -> None:
        """Open that lab the next time."""
        self.remember(lab=name)


def _open_store(file: Path, last: str, new: Draft) -> tuple[LabStore, Draft]:
    """The labs, and the one from last time; where it is gone, the new one under a name that none has yet."""
    from engine.lab.store import LabStore
    from tui.state.lab_draft import own_rows, unlike

    store = LabStore(file)
    with contextlib.suppress(TunesmithError):
        if last:
            return store, own_rows(store.load(last))
    names: list[str] = []
    with contextlib.suppress(TunesmithError):
        names = [entry.name for entry in store.list()]
    return store, new.with_lab(name=unlike(new.lab.name, names))
