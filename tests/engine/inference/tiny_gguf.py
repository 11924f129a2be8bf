"""A random Llama, written as a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.engine.inference.conftest import make_tokenizer


def make_llama() -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(9)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=320,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=128,
            tie_word_embeddings=False,
            initializer_range=0.6,
        )
    ).eval()


def write_gguf(file: Path, model: Any, architecture: str = "llama") -> Path:
    """Write a model of `make_llama`."""
    import gguf

    config = model.config
    writer = gguf.GGUFWriter(str(file), architecture)
    writer.add_name("Tiny")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    _add_tokenizer(writer)
    for name, tensor in _tensors(model).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _add_tokenizer(writer: Any) -> None:
    import gguf
    import msgspec

    tokenizer = make_tokenizer(vocabulary=320)
    state = msgspec.json.decode(tokenizer.backend_tokenizer.to_str())
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    kinds = [gguf.TokenType.CONTROL if token == "<|endoftext|>" else gguf.TokenType.NORMAL for token in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in state["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")


def _tensors(model: Any) -> dict[str, Any]:
    inner = model.model
    layer = inner.layers[0]
    heads, kv_heads = model.config.num_attention_heads, model.config.num_key_value_heads
    named = {
        "token_embd": inner.embed_tokens.weight,
        "output_norm": inner.norm.weight,
        "output": model.lm_head.weight,
        "blk.0.attn_norm": layer.input_layernorm.weight,
        "blk.0.ffn_norm": layer.post_attention_layernorm.weight,
        "blk.0.attn_q": _interleaved(layer.self_attn.q_proj.weight, heads),
        "blk.0.attn_k": _interleaved(layer.self_attn.k_proj.weight, kv_heads),
        "blk.0.attn_v": layer.self_attn.v_proj.weight,
        "blk.0.attn_output": layer.self_attn.o_proj.weight,
        "blk.0.ffn_gate": layer.mlp.gate_proj.weight,
        "blk.0.ffn_up": layer.mlp.up_proj.weight,
        "blk.0.ffn_down": layer.mlp.down_proj.weight,
    }
    return {f"{name}.weight": tensor.detach().float().numpy() for name, tensor in named.items()}


def _interleaved(weight: Any, heads: int) -> Any:
    """GGUF keeps the two halves of a head's rotary dimensions interleaved."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns).contiguous()
