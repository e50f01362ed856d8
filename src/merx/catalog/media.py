"""Pictures: untrusted bytes in, clean WebP and AVIF files in a few widths out.

`render_picture` is pure CPU and disk work for one picture; `render_pictures` runs many of them in processes. Nothing of
the original file is kept: no metadata, no embedded profile, no trailing bytes. Files are named by their own content, so
a name never changes its meaning and can be cached for ever.
"""

import asyncio
import contextlib
import hashlib
import io
import multiprocessing
import os
import secrets
import warnings
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageCms, ImageOps

from merx.catalog.model import MediaDraft, MediaFile
from merx.kit.errors import Invalid

WIDTHS: Final = (320, 640, 960, 1280)
"""Widths that are made, in pixels; a narrower original gets the smaller ones and its own width."""
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 16_000
"""WebP cannot hold a side above 16,383 pixels."""
ACCEPTED: Final = ("JPEG", "PNG", "WEBP", "AVIF")
"""What is read, told by the content and never by a name or a header."""

_LIMITS: Final = {"most_million": MAX_PIXELS // 1_000_000, "most_side": f"{MAX_SIDE:,}"}
_WEBP_QUALITY: Final = 80
_AVIF_QUALITY: Final = 55
_AVIF_SPEED: Final = 9  # half the time of speed 8 for files 10 % larger, still well below WebP
_TRANSPARENT: Final = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})


class NotAPicture(Invalid):
    """The bytes are no picture of an accepted kind, or a broken one."""

    code = "not_a_picture"
    message = "This is not a readable JPEG, PNG, WebP or AVIF picture."


class PictureTooLarge(Invalid):
    """The picture has too many pixels to be worked on safely."""

    code = "picture_too_large"
    message = (
        "The picture has %(width)s by %(height)s pixels. "
        "At most %(most_million)s million, %(most_side)s on a side, are accepted."
    )


def target_widths(width: int) -> tuple[int, ...]:
    """The widths to make from an original of `width` pixels: never wider than it, ascending."""
    widest = min(width, WIDTHS[-1])
    return (*(target for target in WIDTHS if target < widest), widest)


