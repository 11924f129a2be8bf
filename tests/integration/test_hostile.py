"""Whatever text comes from outside, the terminal gets a picture of it, and markup as it was written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.conversations import Store
from engine.memory import Memory, save_memory
from engine.paths import Paths
from tests.fakes.models import model_files, write_files
from tests.integration.conftest import ROOT, Start
from tests.integration.hostile import ARGUMENT, FILE_NAME, MARKUP, ONE_LINE, PASTE, PAYLOAD, end_of, shows
from tests.terminal import Terminal, forbidden_bytes

pytestmark = pytest.mark.terminal
CLIPBOARD = "␛]52;c;SE9TVElMRQ==␇"
HIDDEN = "⟨U+202E⟩reversed"
C1 = "⟨U+009B⟩31m"


def store_hostile_talk(paths: Paths) -> None:
    store = Store.open(paths.conversations_file)
    talk = store.create(title=f"Title {PAYLOAD}", model=PAYLOAD, template="plain")
    turn = store.add_turn(talk.id, None, "user", f"Question {PAYLOAD}")
    store.add_turn(talk.id, turn.id, "assistant", f"Answer {PAYLOAD}", model=PAYLOAD, template=PAYLOAD)
    store.close()


def write_hostile_templates(paths: Paths) -> None:
    paths.templates.mkdir(parents=True)
    text = "".join(f"\\U{ord(char):08x}" for char in PAYLOAD)
    (paths.templates / "evil.toml").write_text(
        f'name = "Evil {text}"\ndescription = "About {text}"\nkind = "completion"\n'
        f'body = "Body {text} {{{{ message }}}}"\n'
    )
    (paths.templates / f"broken {FILE_NAME}.toml").write_text(f'name = "B"\nkind = "{text}"\n')


def test_in_replies_messages_and_the_log(start: Start) -> None:
    with start(model=f"m{ARGUMENT}", reply=f"Reply {ARGUMENT} end", noise=f"warning: Noise {ARGUMENT}") as terminal:
        terminal.wait_for("is listening")
        terminal.paste("Hello " + PASTE)
        terminal.wait_for("Hello")
        terminal.press("enter")
        terminal.wait_for("stopped at end of text")
        terminal.wait_for(shows("Reply " + MARKUP, CLIPBOARD, HIDDEN, C1))
        terminal.press("f5", "f5", "f12")
        terminal.wait_for("Log of the model's process")
        terminal.wait_for(shows("Noise " + MARKUP, CLIPBOARD, HIDDEN, C1))
        terminal.press("escape")
        terminal.wait_until_gone("Log of the model's process")
        end_of(terminal)


def test_in_templates_and_their_faults(start: Start, paths: Paths) -> None:
    write_hostile_templates(paths)
    with start() as terminal:
        terminal.wait_for("is listening")
        terminal.press("ctrl+t")
        terminal.wait_for("Pick a prompt template")
        terminal.type("evil")
        terminal.wait_for(shows("Evil [red]x[/]", "About [red]x[/]", MARKUP + CLIPBOARD))
        terminal.press("enter")
        terminal.wait_until_gone("Pick a prompt template")
        terminal.wait_for("¶ Evil [red]x[/]")
        terminal.press("ctrl+t")
        terminal.wait_for("Pick a prompt template")
        terminal.type("broken")
        terminal.wait_for(shows("broken [red]x[∕]", "kind"))
        terminal.press("escape")
        terminal.wait_until_gone("Pick a prompt template")
        end_of(terminal)


def test_in_conversations_search_and_toasts(start: Start, paths: Paths) -> None:
    store_hostile_talk(paths)
    with start() as terminal:
        terminal.wait_for("is listening")
        terminal.wait_for(shows("Title [red]x[/]"))
        terminal.press("ctrl+f")
        terminal.wait_for("Find in conversations")
        terminal.type("Answer")
        terminal.wait_for(lambda screen: screen.count("Answer") > 1)
        terminal.press("enter")
        terminal.wait_for(shows("Question " + MARKUP, "Answer " + MARKUP, CLIPBOARD, HIDDEN, C1))
        terminal.press("f2")
        terminal.wait_for("Rename the conversation")
        terminal.press("escape")
        terminal.wait_until_gone("Rename the conversation")
        terminal.paste(f"/export /nowhere/{ONE_LINE.replace('/', '∕')}")
        terminal.press("enter")
        terminal.wait_for(shows("can't be written"))
        terminal.wait_for(shows("nowhere/" + MARKUP.replace("/", "∕"), "⟨U+009B⟩31m"))
        terminal.press("alt+g")
        terminal.wait_for("Delete")
        terminal.press("delete")
        terminal.wait_for(shows("Deleted “Title " + MARKUP, CLIPBOARD))
        end_of(terminal)


def test_in_names_of_models_and_why_they_do_not_load(start: Start, home: Path, paths: Paths) -> None:
    good = write_files(home / f"good {FILE_NAME}", model_files())
    bad = home / f"bad {FILE_NAME}"
    write_files(bad, {"config.json": b'{"model_type": "gpt2"}'})
    save_memory(paths.memory_file, Memory(recent_models=(str(good), str(bad))))
    with start(model="", fail_load="load-failed", load_delay_s=0) as terminal:
        terminal.wait_for("starter could not be loaded")
        terminal.press("ctrl+o")
        terminal.wait_for("Pick a model")
        terminal.wait_for(shows("good [red]x[∕]", "bad [red]x[∕]"))
        terminal.type("good")
        terminal.wait_for(lambda screen: "bad [red]" not in screen)
        terminal.press("enter")
        terminal.wait_for(shows("could not be loaded"))
        terminal.wait_for(shows("good " + MARKUP.replace("/", "∕"), CLIPBOARD))
        end_of(terminal)


def test_in_faults_of_the_settings(start: Start, paths: Paths) -> None:
    paths.config.mkdir(parents=True, exist_ok=True)
    text = "".join(f"\\U{ord(char):08x}" for char in MARKUP + "\x1b]0;pwned\x07")
    paths.settings_file.write_text(f'theme = "{text}"\n[keys]\n"{text}" = "x"\n')
    with start() as terminal:
        terminal.wait_for(shows("theme is", MARKUP + "␛]0;pwned␇"))
        terminal.wait_for("is listening")
        end_of(terminal)


COMMANDS = {
    "generate": ("generate", "--model", f"m{ARGUMENT}", "--prompt", f"Say {ARGUMENT}"),
    "chats list": ("chats", "list"),
    "chats show": ("chats", "show", "1"),
    "chats search": ("chats", "search", "Answer"),
    "chats export": ("chats", "export", "1"),
    "templates list": ("templates", "list"),
    "templates render": ("templates", "render", "evil", "--message", "hello"),
    "templates check": ("templates", "check"),
    "models list": ("models", "list"),
    "models show": ("models", "show", f"./{FILE_NAME}"),
    "a wrong option": ("generate", f"--{ARGUMENT}"),
    "a wrong command": (ARGUMENT,),
    "a missing template": ("generate", "--model", "m", "--prompt", "x", "--template", ARGUMENT),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_on_the_command_line(command: str, home: Path, paths: Paths) -> None:
    store_hostile_talk(paths)
    write_hostile_templates(paths)
    write_files(paths.models / FILE_NAME, model_files())
    env = {name: os.environ[name] for name in ("HOME", "TUNESMITH_HOME", "HF_HOME", "HF_HUB_OFFLINE")}
    env |= {"FAKE_HOST_REPLY": f"Reply {ARGUMENT} end", "FAKE_HOST_NOISE": ARGUMENT, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "tests.integration.command", *COMMANDS[command]]
    with Terminal(argv, columns=200, lines=50, env=env, cwd=home) as terminal:
        terminal.wait_for_exit(timeout_s=40)
        assert forbidden_bytes(terminal.raw) == []
        assert "[red]x[" in terminal.screen()
        assert "Traceback" not in terminal.screen()
