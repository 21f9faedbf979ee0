"""Folders for what is only needed while the tests run: in memory, where there is room."""

import os
import shutil
import tempfile
from pathlib import Path

# So much is left free where what is written goes to memory: there a new database costs a tenth.
_ROOM = 4 << 30
_made: list[Path] = []


def quick_folder() -> Path:
    """A new folder; it goes when the tests are over."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix="hf-", dir=memory if roomy else None))
    _made.append(folder)
    return folder


def remove_folders() -> None:
    """Not at the exit of the process: a test process of several leaves without one."""
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
