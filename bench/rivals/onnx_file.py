"""Writes a GPT-2 as an ONNX graph: `python -m bench.rivals.onnx_file MODEL float32|int8 FILE`.

The graph is of onnxruntime's own fused operators, as its exporters make them: attention over keys and values that lie
in buffers of the whole window, appended to in place, not copied at each step; additions fused into the normalisations;
the output head computed for the last token alone. int8 is its dynamic quantisation, per column, of all the products.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.rivals.model import Array, config, weights

_OPSET, _MICROSOFT = 17, "com.microsoft"


class Graph:
    """An ONNX graph that grows node by node."""

    def __init__(self, folder: Path) -> None:
        self.shape, self.arrays = config(folder), weights(folder)
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}

    def constant(self, name: str, array: Any) -> str:
        """Have an array in the graph, once."""
        from onnx import numpy_helper

        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def weight(self, name: str) -> str:
        """Have one of the model's weights in the graph."""
        return self.constant(name, self.arrays[name])

    def add(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> str:
        """Add a node; returns its first output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def product(self, name: str, rows: str) -> str:
        """Rows times a matrix, without its bias."""
        return self.add("MatMul", [rows, self.weight(f"{name}.weight")], [f"{name}.product"])


def write(folder: Path, precision: str, file: Path) -> None:
    """Convert."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain = _model(Graph(folder))
    if precision == "float32":
        onnx.save(plain, file, save_as_external_data=True, location=f"{file.name}.data")
        return
    with tempfile.TemporaryDirectory(dir=file.parent) as between:
        onnx.save(plain, Path(between) / "plain.onnx")
        quantize_dynamic(
            Path(between) / "plain.onnx",
            file,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # it does not know its own fused operators
        )


def _model(graph: Graph) -> Any:
    from onnx import TensorProto, helper

    layers, heads = graph.shape["n_layer"], graph.shape["n_head"]
    width = graph.shape["n_embd"] // heads
    logits = _body(graph, layers, heads)
    held = [1, heads, "room", width]

    def values(name: str, kind: int, size: list[Any]) -> Any:
        return helper.make_tensor_value_info(name, kind, size)

    def pairs(prefix: str) -> list[Any]:
        return [values(f"{prefix}.{part}.{n}", TensorProto.FLOAT, held) for n in range(layers) for part in ("k", "v")]

    inputs = [
        values("ids", TensorProto.INT64, [1, "tokens"]),
        values("places", TensorProto.INT64, [1, "tokens"]),
        values("last", TensorProto.INT32, [1]),
        values("total", TensorProto.INT32, []),
    ]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "gpt2",
            inputs + pairs("past"),
            [values(logits, TensorProto.FLOAT, [1, 1, graph.shape["vocab_size"]]), *pairs("present")],
            list(graph.initializers.values()),
        ),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=10,
    )


def _body(graph: Graph, layers: int, heads: int) -> str:
    """From tokens to logits; returns the name of the logits."""
    tokens = graph.add("Gather", [graph.weight("wte.weight"), "ids"], ["tokens"])
    places = graph.add("Gather", [graph.weight("wpe.weight"), "places"], ["places.rows"])
    hidden = graph.add("Add", [tokens, places], ["hidden"])
    epsilon = graph.shape["layer_norm_epsilon"]
    first = [hidden, graph.weight("h.0.ln_1.weight"), graph.weight("h.0.ln_1.bias")]
    normed = graph.add("LayerNormalization", first, ["normed"], epsilon=epsilon)
    for number in range(layers):
        layer = f"h.{number}"
        whole = graph.product(f"{layer}.attn.c_attn", normed)
        whole = graph.add("Add", [whole, graph.weight(f"{layer}.attn.c_attn.bias")], [f"{layer}.qkv"])
        seen = graph.add(
            "GroupQueryAttention",
            [whole, "", "", f"past.k.{number}", f"past.v.{number}", "last", "total"],
            [f"{layer}.seen", f"present.k.{number}", f"present.v.{number}"],
            _MICROSOFT,
            num_heads=heads,
            kv_num_heads=heads,
        )
        mixed = graph.product(f"{layer}.attn.c_proj", seen)
        normed, hidden = _added(graph, hidden, mixed, f"{layer}.attn.c_proj", f"{layer}.ln_2")
        wide = graph.product(f"{layer}.mlp.c_fc", normed)
        wide = graph.add("FastGelu", [wide, graph.weight(f"{layer}.mlp.c_fc.bias")], [f"{layer}.gelu"], _MICROSOFT)
        narrow = graph.product(f"{layer}.mlp.c_proj", wide)
        after = f"h.{number + 1}.ln_1" if number + 1 < layers else "ln_f"
        normed, hidden = _added(graph, hidden, narrow, f"{layer}.mlp.c_proj", after)
    end = graph.add("Gather", [normed, graph.constant("end", np.array([-1]))], ["end.row"], axis=1)
    table: Array = graph.arrays["wte.weight"]
    return graph.add("MatMul", [end, graph.constant("head", table.T)], ["logits"])


def _added(graph: Graph, hidden: str, change: str, name: str, norm: str) -> tuple[str, str]:
    """The sum with a change and its bias, normalised and as it is."""
    outputs = [f"{norm}.normed", "", "", f"{norm}.sum"]
    inputs = [
        hidden,
        change,
        graph.weight(f"{norm}.weight"),
        graph.weight(f"{norm}.bias"),
        graph.weight(f"{name}.bias"),
    ]
    epsilon = graph.shape["layer_norm_epsilon"]
    graph.add("SkipLayerNormalization", inputs, outputs, _MICROSOFT, epsilon=epsilon)
    return outputs[0], outputs[3]


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
