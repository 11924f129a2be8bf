"""`python -P -m engine.training RUN_DIR`: train a run until it is over or somebody asks for a rest.

The lock is taken before anything heavy is imported, so that whoever started this sees at once that it lives.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.errors import TunesmithError
from engine.inference.garbage import without_collections
from engine.runs.folder import RunFolder
from engine.runs.lock import TrainerLock


def main() -> int:
    """Take the lock and train.

    Returns:
        0 where the run is over or paused, else an error's exit code.
    """
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m engine.training RUN_DIR\n")
        return 2
    run = RunFolder(Path(sys.argv[1]).absolute())
    lock = None
    try:
        if int(os.environ.get("RANK", "0")) == 0:
            lock = TrainerLock.take(run.lock_file)
        with without_collections():
            from engine.training.session import train

        return train(run)
    except TunesmithError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    finally:
        if lock is not None:
            lock.release()


if __name__ == "__main__":
    sys.exit(main())
