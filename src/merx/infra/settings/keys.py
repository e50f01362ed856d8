"""The keys of personal data: given, or made once by the embedded mode and kept in MERX_HOME/secrets."""

import base64
import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from merx.infra.settings.parsers import KEY_BYTES, MasterKey, parse_key, parse_key_ring
from merx.infra.settings.section import Section, Setting, SettingsError, Values, declared, variable

if TYPE_CHECKING:
    from merx.infra.settings.load import Settings


class KeySettings(Section, frozen=True, kw_only=True):
    """What personal data are encrypted and found by."""

    # fmt: off
    master_keys: Annotated[tuple[MasterKey, ...], Setting(
        "Key ring id:base64,… that wraps the keys of personal data; the first key wraps new ones.", parse_key_ring,
        otherwise="MERX_HOME/secrets/master_keys, made at the first start of the embedded database", secret=True,
    )]
    blind_index_key: Annotated[bytes, Setting(
        "Key of the look-up index over encrypted e-mail addresses and telephone numbers.", parse_key,
        otherwise="MERX_HOME/secrets/blind_index_key, made at the first start of the embedded database", secret=True,
    )]
    # fmt: on

    @classmethod
    def derived(cls, given: Values, earlier: "Settings") -> Values:
        """What is kept in MERX_HOME/secrets; the embedded mode makes what is missing."""
        folder = earlier.system.home / "secrets"
        may_make = earlier.system.database_url is None
        return {
            name: _kept(folder / name, name, may_make=may_make) for name in _MAKERS if given[name] is None
        }


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


_MAKERS: Final[dict[str, Callable[[], str]]] = {
    "master_keys": lambda: "k1:" + _new_key(),
    "blind_index_key": _new_key,
}


def _kept(path: Path, name: str, *, may_make: bool) -> object:
    """The secret in this file, made when it is not there yet."""
    if not path.exists():
        if not may_make:
            # A second node must not invent keys of its own: data of the first would be unreadable to it.
            msg = (
                f"{variable(name)}: nothing was given and {path} does not exist. With MERX_DATABASE_URL write "
                "the same keys for every node."
            )
            raise SettingsError(msg)
        _keep(path, _MAKERS[name]())
    try:
        return declared(KeySettings)[name].parse(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        msg = f"{variable(name)}: the content of {path} is wrong. Write {error}."
        raise SettingsError(msg) from None


def _keep(path: Path, text: str) -> None:
    """Write a new secret so that no crash and no second process can leave half of one or replace one."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first; its secret is the one
            os.link(draft, path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        draft.unlink()
