"""How WeChat Pay is set."""

from pathlib import Path
from typing import Annotated, Final

from merx.infra.settings import (
    Section,
    Setting,
    Settings,
    Values,
    incomplete,
    parse_path,
    parse_text,
    parse_url,
    simulator_port,
)

SIMULATED: Final = {  # the merchant that the simulator knows
    "wechat_app_id": "wx0000000000000001",
    "wechat_mch_id": "1900000001",
    "wechat_cert_serial": "5157F09EFDC096DE15EBE81A47057A7200000001",
    "wechat_api_v3_key": "simulated-wechat-pay-api-v3-key1",
    "wechat_public_key_id": "PUB_KEY_ID_0119000000012026010100000001",
}
_KEY_CHARACTERS: Final = 32
_SIMULATED: Final = "that of the simulated WeChat Pay when MERX_SIMULATORS is true"


class WechatSettings(Section, frozen=True, kw_only=True):
    """The merchant at WeChat Pay and its keys. Without a merchant WeChat Pay is not offered."""

    # fmt: off
    wechat_base_url: Annotated[str, Setting(
        "Address of WeChat Pay's API.", parse_url("http", "https"),
        otherwise="the simulated WeChat Pay when MERX_SIMULATORS is true, else https://api.mch.weixin.qq.com",
    )]
    wechat_app_id: Annotated[str | None, Setting(
        "Application id (wx…) at WeChat.", parse_text, otherwise=_SIMULATED,
    )]
    wechat_mch_id: Annotated[str | None, Setting(
        "Merchant id at WeChat Pay.", parse_text, otherwise=f"{_SIMULATED}, else WeChat Pay is not offered",
    )]
    wechat_private_key_file: Annotated[Path | None, Setting(
        "PEM file with our merchant key.", parse_path, otherwise=_SIMULATED,
    )]
    wechat_cert_serial: Annotated[str | None, Setting(
        "Serial of our merchant certificate.", parse_text, otherwise=_SIMULATED,
    )]
    wechat_api_v3_key: Annotated[str | None, Setting(
        "API v3 key of the merchant, 32 characters.", parse_text, otherwise=_SIMULATED, secret=True,
    )]
    wechat_public_key_id: Annotated[str | None, Setting(
        "Id of WeChat Pay's public key (PUB_KEY_ID_…), in public-key mode.", parse_text, otherwise="certificate mode",
    )]
    wechat_public_key_file: Annotated[Path | None, Setting(
        "PEM file with WeChat Pay's public key, in public-key mode.", parse_path, otherwise="certificate mode",
    )]
    simulator_wechat_port: Annotated[int, simulator_port("Port of the simulated WeChat Pay.", "8092")]
    # fmt: on

    @classmethod
    def simulated(cls, given: Values, keys: Path) -> Values:
        """The simulated API with our merchant there, in public-key mode."""
        return {
            "wechat_base_url": f"http://localhost:{given['simulator_wechat_port']}",
            **SIMULATED,
            "wechat_private_key_file": keys / "wechat_merchant_private.pem",
            "wechat_public_key_file": keys / "wechat_public.pem",
        }

    @classmethod
    def derived(cls, _given: Values, _earlier: Settings) -> Values:
        """WeChat Pay has one address."""
        return {"wechat_base_url": "https://api.mch.weixin.qq.com"}

    def contradiction(self) -> str | None:
        """The merchant belongs together, and a public key with its id."""
        key = self.wechat_api_v3_key
        if key is not None and not (len(key) == _KEY_CHARACTERS and key.isascii()):
            return "MERX_WECHAT_API_V3_KEY: ******** was given. Write the 32 characters set at WeChat Pay."
        return incomplete(
            self, "WeChat Pay needs",
            "wechat_app_id", "wechat_mch_id", "wechat_private_key_file", "wechat_cert_serial", "wechat_api_v3_key",
        ) or incomplete(
            self, "A public key of WeChat Pay needs", "wechat_public_key_id", "wechat_public_key_file"
        )  # fmt: skip
