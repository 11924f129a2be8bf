"""Writes the trained starter as a folder that transformers opens."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import GenerationConfig, GPT2LMHeadModel, PreTrainedTokenizerFast

from starter.forms import CHAT_TEMPLATE, END
from starter.network import WINDOW, new_network
from starter.train import SEED
from starter.windows import END_ID


def main() -> None:
    """Read the command line, write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="trained", type=Path, required=True, help="the folder that starter.train wrote")
    parser.add_argument("--to", type=Path, required=True)
    chosen = parser.parse_args()
    export(chosen.trained, chosen.to)


def export(trained: Path, folder: Path) -> None:
    """Write config, weights in single precision, tokenizer and chat template.

    Args:
        trained: Holds ``checkpoint.pt`` and ``tokenizer.json``.
        folder: Where to; other files in it stay as they are.
    """
    network: GPT2LMHeadModel = new_network(SEED)
    network.load_state_dict(torch.load(trained / "checkpoint.pt", weights_only=True)["network"])
    network.generation_config = GenerationConfig(bos_token_id=END_ID, eos_token_id=END_ID, pad_token_id=END_ID)
    network.save_pretrained(folder)
    merges = Tokenizer.from_file(str(trained / "tokenizer.json"))
    # Every window that it learned from begins with this token: nothing else was ever seen at the first place.
    merges.post_processor = TemplateProcessing(single=f"{END} $A", pair=f"{END} $A $B", special_tokens=[(END, END_ID)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=merges,
        bos_token=END,
        eos_token=END,
        pad_token=END,
        model_max_length=WINDOW,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()
