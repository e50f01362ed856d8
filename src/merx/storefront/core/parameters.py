"""What handlers take from a request, named once."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from merx.storefront.core.visit import Visit

Visiting = NamedDependency[Visit]
"""The visit that the router's dependency opened."""


Cursor = Annotated[str | None, QueryParameter(name="after", max_length=512)]
"""Where the page before ended."""


ReturnTo = Annotated[str, QueryParameter(name="return_to", max_length=2048)]
"""The page to go back to after logging in."""


Unanswered = Annotated[str | None, QueryParameter(name="unanswered", max_length=8)]
"""Set when the payment provider did not answer a moment ago."""


__all__ = ["Cursor", "FromPath", "ReturnTo", "Unanswered", "Visiting"]
