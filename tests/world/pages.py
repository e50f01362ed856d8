"""What a browser and a reader take from a page."""

import re
from collections.abc import Callable
from html import unescape

import httpx

ORIGIN = "http://shop.test"


NewBrowser = Callable[..., httpx.AsyncClient]


def fields_of(page: str, action: str) -> dict[str, str]:
    """What a browser would send of the form with this action, untouched."""
    match = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert match, f"no form with the action {action}"
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", match[1]):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") in {"radio", "checkbox"} and not re.search(r"\schecked\b", tag):
            continue
        if "name" in attributes and attributes.get("type") != "file":
            sent[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', match[1], re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"([^>]*)>', options)
        sent[name] = next((value for value, rest in values if "selected" in rest), values[0][0])
    return sent


def text_of(page: str) -> str:
    """The words of a page, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))
