"""How many examples a property is tried on: as many as it is worth, or a few where the run has to be quick."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

QUICK = 20


def examples(count: int) -> settings:
    """Settings for one property.

    Args:
        count: How many examples a thorough run tries.
    """
    quick = settings.get_current_profile_name() == "quick"
    return settings(
        max_examples=min(count, QUICK) if quick else count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
