"""Where settings come from: MERX_* variables and a file of KEY=VALUE lines. The environment wins over the file."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from merx.infra.settings.section import PREFIX, SettingsError

CONFIG_FILE: Final = "MERX_CONFIG_FILE"
_FOREIGN_PREFIX: Final = "MERX_TEST_"  # variables of the test-suite are not settings


def read_given(env: Mapping[str, str], *, known: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The texts that were given, by variable, and where each came from. Raises SettingsError for an unknown one."""
    from_env = {
        name: value
        for name, value in env.items()
        if name.startswith(PREFIX) and not name.startswith(_FOREIGN_PREFIX) and name != CONFIG_FILE
    }
    home = Path(from_env.get("MERX_HOME") or ".merx").expanduser()
    named = env.get(CONFIG_FILE)
    path = Path(named).expanduser() if named else home / "merx.env"
    from_file = _read_file(path) if named or path.is_file() else {}
    for name in (*from_env, *from_file):
        _refuse_unknown(name, known)
    sources = dict.fromkeys(from_file, f"file {path}") | dict.fromkeys(from_env, "environment")
    return {**from_file, **from_env}, sources


def _read_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = (
            f"{CONFIG_FILE}: {path} cannot be read ({error}). Write a readable UTF-8 file of KEY=VALUE lines."
        )
        raise SettingsError(msg) from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, separator, value = stripped.partition("=")
        name = name.strip()
        if not separator or not name.startswith(PREFIX) or name in found:
            # The line may hold a secret: name only its number.
            msg = f"{path}, line {number}: expected MERX_NAME=value, each name once."
            raise SettingsError(msg)
        found[name] = value.strip()
    return found


def _refuse_unknown(name: str, known: Collection[str]) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else "`merx config` lists every setting."
    msg = f"{name} is not a setting of Merx. {hint}"
    raise SettingsError(msg)
