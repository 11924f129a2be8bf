"""What the terminal says about itself. It is not asked: its answers would disturb who types."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator, Mapping

from engine.cli.checks.record import Check

_LEAST_COLUMNS, _LEAST_LINES = 80, 24
_OSC52 = ("kitty", "wezterm", "ghostty", "iterm.app", "alacritty", "foot", "vscode", "xterm-kitty", "contour", "rio")
_NO_OSC52 = ("apple_terminal",)
_CLIPBOARD_TOOLS = ("pbcopy", "wl-copy", "xclip", "xsel", "clip.exe", "clip")


def check_terminal(environ: Mapping[str, str]) -> Iterator[Check]:
    """Look at the terminal and at ways to copy from it."""
    group = "Terminal"
    term = environ.get("TERM", "")
    usable = bool(term) and term != "dumb"
    if platform.system() != "Windows":
        yield Check(
            group=group,
            name="TERM",
            state="ok" if usable else "warning",
            found=term or "not set",
            hint="" if usable else "The program needs a real terminal; the commands work without one",
        )
    yield Check(group=group, name="colours", state="ok", found=_colours(environ))
    size = shutil.get_terminal_size()
    roomy = size.columns >= _LEAST_COLUMNS and size.lines >= _LEAST_LINES
    yield Check(
        group=group,
        name="size",
        state="ok" if roomy else "warning",
        found=f"{size.columns} x {size.lines}",
        hint="" if roomy else f"It reads best from {_LEAST_COLUMNS} x {_LEAST_LINES} on",
    )
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    yield Check(
        group=group,
        name="encoding",
        state="ok" if encoding == "utf8" else "warning",
        found=sys.stdout.encoding or "not known",
        hint="" if encoding == "utf8" else "Set LANG to a UTF-8 locale, or PYTHONUTF8=1",
    )
    yield from _clipboard(group, environ)


def _clipboard(group: str, environ: Mapping[str, str]) -> Iterator[Check]:
    tool = next((tool for tool in _CLIPBOARD_TOOLS if shutil.which(tool, path=environ.get("PATH"))), "")
    by_terminal = _copies_by_terminal(environ)
    yield Check(group=group, name="copy by terminal", state="note", found=f"OSC 52: {by_terminal}")
    helpless = not tool and by_terminal != "yes"
    yield Check(
        group=group,
        name="clipboard tool",
        state="warning" if helpless else "ok",
        found=tool or "none",
        hint="Copying depends on the terminal alone; xclip or wl-copy would help" if helpless else "",
    )


def _copies_by_terminal(environ: Mapping[str, str]) -> str:
    """Guess whether the terminal takes OSC 52, by its name; it can't be asked without disturbing it."""
    names = {environ.get("TERM_PROGRAM", "").lower(), environ.get("TERM", "").lower().removeprefix("xterm-")}
    if environ.get("TMUX"):
        return "inside tmux only with `set -g set-clipboard on`"
    if names & set(_NO_OSC52):
        return "no"
    if names & set(_OSC52) or environ.get("WT_SESSION"):
        return "yes"
    return "perhaps"


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "none, as NO_COLOR is set"
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256color" in environ.get("TERM", "") else "perhaps 16"
