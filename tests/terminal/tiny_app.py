"""A small Textual program for the driver's own tests: it shows what it is told and what it is given."""

from __future__ import annotations

import sys

from textual.app import App, ComposeResult
from textual.events import Key, Paste, Resize
from textual.widgets import Input, Static


class TinyApp(App[None]):
    """Shows an argument, the last key, paste and size, and an input that greets."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self._shown = shown

    def compose(self) -> ComposeResult:
        yield Static(f"shown: {self._shown}", markup=False)
        yield Static("key: none", id="key", markup=False)
        yield Static("", id="size")
        yield Static("", id="greeting", markup=False)
        yield Static("[ press here ]", id="button", markup=False)
        yield Input()

    def on_key(self, event: Key) -> None:
        self.query_one("#key", Static).update(f"key: {event.key}.")

    def on_paste(self, event: Paste) -> None:
        self.query_one("#key", Static).update(f"pasted: {event.text}.")

    def on_resize(self, event: Resize) -> None:
        self.query_one("#size", Static).update(f"size: {event.size.width}x{event.size.height}.")

    def on_click(self) -> None:
        self.query_one("#greeting", Static).update("clicked")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value == "copy":
            self.copy_to_clipboard("copied")
        if event.value == "quit":
            self.exit(return_code=7)
        self.query_one("#greeting", Static).update(f"hello, {event.value}!")


if __name__ == "__main__":
    app = TinyApp(sys.argv[1])
    app.run()
    sys.exit(app.return_code)
