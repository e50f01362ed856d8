import io
import tarfile
from pathlib import Path

import pytest

from merx.demo import PicturesUnavailable, fetch_pictures
from merx.demo.fetch import SHA256, _unpack

IMAGE = "package/assets/images/ann-lee-1-unsplash.jpg"


def package(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("package/assets/images/link-1-unsplash.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)


def below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_only_photographs_and_the_list_leave_the_package(tmp_path: Path) -> None:
    archive = tmp_path / "package.tgz"
    package(
        archive,
        {
            IMAGE: b"jpeg",
            "package/assets/products.csv": b"name",
            "package/assets/images/../../../evil-1-unsplash.jpg": b"x",
            "/package/assets/images/evil-2-unsplash.jpg": b"x",
            "package/index.js": b"x",
        },
    )
    _unpack(archive, tmp_path / "pictures")
    assert below(tmp_path / "pictures") == ["ann-lee-1-unsplash.jpg", "products.csv"]
    assert below(tmp_path) == ["package.tgz", "pictures"]


def test_a_damaged_package_leaves_no_folder(tmp_path: Path) -> None:
    archive = tmp_path / "package.tgz"
    package(archive, {IMAGE: bytes(100_000)})
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(PicturesUnavailable):
        _unpack(archive, tmp_path / "pictures")
    assert below(tmp_path) == ["package.tgz"]


async def test_photographs_that_are_there_are_not_fetched_again(tmp_path: Path) -> None:
    folder = tmp_path / f"demo-pictures-{SHA256[:12]}"
    folder.mkdir()
    said: list[str] = []
    assert await fetch_pictures(tmp_path, progress=said.append) == folder
    assert said == []


async def test_without_a_registry_the_reason_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    said: list[str] = []
    with pytest.raises(PicturesUnavailable, match="photographs could not be fetched: npm ended with code"):
        await fetch_pictures(tmp_path, progress=said.append)
    assert said == ["fetching photographs (npm package @vendure/create@2.3.4, 6 MB)"]
    assert below(tmp_path) == []


async def test_a_package_with_another_hash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("merx.demo.fetch.PACKAGE", _local_package(tmp_path / "local"))
    cache = tmp_path / "cache"
    said: list[str] = []
    with pytest.raises(PicturesUnavailable, match="expected ea1205779025"):
        await fetch_pictures(cache, progress=said.append)
    assert below(cache) == []


def _local_package(folder: Path) -> str:
    """A package that npm packs without any network."""
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "@vendure/create", "version": "2.3.4"}')
    return str(folder)
