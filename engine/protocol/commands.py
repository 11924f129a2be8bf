"""What the host can be asked to do."""

from __future__ import annotations

from engine.protocol.base import Frozen, Normalisation
from engine.protocol.prompts import Prompt, Sampling


class Command(Frozen, frozen=True, tag=True):
    """Something the host is asked to do."""

    id: int


class LoadModel(Command, frozen=True):
    """Make this the current model; the one before stays until the new one is ready."""

    ref: str
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    dtype: str = "auto"
    """auto, float32, float16, bfloat16 or int8."""
    threads: int = 0
    """Torch's threads for one operation; 0 lets the host choose."""
    batched: bool = False
    """Only batches and scores will be asked for: nothing is kept in memory for single replies. On the CPU they are
    computed in float32 where a reply would be in float16 or int8; `ModelReady` tells."""


class UnloadModel(Command, frozen=True):
    """Give the model's memory back."""


class Generate(Command, frozen=True):
    """Answer a prompt with the current model."""

    prompt: Prompt
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Beside the template's own stop strings."""
    top_logprobs: int = 0
    """How many alternatives to report for each token; 0 reports none."""


class BatchItem(Frozen, frozen=True):
    """One prompt of a batch."""

    prompt: Prompt
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Beside the template's own stop strings."""


class GenerateBatch(Command, frozen=True):
    """Answer many prompts at once with the current model; an item that can't be answered fails alone."""

    items: tuple[BatchItem, ...]


class Question(Frozen, frozen=True):
    """A prompt, and texts that may stand behind it."""

    prompt: Prompt
    continuations: tuple[str, ...]
    """Parted from the prompt by a blank where neither has one: as training parts a reply from its prompt."""


class Score(Command, frozen=True):
    """Say how likely the current model finds texts behind prompts; a question that can't be asked fails alone."""

    questions: tuple[Question, ...]
    normalisation: Normalisation = "choice"


class CountTokens(Command, frozen=True):
    """Render a prompt and count it, without generating; answered at once, also during a reply."""

    prompt: Prompt
    max_new_tokens: int = 0
    """Room to keep free for the reply, as `Generate` would."""
    with_text: bool = False
    """Tell the text too: exactly what the model would see."""
    with_pieces: bool = False
    """Tell the text of each token too."""


class Cancel(Command, frozen=True):
    """End another command early; it answers for itself."""

    target: int


class Shutdown(Command, frozen=True):
    """End the host; closing its stdin does the same."""


AnyCommand = LoadModel | UnloadModel | Generate | GenerateBatch | Score | CountTokens | Cancel | Shutdown
