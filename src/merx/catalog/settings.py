"""How the catalogue is set."""

from pathlib import Path
from typing import Annotated

from merx.infra.settings import Section, Setting, Settings, Values, parse_path


class MediaSettings(Section, frozen=True, kw_only=True):
    """Where pictures are."""

    # fmt: off
    media_dir: Annotated[Path, Setting(
        "Folder of the pictures of products and reviews.", parse_path, otherwise="MERX_HOME/media",
    )]
    # fmt: on

    @classmethod
    def derived(cls, _given: Values, earlier: Settings) -> Values:
        """Beside everything else."""
        return {"media_dir": earlier.system.home / "media"}
