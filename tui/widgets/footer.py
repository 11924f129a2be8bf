"""The line of keys at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static

_KEY = "key"
"""Where a word on the line keeps the key that it stands for."""
_KEPT = ("show_help", "_close")
"""How the actions end whose keys stay where there is no room for all: the way out, and the list of the others."""


def fitting(widths: Sequence[int], kept: Sequence[bool], width: int) -> list[int]:
    """Which parts of a line stay in a width, none of them cut: those that are kept, then the others from the left."""
    chosen: set[int] = set()
    room = width
    for place in sorted(range(len(widths)), key=lambda place: (not kept[place], place)):
        if widths[place] <= room:
            chosen.add(place)
            room -= widths[place]
    return sorted(chosen)


class Footer(Static, can_focus=False):
    """One text. Textual's own is a widget for each key, made anew at each change of the focus: 40 % of a start."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Footer {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        text-wrap: nowrap;
        text-overflow: clip;
    }
    """

    def __init__(self) -> None:
        """Make the line; empty until the keys are known."""
        super().__init__("", markup=False)
        self._keys: dict[str, ActiveBinding] = {}
        self._drawn: tuple[object, ...] = ()
        self._shown: tuple[ActiveBinding, ...] = ()

    def on_mount(self) -> None:
        """Follow what can be done."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if not screen.app.app_focus or screen is not self.screen:
            return
        actions: dict[str, ActiveBinding] = {}
        for one in screen.active_bindings.values():
            if one.binding.show:
                actions.setdefault(one.binding.action, one)
        shown = tuple(actions.values())
        drawn = tuple((one.binding.key, one.binding.description, one.enabled, one.tooltip) for one in shown)
        if drawn != self._drawn:
            self._drawn = drawn
            self._keys = {one.binding.key: one for one in shown}
            self._shown = shown
            self._fit()

    def on_resize(self) -> None:
        """Show as many keys as there is room for now."""
        self._fit()

    def _fit(self) -> None:
        parts = [self._part(one) for one in self._shown]
        kept = [one.binding.action.endswith(_KEPT) for one in self._shown]
        places = fitting([part.cell_length for part in parts], kept, self.size.width or self.app.size.width)
        self.update(Content.assemble(*(parts[place] for place in places)))

    def _part(self, one: ActiveBinding) -> Content:
        key = Content.styled(f" {self.app.get_key_display(one.binding)}", "bold $footer-key-foreground")
        words = Content.styled(f" {one.binding.description} ", "$footer-description-foreground")
        part = Content.assemble(key, words).stylize(Style.from_meta({_KEY: one.binding.key}))
        return part if one.enabled else part.stylize("dim")

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell more of what is under the mouse."""
        one = self._keys.get(event.style.meta.get(_KEY, ""))
        self.tooltip = (one.tooltip or None) if one is not None else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Press the key that is under the mouse."""
        one = self._keys.get(event.style.meta.get(_KEY, ""))
        if one is None:
            return
        if one.enabled:
            self.app.simulate_key(one.binding.key)
        else:
            self.app.bell()
