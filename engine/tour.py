"""The first minute: what the starter says, what it learns from the lesson, and what it says then."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from engine.client import HostClient
from engine.corpus.spec import DataSpec
from engine.errors import DiskFull, Refused
from engine.errors import Failed as FailedError
from engine.figures import human_bytes, human_duration
from engine.host_words import error_of
from engine.models.reference import STARTER
from engine.protocol import (
    AnyEvent,
    Failed,
    Generate,
    LoadModel,
    ModelReady,
    Prompt,
    SamplingChange,
    TokensEmitted,
    Turn,
)
from engine.runs import Plan, RunFolder, RunState, ask, read_events, read_state
from engine.runs.events import StepDone
from engine.runs.lock import is_locked
from engine.sampling import sampling_for
from engine.starter import LESSON, PROBES
from engine.templates import Library, default_template_id

_REPLY_TOKENS = 40
_LOOK_EVERY_S = 0.1
_STOPPED_WITHIN_S = 30.0
_KILLED_WITHIN_S = 5.0
NEEDED_BYTES = 200_000_000
"""What the lesson with its checkpoints takes, three times over."""

TEMPLATE_ID = "one-by-one"
_TEMPLATE = f'''name = "One by one"
description = "Each message on its own, as the lesson has its questions"
kind = "completion"
stop = ["\\nUser:"]
body = """
User: {{{{ message | trim }}}}
Assistant:
"""

[sampling]
temperature = 0.0
max_new_tokens = {_REPLY_TOKENS}
'''


class Answer(msgspec.Struct, frozen=True):
    """A question, and what a model said to it."""

    question: str
    reply: str


def lesson_plan() -> Plan:
    """The fine-tune of the starter on the lesson: some fifteen seconds of one core."""
    return Plan(
        model=STARTER,
        data=DataSpec(source=LESSON),
        method="full",
        learning_rate=2e-3,
        batch_tokens=1024,
        evaluate_every=14,
        probes=tuple(f"User: {question}\nAssistant:" for question in PROBES),
        probe_tokens=24,
        polite=False,  # somebody waits for it
        preflight=False,
    )


async def answers(
    client: HostClient, ref: str, library: Library, *, told: Callable[[AnyEvent], object] = lambda _: None
) -> tuple[Answer, ...]:
    """Load a model, and put the lesson's questions to it; the likeliest token is always taken.

    Args:
        client: The model host's client.
        ref: The model.
        library: Where its template is, unless it has one of its own.
        told: Hears when it is loaded, and all that its replies consist of.

    Raises:
        TunesmithError: It could not be loaded, or could not reply.
    """
    loaded = await client.ask(LoadModel(id=client.next_id(), ref=ref))
    if isinstance(loaded, Failed):
        raise error_of(loaded)
    told(loaded)
    info = loaded.model if isinstance(loaded, ModelReady) else None
    template = (info.template if info else None) or library.get(default_template_id(info))
    sampling = sampling_for(
        SamplingChange(), template.sampling, SamplingChange(temperature=0, max_new_tokens=_REPLY_TOKENS)
    )
    found = []
    for question in PROBES:
        prompt = Prompt(template=template, turns=(Turn(role="user", text=question),))
        reply = ""
        async for event in client.request(Generate(id=client.next_id(), prompt=prompt, sampling=sampling)):
            if isinstance(event, Failed):
                raise error_of(event)
            told(event)
            if isinstance(event, TokensEmitted):
                reply += event.text
        found.append(Answer(question, reply.strip()))
    return tuple(found)


@contextlib.contextmanager
def guest_home(
    environ: Mapping[str, str] = os.environ, *, within: Path | None = None, needed_bytes: int = NEEDED_BYTES
) -> Iterator[Mapping[str, str]]:
    """An environment whose folders are gone afterwards, with all that was made in them.

    Args:
        environ: The rest of it.
        within: The folder to make that home in; None takes the system's for temporary files.
        needed_bytes: What will be kept there for a while.

    Raises:
        DiskFull: That would not fit on the disk.
        Failed: It can't be made.
    """
    place = within or Path(tempfile.gettempdir())
    variable = "TMPDIR" if within is None else "TUNESMITH_HOME"
    try:
        _check_room(place, variable, needed_bytes)
        home = tempfile.TemporaryDirectory(prefix=".tour-", dir=place, ignore_cleanup_errors=True)
    except OSError as error:
        words = f"No folder can be made in {place}: {error.strerror or error}"
        raise FailedError(words, f"Free some space, or set {variable} to a folder that you may write to") from error
    with home as folder:
        # Torch makes that folder when it is imported, else beside the other temporary files, for good.
        yield {**environ, "TUNESMITH_HOME": folder, "TORCHINDUCTOR_CACHE_DIR": str(Path(folder) / "torch")}


def _check_room(folder: Path, variable: str, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        words = f"{human_bytes(free)} are free in {folder}; the lesson takes {human_bytes(needed_bytes)}"
        raise DiskFull(words, f"Free some space, or set {variable} to a folder on another disk")


@contextlib.contextmanager
def ended_with_us(
    run: RunFolder,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[RunFolder]:
    """A run that nobody is to train any more once this is left, in whichever way."""
    try:
        yield run
    finally:
        deadline = clock() + _STOPPED_WITHIN_S
        with contextlib.suppress(Refused):  # it is over
            ask(run, "stop")
        while is_locked(run.lock_file) and clock() < deadline:
            sleep(_LOOK_EVERY_S)


def await_end(
    run: RunFolder,
    *,
    within_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RunState:
    """Wait until nobody trains a run any more, or somebody would have to do something for it to go on.

    Raises:
        Failed: It is still at work then.
    """
    deadline = clock() + within_s
    while (state := read_state(run)).alive:
        if clock() > deadline:
            raise FailedError(
                f"The lesson was not over after {human_duration(within_s)}: {state.words}",
                "The machine is very busy or very slow: close other programs, and try again",
            )
        sleep(_LOOK_EVERY_S)
    return state


def end_at_once(
    run: RunFolder,
    pid: int,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """End the trainer of a run whose work nobody wants: it is not asked, as an answer takes seconds.

    Args:
        run: The run.
        pid: Its trainer, as `start` told; it leads a process group of its own.
        clock: Seconds that only go forward.
        sleep: Waits between two looks.
    """
    if not is_locked(run.lock_file):
        return  # the process is gone, and its number may be another's by now
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)
    deadline = clock() + _KILLED_WITHIN_S
    while is_locked(run.lock_file) and clock() < deadline:
        sleep(_LOOK_EVERY_S)


def write_template(folder: Path) -> None:
    """Put the template of the tour into a folder of templates; it shows one question after the other in one chat.

    Raises:
        OSError: It can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{TEMPLATE_ID}.toml").write_text(_TEMPLATE, encoding="utf-8")


def losses(run: RunFolder) -> tuple[float, ...]:
    """The loss of each step so far, in nats per token."""
    return tuple(event.loss for event in read_events(run.events_file).events if isinstance(event, StepDone))
