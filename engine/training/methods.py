"""From a plan's method to a model of which the right part learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.errors import LoadFailed, Misuse
from engine.runs.plan import LoraOptions, Plan, SoftPromptOptions
from engine.training.lighter import lighten

_DROPOUT_FIELDS = ("attn_pdrop", "attention_dropout", "attention_probs_dropout_prob", "attn_dropout")
_SOFT_PROMPT_TEXT = "The following text is written in the style of the examples."
_HEADS = ("lm_head", "embed_out", "output")


def build(plan: Plan, base: Any, tokenizer: Any, checkpoint: Path | None) -> Any:
    """Make the model that learns.

    Args:
        plan: The method and its options.
        base: The model to start from; for a full fine-tune that goes on, the one in the checkpoint.
        tokenizer: Turns the text of a soft prompt into tokens.
        checkpoint: Where adapters are read from; None starts new ones.

    Raises:
        Misuse: LoRA's targets are not in the model.
        LoadFailed: The checkpoint's adapters do not fit.
    """
    silence_attention_dropout(base)
    lighten(base)
    if plan.method == "full":
        base.requires_grad_(True)
        return base
    base.requires_grad_(False)
    from peft import get_peft_model

    if plan.method == "lora":
        from engine.training.quick_lora import quicken

        if checkpoint is not None:
            adapted = read_adapter(base, checkpoint, trainable=True)
        else:
            adapted = get_peft_model(base, _lora_config(plan.lora, base))
        quicken(adapted)
        return adapted
    from engine.training.frozen import quicken_frozen

    quicken_frozen(base)
    model = get_peft_model(base, _soft_prompt_config(plan.soft_prompt, base))
    if checkpoint is not None:
        _continue_prompt(model, checkpoint)
    else:
        _start_prompt(model, base, tokenizer, plan.soft_prompt)
    return model


def read_adapter(base: Any, folder: Path, *, trainable: bool = False) -> Any:
    """Put the adapters of a folder around a model.

    Raises:
        LoadFailed: They are missing or do not fit.
    """
    from peft import PeftModel

    if not (folder / "adapter_model.safetensors").is_file():
        raise LoadFailed(f"{folder} holds no adapter in safetensors", "Take another checkpoint")
    try:
        return PeftModel.from_pretrained(base, str(folder), is_trainable=trainable, local_files_only=True)
    except Exception as error:
        raise LoadFailed(f"The adapter in {folder} does not fit the model: {error}", "Is it the same model?") from error


def silence_attention_dropout(model: Any) -> None:
    """Set dropout inside attention to none: with it torch leaves its fast kernel, and a step takes thrice as long."""
    for field in _DROPOUT_FIELDS:
        if hasattr(model.config, field):
            setattr(model.config, field, 0.0)
    for name, module in model.named_modules():
        for field in ("attention_dropout", "attn_dropout"):
            dropout = getattr(module, field, None)
            if isinstance(dropout, nn.Dropout):
                dropout.p = 0.0
            elif isinstance(dropout, float):
                setattr(module, field, 0.0)
        del name


def lora_targets(model: Any) -> tuple[str, ...]:
    """The linear modules inside the layers, by the last part of their names: all but the head."""
    from transformers.pytorch_utils import Conv1D

    names = set()
    head = model.get_output_embeddings()
    for name, module in model.named_modules():
        last = name.rsplit(".", 1)[-1]
        if isinstance(module, nn.Linear | Conv1D) and module is not head and last not in _HEADS:
            names.add(last)
    return tuple(sorted(names))


def _lora_config(options: LoraOptions, model: Any) -> Any:
    from peft import LoraConfig
    from transformers.pytorch_utils import Conv1D

    there = lora_targets(model)
    targets = options.targets or there
    ends = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    if missing := [name for name in targets if name.rsplit(".", 1)[-1] not in ends]:
        raise Misuse(f"The model has no module called {', '.join(missing)}", f"It has: {', '.join(there)}")
    return LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=list(targets),
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        task_type="CAUSAL_LM",
    )


def _soft_prompt_config(options: SoftPromptOptions, model: Any) -> Any:
    from peft import PromptTuningConfig

    return PromptTuningConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=options.virtual_tokens,
        token_dim=int(model.get_input_embeddings().weight.shape[1]),
    )


@torch.no_grad()
def _start_prompt(model: Any, base: Any, tokenizer: Any, options: SoftPromptOptions) -> None:
    """Begin with the embeddings of a text, over and over. PEFT's own way would read the tokenizer from the hub."""
    text = options.text.strip() or _SOFT_PROMPT_TEXT
    ids = tokenizer(text, add_special_tokens=False)["input_ids"] or [0]
    count = options.virtual_tokens
    wanted = torch.tensor((ids * (count // len(ids) + 1))[:count])
    embeddings = base.get_input_embeddings()
    vectors = embeddings(wanted.to(embeddings.weight.device))
    model.prompt_encoder[model.active_adapter].embedding.weight.copy_(vectors)


def _continue_prompt(model: Any, checkpoint: Path) -> None:
    """PEFT reads a soft prompt only to use it, not to learn on."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    try:
        set_peft_model_state_dict(model, load_file(checkpoint / "adapter_model.safetensors"))
    except (OSError, KeyError, RuntimeError) as error:
        raise LoadFailed(f"The soft prompt in {checkpoint} does not fit: {error}", "Is it the same model?") from error