def render_picture(data: bytes, *, folder: Path) -> MediaDraft:
    """Check `data`, write its renditions below `folder` and describe them.

    The same bytes always give the same files, and the second time without the work. Raises NotAPicture or
    PictureTooLarge, and OSError when the disk fails.
    """
    digest = hashlib.sha256(data).digest()
    known = _recall(digest, folder)
    if known is not None:
        return known
    image = _open(data)
    files: list[MediaFile] = []
    size = image.size
    upright = _upright_rgb(image)
    # Decoding may have been scaled down (JPEG drafts); the recorded size is the original's, turned upright.
    width, height = size if (size[0] >= size[1]) == (upright.width >= upright.height) else (size[1], size[0])
    for target in target_widths(width):
        scaled_height = max(1, round(height * target / width))
        scaled = upright.resize((target, scaled_height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        for form in ("webp", "avif"):
            content = _encode(scaled, form)
            path = _keep(content, form, folder)
            files.append(
                MediaFile(format=form, width=target, height=scaled_height, path=path, bytes=len(content))
            )
    picture = MediaDraft(
        sha256=digest, width=width, height=height, colour=_average_colour(upright), files=files
    )
    _write(_description(digest, folder), msgspec.json.encode(picture))
    return picture


def _description(digest: bytes, folder: Path) -> Path:
    """Where the description of a rendered original is kept."""
    name = digest.hex()
    return folder / name[:2] / name[2:4] / f"{name}.json"


def _recall(digest: bytes, folder: Path) -> MediaDraft | None:
    """What was made of these bytes before, when all of it is still there."""
    try:
        picture = msgspec.json.decode(_description(digest, folder).read_bytes(), type=MediaDraft)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return picture if picture.sha256 == digest and files_exist(picture.files, folder=folder) else None


def _open(data: bytes) -> Image.Image:
    """Read the header only and refuse what is too large before anything is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=ACCEPTED)
    except Image.DecompressionBombError:
        raise PictureTooLarge(width="?", height="?", **_LIMITS) from None
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError):
        raise NotAPicture from None
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise PictureTooLarge(width=width, height=height, **_LIMITS)
    return image


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Decode into upright sRGB (with alpha only where the picture has it)."""
    try:
        image.draft("RGB", (WIDTHS[-1], WIDTHS[-1]))
        profile = image.info.get("icc_profile")
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16 bits per channel: keep the upper eight
            upright = upright.convert("I").point(lambda value: value / 256).convert("L")
        alpha = upright.mode in _TRANSPARENT or "transparency" in upright.info
        upright = _to_srgb(upright, profile)
        return upright.convert("RGBA" if alpha else "RGB")
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, Image.DecompressionBombError):
        raise NotAPicture from None


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Bring colours of another colour space into sRGB; a broken profile is ignored, as browsers do."""
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
        target = "RGBA" if image.mode == "RGBA" else "RGB"
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode=target
        )
        return converted or image
    return image


def _encode(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    bare = image.copy()
    bare.info = {}
    if form == "webp":
        bare.save(out, "WEBP", quality=_WEBP_QUALITY, method=4)
    else:
        bare.save(out, "AVIF", quality=_AVIF_QUALITY, speed=_AVIF_SPEED, max_threads=1)
    return out.getvalue()


def _average_colour(image: Image.Image) -> str:
    """The average as `#rrggbb`, seen on white."""
    small = image.convert("RGBA").resize((16, 16), Image.Resampling.BOX)
    flat = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    pixels = flat.tobytes()
    count = len(pixels) // 3
    means = (round(sum(pixels[channel::3]) / count) for channel in range(3))
    return "#" + "".join(f"{mean:02x}" for mean in means)


def _keep(content: bytes, form: str, folder: Path) -> str:
    """Write content under its own hash, all or nothing, and return its path relative to `folder`."""
    name = hashlib.sha256(content).hexdigest()
    relative = f"{name[:2]}/{name[2:4]}/{name}.{form}"
    path = folder / relative
    if not path.is_file() or path.stat().st_size != len(content):
        _write(path, content)
    return relative


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there completely, also after a power cut, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files_exist(files: Sequence[MediaFile], *, folder: Path) -> bool:
    """Whether every file is still on the disk with its size."""
    paths = ((folder / file.path, file.bytes) for file in files)
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


class _Refusal(msgspec.Struct, frozen=True):
    """A refusal on its way between processes, where exceptions with keyword parameters do not survive."""

    kind: type[Invalid]
    params: dict[str, int | str]


def _render_path(path: Path, folder: Path) -> MediaDraft | _Refusal:
    try:
        return render_picture(path.read_bytes(), folder=folder)
    except Invalid as refusal:
        return _Refusal(type(refusal), refusal.params)


def _pool() -> ProcessPoolExecutor:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn"))


async def render_pictures(
    paths: Sequence[Path], *, folder: Path
) -> AsyncIterator[tuple[Path, MediaDraft | Invalid]]:
    """Render many files in one process per core; yields each in the order given, a refusal instead of a picture.

    Raises OSError when a file cannot be read or written.
    """
    known = await asyncio.to_thread(_recall_paths, paths, folder)
    loop = asyncio.get_running_loop()
    pool = None if len(known) == len(set(paths)) else _pool()
    try:
        work = {
            path: loop.run_in_executor(pool, _render_path, path, folder)
            for path in dict.fromkeys(paths)
            if path not in known
        }
        for path in paths:
            done = known[path] if path in known else await work[path]
            yield path, done.kind(**done.params) if isinstance(done, _Refusal) else done
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _recall_paths(paths: Sequence[Path], folder: Path) -> dict[Path, MediaDraft | _Refusal]:
    """Those files that were rendered before; starting processes for them would be slower than looking."""
    known: dict[Path, MediaDraft | _Refusal] = {}
    for path in paths:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        picture = _recall(digest, folder)
        if picture is not None:
            known[path] = picture
    return known
