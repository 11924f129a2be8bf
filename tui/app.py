"""The program: wiring only."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.filter import LineFilter

from tui import commands
from tui.ordered_keys import OrderedKeys
from tui.safety import VisibleControls
from tui.screens.start import StartScreen
from tui.styles.themes import DARK, LIGHT

if TYPE_CHECKING:
    from textual.command import Provider

    from engine.paths import Paths
    from tui.screens.chat import ChatScreen
    from tui.services import Services


def _palette() -> type[Provider]:
    from tui.palette import ActionsProvider

    return ActionsProvider


class TunesmithApp(OrderedKeys):
    """The terminal program. Its first frame needs Textual alone; the engine and the chat come after it."""

    TITLE = "Tunesmith"
    CSS = "ToastRack { dock: top; align: right top; margin: 1 0 0 0; }"  # a notice must not cover what one types
    BINDINGS: ClassVar[list[BindingType]] = [*commands.bindings("app")]
    COMMANDS = {_palette}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    def __init__(
        self,
        make_services: Callable[[], Services],
        *,
        theme: str = "",
        model: str = "",
        template: str = "",
        run: str = "",
        opened: Callable[[], object] | None = None,
    ) -> None:
        """Make the program.

        Args:
            make_services: Makes the engine's parts; called after the first frame.
            theme: dark or light, as remembered; empty leaves it to the settings.
            model: The model to load at once; empty for the last good one.
            template: The template to begin with; empty for the last one.
            run: The training run to show; empty for the one that is alive, else the last one.
            opened: Called once the chat is on the screen.
        """
        super().__init__()
        self.services: Services | None = None
        self.chat: ChatScreen | None = None
        self._make_services = make_services
        self._remembered_theme = theme
        self._model = model
        self._template = template
        self._run_name = run
        self._opened = opened
        self._visible_controls = VisibleControls()  # one for good: Textual keeps what it drew by the filter
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = LIGHT.name if theme == "light" else DARK.name

    def get_default_screen(self) -> StartScreen:
        """What is painted first."""
        return StartScreen({}, self._open_chat)

    def _open_chat(self) -> None:
        from tui.screens.chat import ChatScreen
        from tui.signals import leave_when_asked

        if not self.is_headless:
            leave_when_asked(self)
        self.services = services = self._make_services()
        if not self._remembered_theme and services.settings.theme == "light":
            self.theme = LIGHT.name
        keymap, faults = commands.keymap(services.settings.keys)
        self.set_keymap(keymap)
        for fault in (*faults, services.settings_fault):
            if fault:
                self.notify(fault, title="config.toml", severity="warning", timeout=15, markup=False)
        start = self.screen_stack[0]
        take_typed = start.take_typed if isinstance(start, StartScreen) else str
        self.chat = ChatScreen(
            services, model=self._model, template=self._template, run=self._run_name, take_typed=take_typed
        )
        self.push_screen(self.chat)
        if self._opened is not None:
            self.call_after_refresh(self._opened)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters, and the last gate before the terminal."""
        return [*super().get_line_filters(), self._visible_controls]

    def _fatal_error(self) -> None:
        """End with a sentence where Textual would paint a traceback, which goes to the log."""
        from rich.text import Text

        from engine.cli.reporting import unexpected

        if self._exception is not None:
            environ = self.services.environ if self.services is not None else os.environ
            self._exit_renderables.append(
                Text(str(unexpected(self._exception, environ)), no_wrap=True, overflow="ignore")
            )
        self._close_messages_no_wait()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by way of the terminal, and to the system's clipboard where there is one."""
        from tui.clipboard import copy_to_system

        super().copy_to_clipboard(text)
        self.run_worker(copy_to_system(text), group="clipboard", exclusive=True)

    def action_toggle_theme(self) -> None:
        """Switch between light and dark."""
        light = self.theme == DARK.name
        self.theme = LIGHT.name if light else DARK.name
        if self.chat is not None:
            self.chat.remember(theme="light" if light else "dark")

    def action_open_palette(self) -> None:
        """Open the command palette."""
        self.action_command_palette()

    def action_show_help(self) -> None:
        """Show all keys."""
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(first=getattr(self.screen, "KEYS_OF", "")))

    def action_show_log(self) -> None:
        """Show what the model host wrote."""
        from tui.screens.log import LogScreen

        if self.services is not None:
            self.push_screen(LogScreen(self.services.client.log_lines))


def run(
    *,
    model: str = "",
    template: str = "",
    run: str = "",
    environ: Mapping[str, str] = os.environ,
    make_services: Callable[[Mapping[str, str]], Services] | None = None,
) -> int:
    """Open the program and stay until it is closed.

    Args:
        model: The model to load at once; empty for the last good one.
        template: The template to begin with; empty for the last one.
        run: The training run to show, and to talk to where no model is named and it has made one; empty for none.
        environ: Where folders are found; the model host gets it too.
        make_services: Makes the engine's parts, in place of the real ones.

    Returns:
        The exit code.

    Raises:
        RunNotFound: There is no such run.
    """
    from engine.memory import load_memory
    from engine.paths import find_paths
    from tui.keyboard import install as install_keyboard
    from tui.output import install as install_output
    from tui.painting import install as install_painting

    def make() -> Services:
        from tui.start import make_services as make_real

        return (make_services or make_real)(environ)

    paths = find_paths(environ)
    if run:
        model = model or _model_of(paths, run)
    theme = load_memory(paths.memory_file).theme
    install_keyboard()
    install_output()
    install_painting()
    app = TunesmithApp(make, theme=theme, model=model, template=template, run=run, opened=_look_less_for_garbage)
    app.run()
    return app.return_code or 0


def _look_less_for_garbage() -> None:
    """Keep Python's search for unreachable objects from holding keys up while a reply streams."""
    gc.freeze()  # what was imported stays: looking through it took 150 ms
    gc.set_threshold(700, 10, 100)  # and through all that came later 50 ms, almost every second


def _model_of(paths: Paths, name: str) -> str:
    """The model that a run made; empty where it has made none yet."""
    from engine.runs import find_run, list_checkpoints

    run = find_run(paths.runs, name)
    return f"run:{run.name}" if run.final.is_dir() or list_checkpoints(run) else ""
