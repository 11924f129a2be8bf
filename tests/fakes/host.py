"""A model host that needs no torch: it speaks the protocol from a script.

Run it in place of the real one: `HostClient(argv=fake_host(reply="…"))`. Options (each also as an environment
variable `FAKE_HOST_<NAME>`, so that a program under test can be given one):

    --reply TEXT          what every reply says; {prompt} is the last turn's text      default: a short story
    --token-delay-s F     between tokens; waits on stdin, so that a Cancel is seen at once
    --load-delay-s F      between the stages of a load
    --tokens N            how many tokens a reply has; the text is repeated or cut      default: as the text
    --die-after N         kill itself (SIGKILL) after N tokens of a reply
    --die-on-load         kill itself when a load begins
    --exit-code N         die with this exit code instead of by SIGKILL
    --fail-load CODE      every load fails with this code
    --fail-generate CODE  every reply fails with this code
    --fail-item N         the item at this place of every batch fails alone
    --noise TEXT          write this to stderr when it starts
    --garbage             put lines that are no events, and noise on stderr, between the events
    --context N           the model's window, in words                                  default: 512
    --kind KIND           base or instruct                                              default: base
    --beginning TEXT      the token that is put in front of each prompt
    --deaf                ignore Shutdown, a closed stdin and SIGTERM
"""

from __future__ import annotations

import argparse
import math
import os
import re
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from engine import wire
from engine.errors import TunesmithError
from engine.protocol import (
    Alternative,
    AnyCommand,
    BatchFinished,
    BatchReason,
    Cancel,
    CountTokens,
    Event,
    Failed,
    FinishReason,
    Generate,
    GenerateBatch,
    GenerationFinished,
    GenerationStarted,
    Hello,
    ItemFailed,
    Likelihood,
    LoadModel,
    LoadProgress,
    LoadStage,
    ModelInfo,
    ModelKind,
    ModelReady,
    ModelUnloaded,
    Prompt,
    ReplyFinished,
    ReplyGrew,
    ReplyStarted,
    Score,
    Scored,
    Shutdown,
    Template,
    TokensCounted,
    TokensEmitted,
    UnloadModel,
)
from engine.templates import fit

STORY = "Once upon a time there was a small model. It told a story, one word at a time, and then it stopped."


def fake_host(**options: object) -> tuple[str, ...]:
    """The argv of a fake host: `fake_host(reply="Hi there", token_delay_s=0.01, garbage=True)`."""
    argv = [sys.executable, "-P", str(Path(__file__).resolve())]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        argv += [flag] if value is True else [f"{flag}={value}"]
    return tuple(argv)


TRAINED = Template(id="trained", name="Tickets", kind="completion", body="Ticket: {{ message }}\nAnswer:")
"""What a model `run:…` was trained with."""


class Options(msgspec.Struct, frozen=True):
    reply: str
    token_delay_s: float
    load_delay_s: float
    tokens: int
    die_after: int
    die_on_load: bool
    exit_code: int
    fail_load: str
    fail_generate: str
    fail_item: int
    noise: str
    garbage: bool
    context: int
    kind: ModelKind
    beginning: str
    deaf: bool


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    parser = argparse.ArgumentParser()

    def add(name: str, kind: type, default: object) -> None:
        raw = environ.get("FAKE_HOST_" + name.upper().replace("-", "_"))
        if kind is bool:
            parser.add_argument(f"--{name}", action="store_true", default=bool(raw) or default)
        else:
            parser.add_argument(f"--{name}", type=kind, default=kind(raw) if raw else default)

    add("reply", str, STORY)
    add("token-delay-s", float, 0.0)
    add("load-delay-s", float, 0.0)
    add("tokens", int, 0)
    add("die-after", int, -1)
    add("die-on-load", bool, False)
    add("exit-code", int, -1)
    add("fail-load", str, "")
    add("fail-generate", str, "")
    add("fail-item", int, -1)
    add("noise", str, "")
    add("garbage", bool, False)
    add("context", int, 512)
    add("kind", str, "base")
    add("beginning", str, "")
    add("deaf", bool, False)
    parser.add_argument("--background", action="store_true", help="As the real one; here it changes nothing.")
    return msgspec.convert(vars(parser.parse_args(argv)), Options)


