"""`tunesmith runs` and `tunesmith tune` on run directories that no trainer touches."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.paths import Paths
from engine.runs import RunFolder, find_run
from engine.runs.events import EvalDone, Fetched, ProbeSampled, RunFinished, RunPaused, RunResumed, RunStarted, StepDone
from engine.runs.lock import TrainerLock
from engine.runs.log import EventWriter
from engine.runs.plan import read_plan
from engine.runs.state import read_state

MakeStep = Callable[..., StepDone]
ESCAPE = "\x1b]52;c;aGk=\x07"


def call(*arguments: str) -> int:
    return main(list(arguments), lambda model, template, run: 0)


@pytest.fixture
def finished(run: RunFolder, writer: EventWriter, step: MakeStep) -> RunFolder:
    writer.append(RunStarted(model="tiny", method="lora", pid=1, total_steps=2))
    for number in (1, 2):
        writer.append(step(number, total=2))
    writer.append(
        EvalDone(step=2, loss=1.5, perplexity=4.48, seconds=1, tokens=9, accuracy=0.75, best_loss=1.5, best_step=2)
    )
    writer.append(ProbeSampled(step=2, index=0, prompt="Say", text=f" hello{ESCAPE}"))
    writer.append(RunFinished(outcome="completed", step=2, seconds=4))
    return run


def test_runs_are_listed_and_shown(finished: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("runs", "list") == 0
    assert "finished" in capsys.readouterr().out
    assert call("runs", "list", "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["state"]["best_loss"] == 1.5
    assert call("runs", "show", "first") == 0
    assert "1.5000 at step 2" in capsys.readouterr().out
    assert call("runs", "show", "first", "--json") == 0
    assert json.loads(capsys.readouterr().out)["run"]["name"] == "first"


def test_without_runs_the_list_says_how_to_start_one(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("runs", "list") == 0
    assert "tunesmith tune" in capsys.readouterr().err


def test_following_gives_every_event_once_as_json(finished: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("runs", "follow", "first", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[1]["type"] == "StepDone"


def test_following_tells_a_person_and_shows_what_a_model_wrote_as_it_is(
    finished: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("runs", "follow", "first") == 0
    told = capsys.readouterr()
    assert told.out == ""
    for words in ("held-out loss 1.5000", "accuracy 75.0%", "Finished", "step 2, to “Say” it says: hello␛"):
        assert words in told.err
    assert "\x1b" not in told.err
    assert "\x07" not in told.err


def test_a_run_that_died_ends_the_command_with_1(
    run: RunFolder, writer: EventWriter, step: MakeStep, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.append(step(3))
    assert call("runs", "follow", "first") == 1
    assert "died at step 3" in capsys.readouterr().err


def test_a_paused_run_ends_the_watching_with_0_and_says_so_once(
    run: RunFolder, writer: EventWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.append(RunPaused(step=3, reason="asked", words="Paused at step 3"))
    assert call("runs", "follow", "first") == 0
    assert capsys.readouterr().err.splitlines() == ["Paused at step 3. Go on: tunesmith runs resume first."]


def test_a_pause_that_is_over_is_told_where_it_was(
    run: RunFolder, writer: EventWriter, step: MakeStep, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.append(RunPaused(step=3, reason="asked", words="Paused at step 3"))
    writer.append(RunResumed(step=3))
    writer.append(step(4))
    writer.append(RunFinished(outcome="completed", step=4, seconds=75))
    assert call("runs", "follow", "first") == 0
    paused, on, _, end = capsys.readouterr().err.splitlines()
    assert (paused, on) == ("Paused at step 3", "Going on behind step 3")
    assert end == "Finished after 4 steps and 1 min 15 s of training. Talk to it: tunesmith --model run:first."


def test_what_comes_from_the_hub_is_told_with_the_time_that_is_left(
    run: RunFolder, writer: EventWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.append(Fetched(what="data", done_bytes=120_000_000, total_bytes=500_000_000, bytes_per_s=5e6, eta_s=76))
    writer.append(RunPaused(step=0, reason="asked", words="Paused before its first step"))
    assert call("runs", "follow", "first") == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first == "The data comes from the hub: 120 MB of 500 MB (24%), 5 MB/s, 1 min 16 s left"


def test_long_prompts_leave_room_for_what_the_model_says(
    run: RunFolder, writer: EventWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = f"{'A long review. ' * 40}\nLabel (good or bad):"
    writer.append(ProbeSampled(step=2, index=0, prompt=prompt, text=" good"))
    assert call("runs", "follow", "first") == 1
    first = capsys.readouterr().err.splitlines()[0]
    assert first.endswith("long review. Label (good or bad):” it says: good")
    assert len(first) < 100


def test_whether_it_helped_is_told_at_the_end_and_shown(
    run: RunFolder, writer: EventWriter, step: MakeStep, capsys: pytest.CaptureFixture[str]
) -> None:
    def evaluated(at: int, loss: float, accuracy: float) -> EvalDone:
        return EvalDone(
            step=at, loss=loss, perplexity=9.0, seconds=1, tokens=9, accuracy=accuracy, generic_loss=3.0 + at
        )

    writer.append(evaluated(0, 4.5, 0.5))
    writer.append(step(1))
    writer.append(evaluated(2, 1.0, 0.9))
    writer.append(RunResumed(step=0))  # what was told of step 2 is no longer so
    writer.append(evaluated(1, 2.25, 0.75))
    writer.append(RunFinished(outcome="completed", step=2, seconds=4))
    assert call("runs", "follow", "first") == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("Did it help? loss 4.5000 → 2.2500 ▼ better · perplexity 9.0000 → 9.0000 same · ")
    assert "accuracy 50.0% → 75.0% ▲ better · other text 3.0000 → 4.0000 ▲ worse." in last
    assert call("runs", "show", "first") == 0
    assert re.search(r"loss +4\.5000 +2\.2500 +▼ better", capsys.readouterr().out)
    assert call("runs", "show", "first", "--json") == 0
    assert json.loads(capsys.readouterr().out)["gains"][0] == {
        "name": "loss", "before": 4.5, "after": 2.25, "lower_is_better": True
    }  # fmt: skip


def test_a_run_that_fails_on_its_data_failed_before_its_first_step(
    run: RunFolder, writer: EventWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.append(RunFinished(outcome="failed", step=0, why="It has no rows"))
    assert call("runs", "follow", "first") == 1
    assert capsys.readouterr().err == "Failed before the first step: It has no rows.\n"


def test_no_traceback_of_the_log_is_shown(
    run: RunFolder, writer: EventWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log_file.write_text('Traceback (most recent call last):\n  File "x.py", line 3, in y\nValueError: no room\n')
    writer.append(RunFinished(outcome="failed", step=0, why="It has no rows"))
    assert call("runs", "show", "first") == 0
    told = capsys.readouterr().out
    assert "ValueError: no room" in told
    assert "Traceback" not in told
    assert "line 3" not in told


def test_a_failed_run_says_why_once(
    run: RunFolder, writer: EventWriter, step: MakeStep, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.append(step(4))
    writer.append(RunFinished(outcome="failed", step=4, why="The loss is not a number", hint="Begin again"))
    assert call("runs", "follow", "first") == 1
    assert capsys.readouterr().err.count("The loss is not a number") == 1


@pytest.mark.parametrize("command", ["pause", "stop", "save"])
def test_a_living_run_is_asked_and_a_dead_one_is_not(
    run: RunFolder, writer: EventWriter, step: MakeStep, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("runs", command, "first") == 4
    lock = TrainerLock.take(run.lock_file)
    assert call("runs", command, "first") == 0
    assert run.control_file.read_text() == command
    when = "after its first step" if command == "save" else "before its first step"
    assert when in capsys.readouterr().err
    writer.append(step(3))
    assert call("runs", command, "first") == 0
    assert "after the step that it is at" in capsys.readouterr().err
    lock.release()


def test_a_run_is_renamed_and_deleted(run: RunFolder, paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("runs", "rename", "first", "second") == 0
    assert find_run(paths.runs, "second")
    assert call("runs", "delete", "second") == 4
    assert "--yes" in capsys.readouterr().err
    assert call("runs", "delete", "second", "--yes") == 0
    assert "free again" in capsys.readouterr().err
    assert call("runs", "show", "second") == 3


def test_a_finished_run_is_not_resumed(finished: RunFolder) -> None:
    assert call("runs", "resume", "first") == 4


@pytest.fixture
def trainer_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trainer that writes that it is done, and is."""
    script = (
        "import sys; from pathlib import Path; from engine.runs.log import EventWriter; "
        "from engine.runs.events import RunFinished; "
        "EventWriter(Path(sys.argv[1]) / 'events.jsonl').append(RunFinished(outcome='completed', step=1))"
    )
    from engine.runs import starting

    monkeypatch.setattr(
        starting, "trainer_argv", lambda run, launcher="": [sys.executable, "-P", "-c", script, str(run.path)]
    )


