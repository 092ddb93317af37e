"""As whom PostgreSQL runs: it refuses to be root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded.processes import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user, by itself or seen from inside a user namespace."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()  # in front of every command
    switch: bool = False

    @property
    def popen(self) -> dict[str, Any]:
        """What subprocess needs for it; `/` because the user may not enter our folder."""
        user = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}
        return {"cwd": "/", **user}

    def own(self, folder: Path) -> None:
        """Make `folder` and all in it belong to this identity, nobody else may look inside."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != self.uid:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_work(self, folder: Path, binaries: Path) -> bool:
        """Tell whether it can enter `folder` and run PostgreSQL: parents may be closed to it."""
        probe = ["sh", "-c", 'cd "$0" && test -w . && "$1" --version', str(folder)]
        try:
            done = subprocess.run(
                [*self.prefix, *probe, str(binaries / "postgres")],
                capture_output=True,
                check=False,
                **self.popen,
            )
        except OSError:
            return False
        return done.returncode == 0


def choose_identity(folder: Path, binaries: Path) -> Identity:
    """Return an identity that owns `folder` and can run the binaries, or say what to do."""
    candidates = [Identity(uid=os.geteuid(), gid=os.getegid())]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        # Inside a user namespace root is somebody else, and still may enter root's folders.
        renamed = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
        candidates = [
            Identity(uid=nobody.pw_uid, gid=nobody.pw_gid, switch=True),
            Identity(uid=0, gid=0, prefix=renamed),
        ]
    for identity in candidates:
        identity.own(folder)
        if identity.can_work(folder, binaries):
            return identity
    if os.geteuid() == 0:
        raise Failure(
            f"PostgreSQL won't run as root, and the user nobody can't reach {folder}. Run ./cage "
            "as an ordinary user, move it where others may read, or export DATABASE_URL."
        )
    raise Failure(f"PostgreSQL's binaries in {binaries} don't run here; export DATABASE_URL.")
