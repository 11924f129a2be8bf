"""The program as a person meets it, through a real pseudo-terminal."""

from __future__ import annotations

import base64
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.conversations import Store
from engine.paths import Paths
from tests.integration.conftest import ROOT, Start
from tests.terminal import HOSTILE, Terminal, forbidden_bytes

pytestmark = pytest.mark.terminal


def host_of(terminal: Terminal) -> int:
    """The process id of the program's model host."""
    children = Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text().split()
    return int(children[-1])


def gone(pid: int) -> Callable[[str], bool]:
    def check(_screen: str) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    return check


def stored_texts(paths: Paths) -> list[list[str]]:
    store = Store.open(paths.conversations_file)
    try:
        return [[turn.text for turn in store.path(talk.id)] for talk in store.conversations()]
    finally:
        store.close()


def test_talk_switch_template_quit_and_find_it_again(start: Start) -> None:
    with start(reply="It was a dark night", token_delay_s=0.02) as terminal:
        terminal.wait_for("fake is listening")
        terminal.type("Tell me something")
        terminal.press("enter")
        terminal.wait_for("It was a")
        terminal.wait_for("stopped at end of text")
        terminal.press("ctrl+t")
        terminal.wait_for("Pick a prompt template")
        terminal.type("story")
        terminal.wait_for("creative story about")
        terminal.press("enter")
        terminal.wait_until_gone("Pick a prompt template")
        terminal.wait_for("¶ Story")
        terminal.type("dragons")
        terminal.press("enter")
        terminal.wait_for("fake · Story")
        terminal.wait_for(lambda screen: screen.count("stopped at end of text") == 2)
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
    with start(model="") as terminal:
        terminal.wait_for("Tell me something")
        terminal.press("alt+g")
        terminal.wait_for("Delete")  # the list has the focus
        terminal.press("enter")
        terminal.wait_for("dragons")
        terminal.wait_for("¶ Story")
        terminal.wait_for("It was a dark night")


def test_a_killed_program_loses_neither_draft_nor_message(start: Start, paths: Paths) -> None:
    with start(load_delay_s=600) as terminal:
        terminal.wait_for("Loading fake")
        terminal.type("a message under way")
        terminal.press("enter")
        terminal.wait_for("waits until fake is loaded")
        terminal.type("and a draft")
        store = Store.open(paths.conversations_file)
        terminal.wait_for(lambda _: store.draft(None) == "a message under way\n\nand a draft")
        store.close()
        terminal.kill(signal.SIGKILL)
        terminal.wait_for_exit()
    with start(model="") as terminal:
        terminal.wait_for(lambda screen: "a message under way" in screen and "and a draft" in screen)


def test_a_program_killed_in_mid_reply_keeps_what_came(start: Start, paths: Paths) -> None:
    with start(reply="word " * 4000, token_delay_s=0.005) as terminal:
        terminal.wait_for("fake is listening")
        terminal.type("Go on")
        terminal.press("enter")
        terminal.wait_for(lambda screen: screen.count("word") > 40)
        terminal.kill(signal.SIGKILL)
        terminal.wait_for_exit()
    ((message, reply),) = stored_texts(paths)
    assert message == "Go on"
    assert reply.startswith("word")
    with start() as terminal:
        terminal.wait_for("Go on")


def test_a_killed_host_keeps_the_partial_reply_and_the_next_message_works(start: Start, paths: Paths) -> None:
    with start(reply="word " * 100, token_delay_s=0.02) as terminal:
        terminal.wait_for("fake is listening")
        terminal.type("First")
        terminal.press("enter")
        terminal.wait_for(lambda screen: screen.count("word") > 5)
        os.kill(host_of(terminal), signal.SIGKILL)
        terminal.wait_for("was killed by SIGKILL")
        terminal.type("Second")
        terminal.press("enter")
        terminal.wait_for("stopped at end of text", timeout_s=40)
    (texts,) = stored_texts(paths)
    assert texts[0] == "First"
    assert texts[1].startswith("word")
    assert [text.strip() for text in texts[2:]] == ["Second", ("word " * 100).strip()]


def test_a_closed_terminal_ends_program_and_host(start: Start) -> None:
    terminal = start()
    terminal.wait_for("fake is listening")
    host = host_of(terminal)
    terminal.kill(signal.SIGHUP)
    terminal.wait_for_exit()
    terminal.close()
    with start() as other:
        other.wait_for(gone(host))


def test_resizing_in_mid_reply_loses_nothing(start: Start, paths: Paths) -> None:
    words = " ".join(f"w{number}" for number in range(120))
    with start(reply=words, token_delay_s=0.02) as terminal:
        terminal.wait_for("fake is listening")
        terminal.type("Count")
        terminal.press("enter")
        terminal.wait_for("w3")
        for columns, lines in ((40, 12), (200, 50), (80, 24)):
            terminal.resize(columns, lines)
            terminal.wait_for("Enter sends" if columns > 40 else "Tunesmith")
        terminal.wait_for("stopped at", timeout_s=40)
    assert stored_texts(paths) == [["Count", words]]


def test_mashing_keys_breaks_nothing(start: Start, paths: Paths) -> None:
    with start(reply="one two three", token_delay_s=0.005) as terminal:
        terminal.wait_for("fake is listening")
        terminal.type("Hello")
        terminal.press("enter")
        terminal.wait_for("stopped at end of text")
        terminal.press(*["ctrl+r"] * 20)
        terminal.press(*["enter", "escape"] * 10)
        terminal.press(*["ctrl+t", "escape"] * 10)
        terminal.press(*["f1", "escape"] * 5)
        terminal.press("f12")
        terminal.wait_for("Log of the model's process", timeout_s=40)
        terminal.press("escape")
        terminal.wait_until_gone("Log of the model's process")
        terminal.type("still here")
        terminal.wait_for("still here", timeout_s=40)
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
    assert stored_texts(paths)[0][0] == "Hello"