class Host:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.commands: deque[AnyCommand] = deque()
        self.cancelled: set[int] = set()
        self.open = True
        self.model: ModelInfo | None = None
        self._rest = b""

    def run(self) -> None:
        if self.options.noise:
            os.write(2, self.options.noise.encode("utf-8", "surrogateescape") + b"\n")
        self.say(Hello(id=0, version="fake", pid=os.getpid()))
        while self.open or self.options.deaf:
            self.listen(None)
            while self.commands:
                self.answer(self.commands.popleft())

    def say(self, event: Event) -> None:
        data = wire.encode(event)
        if self.options.garbage:
            data = b'this is no JSON {"\n' + b'{"type":"FromTheFuture","id":1,"x":[]}\n' + data
            sys.stderr.write("warning: noise\rmore \x1b[31mnoise\x1b[0m\n")
            sys.stderr.flush()
        while data:
            data = data[os.write(1, data) :]

    def listen(self, timeout_s: float | None, busy_with: int = 0) -> None:
        """Take in commands for so long, or until the one at work is cancelled or stdin ends."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while busy_with not in self.cancelled and (self.open or self.options.deaf):
            wait_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            watched = [0] if self.open else []
            if not select.select(watched, [], [], wait_s)[0]:
                return
            data = os.read(0, 1 << 16)
            self.open = bool(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self.take(line)
            if deadline is None or not self.open:
                return

    def take(self, line: bytes) -> None:
        try:
            command = wire.decode_command(line)
        except msgspec.DecodeError:
            self.say(Failed(id=0, code="misuse", title="That was no command"))
            return
        if isinstance(command, Cancel):
            self.cancelled.add(command.target)
        elif isinstance(command, Shutdown):
            self.open = False
        elif isinstance(command, CountTokens):
            self.count(command)
        else:
            self.commands.append(command)

    def count(self, command: CountTokens) -> None:
        """A word is a token; the oldest turns fall out of a window that is too small for them."""
        if self.model is None:
            self.say(Failed(id=command.id, code="no-model", title="No model is loaded", hint="Pick one."))
            return
        try:
            fitted = fit(
                command.prompt,
                count=lambda text: len(text.split()),
                limit_tokens=self.options.context,
                model=self.model,
            )
        except TunesmithError as error:
            self.say(Failed(id=command.id, code=error.code, title=error.title, hint=error.hint))
            return
        self.say(
            TokensCounted(
                id=command.id,
                tokens=count(fitted.prompt),
                context_tokens=self.options.context,
                dropped_turns=fitted.dropped_turns,
                text=fitted.text if command.with_text else "",
                beginning=self.options.beginning if command.with_text else "",
                pieces=tuple(re.findall(r"\s*\S+|\s+", fitted.text)) if command.with_pieces else (),
            )
        )

    def answer(self, command: AnyCommand) -> None:
        if isinstance(command, LoadModel):
            self.load(command)
        elif isinstance(command, UnloadModel):
            self.model = None
            self.say(ModelUnloaded(id=command.id))
        elif isinstance(command, Generate):
            self.generate(command)
        elif isinstance(command, GenerateBatch):
            self.batch(command, len(command.items), self.reply_of)
        elif isinstance(command, Score):
            self.batch(command, len(command.questions), self.likelihoods_of)

    def load(self, command: LoadModel) -> None:
        if self.options.die_on_load:
            self.die()
        steps: tuple[tuple[LoadStage, int], ...] = (("finding", 0), ("reading", 50), ("reading", 100), ("placing", 100))
        for stage, done in steps:
            progress = LoadProgress(
                id=command.id, stage=stage, file="model.safetensors", done_bytes=done, total_bytes=100
            )
            self.say(progress)
            self.listen(self.options.load_delay_s, command.id)
            if command.id in self.cancelled or not self.open:
                self.say(Failed(id=command.id, code="cancelled", title="Loading was cancelled"))
                return
        if self.options.fail_load:
            self.say(
                Failed(
                    id=command.id,
                    code=self.options.fail_load,
                    title=f"{command.ref} could not be loaded",
                    hint="Pick another model.",
                )
            )
            return
        self.model = ModelInfo(
            ref=command.ref,
            name=command.ref.rstrip("/").rsplit("/", 1)[-1],
            architecture="gpt2",
            kind=self.options.kind,
            parameters=124_439_808,
            size_bytes=497_759_232,
            context_tokens=self.options.context,
            vocabulary=50_257,
            device="cpu",
            dtype="float32",
            chat_template="{{ messages[-1].content }}" if self.options.kind == "instruct" else "",
            bos_token="<|endoftext|>",
            eos_token="<|endoftext|>",
            template=TRAINED if command.ref.startswith("run:") else None,
        )
        self.say(ModelReady(id=command.id, model=self.model, seconds=0.1))

    def generate(self, command: Generate) -> None:
        if self.model is None or self.options.fail_generate:
            code = self.options.fail_generate or "no-model"
            self.say(Failed(id=command.id, code=code, title="The reply failed", hint="Try again."))
            return
        prompt_tokens = count(command.prompt)
        seed = command.sampling.seed if command.sampling.seed is not None else 7
        self.say(
            GenerationStarted(
                id=command.id,
                prompt_tokens=prompt_tokens,
                cached_tokens=0,
                context_tokens=self.options.context,
                dropped_turns=0,
                seed=seed,
            )
        )
        started = time.monotonic()
        pieces = self.pieces(command.prompt)
        wanted = self.options.tokens or len(pieces)
        limit = min(wanted, command.sampling.max_new_tokens)
        done = 0
        while done < limit and command.id not in self.cancelled and self.open:
            if done == self.options.die_after:
                self.die()
            self.emit(command, done, pieces[done % len(pieces)])
            done += 1
            self.listen(self.options.token_delay_s, command.id)
        reason: FinishReason = "stop" if done == wanted else "length"
        if command.id in self.cancelled or not self.open:
            reason = "cancelled"
        seconds = max(time.monotonic() - started, 1e-6)
        self.say(
            GenerationFinished(
                id=command.id,
                reason=reason,
                tokens=done,
                prompt_tokens=prompt_tokens,
                seconds=seconds,
                first_token_s=seconds / max(done, 1),
                tokens_per_s=done / seconds,
            )
        )

    def batch(self, command: AnyCommand, items: int, answer: Callable[[Any, int], bool]) -> None:
        """Answer item after item."""
        started = time.monotonic()
        if self.model is None or self.options.fail_generate:
            code = self.options.fail_generate or "no-model"
            self.say(Failed(id=command.id, code=code, title="The batch failed", hint="Try again."))
            return
        done = failed = 0
        for place in range(items):
            if command.id in self.cancelled or not self.open:
                break
            if place == self.options.fail_item:
                self.say(ItemFailed(id=command.id, item=place, code="template-fault", title="The item failed"))
                failed += 1
            else:
                done += answer(command, place)
        reason: BatchReason = "completed" if done + failed == items else "cancelled"
        seconds = time.monotonic() - started
        self.say(BatchFinished(id=command.id, reason=reason, done=done, failed=failed, seconds=seconds))

    def reply_of(self, command: GenerateBatch, place: int) -> bool:
        item = command.items[place]
        size = count(item.prompt)
        seed = item.sampling.seed if item.sampling.seed is not None else 7
        self.say(ReplyStarted(id=command.id, item=place, prompt_tokens=size, dropped_turns=0, seed=seed))
        pieces = self.pieces(item.prompt)
        wanted = self.options.tokens or len(pieces)
        limit = min(wanted, item.sampling.max_new_tokens)
        for done in range(limit):
            if done == self.options.die_after:
                self.die()
            self.say(ReplyGrew(id=command.id, item=place, text=pieces[done % len(pieces)], tokens=1))
            self.listen(self.options.token_delay_s, command.id)
            if command.id in self.cancelled or not self.open:
                return False
        reason: FinishReason = "stop" if limit == wanted else "length"
        self.say(ReplyFinished(id=command.id, item=place, reason=reason, tokens=limit, prompt_tokens=size, seconds=0.1))
        return True

    def likelihoods_of(self, command: Score, place: int) -> bool:
        """Texts that stand in the message are likely, the others less the later they come."""
        self.listen(self.options.token_delay_s, command.id)
        question = command.questions[place]
        message = question.prompt.turns[-1].text if question.prompt.turns else ""
        weights = [9.0 if text.strip() in message else 1 / rank for rank, text in enumerate(question.continuations, 1)]
        found = tuple(
            Likelihood(
                logprob=math.log(weight / 10) * len(text.split()),
                tokens=len(text.split()),
                characters=len(text),
                share=weight / sum(weights),
            )
            for text, weight in zip(question.continuations, weights, strict=True)
        )
        self.say(
            Scored(
                id=command.id, item=place, continuations=found, prompt_tokens=count(question.prompt), dropped_turns=0
            )
        )
        return True

    def pieces(self, prompt: Prompt) -> list[str]:
        text = self.options.reply.replace("{prompt}", prompt.turns[-1].text if prompt.turns else "")
        return re.findall(r"\s*\S+|\s+", text) or [" "]

    def emit(self, command: Generate, index: int, text: str) -> None:
        alternatives = tuple(
            Alternative(text=f"alt{rank}", id=rank, logprob=-1.0 - rank) for rank in range(command.top_logprobs)
        )
        self.say(
            TokensEmitted(
                id=command.id,
                text=text,
                ids=(index,),
                logprobs=(-0.5,) if alternatives else (),
                alternatives=(alternatives,) if alternatives else (),
            )
        )

    def die(self) -> NoReturn:
        sys.stderr.write("error: the fake host was told to die\n")
        sys.stderr.flush()
        if self.options.exit_code >= 0:
            os._exit(self.options.exit_code)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive after SIGKILL")


def count(prompt: Prompt) -> int:
    return sum(len(turn.text.split()) for turn in prompt.turns) + len(prompt.reply_start.split())


def main() -> None:
    options = parse(sys.argv[1:], os.environ)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if options.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        Host(options).run()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
