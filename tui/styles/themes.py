"""The two colour themes: ink and paper, with one warm and one cool voice."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="tunesmith-dark",
    primary="#7aa2c9",
    secondary="#8fb39a",
    accent="#e0a458",
    foreground="#d8d6cf",
    background="#15171a",
    surface="#1b1e22",
    panel="#25292f",
    success="#8fb573",
    warning="#e0b458",
    error="#e0716c",
    dark=True,
    variables={
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#e0a458",
        "footer-background": "#1b1e22",
        "input-selection-background": "#7aa2c9 35%",
        "border": "#3a4048",
        "border-blurred": "#2b3037",
        "scrollbar": "#3a4048",
        "scrollbar-background": "#15171a",
        "text-muted": "#96958f",  # Textual's own, "auto 60%", loses its share inside of Content and comes out white
    },
)

LIGHT = Theme(
    name="tunesmith-light",
    primary="#2f6690",
    secondary="#3f7a57",
    accent="#a85f00",
    foreground="#26282b",
    background="#faf8f3",
    surface="#f2efe7",
    panel="#e6e1d6",
    success="#3c7a2e",
    warning="#96660a",
    error="#b3332d",
    dark=False,
    variables={
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#a85f00",
        "footer-background": "#f2efe7",
        "input-selection-background": "#2f6690 25%",
        "border": "#c9c2b2",
        "border-blurred": "#ddd7c9",
        "scrollbar": "#c9c2b2",
        "scrollbar-background": "#faf8f3",
        "text-muted": "#66676a",
    },
)
