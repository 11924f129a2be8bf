"""Which model answers."""

from __future__ import annotations

from engine.protocol import LoadModel, UnloadModel
from tui.session.desk import Desk


class Model:
    """Loading, cancelling that, and giving the memory back."""

    def __init__(self, desk: Desk) -> None:
        """Work on a desk."""
        self._desk = desk
        self.device = desk.settings.device
        self.dtype = desk.settings.dtype

    def load(self, ref: str, *, device: str = "", dtype: str = "") -> None:
        """Make this the model that answers, once it is loaded; a load that is under way is cancelled.

        Args:
            ref: What to load.
            device: Where it shall run from now on; empty leaves that as it is.
            dtype: Its precision from now on; empty leaves that as it is.
        """
        desk = self._desk
        self.device = device or self.device
        self.dtype = dtype or self.dtype
        command = LoadModel(
            id=desk.bridge.client.next_id(),
            ref=ref,
            device=self.device,
            dtype=self.dtype,
            threads=desk.settings.threads,
        )
        self.cancel()
        desk.change(model=desk.state.model.load(ref, command.id))
        desk.bridge.run(command)

    def chosen(self) -> dict[str, str]:
        """Device and precision where they are not those of the settings, else empty: what is remembered of them."""
        settings = self._desk.settings
        return {
            "device": "" if self.device == settings.device else self.device,
            "dtype": "" if self.dtype == settings.dtype else self.dtype,
        }

    def unload(self) -> None:
        """Give its memory back; the next message loads it again."""
        desk = self._desk
        self.cancel()
        desk.change(model=desk.state.model.lose())
        desk.bridge.run(UnloadModel(id=desk.bridge.client.next_id()))

    def cancel(self) -> None:
        """Stop loading; what was downloaded is kept."""
        if self._desk.state.model.request_id:
            self._desk.bridge.cancel(self._desk.state.model.request_id)
