"""How a message becomes a prompt: template, variables, sampling, and its size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.conversations import NewConversation, StoredTurn
from engine.errors import Failed, TemplateFault, TemplateNotFound
from engine.protocol import CountTokens, Prompt, Sampling, SamplingChange, Template, TokensCounted, Turn
from engine.settings import Settings
from engine.templates import Library, Listing, check_usable, default_template_id, render, sampling_for
from tui.session.desk import Desk
from tui.state.chat import path_until
from tui.state.model import ModelState
from tui.state.preview import PLACEHOLDER, Previewed, fitted
from tui.state.reply import Asked, Reply
from tui.state.sampling_fields import change_between

if TYPE_CHECKING:
    from engine.lab.records import Variation


def find_template(library: Library, settings: Settings, model: ModelState, chosen: str = "") -> Template:
    """The template that was chosen; where it is gone or none was, the user's default, then the model's."""
    trained = model.info.template if model.info is not None else None
    if trained is not None and chosen in ("", trained.id):
        return trained
    for name in (chosen, settings.template, default_template_id(model.info)):
        try:
            return library.get(name)
        except TemplateNotFound:
            continue
    return library.get("plain")


def as_prompt(turns: Sequence[StoredTurn]) -> tuple[Turn, ...]:
    """Stored turns as a template sees them."""
    return tuple(Turn(role=turn.role, text=turn.text) for turn in turns)


class Prompting:
    """The choices that stand for the next message, remembered with the conversation."""

    def __init__(self, desk: Desk, asked_for: str = "", remembered: str = "") -> None:
        """Work on a desk.

        Args:
            desk: The desk.
            asked_for: The template that the person asked for when starting the program, with whatever model.
            remembered: The one that was chosen last time; a model that was trained with one of its own brings that.
        """
        self._desk = desk
        self._chosen = asked_for or remembered
        self._insists = bool(asked_for)
        self._followed = ""
        self.count_id = 0
        """The last count that was asked for."""

    @property
    def sampling(self) -> Sampling:
        """What the next reply is sampled with."""
        state = self._desk.state
        return sampling_for(self._desk.settings.sampling, state.template.sampling, state.sampling)

    @property
    def default_sampling(self) -> Sampling:
        """What it would be, if the person had set nothing for this conversation."""
        return sampling_for(self._desk.settings.sampling, self._desk.state.template.sampling)

    def choose_template(self, name: str) -> None:
        """Use another template from the next message on.

        Raises:
            TemplateNotFound: There is none of that name.
            TemplateFault: The model that is loaded can't be asked with it.
        """
        desk = self._desk
        trained = desk.state.model.info.template if desk.state.model.info else None
        template = trained if trained is not None and name == trained.id else desk.library.get(name)
        if (fault := self.why_not(template)) is not None:
            raise fault
        self._chosen = template.id
        values = desk.state.variables
        kept = {v.name: values[v.name] for v in template.variables if v.name in values}
        standing = desk.state.fault
        answered = standing is not None and standing.code == TemplateFault.code
        desk.change(template=template, variables=kept, fault=None if answered else standing)
        self._remember(template=template.id, variables=kept)

    def adopt(self, variation: Variation) -> None:
        """Ask like a column of the lab from the next message on, with its model as soon as that is loaded."""
        desk, template = self._desk, variation.template
        self._chosen, self._insists = template.id, True
        change = change_between(sampling_for(desk.settings.sampling, template.sampling), variation.sampling)
        desk.change(template=template, variables=dict(variation.variables), sampling=change)
        self._remember(template=template.id, variables=dict(variation.variables), sampling=change)

    def why_not(self, template: Template) -> TemplateFault | None:
        """Why the model that is loaded can't be asked with a template; None where it can, or none is loaded."""
        info = self._desk.state.model.info
        try:
            if info is not None:
                check_usable(template, info)
        except TemplateFault as fault:
            return fault
        return None

    def listing(self, found: Listing) -> Listing:
        """What can be chosen: the library's, after the one that the model was trained with, where it was with one."""
        info = self._desk.state.model.info
        if info is None or info.template is None:
            return found
        mark = f"What {info.name} was trained with."
        trained = msgspec.structs.replace(info.template, description=f"{mark} {info.template.description}".strip())
        return msgspec.structs.replace(found, templates=(trained, *found.templates))

    def let_model_choose(self) -> None:
        """Forget which template was chosen before: the next model that is loaded brings its own."""
        self._chosen = ""

    def choose_variables(self, variables: Mapping[str, str]) -> None:
        """Fill in the template's blanks."""
        self._desk.change(variables=dict(variables))
        self._remember(variables=dict(variables))

    def choose_sampling(self, change: SamplingChange) -> None:
        """Set the sampling of this conversation."""
        self._desk.change(sampling=change)
        self._remember(sampling=change)

    def follow_model(self) -> None:
        """A model was loaded: in a new conversation, use the template that suits it, unless one was chosen for it.

        One that a model was trained with wins over a choice that was made for another model: with any other template
        it may talk nonsense.
        """
        desk, info = self._desk, self._desk.state.model.info
        if info is not None and info.ref != self._followed:
            self._followed = info.ref
            if info.template is not None and not self._insists:
                self._chosen = ""
            self._insists = False
        if not desk.state.turns:
            desk.put(template=self._suiting())

    def _suiting(self) -> Template:
        """The template that was chosen, where the model can be asked with it; else the model's own."""
        desk = self._desk
        template = find_template(desk.library, desk.settings, desk.state.model, self._chosen)
        if self.why_not(template) is not None:
            return find_template(desk.library, desk.settings, desk.state.model)
        return template

    def asked(self, turns: Sequence[Turn], *, start: str = "") -> Asked:
        """What a reply to these turns is asked for with, from now until it is there."""
        state = self._desk.state
        return Asked(prompt=self.prompt(turns, start=start), sampling=self.sampling, change=state.sampling)

    def suited(self, reply: Reply) -> Reply:
        """The same reply for the model that was loaded meanwhile: it begins a conversation with that one's template."""
        asked = reply.asked
        if reply.conversation_id is not None or self._chosen not in ("", asked.prompt.template.id):
            return reply
        template = self._suiting()
        asked = msgspec.structs.replace(
            asked,
            prompt=msgspec.structs.replace(asked.prompt, template=template),
            sampling=sampling_for(self._desk.settings.sampling, template.sampling, asked.change),
        )
        return msgspec.structs.replace(reply, asked=asked)

    def refresh(self) -> None:
        """Take up a change of the current template's file."""
        desk = self._desk
        try:
            template = desk.library.get(desk.state.template.id)
        except TemplateNotFound:
            return
        if template != desk.state.template:
            desk.change(template=template)

    def prompt(self, turns: Sequence[Turn], *, start: str = "", template: Template | None = None) -> Prompt:
        """The prompt for these turns."""
        state = self._desk.state
        return Prompt(
            template=template or state.template,
            turns=tuple(turns),
            variables=dict(state.variables),
            reply_start=start,
        )

    def prompt_for(self, message: str, template: Template | None = None) -> Prompt:
        """What would be sent now, if this were the message."""
        state = self._desk.state
        before = path_until(state.turns, state.editing.parent_id) if state.editing else None
        before = state.turns if before is None else before
        return self.prompt((*as_prompt(before), Turn(role="user", text=message)), template=template)

    async def preview(self, template: Template, message: str) -> Previewed:
        """What the model would see, were this sent now with a template: asked of the model, where one is loaded.

        Raises:
            TunesmithError: Sending it would fail.
        """
        desk = self._desk
        room_tokens = sampling_for(desk.settings.sampling, template.sampling, desk.state.sampling).max_new_tokens
        return await self.fitted_prompt(self.prompt_for(message or PLACEHOLDER, template), room_tokens)

    async def preview_alone(self, template: Template, message: str) -> Previewed:
        """The same outside of any conversation.

        Raises:
            TunesmithError: Sending it would fail.
        """
        turn = Turn(role="user", text=message or PLACEHOLDER)
        return await self.fitted_prompt(Prompt(template=template, turns=(turn,)), 1)

    async def fitted_prompt(self, prompt: Prompt, room_tokens: int) -> Previewed:
        """What the model would see of a prompt, with room for a reply; as it is written where no model is loaded.

        Raises:
            TunesmithError: Sending it would fail.
        """
        client = self._desk.bridge.client
        if client.model is None or self._desk.state.model.info is None:
            return Previewed(text=await asyncio.to_thread(render, prompt))
        counted = await client.ask(
            CountTokens(id=client.next_id(), prompt=prompt, max_new_tokens=room_tokens, with_text=True)
        )
        if not isinstance(counted, TokensCounted):
            raise Failed(f"The model host answered a count with {type(counted).__name__}")
        return fitted(counted)

    def count(self, message: str) -> None:
        """Ask for the size of what would be sent now; the answer comes as an event."""
        desk = self._desk
        if desk.state.model.info is None or desk.state.busy or not (message or desk.state.turns):
            return
        self.count_id = desk.bridge.client.next_id()
        desk.bridge.run(
            CountTokens(id=self.count_id, prompt=self.prompt_for(message), max_new_tokens=self.sampling.max_new_tokens)
        )

    def keep_choices(self) -> None:
        """A conversation that has not begun has its choices with its draft."""
        state, store = self._desk.state, self._desk.store
        kept = NewConversation(template=state.template.id, variables=state.variables, sampling=state.sampling)
        self._desk.guard(lambda: store.set_choices(kept), retried=True)

    def take_up(self) -> None:
        """Go on with the choices of a conversation that had not begun when the program ended."""
        desk = self._desk
        kept = desk.read(desk.store.choices, NewConversation())
        if self._insists or not kept.template:
            return
        self._chosen = kept.template
        template = find_template(desk.library, desk.settings, desk.state.model, kept.template)
        desk.put(template=template, variables=kept.variables, sampling=kept.sampling)

    def _remember(
        self,
        *,
        template: str | None = None,
        variables: dict[str, str] | None = None,
        sampling: SamplingChange | None = None,
    ) -> None:
        conversation_id, store = self._desk.state.conversation_id, self._desk.store
        if conversation_id is None:
            self.keep_choices()
        else:
            self._desk.guard(
                lambda: store.choose(conversation_id, template=template, variables=variables, sampling=sampling)
            )
