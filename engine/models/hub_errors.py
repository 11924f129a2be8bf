"""What goes wrong between here and the hub, in words."""

from __future__ import annotations

import errno
from pathlib import Path

from engine.errors import DiskFull, DownloadFailed, ModelNotFound, TunesmithError
from engine.figures import human_bytes
from engine.models.catalogue import close_matches

NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_STILL_HERE = "Models that are here work without the network: `tunesmith models list`"


def in_words(error: Exception, name: str, endpoint: str | None) -> TunesmithError:
    """Turn an error of the hub's library, of the network or of the disk into one that says what to do.

    Args:
        error: What was raised.
        name: The model that was asked for.
        endpoint: The hub's address; None for the library's own default.
    """
    from huggingface_hub import errors

    if isinstance(error, TunesmithError):
        return error
    if isinstance(error, errors.OfflineModeIsEnabled):
        return offline(name)
    if isinstance(error, errors.GatedRepoError):
        return gated(name, endpoint)
    if isinstance(error, (errors.RepositoryNotFoundError, errors.HFValidationError)):
        return no_such_model(name)
    if isinstance(error, errors.HfHubHTTPError):
        return _by_status(error.response.status_code, name, endpoint)
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return DiskFull(
            f"The disk became full while {name} was downloaded",
            "What has come is kept. Free some space, and get it again",
        )
    if isinstance(error, PermissionError):
        return DownloadFailed(
            f"{error.filename} can't be written", "Check who owns the folder, or set HF_HOME to another one"
        )
    if is_network_error(error):
        return unreachable(name, endpoint)
    return DownloadFailed(f"{name} could not be downloaded: {type(error).__name__}: {error}", "Try again")


def is_network_error(error: BaseException) -> bool:
    """Whether the connection is to blame, and trying again may help."""
    from huggingface_hub.errors import HfHubHTTPError

    # httpx.HTTPError in one version of the hub's library, httpx2.HTTPError in the next.
    http_error = HfHubHTTPError.__bases__[0]
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(error, (http_error, ConnectionError, TimeoutError))


def _by_status(status: int, name: str, endpoint: str | None) -> TunesmithError:
    if status == 401:
        return DownloadFailed(
            f"The hub does not let us see {name} (401)",
            f"It is private, needs a licence accepted on its page ({_page(name, endpoint)}), or does not exist. "
            "Make a token there and set HF_TOKEN to it; if HF_TOKEN is set, it may have run out",
        )
    if status == 403:
        return gated(name, endpoint)
    if status == 404:
        return no_such_model(name)
    if status == 429:
        return DownloadFailed(
            "The hub asks for a pause (429)", "Wait a few minutes, or set HF_TOKEN, which raises the limit"
        )
    return DownloadFailed(f"The hub answered with an error ({status})", "It may be out of order: try again later")


def offline(name: str) -> DownloadFailed:
    """The user forbade the network."""
    return DownloadFailed(
        f"{name} is not here, and HF_HUB_OFFLINE forbids downloads", f"Unset HF_HUB_OFFLINE. {_STILL_HERE}"
    )


def unreachable(name: str, endpoint: str | None) -> DownloadFailed:
    """There is no way to the hub."""
    where = f"the hub at {endpoint}" if endpoint else "the hub"
    return DownloadFailed(
        f"{name} is not here, and {where} can't be reached",
        f"Check the network{' and HF_ENDPOINT' if endpoint else ''}. {_STILL_HERE}",
    )


def gated(name: str, endpoint: str | None) -> DownloadFailed:
    """The model's makers want a licence accepted first."""
    return DownloadFailed(
        f"{name} is only for who accepted its licence",
        f"Accept it on the model's page ({_page(name, endpoint)}), make a token there, and set HF_TOKEN to it",
    )


def no_such_model(name: str) -> ModelNotFound:
    """Nothing on the hub has the name, or nothing that we may see."""
    matches = close_matches(name)
    meant = f"Did you mean {' or '.join(matches)}? " if matches else ""
    return ModelNotFound(
        f"There is no model {name} on the hub",
        f"{meant}Check the spelling (owner/name); a private model needs HF_TOKEN",
    )


def connection_lost(name: str, done_bytes: int, total_bytes: int) -> DownloadFailed:
    """The connection broke again and again."""
    return DownloadFailed(
        f"The connection was lost after {human_bytes(done_bytes)} of {human_bytes(total_bytes)} of {name}",
        "What has come is kept: get it again to go on from there",
    )


def damaged(name: str, file: str) -> DownloadFailed:
    """The bytes are not those that the hub promised."""
    return DownloadFailed(
        f"{file} of {name} arrived damaged: its checksum is wrong",
        "The bad copy was deleted. Get it again; if it happens again, something on the way changes it",
    )


def another_file(name: str, file: str, wanted_bytes: int, came_bytes: int) -> DownloadFailed:
    """Something else was sent in place of a file."""
    return DownloadFailed(
        f"{human_bytes(came_bytes)} of something else came in place of {human_bytes(wanted_bytes)} of {file} of {name}",
        "A proxy, or a network that wants you to log in, may have answered: open the hub in a browser, then try again",
    )


def too_small(folder: Path, need_bytes: int, free_bytes: int) -> DiskFull:
    """The download would not fit."""
    return DiskFull(
        f"The download needs {human_bytes(need_bytes)}, and {human_bytes(free_bytes)} are free at {folder}",
        "Free some space (`tunesmith models delete` helps), or set HF_HOME to a folder on another disk",
    )


def _page(name: str, endpoint: str | None) -> str:
    from huggingface_hub import constants

    return f"{endpoint or constants.ENDPOINT}/{name}"
