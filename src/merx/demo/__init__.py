"""The demo shop: three sellers, 54 products and their stock in two languages and two currencies, loaded on request.

Texts, prices and brands are our own; the photographs are fetched from a public package when the demo is loaded.
"""

from merx.demo.fetch import PicturesUnavailable, fetch_pictures
from merx.demo.load import DEMO_LOGINS, DemoLogin, load_demo

__all__ = ["DEMO_LOGINS", "DemoLogin", "PicturesUnavailable", "fetch_pictures", "load_demo"]
