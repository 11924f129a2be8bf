"""What the screen knows of the model."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.errors import Cancelled
from engine.protocol import AnyEvent, Failed, LoadProgress, ModelInfo, ModelReady, ModelUnloaded, UnknownEvent

Phase = Literal["none", "loading", "ready", "failed"]


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """The model that answers, and the one that is on its way."""

    phase: Phase = "none"
    ref: str = ""
    """The reference that was asked for last."""
    request_id: int = 0
    """The load that is under way, 0 where none is."""
    progress: LoadProgress | None = None
    info: ModelInfo | None = None
    """The model that answers now; it stays while another one loads."""
    failure: Failed | None = None

    def load(self, ref: str, request_id: int) -> ModelState:
        """A load was asked for."""
        return ModelState(phase="loading", ref=ref, request_id=request_id, info=self.info)

    def lose(self) -> ModelState:
        """The model is gone, by itself or with the host; the reference stays, so that it can be loaded again."""
        return ModelState(phase="none", ref=self.ref)

    def apply(self, event: AnyEvent | UnknownEvent) -> ModelState:
        """The state after an event; events of other requests change nothing."""
        if not self.request_id or event.id != self.request_id:
            return self
        match event:
            case LoadProgress():
                return msgspec.structs.replace(self, progress=event)
            case ModelReady(model=info):
                return ModelState(phase="ready", ref=info.ref, info=info)
            case ModelUnloaded():
                return ModelState()
            case Failed():
                return self._failed(event)
            case _:
                return self

    def _failed(self, event: Failed) -> ModelState:
        """The old model stays, where there is one: a failed load takes nothing away."""
        if self.info is not None:
            return ModelState(phase="ready", ref=self.info.ref, info=self.info, failure=event)
        if event.code == Cancelled.code:  # as was asked for: nothing is wrong with the model
            return ModelState(phase="none", ref=self.ref, failure=event)
        return ModelState(phase="failed", ref=self.ref, failure=event)


def short_name(ref: str) -> str:
    """The last part of a reference, which is what people call the model."""
    return ref.rstrip("/").rsplit("/", 1)[-1] or ref
