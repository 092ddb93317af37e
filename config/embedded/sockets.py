"""Where the servers' Unix sockets lie; the kernel allows them short paths only."""

import hashlib
import os
import shutil
from pathlib import Path

from config.embedded.home import Home
from config.embedded.processes import Failure

LONGEST = 106  # bytes; the kernel's limit is 108 with its final zero
LONGEST_NAME = ".s.PGSQL.5432"


def folder_for(home: Home, server: str) -> Path:
    """Return where `server` puts its socket: beside its data, or in /tmp if that is too deep."""
    folder = home.folder(server)
    if len(os.fsencode(folder / LONGEST_NAME)) <= LONGEST:
        return folder
    short = _short_folder(home)
    short.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.geteuid():
        raise Failure(f"{short} belongs to somebody else; set CAGE_HOME to a shorter path.")
    (short / server).mkdir(mode=0o700, exist_ok=True)
    return short / server


def remove_short_folder(home: Home) -> None:
    """Remove what `folder_for` made outside CAGE_HOME, after the servers have ended."""
    shutil.rmtree(_short_folder(home), ignore_errors=True)


def _short_folder(home: Home) -> Path:
    name = hashlib.sha256(os.fsencode(home.path)).hexdigest()[:12]
    return Path("/tmp") / f"cage-{os.geteuid()}-{name}"
