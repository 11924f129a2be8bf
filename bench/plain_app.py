"""The rival of `bench.first_frame`: the least that Textual can open with a header, a text area and a footer."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, TextArea


class PlainApp(App[None]):
    """Nothing but the three widgets."""

    TITLE = "PlainApp"

    def compose(self) -> ComposeResult:
        """Put the three widgets on the screen."""
        yield Header()
        yield TextArea()
        yield Footer()


if __name__ == "__main__":
    PlainApp().run()
