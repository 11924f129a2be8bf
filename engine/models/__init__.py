"""What a model reference means, which models are here, and what can be downloaded.

resolve      a reference -> the model's files, downloaded where they are not here
list_models  what is here and what can be had
delete       give the disk space of a downloaded model back
"""

from __future__ import annotations

from engine.models.listing import list_models
from engine.models.records import LocalModel, ModelEntry, ModelFacts, Progress
from engine.models.removal import delete
from engine.models.resolution import resolve

__all__ = ["LocalModel", "ModelEntry", "ModelFacts", "Progress", "delete", "list_models", "resolve"]
