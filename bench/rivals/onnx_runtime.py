"""onnxruntime on the graph of `onnx_file`, its keys and values bound to the same buffers as input and as output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.rivals.model import config
from bench.rivals.served import Reply, reply_in_steps, serve


class OnnxModel:
    """A session, choosing the likeliest token."""

    def __init__(self, session: Any, shape: dict[str, Any], version: str) -> None:
        import onnxruntime

        self._session, self._values = session, onnxruntime.OrtValue
        self._binding = session.io_binding()
        self._held = 0
        self.version = version
        room = (1, shape["n_head"], shape["n_positions"], shape["n_embd"] // shape["n_head"])
        for number in range(shape["n_layer"]):
            for part in ("k", "v"):
                buffer = self._values.ortvalue_from_numpy(np.zeros(room, dtype=np.float32))
                self._binding.bind_ortvalue_input(f"past.{part}.{number}", buffer)
                self._binding.bind_ortvalue_output(f"present.{part}.{number}", buffer)
        self._binding.bind_output("logits", "cpu")

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget what was, take in a prompt and choose the token after it."""
        self._held = 0
        return self._forward(ids)

    def step(self, token: int) -> int:
        """Take in one more token and choose the next."""
        return self._forward([token])

    def reply(self, ids: Sequence[int], tokens: int) -> Reply:
        """Time one reply."""
        return reply_in_steps(self, ids, tokens)

    def _forward(self, ids: Sequence[int]) -> int:
        total = self._held + len(ids)
        self._bind("ids", np.array([ids], dtype=np.int64))
        self._bind("places", np.arange(self._held, total, dtype=np.int64)[None])
        self._bind("last", np.array([total - 1], dtype=np.int32))
        self._bind("total", np.array(total, dtype=np.int32))
        self._session.run_with_iobinding(self._binding)
        self._held = total
        return int(self._binding.get_outputs()[-1].numpy().argmax())

    def _bind(self, name: str, array: Any) -> None:
        self._binding.bind_ortvalue_input(name, self._values.ortvalue_from_numpy(array))


def open_model(folder: Path, precision: str, threads: int) -> OnnxModel:
    """Open the graph that lies beside the model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(folder / f"{precision}.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return OnnxModel(session, config(folder), f"onnxruntime {onnxruntime.__version__}")


if __name__ == "__main__":
    serve(open_model)
