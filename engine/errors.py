"""Every error that a person can meet, in one tree.

    TunesmithError                 exit code
    ├── Failed                     1    something that was tried did not work
    │   ├── LoadFailed                  a model could not be read
    │   ├── DownloadFailed              the hub or the network got in the way
    │   ├── DiskFull                    no space left for what had to be written
    │   ├── HostDied                    the model host ended unasked
    │   ├── ContextOverflow             a message is longer than the model's window
    │   └── StoreFailed                 the conversation database could not be used
    ├── Misuse                     2    a value that can't be right
    │   ├── TemplateFault               a template file or its rendering
    │   ├── SettingsFault               config.toml
    │   └── DataFault                   rows, columns or files that can't be trained on
    ├── NotFound                   3    a named thing does not exist
    │   ├── ModelNotFound
    │   ├── TemplateNotFound
    │   ├── ConversationNotFound
    │   ├── RunNotFound
    │   └── DataNotFound
    ├── Refused                    4    it could be done, but not safely
    └── Cancelled                  130  the person asked for the end of it

Each carries a `title` (what failed and where), a `hint` (what to do next) and a class-wide `code` that
scripts can match. The screen and the command line print the same words.
"""

from __future__ import annotations


class TunesmithError(Exception):
    """The root of the tree; raise one of its leaves."""

    code = "error"
    exit_code = 1

    def __init__(self, title: str, hint: str = "") -> None:
        """Make an error that can be shown as it is.

        Args:
            title: What failed, and where; one sentence without a trailing full stop.
            hint: What to do next; empty only where nothing can be done.
        """
        super().__init__(title)
        self.title = title
        self.hint = hint

    def __str__(self) -> str:
        """The title and the hint, as one line of text."""
        return f"{self.title}. {self.hint}" if self.hint else self.title


class Failed(TunesmithError):
    """Something that was tried did not work."""

    code = "failed"


class LoadFailed(Failed):
    """A model's files are here but could not be read."""

    code = "load-failed"


class DownloadFailed(Failed):
    """The hub or the network got in the way of a download."""

    code = "download-failed"


class DiskFull(Failed):
    """No space was left for what had to be written."""

    code = "disk-full"


class HostDied(Failed):
    """The model host ended without being asked to."""

    code = "host-died"


class ContextOverflow(Failed):
    """A message alone is longer than the model can read."""

    code = "context-overflow"

    def __init__(self, *, needed_tokens: int, limit_tokens: int) -> None:
        """Make an error that tells both sizes.

        Args:
            needed_tokens: The prompt with the last message alone.
            limit_tokens: What the model reads, less the room kept for the reply.
        """
        title = f"The message needs {needed_tokens:,} tokens, and there is room for {limit_tokens:,}"
        super().__init__(title, "Shorten it, allow fewer new tokens, or use a model with a larger window")
        self.needed_tokens = needed_tokens
        self.limit_tokens = limit_tokens


class StoreFailed(Failed):
    """The conversation database could not be opened, read or written."""

    code = "store-failed"


class Misuse(TunesmithError):
    """A value that can't be right was given."""

    code = "misuse"
    exit_code = 2


class TemplateFault(Misuse):
    """A template file, or what it renders to, is faulty."""

    code = "template-fault"

    def __init__(self, title: str, hint: str = "", *, file: str = "", line: int = 0) -> None:
        """Make a fault that points at a place.

        Args:
            title: What is wrong.
            hint: What to do about it.
            file: The file's path or the template's name; empty where there is none.
            line: The 1-based line in that file; 0 where it is not known.
        """
        super().__init__(title, hint)
        self.file = file
        self.line = line


class SettingsFault(Misuse):
    """config.toml has values that can't be used."""

    code = "settings-fault"


class DataFault(Misuse):
    """The data has rows, columns or files that can't be trained on."""

    code = "data-fault"


class NotFound(TunesmithError):
    """A thing that was named does not exist."""

    code = "not-found"
    exit_code = 3


class ModelNotFound(NotFound):
    """No model answers to the reference."""

    code = "model-not-found"


class TemplateNotFound(NotFound):
    """No template has the name."""

    code = "template-not-found"


class ConversationNotFound(NotFound):
    """No conversation or turn has the id."""

    code = "conversation-not-found"


class RunNotFound(NotFound):
    """No training run has the name."""

    code = "run-not-found"


class DataNotFound(NotFound):
    """No file, folder or hub data set has the name."""

    code = "data-not-found"


class Refused(TunesmithError):
    """It could be done, but not safely: pickles, remote code."""

    code = "refused"
    exit_code = 4


class Cancelled(TunesmithError):
    """The person asked for the end of it."""

    code = "cancelled"
    exit_code = 130
