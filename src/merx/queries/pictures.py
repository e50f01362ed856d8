"""Pictures with the addresses of their files. Pure."""

import msgspec

from merx.catalog import Picture
from merx.kit import links
from merx.kit.i18n import Text


class SeenPictureFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a picture."""

    format: str
    width: int
    height: int
    url: str


class SeenPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture; `colour` (#rrggbb) fills its place until it is there."""

    files: list[SeenPictureFile]
    width: int
    height: int
    colour: str
    alt: Text
    credit: str | None


# ---------------------------------------------------------------- catalogue


def maybe_picture(found: Picture | None) -> SeenPicture | None:
    """A picture that may be missing."""
    return None if found is None else picture(found)


def picture(found: Picture) -> SeenPicture:
    """A picture with the addresses of its files."""
    return SeenPicture(
        files=[
            SeenPictureFile(
                format=file.format, width=file.width, height=file.height, url=links.media(file.path)
            )
            for file in found.files
        ],
        width=found.width,
        height=found.height,
        colour=found.colour,
        alt=found.alt,
        credit=found.credit,
    )
