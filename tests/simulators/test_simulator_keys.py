"""Key files: made once, private, and repaired."""

from pathlib import Path

from merx.simulators import ensure_keys


def test_keys_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "state")
    again = ensure_keys(tmp_path / "state")
    paths = [
        keys.merchant_private_pem_path,
        keys.merchant_public_pem_path,
        keys.alipay_private_pem_path,
        keys.alipay_public_pem_path,
        keys.wechat_merchant_private_pem_path,
        keys.wechat_merchant_public_pem_path,
        keys.wechat_private_pem_path,
        keys.wechat_public_pem_path,
    ]
    assert again == keys
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert len({path.read_bytes() for path in paths}) == 8
    before = [path.read_bytes() for path in paths]
    ensure_keys(tmp_path / "state")
    assert [path.read_bytes() for path in paths] == before
    assert sorted(path.name for path in (tmp_path / "state/keys").iterdir()) == sorted(p.name for p in paths)


def test_a_public_key_that_does_not_fit_is_written_again(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    right = keys.alipay_public_pem_path.read_text()
    keys.alipay_public_pem_path.write_text(keys.merchant_public_pem_path.read_text())
    ensure_keys(tmp_path)
    assert keys.alipay_public_pem_path.read_text() == right
