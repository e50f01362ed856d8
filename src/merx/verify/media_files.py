"""Whether the files of the pictures are on the disk, whole and unchanged. Files are named by the hash of their content."""

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from merx.verify.model import Break

SAMPLE: Final = 500
"""How many files are read and hashed unless all are asked for. Presence and size are looked at for every file."""


def check_media_files(
    files: Sequence[tuple[str, str | None, str | None]], *, folder: Path, full: bool
) -> list[Break]:
    """Every file that is missing, of another size, or of other content than its name says. Reads the disk.

    `files` are (picture, path, bytes) in an order that does not follow time; at most SAMPLE of them, evenly spread,
    are read whole unless `full`.
    """
    step = 1 if full else max(1, -(-len(files) // SAMPLE))
    found: list[Break] = []
    for index, (picture, path, size) in enumerate(files):
        problem = _problem(path, size, folder=folder, read=index % step == 0)
        if problem is not None:
            found.append(Break(f"picture {picture} file {path or '?'}", problem))
    return found


def _problem(path: str | None, size: str | None, *, folder: Path, read: bool) -> str | None:
    if path is None or size is None:
        return "its path or size is not recorded"
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        return "its path leaves the folder of pictures"
    file = folder / relative
    try:
        there = file.stat().st_size
        if str(there) != size:
            return f"has {there} bytes instead of {size}"
        if read and _sha256(file) != relative.stem:
            return "its content is not what its name says"
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
