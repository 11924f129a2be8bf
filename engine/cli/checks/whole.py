"""The self-test of `tunesmith doctor --full`: the tour without an audience, from the first reply to the last."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

from engine import starter
from engine.cli.checks.record import Check, State
from engine.client import HostClient
from engine.errors import Failed, TunesmithError
from engine.figures import human_bytes, human_duration
from engine.models.reference import STARTER
from engine.paths import Paths, find_paths
from engine.protocol import AnyEvent, GenerationFinished, ModelReady
from engine.runs import create, list_checkpoints, start
from engine.runs.store import disk_bytes
from engine.templates import Library
from engine.tour import Answer, answers, await_end, ended_with_us, guest_home, lesson_plan, losses

GROUP = "Self-test"
_PARTS = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
_SLOW_LOAD_S = 60.0
_SLOW_TOKENS_PER_S = 30.0
"""The starter makes hundreds on one ordinary core."""
_SLOW_LESSON_S = 180.0
_BUSY = "Other programs take the processor, or `threads` in config.toml does not suit it"
_AGAIN = "Install Tunesmith again"


class Patience:
    """How long the self-test waits, and on which clock."""

    def __init__(
        self,
        *,
        replies_s: float = 300.0,
        lesson_s: float = 1200.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wait that many seconds for loading with three replies, and for the lesson."""
        self.replies_s, self.lesson_s = replies_s, lesson_s
        self.clock, self.sleep = clock, sleep


def self_test(paths: Paths, environ: Mapping[str, str], patience: Patience | None = None) -> Iterator[Check]:
    """Load, reply, train, save, load what came out and compare, in a folder that is gone afterwards.

    The folder is made where runs are kept, as that is where there has to be room and leave. What is broken ends the
    test; what was found until then is told as it is found.

    Args:
        paths: The person's own folders.
        environ: The rest of the environment.
        patience: How long to wait.
    """
    lacking = [name for name in _PARTS if not (starter.FOLDER / name).is_file()]
    if not starter.LESSON_FILE.is_file():
        lacking.append(starter.LESSON_FILE.name)
    if lacking:
        yield _broken("starter", f"{', '.join(lacking)} missing from {starter.FOLDER}", _AGAIN)
        return
    yield _check("starter", "the model and its lesson are here")
    made = _make(paths.data)
    if isinstance(made, OSError):
        words = f"{paths.data} can't be made: {made.strerror or made}"
        yield _broken("folder", words, "Check who owns it, or set TUNESMITH_HOME to a folder of your own")
        return
    try:
        yield from _in_a_folder(paths.data, environ, patience or Patience())
    finally:
        for folder in made:
            with contextlib.suppress(OSError):  # something of the person's own is in it by now
                folder.rmdir()


def _in_a_folder(within: Path, environ: Mapping[str, str], patience: Patience) -> Iterator[Check]:
    try:
        with guest_home(environ, within=within) as guest:
            yield _check("folder", f"{within} can be written")
            yield from _stages(guest, patience)
            folder = Path(guest["TUNESMITH_HOME"])
    except OSError as error:
        yield _broken("folder", f"{within} can't be used: {error.strerror or error}", "Check its owner and its disk")
        return
    except TunesmithError as error:
        yield _broken("folder", error.title, error.hint)
        return
    if folder.exists():
        yield Check(group=GROUP, name="tidying", state="warning", found=f"{folder} is left", hint="It can be deleted")


def _stages(environ: Mapping[str, str], patience: Patience) -> Iterator[Check]:
    before = yield from _listen("starter", STARTER, environ, patience)
    if before is None:
        return
    yield from _teach(before, environ, patience)


def _teach(before: tuple[Answer, ...], environ: Mapping[str, str], patience: Patience) -> Iterator[Check]:
    began_s = patience.clock()
    try:
        made = create(find_paths(environ).runs, lesson_plan(), "self-test")
        with ended_with_us(made, clock=patience.clock, sleep=patience.sleep) as run:
            start(run, environ=environ)
            state = await_end(run, within_s=patience.lesson_s, clock=patience.clock, sleep=patience.sleep)
            if state.state != "finished":
                yield _broken("training", state.words, state.log_lines[-1] if state.log_lines else "See the log")
                return
            took_s, curve = patience.clock() - began_s, losses(run)
            words = f"{len(curve)} steps in {human_duration(took_s)}, loss {curve[0]:.2f} to {curve[-1]:.2f}"
            if curve[-1] > curve[0] / 2:
                yield _broken("training", f"{words}: it should fall below a half", f"The arithmetic is wrong: {_AGAIN}")
                return
            yield _check("training", words, _BUSY if took_s > _SLOW_LESSON_S else "")
            saved = f"{human_bytes(disk_bytes(run))} with {len(list_checkpoints(run))} checkpoints"
            yield _check("saving", saved)
            after = yield from _listen("result", f"run:{run.name}", environ, patience)
    except TunesmithError as error:
        yield _broken("training", error.title, error.hint)
        return
    if after is not None and after == before:
        yield _broken("difference", "The result answers as before the lesson", f"Nothing was learned: {_AGAIN}")
    elif after is not None:
        yield _check("difference", f"“{after[0].question}” was “{before[0].reply}”, is “{after[0].reply}”")


def _listen(
    name: str, ref: str, environ: Mapping[str, str], patience: Patience
) -> Generator[Check, None, tuple[Answer, ...] | None]:
    """Load a model and hear it. Gives its answers; None where it has none, which is told."""
    events: list[AnyEvent] = []
    try:
        found = asyncio.run(_answers(ref, environ, patience, events.append))
    except TunesmithError as error:
        yield _broken(f"{name} replies" if events else f"{name} loads", error.title, error.hint)
        return None
    ready = next(event for event in events if isinstance(event, ModelReady))
    yield _check(f"{name} loads", f"in {ready.seconds:.1f} s", _BUSY if ready.seconds > _SLOW_LOAD_S else "")
    speed = max(event.tokens_per_s for event in events if isinstance(event, GenerationFinished))
    slow = 0 < speed < _SLOW_TOKENS_PER_S
    yield _check(f"{name} replies", f"{speed:,.0f} tokens/s", _BUSY if slow else "")
    return found


async def _answers(
    ref: str, environ: Mapping[str, str], patience: Patience, told: Callable[[AnyEvent], object]
) -> tuple[Answer, ...]:
    client = HostClient(env=dict(environ))
    try:
        async with asyncio.timeout(patience.replies_s):
            return await answers(client, ref, Library(find_paths(environ).templates), told=told)
    except TimeoutError:
        words = f"The model host did not answer within {human_duration(patience.replies_s)}"
        raise Failed(words, f"{_BUSY}; `tunesmith doctor` shows what torch says") from None
    finally:
        await client.aclose()


def _make(folder: Path) -> tuple[Path, ...] | OSError:
    """Make a folder. Gives those that were not there before, the innermost first, or why it can't be made."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error
    return tuple(missing)


def _check(name: str, found: str, slow: str = "") -> Check:
    state: State = "warning" if slow else "ok"
    return Check(group=GROUP, name=name, state=state, found=f"{found}: slow" if slow else found, hint=slow)


def _broken(name: str, found: str, hint: str) -> Check:
    return Check(group=GROUP, name=name, state="broken", found=found, hint=hint)
