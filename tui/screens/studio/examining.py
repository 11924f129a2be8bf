"""Looking at the text while it is written: in a thread, one look at a time, and then by the model."""

from __future__ import annotations

import asyncio

from textual import on
from textual.widgets import Input, TextArea

from engine.errors import ContextOverflow, TunesmithError
from engine.protocol import CountTokens, ModelInfo, Prompt, TokensCounted, Turn
from engine.templates.examination import Examined, Finding, examine, of_trap
from engine.templates.traps import SAMPLE_MESSAGE, overflow_trap
from tui.screens.studio.base import StudioBase
from tui.widgets.variables import VariablesForm

PAUSE_S = 0.15
"""So long a pause in the typing starts a look."""
LATE_S = 0.4
"""A look that takes longer is told to be under way."""


class Examining(StudioBase):
    """Finds faults and traps, renders, and has the model count."""

    _is_looking = False
    _wants_look = False
    is_seen = False
    """Whether what was examined is what stands there now."""

    @on(TextArea.Changed, "#studio-editor")
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        text = event.text_area.text
        if text != self.desk.now.text:
            self.desk.type(text)
            self.draft_soon()
            self.draw()
        self.look_again()

    @on(Input.Changed, "#studio-message")
    def _message_typed(self) -> None:
        self.look_again()

    @on(VariablesForm.Changed)
    def _blanks_filled(self) -> None:
        self.look_again()

    def draft_soon(self) -> None:
        """Keep what is typed, once the typing pauses."""

    def look_again(self) -> None:
        """Examine the text, once the typing pauses; a look that is under way is followed by another."""
        self._wants_look, self.is_seen = True, False
        if not self._is_looking:
            self._is_looking = True
            self.run_worker(self._look(), group="look")

    async def _look(self) -> None:
        try:
            while self._wants_look:
                self._wants_look = False
                await asyncio.sleep(PAUSE_S)
                if self._wants_look:
                    continue
                if not self.query("#studio-message"):
                    return
                message, variables = self.values()
                one, model = self.desk.now, self.host.studio_model()
                looking = asyncio.to_thread(
                    examine, one.text, one.id, message=message, variables=variables, model=model
                )
                examined = await self._told_if_late(asyncio.ensure_future(looking))
                if not self.is_attached:
                    return
                if self.desk.now.id != one.id:
                    continue  # another one was opened meanwhile, and is looked at next
                fresh = model is None or self.state.examined is None or self.state.examined.prompt != examined.prompt
                self.state = self.state.with_(examined=examined, uncounted="", is_late=False)
                if fresh:
                    self.state = self.state.with_(counted=None)
                self.draw()
                if not self._wants_look:
                    self.is_seen = True
                    self.seen()
                if model is not None and not self._wants_look:
                    await self._count(one.text, examined, model)
        finally:
            self._is_looking = False

    def seen(self) -> None:
        """What stands there was examined."""

    async def _told_if_late(self, looking: asyncio.Future[Examined]) -> Examined:
        """Wait for a look; where it takes long, say that what is shown is of a text from before."""
        done, _ = await asyncio.wait((looking,), timeout=LATE_S)
        if not done and self.is_attached:
            self.state = self.state.with_(is_late=True)
            self.draw()
        return await looking

    async def _count(self, text: str, examined: Examined, model: ModelInfo) -> None:
        """Have the model say what it would see, and how long it is."""
        if examined.prompt is None or examined.unrendered:
            return
        counted, uncounted = None, ""
        try:
            counted = await self._ask(examined.prompt, with_pieces=self.state.shows_tokens)
            uncounted = "" if counted is not None else "the model gave no count"
        except TunesmithError as error:
            uncounted = str(error)
        overflow = await self._overflow(text, examined.prompt)
        if not self.is_attached or self.state.examined is not examined:
            return
        findings = sorted((*examined.findings, *overflow), key=lambda finding: finding.line)
        if overflow:
            examined = Examined(
                template=examined.template, findings=tuple(findings), prompt=examined.prompt, text=examined.text
            )
        self.state = self.state.with_(counted=counted, uncounted=uncounted, examined=examined)
        self.draw()

    async def _ask(self, prompt: Prompt, *, with_pieces: bool = False) -> TokensCounted | None:
        room_tokens = self.host.studio_sampling(prompt.template.sampling).max_new_tokens
        command = CountTokens(
            id=self.host.studio_id(),
            prompt=prompt,
            max_new_tokens=room_tokens,
            with_text=True,
            with_pieces=with_pieces,
        )
        answer = await self.host.studio_ask(command)
        return answer if isinstance(answer, TokensCounted) else None

    async def _overflow(self, text: str, prompt: Prompt) -> tuple[Finding, ...]:
        """Whether the examples leave no room even for a short message."""
        if not prompt.template.examples:
            return ()
        short = Prompt(template=prompt.template, turns=(Turn(role="user", text=SAMPLE_MESSAGE),))
        try:
            await self._ask(short)
        except ContextOverflow as error:
            trap = overflow_trap(text, prompt.template, error.title)
            return (of_trap(trap),) if trap is not None else ()
        except TunesmithError as error:
            if error.code == ContextOverflow.code:
                trap = overflow_trap(text, prompt.template, error.title)
                return (of_trap(trap),) if trap is not None else ()
        return ()

    def action_studio_tokens(self) -> None:
        """Tell the tokens of the prompt apart, or show it as text."""
        if self.host.studio_model() is None:
            self.notice("No model is loaded, so there are no tokens to tell apart")
            return
        self.state = self.state.with_(shows_tokens=not self.state.shows_tokens)
        self.draw()
        self.look_again()
