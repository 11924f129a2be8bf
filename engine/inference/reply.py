"""The state of one reply, however its tokens are computed: sampling, text, stop strings, limits."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.inference.detokenizer import Detokenizer
from engine.inference.loading import LoadedModel
from engine.inference.prompting import EncodedPrompt, encode_prompt
from engine.inference.sampling import Choice, Sampler
from engine.inference.stopping import StopStrings
from engine.protocol import FinishReason, Prompt, Sampling
from engine.sampling import check_sampling


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be answered, and how. Fields as in `engine.protocol.Generate`."""

    prompt: Prompt
    sampling: Sampling
    stop: tuple[str, ...] = ()
    top_logprobs: int = 0


class Reply:
    """Takes the logits, gives out text, and knows when it is over."""

    def __init__(self, loaded: LoadedModel, request: Request, draw_seed: Callable[[], int]) -> None:
        """Render and fit the prompt, and begin.

        Raises:
            ContextOverflow: The last message alone is too long.
            TemplateFault: The template can't be rendered.
            Misuse: A sampling value is out of bounds.
        """
        sampling = request.sampling
        check_sampling(sampling)
        prompt = encode_prompt(loaded, request.prompt, sampling.max_new_tokens)
        self.prompt: EncodedPrompt = prompt
        self.seed = sampling.seed if sampling.seed is not None else draw_seed()
        self.sampler = Sampler(sampling, self.seed, prompt.ids, alternatives=request.top_logprobs)
        self.tokens = 0
        """Those that are part of the reply."""
        self.reason: FinishReason = "cancelled"
        self.over = False
        self._end_ids = loaded.end_ids
        self._detokenizer = Detokenizer(loaded.tokenizer, prompt.ids, kinds=loaded.kinds)
        stops = (*request.prompt.template.stop, *request.stop)
        self._stops = StopStrings(stops)
        # Their texts are no part of a reply, in which they would never be found.
        self._stop_ids = {token: text for text, token in _special_tokens(loaded).items() if text in stops}
        self._stop_text = ""
        room = loaded.info.context_tokens - len(prompt.ids)
        self._limit = min(sampling.max_new_tokens, room)
        self._reason_at_limit: FinishReason = "length" if sampling.max_new_tokens <= room else "context"

    @property
    def stop_text(self) -> str:
        """The stop string that was met; empty where there was none."""
        return self._stops.met or self._stop_text

    @property
    def ended_by_token(self) -> bool:
        """Whether a token that is no part of the reply ended it."""
        return self.reason == "stop" and not self._stops.met

    @property
    def most_tokens(self) -> int:
        """The prompt with the longest reply that may come."""
        return len(self.prompt.ids) + self._limit

    def take(self, choice: Choice) -> str | None:
        """Take a token in; returns the text that is certain now, None for a token that is no part of the reply."""
        if choice.id in self._end_ids or choice.id in self._stop_ids:
            self._stop_text = self._stop_ids.get(choice.id, "")
            self._end("stop")
            return None
        self.tokens += 1
        text = self._stops.push(self._detokenizer.push(choice.id))
        if self._stops.met:
            self._end("stop")
        elif self.tokens >= self._limit:
            self._end(self._reason_at_limit)
        return text

    def rest(self) -> str:
        """The text that was held back: no more tokens come."""
        if self._met_stop():
            return ""
        rest = self._stops.push(self._detokenizer.flush())
        if self._met_stop():
            self._end("stop")
            return rest
        return rest + self._stops.flush()

    def _met_stop(self) -> bool:
        return bool(self._stops.met)

    def _end(self, reason: FinishReason) -> None:
        self.over, self.reason = True, reason


def _special_tokens(loaded: LoadedModel) -> dict[str, int]:
    ids = sorted(loaded.kinds.special)
    return dict(zip(loaded.tokenizer.convert_ids_to_tokens(ids), ids, strict=True))
