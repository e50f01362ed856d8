"""Files by name: built assets and pictures. Their names change with their content, so they are kept for a year."""

import mimetypes
from pathlib import Path
from typing import Final

import anyio
from litestar import Response
from litestar.exceptions import NotFoundException

_YEAR: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".js": "text/javascript",
}


class FileRoot:
    """A folder whose files are served under their relative path; nothing outside it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    async def answer(self, name: str) -> Response[bytes]:
        """The file, or 404 for anything that is not a plain file inside the folder."""
        path = (self._folder / name.lstrip("/")).resolve()
        if not path.is_relative_to(self._folder) or path.suffix == ".json":
            raise NotFoundException
        try:
            content = await anyio.Path(path).read_bytes()
        except (OSError, ValueError) as error:
            raise NotFoundException from error
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return Response(content, media_type=kind, headers={"Cache-Control": _YEAR})
