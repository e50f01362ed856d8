"""Files of others: read as a stream, checked row by row, written into the catalogue and the stock in batches.

What a file says is taken as its owner's words: a bad row is refused with its number, its column and a reason, and
the rest goes in. What goes in goes through the catalogue's own use cases; this package writes no table.
"""

from merx.importing.csv_records import NotUtf8
from merx.importing.import_csv import import_csv
from merx.importing.model import REASONS, BadRow, ImportReport, InitialStock, StockReceiver
from merx.importing.rules import BadHeader

__all__ = [
    "REASONS",
    "BadHeader",
    "BadRow",
    "ImportReport",
    "InitialStock",
    "NotUtf8",
    "StockReceiver",
    "import_csv",
]