@pytest.mark.slow
@pytest.mark.usefixtures("trainer_that_ends")
def test_tune_writes_the_plan_that_was_asked_for(
    paths: Paths, rows: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(rows.parent)
    options = ["--text-column", "text", "--method", "lora", "--lora-rank", "4", "--epochs", "1.5", "--seed", "9"]
    options += ["--learning-rate", "0.001", "--batch-tokens", "512", "--max-length", "64", "--eval-fraction", "0.2"]
    assert call("tune", "--model", "gpt2", "--data", "rows.jsonl", "--name", "mine", "--json", *options) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "mine"
    plan = read_plan(find_run(paths.runs, "mine").plan_file)
    assert plan.model == "gpt2"
    assert plan.data.source == str(rows)
    assert (plan.data.eval_fraction, plan.data.seed) == (0.2, 9)
    assert (plan.lora.rank, plan.lora.alpha) == (4, 8)
    assert (plan.epochs, plan.learning_rate, plan.batch_tokens, plan.max_length) == (1.5, 0.001, 512, 64)

    again = find_run(paths.runs, "mine").plan_file
    assert call("tune", "--plan", str(again), "--name", "again", "--learning-rate", "0.002", "--follow") == 0
    repeated = read_plan(find_run(paths.runs, "again").plan_file)
    assert repeated.learning_rate == 0.002
    assert repeated.data == plan.data


def test_tune_without_data_or_with_a_bad_plan_is_a_misuse(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("tune", "--model", "gpt2") == 2
    assert call("tune", "--model", "gpt2", "--data", "x", "--batch-tokens", "0", "--epochs", "-1") == 2
    told = capsys.readouterr().err
    assert "batch tokens" in told
    assert "epochs" in told
    assert not paths.runs.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "gpt2", "--data", "nope.jsonl"], "no file or folder nope.jsonl"),
        (["--model", "gpt2", "--data", "imdb", "--eval-source", "./nope"], "no file or folder ./nope"),
        (["--model", "./nope", "--data", "imdb"], "nope"),
        (["--model", "run:nope", "--data", "imdb"], "nope"),
    ],
)
def test_what_is_not_there_is_told_before_a_run_begins(
    paths: Paths, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert call("tune", *options) == 3
    assert words in capsys.readouterr().err
    assert not paths.runs.exists()


def test_a_run_that_died_before_its_first_step_begins_again(run: RunFolder) -> None:
    run.log_file.write_text("Killed\n")
    ways = f"Begin again: tunesmith runs resume {run.name} · discard it: tunesmith runs delete {run.name}"
    assert read_state(run).words == f"The trainer died before its first step: Killed. {ways}"


def test_a_launcher_is_found_also_where_no_program_stands_beside_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.runs.starting import launcher_argv

    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = launcher_argv("torchrun --nproc-per-node 2")
    assert found == [str(tmp_path / "python"), "-P", "-m", "torch.distributed.run", "--nproc-per-node", "2"]


def test_a_launcher_that_is_not_there_is_told(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("tune", "--model", "gpt2", "--data", "x", "--launcher", "no-such-launcher -n 2") == 2
    assert "no-such-launcher" in capsys.readouterr().err
    assert not paths.runs.exists()
