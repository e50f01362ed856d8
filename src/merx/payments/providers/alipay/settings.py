"""How Alipay is set."""

from pathlib import Path
from typing import Annotated, Final

from merx.infra.settings import (
    Section,
    Setting,
    Settings,
    Values,
    incomplete,
    parse_boolean,
    parse_path,
    parse_text,
    parse_url,
    simulator_port,
)

SIMULATED_APP_ID: Final = "9021000100000001"  # the merchant that the simulator knows
SIMULATED_SELLER_ID: Final = "2088000100000002"
_ACCOUNT: Final = ("alipay_gateway_url", "alipay_app_id", "alipay_seller_id", "alipay_private_key_file")
_CERTIFICATES: Final = ("alipay_app_cert_file", "alipay_cert_file", "alipay_root_cert_file")
_SIMULATED: Final = "that of the simulated Alipay when MERX_SIMULATORS is true"


class AlipaySettings(Section, frozen=True, kw_only=True):
    """The account at Alipay, and its keys in one of two modes. Without a gateway Alipay is not offered."""

    # fmt: off
    alipay_gateway_url: Annotated[str | None, Setting(
        "Address of the Alipay gateway.", parse_url("http", "https"),
        otherwise="the simulated Alipay when MERX_SIMULATORS is true, else Alipay is not offered",
    )]
    alipay_app_id: Annotated[str | None, Setting("Alipay application id.", parse_text, otherwise=_SIMULATED)]
    alipay_seller_id: Annotated[str | None, Setting("Alipay seller id (2088…).", parse_text, otherwise=_SIMULATED)]
    alipay_private_key_file: Annotated[Path | None, Setting(
        "PEM file with our RSA private key.", parse_path, otherwise=_SIMULATED,
    )]
    alipay_public_key_file: Annotated[Path | None, Setting(
        "PEM file with Alipay's RSA public key, in public-key mode.", parse_path, otherwise=_SIMULATED,
    )]
    alipay_app_cert_file: Annotated[Path | None, Setting(
        "PEM file with our application's certificate, in certificate mode.", parse_path, otherwise="public-key mode",
    )]
    alipay_cert_file: Annotated[Path | None, Setting(
        "PEM file with Alipay's certificate, in certificate mode.", parse_path, otherwise="public-key mode",
    )]
    alipay_root_cert_file: Annotated[Path | None, Setting(
        "PEM file with Alipay's root certificates, in certificate mode.", parse_path, otherwise="public-key mode",
    )]
    alipay_qr: Annotated[bool, Setting(
        "Also offer Alipay by a QR code to scan (face-to-face payment must be signed with Alipay).", parse_boolean,
        otherwise="true when MERX_SIMULATORS is true, else false",
    )]
    simulator_alipay_port: Annotated[int, simulator_port("Port of the simulated Alipay.", "8090")]
    # fmt: on

    @classmethod
    def simulated(cls, given: Values, keys: Path) -> Values:
        """The simulated gateway with our account there; with its public key unless certificates are given."""
        found = {
            "alipay_gateway_url": f"http://localhost:{given['simulator_alipay_port']}/gateway.do",
            "alipay_app_id": SIMULATED_APP_ID,
            "alipay_seller_id": SIMULATED_SELLER_ID,
            "alipay_private_key_file": keys / "merchant_private.pem",
            "alipay_qr": True,
        }
        if not any(given[name] for name in _CERTIFICATES):
            found["alipay_public_key_file"] = keys / "alipay_public.pem"
        return found

    @classmethod
    def derived(cls, _given: Values, _earlier: Settings) -> Values:
        """A code to scan is asked for."""
        return {"alipay_qr": False}

    def contradiction(self) -> str | None:
        """The account belongs together, with one of the two kinds of keys."""
        if all(getattr(self, name) is None for name in _CERTIFICATES):
            return incomplete(self, "Alipay needs", *_ACCOUNT, "alipay_public_key_file")
        if self.alipay_public_key_file is not None:
            return (
                f"MERX_ALIPAY_PUBLIC_KEY_FILE: {self.alipay_public_key_file} was given, and certificates, too. "
                "Leave out one of them."
            )
        return incomplete(self, "Alipay needs", *_ACCOUNT, *_CERTIFICATES)
