"""How fast tokens come, by the compact decoder and by transformers, in turns in one process.

    python -m bench.decode [--model FOLDER] [--rounds N] [--tokens N] [--json]

Without a folder it is a GPT-2 of 124 million parameters with random weights, as fast as trained ones. One thread.
The limit is the bytes of weights and keys that a token reads, over the speed at which this machine reads memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from engine.inference.compact import STORAGES, from_network
from engine.inference.decoding import Decoder, TransformersDecoder

_CONTEXTS = (32, 512, 900)
_RIVAL = "transformers, the decode loop"
_GENERATE = "transformers, generate"


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    network = _network(options.model)
    config = json.loads(network.config.to_json_string(use_diff=False))
    decoders: dict[str, Decoder] = {_RIVAL: TransformersDecoder(network)}
    sizes = {_RIVAL: network.get_memory_footprint()}
    for storage in STORAGES:
        decoder = from_network(network, config, storage)
        if decoder is None:
            sys.exit(f"The compact decoder does not know {config['model_type']}")
        decoders[f"compact, {storage}"] = decoder
        sizes[f"compact, {storage}"] = decoder.size_bytes
    window = network.config.get_text_config().max_position_embeddings
    contexts = [context for context in _CONTEXTS if context + options.tokens <= window]
    ids = torch.randint(0, network.config.vocab_size, (max(contexts),), generator=torch.Generator().manual_seed(1))
    runs: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(options.rounds):
        for context in contexts:
            prompt = ids[:context].tolist()
            runs.setdefault((_GENERATE, context), []).append(_generate(network, prompt, options.tokens))
            for name, path in decoders.items():
                runs.setdefault((name, context), []).append(_decode(path, prompt, options.tokens))
    bytes_per_s = _read_speed()
    rows = [
        {
            "path": name,
            "context": context,
            "tokens_per_s": _median(each[0] for each in measured),
            "times_generate": _median(each[0] for each in measured)
            / _median(each[0] for each in runs[_GENERATE, context]),
            "share_of_limit": _median(each[0] for each in measured)
            * (sizes.get(name, sizes[_RIVAL]) + _key_bytes(network.config, context))
            / bytes_per_s,
            "first_token_s": _median(each[1] for each in measured),
        }
        for (name, context), measured in sorted(runs.items(), key=lambda item: item[0][1])
    ]
    if options.json:
        print(json.dumps({"read_bytes_per_s": bytes_per_s, "rounds": options.rounds, "rows": rows}))
        return
    print(f"one thread, medians of {options.rounds} rounds; memory is read at {bytes_per_s / 1e9:.1f} GB/s\n")
    print(f"{'path':32} {'context':>7} {'tokens/s':>9} {'x generate':>10} {'of limit':>9} {'first token':>12}")
    for row in rows:
        print(
            f"{row['path']:32} {row['context']:7} {row['tokens_per_s']:9.1f} {row['times_generate']:10.2f} "
            f"{row['share_of_limit']:8.0%} {row['first_token_s']:10.3f} s"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the decoders.")
    parser.add_argument("--model", type=Path, help="A folder as save_pretrained writes it.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _network(folder: Path | None) -> Any:
    from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

    if folder is not None:
        return AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config()).eval()


def _decode(decoder: Decoder, prompt: list[int], tokens: int) -> tuple[float, float]:
    """Tokens a second after the first one, and seconds to the first one."""
    decoder.forget()
    started_s = time.perf_counter()
    logits = decoder.prefill(prompt, lambda: False)
    assert logits is not None
    token = int(logits.argmax())
    first_s = time.perf_counter()
    for _ in range(tokens):
        token = int(decoder.step(token).argmax())
    return tokens / (time.perf_counter() - first_s), first_s - started_s


def _generate(network: Any, prompt: list[int], tokens: int) -> tuple[float, float]:
    def run(count: int) -> float:
        ids = torch.tensor([prompt])
        started_s = time.perf_counter()
        with torch.inference_mode():
            network.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=count,
                min_new_tokens=count,
                pad_token_id=0,
            )
        return time.perf_counter() - started_s

    first_s = run(1)
    return tokens / (run(tokens + 1) - first_s), first_s


def _key_bytes(config: Any, context: int) -> int:
    text = config.get_text_config()
    heads = text.num_attention_heads
    head_width = getattr(text, "head_dim", None) or text.hidden_size // heads
    key_heads = getattr(text, "num_key_value_heads", None) or heads
    return int(2 * 4 * text.num_hidden_layers * key_heads * head_width * context)


def _read_speed() -> float:
    """Bytes a second that one thread reads, of an array that no cache holds."""
    array = torch.ones(64 * 1024 * 1024)
    speeds = []
    for _ in range(5):
        started_s = time.perf_counter()
        array.sum()
        speeds.append(array.nbytes / (time.perf_counter() - started_s))
    return statistics.median(speeds)


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    main()
