"""The pickers of models and templates, as the lab's forms open them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from engine.protocol import Template
from tui.services import Services
from tui.state.preview import Previewed

if TYPE_CHECKING:
    from tui.screens.model_picker import ModelChoice

Preview = Callable[[Template], Awaitable[Previewed]]


def pick_model(screen: Screen[Any], services: Services, current: str, chosen: Callable[[str], object]) -> None:
    """Let a model be picked over a dialog; `chosen` gets its reference."""
    from engine.models import list_models
    from tui.screens.model_picker import ModelPicker

    def closed(choice: ModelChoice | None) -> None:
        if choice is not None:
            chosen(choice.ref)

    async def list_them() -> None:
        recent = services.memory.recent_models
        picker.update_entries(await asyncio.to_thread(list_models, services.paths, services.environ, remembered=recent))

    picker = ModelPicker(None, current)
    screen.app.push_screen(picker, closed)
    screen.run_worker(list_them(), group="models", exclusive=True)


def pick_template(
    screen: Screen[Any],
    services: Services,
    current: str,
    preview: Preview,
    *,
    chosen: Callable[[Template], object],
    write: Callable[..., object],
) -> None:
    """Let a template be picked over a dialog.

    Args:
        screen: The dialog.
        services: The library.
        current: The id of the one in use.
        preview: What a model sees of a template.
        chosen: Gets what was picked.
        write: Opens the studio on a template, where that is wished instead.
    """
    from tui.screens.template_picker import TemplatePicker

    def closed(template_id: str | None) -> None:
        if template_id is None:
            return
        if picker.wish in ("use", "compare"):
            chosen(services.library.get(template_id))
        else:
            write(template_id or "plain", new=picker.wish == "new")

    picker = TemplatePicker(services.library.scan(), current, preview)
    screen.app.push_screen(picker, closed)
