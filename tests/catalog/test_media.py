import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from merx.catalog.media import (
    NotAPicture,
    PictureTooLarge,
    files_exist,
    render_picture,
    render_pictures,
    target_widths,
)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def stored(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (1, (1,)),
        (320, (320,)),
        (500, (320, 500)),
        (1000, (320, 640, 960, 1000)),
        (5000, (320, 640, 960, 1280)),
    ],
)
def test_no_width_is_made_wider_than_the_original(width: int, widths: tuple[int, ...]) -> None:
    assert target_widths(width) == widths


def test_a_picture_becomes_webp_and_avif_files_named_by_their_content(tmp_path: Path) -> None:
    data = encoded(Image.new("RGB", (700, 350), (255, 0, 0)), "JPEG", quality=100, subsampling=0)
    picture = render_picture(data, folder=tmp_path)
    assert (picture.sha256, picture.width, picture.height) == (hashlib.sha256(data).digest(), 700, 350)
    assert picture.colour == "#fe0000"
    sizes = [(file.format, file.width, file.height) for file in picture.files]
    assert sizes == [
        ("webp", 320, 160), ("avif", 320, 160), ("webp", 640, 320), ("avif", 640, 320), ("webp", 700, 350), ("avif", 700, 350),
    ]  # fmt: skip
    for file in picture.files:
        content = (tmp_path / file.path).read_bytes()
        name = hashlib.sha256(content).hexdigest()
        assert file.path == f"{name[:2]}/{name[2:4]}/{name}.{file.format}"
        assert file.bytes == len(content)
        with Image.open(io.BytesIO(content)) as image:
            assert (image.format, image.size) == (file.format.upper(), (file.width, file.height))


def test_the_same_bytes_give_the_same_files_and_lost_ones_are_made_again(tmp_path: Path) -> None:
    data = encoded(Image.effect_noise((400, 300), 60))
    first = render_picture(data, folder=tmp_path)
    before = stored(tmp_path)
    assert render_picture(data, folder=tmp_path) == first
    assert stored(tmp_path) == before
    (tmp_path / first.files[0].path).unlink()
    assert not files_exist(first.files, folder=tmp_path)
    assert render_picture(data, folder=tmp_path) == first
    assert stored(tmp_path) == before


def test_the_camera_s_turn_is_applied_and_its_notes_are_not_kept(tmp_path: Path) -> None:
    image = Image.new("RGB", (640, 320), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010F] = "SecretCameraMaker"
    exif.get_ifd(0x8825)[1] = "N"
    data = encoded(image, "JPEG", exif=exif, comment=b"SecretComment")
    picture = render_picture(data, folder=tmp_path)
    assert (picture.width, picture.height) == (320, 640)
    assert [(file.width, file.height) for file in picture.files] == [(320, 640), (320, 640)]
    for file in picture.files:
        content = (tmp_path / file.path).read_bytes()
        assert b"Secret" not in content
        with Image.open(io.BytesIO(content)) as made:
            assert not made.getexif()
            assert not made.info.get("icc_profile")


def test_transparency_is_kept_and_the_average_is_seen_on_white(tmp_path: Path) -> None:
    picture = render_picture(encoded(Image.new("RGBA", (32, 32), (0, 0, 0, 0))), folder=tmp_path)
    assert picture.colour == "#ffffff"
    with Image.open(tmp_path / picture.files[0].path) as made:
        assert made.convert("RGBA").getpixel((16, 16))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "I;16", "LA", "1"])
def test_pictures_of_every_colour_mode_are_read(mode: str, tmp_path: Path) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    picture = render_picture(encoded(Image.new(mode, (20, 10)), form), folder=tmp_path)
    assert (picture.width, picture.height) == (20, 10)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + bytes(40),
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"\xff\xd8\xff\xe0" + bytes(64),
    ],
)
def test_what_is_no_accepted_picture_is_refused_and_nothing_is_written(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotAPicture):
        render_picture(data, folder=tmp_path)
    assert stored(tmp_path) == set()


def test_a_cut_off_picture_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    data = encoded(Image.effect_noise((300, 300), 90), "JPEG")
    with pytest.raises(NotAPicture):
        render_picture(data[: len(data) // 2], folder=tmp_path)
    assert stored(tmp_path) == set()


@pytest.mark.parametrize("size", [(8000, 5001), (16001, 1), (30000, 30000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size: tuple[int, int], tmp_path: Path) -> None:
    data = encoded(Image.new("1", size))
    with pytest.raises(PictureTooLarge):
        render_picture(data, folder=tmp_path)
    assert stored(tmp_path) == set()


async def test_many_files_are_rendered_in_order_with_refusals_in_their_place(tmp_path: Path) -> None:
    media = tmp_path / "media"
    paths = [tmp_path / name for name in ("red.png", "broken.png", "blue.png", "wide.png")]
    paths[0].write_bytes(encoded(Image.new("RGB", (10, 10), "red")))
    paths[1].write_bytes(b"nothing")
    paths[2].write_bytes(encoded(Image.new("RGB", (10, 10), "blue")))
    paths[3].write_bytes(encoded(Image.new("1", (16001, 1))))
    seen = [(path, outcome) async for path, outcome in render_pictures([*paths, paths[0]], folder=media)]
    assert [path for path, _ in seen] == [*paths, paths[0]]
    colours = [getattr(outcome, "colour", None) for _, outcome in seen]
    assert colours == ["#ff0000", None, "#0000ff", None, "#ff0000"]
    assert isinstance(seen[1][1], NotAPicture)
    assert isinstance(seen[3][1], PictureTooLarge)
    assert "16001 by 1 pixels. At most 40 million, 16,000 on a side" in str(seen[3][1])
