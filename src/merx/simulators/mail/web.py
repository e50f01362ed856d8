"""The mail server's pages (`/`, `/read/{id}`) and JSON (`/messages`)."""

from jinja2 import Environment, PackageLoader
from litestar import Litestar, Response, delete, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from merx.simulators.common.pages import html_page
from merx.simulators.mail.box import MailBox, MailMessage

_PAGES = Environment(loader=PackageLoader("merx.simulators.mail"), autoescape=True, trim_blocks=True)


def build_app(box: MailBox) -> Litestar:
    """The ASGI application over one mail box."""

    def known(message_id: str) -> MailMessage:
        message = box.get(message_id)
        if message is None:
            raise NotFoundException("no such message")
        return message

    @get("/")
    async def index() -> Response[str]:
        return html_page(_PAGES.get_template("index.html").render(messages=box.all()))

    @get("/read/{message_id:str}")
    async def read(message_id: FromPath[str]) -> Response[str]:
        return html_page(_PAGES.get_template("message.html").render(message=known(message_id)))

    @get("/messages")
    async def list_messages(to: FromQuery[str | None] = None) -> list[MailMessage]:
        return box.all(to=to)

    @get("/messages/{message_id:str}")
    async def read_message(message_id: FromPath[str]) -> MailMessage:
        return known(message_id)

    @delete("/messages")
    async def clear() -> None:
        box.clear()

    return Litestar(
        route_handlers=[index, read, list_messages, read_message, clear],
        openapi_config=None,
        logging_config=None,
    )
