"""CSV text into records, strictly (RFC 4180) but kindly to columns padded with spaces.

Unlike the standard reader it loses one row to one broken quote, not the rest of the file, and holds at most one record
in memory. Records are numbered as a spreadsheet numbers them: the header is row 1.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import msgspec

from merx.kit.errors import Invalid

MAX_RECORD_CHARS: Final = 262_144
_CHUNK_BYTES: Final = 1 << 20

_FIELD: Final = re.compile(r'[ \t]*(?:"((?:[^"]|"")*)"[ \t]*|([^"\r\n,]*))(,|\r?\n|\r|\Z)')


class NotUtf8(Invalid):
    """The file is not UTF-8 text."""

    code = "not_utf8"
    message = "The file is not UTF-8 text (byte %(offset)s). Save it as “CSV UTF-8” and try again."


class Record(msgspec.Struct, frozen=True):
    """One record: its row number and its trimmed fields, or None when the text is not CSV."""

    number: int
    fields: list[str] | None


def split_record(text: str) -> list[str] | None:
    """The trimmed fields of one record (with or without its line end); None when quotes are wrong."""
    fields: list[str] = []
    position = 0
    while True:
        found = _FIELD.match(text, position)
        if found is None:
            return None
        quoted, plain, end = found.groups()
        fields.append((plain if quoted is None else quoted.replace('""', '"')).strip())
        position = found.end()
        if end != ",":
            return fields if position == len(text) else None


def check_utf8(path: Path) -> int:
    """Read the file once and refuse it as a whole when it is not UTF-8; return its number of lines.

    Raises NotUtf8, OSError.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = lines = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise NotUtf8(offset=offset + error.start) from None
            offset += len(chunk)
            lines += chunk.count(b"\n")
            if not chunk:
                return lines


def read_records(path: Path) -> Iterator[Record]:
    """Stream the records of a UTF-8 file (a byte order mark is skipped); blank lines are counted and left out.

    Raises OSError, and UnicodeDecodeError when `check_utf8` was not asked first.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from _records(file)


def _records(file: TextIO) -> Iterator[Record]:
    waiting: deque[str] = deque()  # lines read ahead and given back
    number = 0
    while True:
        lines = _take_record(file, waiting)
        if not lines:
            return
        number += 1
        text = "".join(lines)
        if not text.strip():
            continue
        fields = split_record(text) if len(text) <= MAX_RECORD_CHARS else None
        if fields is None:
            # Blame the first line alone: a quote that was never closed must not swallow the rows after it.
            waiting.extendleft(reversed(lines[1:]))
        yield Record(number, fields)


def _take_record(file: TextIO, waiting: deque[str]) -> list[str]:
    """Lines up to the first at which all quotes are closed, or as many as a record may have."""
    lines: list[str] = []
    length = 0
    open_quote = False
    while True:
        line = waiting.popleft() if waiting else _take_line(file)
        if not line:
            return lines
        lines.append(line)
        length += len(line)
        open_quote ^= line.count('"') % 2 == 1
        if not open_quote or length > MAX_RECORD_CHARS:
            return lines


def _take_line(file: TextIO) -> str:
    """One line; of an absurdly long one only a beginning that is still too long to be accepted."""
    line = file.readline(MAX_RECORD_CHARS + 1)
    if len(line) <= MAX_RECORD_CHARS or line.endswith(("\n", "\r")):
        return line
    while True:
        rest = file.readline(MAX_RECORD_CHARS)
        if not rest or rest.endswith(("\n", "\r")):
            return line
