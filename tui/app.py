"""The program: wiring only."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter

from tui import commands
from tui.clipboard import copy_to_system
from tui.palette import ActionsProvider
from tui.safety import VisibleControls
from tui.screens.chat import ChatScreen
from tui.services import Services
from tui.styles.themes import DARK, LIGHT


class TunesmithApp(App[None]):
    """The terminal program."""

    TITLE = "Tunesmith"
    BINDINGS: ClassVar[list[BindingType]] = [*commands.bindings("app")]
    COMMANDS = {ActionsProvider}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    def __init__(self, services: Services, *, model: str = "", template: str = "") -> None:
        """Make the program.

        Args:
            services: The engine's parts.
            model: The model to load at once; empty for the last good one.
            template: The template to begin with; empty for the last one.
        """
        super().__init__()
        self.services = services
        self._model = model
        self._template = template
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        chosen = services.memory.theme or services.settings.theme
        self.theme = LIGHT.name if chosen == "light" else DARK.name

    def get_default_screen(self) -> ChatScreen:
        """The chat is the one screen beneath the dialogs."""
        return ChatScreen(self.services, model=self._model, template=self._template)

    def on_mount(self) -> None:
        """Take over the user's keys."""
        keymap, faults = commands.keymap(self.services.settings.keys)
        self.set_keymap(keymap)
        for fault in (*faults, self.services.settings_fault):
            if fault:
                self.notify(fault, title="config.toml", severity="warning", timeout=15, markup=False)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters, and the last gate before the terminal."""
        return [*super().get_line_filters(), VisibleControls()]

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by way of the terminal, and to the system's clipboard where there is one."""
        super().copy_to_clipboard(text)
        self.run_worker(copy_to_system(text), group="clipboard", exclusive=True)

    def action_toggle_theme(self) -> None:
        """Switch between light and dark."""
        light = self.theme == DARK.name
        self.theme = LIGHT.name if light else DARK.name
        if isinstance(screen := self.screen_stack[0], ChatScreen):
            screen.remember(theme="light" if light else "dark")

    def action_open_palette(self) -> None:
        """Open the command palette."""
        self.action_command_palette()

    def action_show_help(self) -> None:
        """Show all keys."""
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def action_show_log(self) -> None:
        """Show what the model host wrote."""
        from tui.screens.log import LogScreen

        self.push_screen(LogScreen(self.services.client.log_lines))


def run(*, model: str = "", template: str = "", run: str = "", environ: Mapping[str, str] = os.environ) -> int:
    """Open the program and stay until it is closed.

    Returns:
        The exit code.
    """
    from tui.start import make_services

    app = TunesmithApp(make_services(environ), model=model or run, template=template)
    app.run()
    return app.return_code or 0
