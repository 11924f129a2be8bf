"""Small models that can be had from the hub, with what is known about them beforehand."""

from __future__ import annotations

import difflib

import msgspec

from engine.protocol import ModelKind

MB = 1_000_000


class Offer(msgspec.Struct, frozen=True):
    """A model that can be had."""

    ref: str
    parameters: int
    download_bytes: int
    """What is fetched, roughly: weights, tokenizer and config."""
    context_tokens: int
    kind: ModelKind
    architecture: str
    description: str
    also: str = ""
    """The hub's longer name for the same model; empty where there is none."""


OFFERS: tuple[Offer, ...] = (
    Offer(
        "distilgpt2", 81_912_576, 356 * MB, 1024, "base", "gpt2",
        "GPT-2 distilled to six layers: the quickest of the family.", "distilbert/distilgpt2",
    ),
    Offer(
        "gpt2", 124_439_808, 552 * MB, 1024, "base", "gpt2",
        "The classic: continues any English text.", "openai-community/gpt2",
    ),
    Offer(
        "gpt2-medium", 354_823_168, 1_524 * MB, 1024, "base", "gpt2",
        "GPT-2 with 24 layers: noticeably more coherent.", "openai-community/gpt2-medium",
    ),
    Offer(
        "gpt2-large", 774_030_080, 3_250 * MB, 1024, "base", "gpt2",
        "GPT-2 with 36 layers: wants some patience on a CPU.", "openai-community/gpt2-large",
    ),
    Offer(
        "gpt2-xl", 1_557_611_200, 6_434 * MB, 1024, "base", "gpt2",
        "The whole GPT-2: best with a GPU.", "openai-community/gpt2-xl",
    ),
    Offer(
        "HuggingFaceTB/SmolLM2-135M-Instruct", 134_515_008, 272 * MB, 8192, "instruct", "llama",
        "Answers questions and follows short instructions, in little memory.",
    ),
    Offer(
        "HuggingFaceTB/SmolLM2-360M-Instruct", 361_821_120, 727 * MB, 8192, "instruct", "llama",
        "A better conversation than the 135M, still quick on a CPU.",
    ),
    Offer(
        "HuggingFaceTB/SmolLM2-135M", 134_515_008, 272 * MB, 8192, "base", "llama",
        "A modern small base model: a good start for fine-tuning.",
    ),
    Offer(
        "HuggingFaceTB/SmolLM2-360M", 361_821_120, 727 * MB, 8192, "base", "llama",
        "The larger of two modern base models for fine-tuning.",
    ),
    Offer(
        "Qwen/Qwen2.5-0.5B-Instruct", 494_032_768, 1_000 * MB, 32768, "instruct", "qwen2",
        "Chats in many languages, with a long window.",
    ),
    Offer(
        "TinyLlama/TinyLlama-1.1B-Chat-v1.0", 1_100_048_384, 2_203 * MB, 2048, "instruct", "llama",
        "A small Llama tuned to chat: wants some patience on a CPU.",
    ),
    Offer(
        "EleutherAI/pythia-70m", 70_426_624, 168 * MB, 2048, "base", "gpt_neox",
        "Made for research into how models learn: tiny and honest about it.",
    ),
    Offer(
        "EleutherAI/pythia-160m", 162_322_944, 377 * MB, 2048, "base", "gpt_neox",
        "The next size of the research family.",
    ),
)  # fmt: skip


def find_offer(name: str) -> Offer | None:
    """The offer that a hub name means, by its short or its long name, in any case."""
    wanted = name.lower()
    return next((offer for offer in OFFERS if wanted in (offer.ref.lower(), offer.also.lower())), None)


def same_model(name: str) -> tuple[str, ...]:
    """All names under which the hub's cache may hold a model, the given one first."""
    offer = find_offer(name)
    return tuple(dict.fromkeys(each for each in (name, *((offer.ref, offer.also) if offer else ())) if each))


def close_matches(name: str, most: int = 3) -> tuple[str, ...]:
    """Names of offers that somebody who typed this may have meant, closest first."""
    wanted = name.lower()
    spellings = {spelling.lower(): offer.ref for offer in OFFERS for spelling in _spellings(offer)}
    found = difflib.get_close_matches(wanted, spellings, n=most * 2, cutoff=0.6)
    return tuple(dict.fromkeys(spellings[spelling] for spelling in found))[:most]


def _spellings(offer: Offer) -> tuple[str, ...]:
    whole = tuple(name for name in (offer.ref, offer.also) if name)
    return (*whole, *(name.rpartition("/")[2] for name in whole))