def test_a_long_paste_arrives_whole(start: Start, paths: Paths) -> None:
    text = "\n".join(f"line {number} of a long paste" for number in range(4_000))
    with start(reply="ok") as terminal:
        terminal.wait_for("fake is listening")
        terminal.paste(text)
        terminal.wait_for("line 3999", timeout_s=60)
        terminal.press("enter")
        terminal.wait_for("stopped at", timeout_s=60)
    assert stored_texts(paths)[0][0] == text


def test_a_copied_reply_is_the_very_text(start: Start) -> None:
    with start(reply="  Two spaces, then this.") as terminal:
        terminal.wait_for("fake is listening")
        terminal.type("Hi")
        terminal.press("enter")
        terminal.wait_for("stopped at")
        terminal.press("alt+c")
        terminal.wait_for("Copied")
        copied = re.findall(rb"\x1b]52;c;([A-Za-z0-9+/=]+)", terminal.raw)
        assert base64.b64decode(copied[-1]).decode() == "  Two spaces, then this."


PAYLOAD = "".join(HOSTILE) + "\u202e\u200b[red]x[/red][@click=app.bell]y[/]"


def test_nothing_hostile_reaches_the_terminal(start: Start, paths: Paths) -> None:
    paths.templates.mkdir(parents=True)
    escaped = "".join(f"\\u{ord(c):04x}" for c in PAYLOAD if ord(c) < 0x10000)
    (paths.templates / "evil.toml").write_text(
        f'name = "Evil {escaped}"\ndescription = "{escaped}"\nkind = "completion"\n'
        f'body = "{escaped} {{{{ message }}}}"\n'
    )
    (paths.templates / "broken\u202e\x1b]0;pwned\x07.toml").write_text(f"name = 3 # {PAYLOAD}")
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text('theme = "\\u001b]0;pwned\\u0007"\n[keys]\n"\\u001b[2J" = "x"\n')
    store = Store.open(paths.conversations_file)
    talk = store.create(title=f"Title {PAYLOAD}", model=PAYLOAD, template="plain")
    turn = store.add_turn(talk.id, None, "user", f"Question {PAYLOAD}")
    store.add_turn(talk.id, turn.id, "assistant", f"Answer {PAYLOAD}", model=PAYLOAD, template=PAYLOAD)
    store.close()
    argument = PAYLOAD.replace("\0", "")  # which no argument of a process can hold
    with start(model=f"m{argument}", reply=f"Reply {argument} end", garbage=1) as terminal:
        terminal.wait_for("is listening")
        terminal.paste("Hello " + re.sub("[\\x00-\\x1f]", "", PAYLOAD))  # terminals keep the rest out of a paste
        terminal.press("enter")
        terminal.wait_for("stopped at end of text")
        terminal.press("f5", "f5", "ctrl+t")
        terminal.wait_for("Pick a prompt template")
        terminal.type("Evil")
        terminal.wait_for("What the model sees")
        terminal.press("escape")
        terminal.wait_until_gone("Pick a prompt template")
        terminal.press("f12")
        terminal.wait_for("Log of the model's process")
        terminal.press("escape")
        terminal.wait_until_gone("Log of the model's process")
        terminal.press("ctrl+f")
        terminal.wait_for("Find in conversations")
        terminal.type("Answer")
        terminal.wait_for(lambda screen: screen.count("Answer") > 1)
        terminal.press("enter")
        terminal.wait_for(lambda screen: "Question\n" in re.sub(r" +\n", "\n", screen))
        terminal.press("f2")
        terminal.wait_for("Rename the conversation")
        terminal.press("escape")
        terminal.wait_until_gone("Rename the conversation")
        terminal.type(f"/export /nowhere/{'x' * 8}")
        terminal.press("enter")
        terminal.wait_for("can't be written")
        terminal.press("ctrl+q")
        terminal.wait_for_exit()
        assert forbidden_bytes(terminal.raw) == []


def has_first_words(screen: str) -> bool:
    """Whether words stand in the transcript beneath the model's name; the list of conversations is left of it."""
    beneath = re.search(r"▌ starter · Plain.*\n[^\n]*▌ (?P<words>[^\n]*)", screen)
    words = beneath["words"].strip("▍ ") if beneath is not None else ""
    return bool(words) and not words.startswith("reading the prompt")


@pytest.mark.torch
def test_a_real_model_streams_and_survives_the_death_of_its_host(home: Path, paths: Paths) -> None:
    env = {name: os.environ[name] for name in ("HOME", "TUNESMITH_HOME", "HF_HOME", "HF_HUB_OFFLINE")}
    argv = [sys.executable, "-P", "-m", "tui", "--model", "starter", "--template", "plain"]
    with Terminal(argv, columns=120, lines=40, env=env, cwd=ROOT) as terminal:
        terminal.wait_for("starter is listening", timeout_s=90)
        terminal.type("One day, Lily")
        terminal.press("enter")
        terminal.wait_for(has_first_words, timeout_s=60)
        os.kill(host_of(terminal), signal.SIGKILL)
        terminal.wait_for("was killed by SIGKILL")
        terminal.type("Then Tom")
        terminal.press("enter")
        terminal.wait_for("tok/s", timeout_s=90)
        terminal.press("ctrl+q")
        terminal.wait_for_exit()
    (texts,) = stored_texts(paths)
    assert texts[::2] == ["One day, Lily", "Then Tom"]
    assert all(texts)
