"""`tunesmith templates`, as a person or a script calls it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.app import main
from engine.paths import Paths
from engine.templates.drafts import Draft, TemplateDrafts
from tests.fakes.host import fake_host

BAD = 'name = "Bad"\nbody = """\n{{ message }}\n{{ mesage }}\n"""\n'


@pytest.fixture
def folder(paths: Paths) -> Path:
    paths.templates.mkdir(parents=True)
    return paths.templates


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["templates", *arguments], lambda *_: 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_list_shows_the_shipped_and_the_users(run: Any, folder: Path) -> None:
    (folder / "mine.toml").write_text('name = "Mine"\nbody = "x"')
    code, out, _ = run("list")
    assert code == 0
    lines = out.splitlines()
    assert lines[1].split()[:4] == ["plain", "Plain", "completion", "shipped"]
    assert lines[-1].split() == ["mine", "Mine", "completion", "mine.toml"]


def test_list_tells_faults_with_file_and_line_below(run: Any, folder: Path) -> None:
    (folder / "bad.toml").write_text(BAD)
    code, out, err = run("list")
    assert code == 0
    assert "bad" not in out
    assert f'{folder / "bad.toml"}:4: the body uses "mesage"' in err


def test_list_says_where_ones_own_go(run: Any, paths: Paths) -> None:
    _, _, err = run("list")
    assert str(paths.templates) in err


def test_list_as_json_has_one_object_a_line(run: Any, folder: Path) -> None:
    (folder / "bad.toml").write_text(BAD)
    _, out, _ = run("list", "--json")
    objects = [json.loads(line) for line in out.splitlines()]
    assert (objects[0]["id"], objects[0]["file"]) == ("plain", None)
    assert objects[-1]["fault"]["line"] == 4


def test_show_prints_the_file(run: Any, folder: Path) -> None:
    (folder / "mine.toml").write_text('# mine\nbody = "x"')
    assert run("show", "MINE") == (0, '# mine\nbody = "x"\n', "")
    _, out, _ = run("show", "story", "--json")
    shown = json.loads(out)
    assert shown["template"]["name"] == "Story"
    assert "Write a creative story" in shown["source"]


def test_render_prints_exactly_what_the_model_sees(run: Any) -> None:
    assert run("render", "story", "--message", "a fox") == (0, "Write a creative story about a fox:", "")
    code, out, _ = run("render", "translate", "--message", "Hi", "--var", "target=Latin", "--var", "source=Greek")
    assert (code, out) == (0, "Translate from Greek to Latin.\n\nGreek: Hi\nLatin:")


def test_render_takes_a_file_as_check_does(run: Any, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "far.toml"
    file.write_text('name = "Far"\nbody = "Far: {{ message }}"\n')
    assert run("render", str(file), "--message", "Hi") == (0, "Far: Hi", "")
    file.write_text(BAD)
    code, out, err = run("render", str(file), "--message", "Hi")
    assert (code, out) == (2, "")
    assert f"{file}, line 4" in err
    code, _, err = run("render", str(tmp_path / "gone.toml"), "--message", "Hi")
    assert code == 2
    assert "No such file" in err


def test_render_reads_the_message_from_standard_input(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("naïve 😀\n".encode())))
    assert run("render", "plain", "--message", "-")[1] == "naïve 😀"


def test_render_as_json_has_stop_strings_and_sampling(run: Any) -> None:
    _, out, _ = run("render", "sentiment", "--message", "Dull.", "--json")
    rendered = json.loads(out)
    assert rendered["text"].endswith("Review: Dull.\nSentiment:")
    assert rendered["stop"] == ["\n"]
    assert rendered["sampling"]["temperature"] == 0


def test_render_takes_a_models_chat_template_from_a_file(run: Any, tmp_path: Path) -> None:
    body = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    (tmp_path / "chat.jinja").write_text(body)
    config = {"chat_template": body, "bos_token": {"content": "<s>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    arguments = ["render", "own", "--message", "Hi", "--var", "system=S", "--model-chat-template"]
    assert run(*arguments, str(tmp_path / "chat.jinja"))[1] == "[system]S[user]Hi"
    assert run(*arguments, str(tmp_path / "tokenizer_config.json"))[1] == "<s>[system]S[user]Hi"
    (tmp_path / "tokenizer_config.json").write_text("{}")
    code, _, err = run(*arguments, str(tmp_path / "tokenizer_config.json"))
    assert (code, "has no chat_template" in err) == (1, True)


def test_render_with_a_model_shows_the_token_in_front_too(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(beginning="<s>", context=9))
    arguments = ["render", "plain", "--message", "Once upon", "--model", "tiny"]
    code, out, err = run(*arguments)
    assert (code, out) == (0, "<s>Once upon")
    assert "2 of 9 tokens" in err
    rendered = json.loads(run(*arguments, "--json")[1])
    assert (rendered["text"], rendered["beginning"], rendered["tokens"]) == ("<s>Once upon", "<s>", 2)


def test_render_with_a_model_tells_what_sending_would_fail_with(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(context=3))
    code, _, err = run("render", "plain", "--message", "far more words than three", "--model", "tiny")
    assert (code, "needs 5 tokens, and there is room for 3" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["show", "stori"], 3, "Did you mean"),
        (["render", "story"], 2, "--message"),
        (["render", "story", "--message", "x", "--var", "topic=y"], 2, 'has no variable "topic"'),
        (["render", "translate", "--message", "x", "--var", "target"], 2, "NAME=TEXT"),
        (["render", "own", "--message", "x"], 2, "--model-chat-template"),
        (["render", "own", "--message", "x", "--model", "m", "--model-chat-template", "f"], 2, "Give either"),
    ],
)
def test_misuse_is_told_with_its_exit_code(run: Any, arguments: list[str], code: int, told: str) -> None:
    found, _, err = run(*arguments)
    assert found == code
    assert told in err


def test_check_is_content_with_good_files(run: Any, folder: Path) -> None:
    (folder / "mine.toml").write_text('body = "x"')
    code, out, _ = run("check")
    assert code == 0
    assert f"{folder / 'mine.toml'}: good" in out
    assert "story: good" in out


def test_check_ends_with_2_where_a_file_is_faulty(run: Any, folder: Path, tmp_path: Path) -> None:
    (folder / "bad.toml").write_text(BAD)
    code, out, _ = run("check")
    assert code == 2
    assert f"{folder / 'bad.toml'}:4: the body uses" in out
    (tmp_path / "good.toml").write_text('body = "x"')
    assert run("check", str(tmp_path / "good.toml"))[0] == 0
    code, out, _ = run("check", str(tmp_path / "good.toml"), str(tmp_path / "nowhere.toml"), "--json")
    assert code == 2
    objects = [json.loads(line) for line in out.splitlines()]
    assert [found["ok"] for found in objects] == [True, False]


def test_a_template_from_a_stranger_reaches_the_terminal_as_pictures(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cli.output.is_terminal", lambda stream: True)
    (folder / "mine.toml").write_text('name = "a\\u001b]52;c;x\\u0007"\ndescription = "\\u202e"\nbody = "\\u001b[2J"')
    for arguments in (["list"], ["show", "mine"], ["render", "mine", "--message", "x"]):
        code, out, err = run(*arguments)
        assert code == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(out + err)


def test_check_warns_of_traps_without_changing_the_exit_code(run: Any, folder: Path) -> None:
    (folder / "odd.toml").write_text('body = "{{ message }} "\n')
    code, out, _ = run("check", str(folder / "odd.toml"))
    assert code == 0
    assert f"{folder / 'odd.toml'}:1: warning: the prompt ends in a blank" in out
    code, out, _ = run("check", str(folder / "odd.toml"), "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["warnings"][0]["code"]) == (0, True, "trailing-space")


def test_check_with_a_model_warns_of_what_goes_wrong_with_it(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = '[[examples]]\ninput = "a"\noutput = "' + "word " * 60 + '"\n'
    (folder / "long.toml").write_text('body = "{{ examples[0].output }} {{ message }}"\n' + example)
    (folder / "own-too.toml").write_text("uses_chat_template = true\n")
    monkeypatch.setattr("engine.client.HOST_ARGV", fake_host(context=50))
    code, out, _ = run("check", "--model", "gpt2", "--json")
    assert code == 0
    codes = {Path(json.loads(line)["file"]).stem: json.loads(line)["warnings"] for line in out.splitlines()}
    assert [trap["code"] for trap in codes["long"]] == ["overflow"]
    assert codes["long"][0]["line"] == 2
    assert [trap["code"] for trap in codes["own-too"]] == ["chat-template-on-base"]
    assert codes["story"] == []


@pytest.mark.parametrize("again", ["new", "duplicate", "import", "rename"])
def test_a_template_made_anew_has_no_draft_of_a_deleted_one(
    run: Any, folder: Path, paths: Paths, tmp_path: Path, again: str
) -> None:
    drafts = TemplateDrafts(paths.template_drafts)
    (tmp_path / "tale.toml").write_text('body = "{{ message }}"')
    run("new", "tale")
    run("new", "other")
    drafts.keep("tale", Draft("typed", "before"))
    run("delete", "tale")
    run("restore", "tale")
    assert drafts.find("tale") is not None
    run("delete", "tale")
    command = {
        "new": ["new", "tale"],
        "duplicate": ["duplicate", "story", "tale"],
        "import": ["import", str(tmp_path / "tale.toml")],
        "rename": ["rename", "other", "tale"],
    }[again]
    assert run(*command)[0] == 0
    assert (folder / "tale.toml").exists()
    assert drafts.find("tale") is None


def test_a_draft_goes_with_a_renamed_template(run: Any, folder: Path, paths: Paths) -> None:
    drafts = TemplateDrafts(paths.template_drafts)
    run("new", "tale")
    drafts.keep("tale", Draft("typed", (folder / "tale.toml").read_text()))
    assert run("rename", "tale", "legend")[0] == 0
    assert drafts.find("tale") is None
    moved = drafts.find("legend")
    assert moved is not None
    assert moved.text == "typed"


def test_templates_are_made_renamed_deleted_and_brought_back(run: Any, folder: Path) -> None:
    assert run("new", "My first") == (0, f"{folder / 'my-first.toml'}\n", "")
    assert run("check", str(folder / "my-first.toml"))[1].endswith("good\n")
    assert run("duplicate", "story", "Tale", "--json")[1] == f'{{"id":"tale","file":"{folder / "tale.toml"}"}}\n'
    assert run("rename", "tale", "Legend")[0] == 0
    assert not (folder / "tale.toml").exists()
    code, out, err = run("delete", "Legend")
    assert (code, out) == (0, "legend\n")
    assert "templates restore legend" in err
    assert not (folder / "legend.toml").exists()
    assert run("restore", "legend")[0] == 0
    assert (folder / "legend.toml").exists()


def test_templates_go_out_and_come_in(run: Any, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "shared.toml"
    assert run("export", "story", str(file))[0] == 0
    assert run("export", "story", str(file))[0] == 4
    assert run("export", "story", str(file), "--force")[0] == 0
    code, out, err = run("export", "story", str(tmp_path / "new" / "shared.toml"))
    assert (code, out) == (0, f"{tmp_path / 'new' / 'shared.toml'}\n")
    assert f"Made the folder {tmp_path / 'new'}" in err
    assert run("import", str(file), "--name", "Theirs")[0] == 0
    assert 'name = "Theirs"' in (folder / "theirs.toml").read_text()
    file.write_text(BAD)
    code, _, err = run("import", str(file))
    assert code == 2
    assert "line 4" in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("new", "story"), 2),
        (("new", "///"), 2),
        (("rename", "story", "x"), 2),
        (("delete", "plain"), 2),
        (("delete", "nothing"), 3),
        (("restore", "nothing"), 3),
        (("duplicate", "nothing", "x"), 3),
    ],
)
def test_what_can_not_be_done_is_told(run: Any, arguments: tuple[str, ...], code: int) -> None:
    got, out, err = run(*arguments)
    assert (got, out) == (code, "")
    assert len(err.splitlines()) <= 3
