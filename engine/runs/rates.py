"""The learning rate of who sets none."""

from __future__ import annotations

from engine.runs.plan import Method

SMALL_PARAMETERS, MEDIUM_PARAMETERS = 30_000_000, 1_000_000_000
_RATES: dict[Method, tuple[float, float, float]] = {
    "full": (5e-4, 5e-5, 2e-5),
    "lora": (2e-3, 3e-4, 2e-4),
    "soft-prompt": (5e-2, 2e-2, 1e-2),
}


def default_learning_rate(method: Method, parameters: int) -> float:
    """A rate that works on the first try: the smaller the model and the fewer its learned numbers, the higher."""
    small, medium, large = _RATES[method]
    if parameters < SMALL_PARAMETERS:
        return small
    return medium if parameters < MEDIUM_PARAMETERS else large
