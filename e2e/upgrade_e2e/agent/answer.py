"""Reading HTTP answers."""

from __future__ import annotations

from .failures import BadAnswer

READ_SIZE = 16384


class Answer:
    """One HTTP/1.x answer, as its bytes come in."""

    __slots__ = ("_chunked", "_left", "_pos", "backend", "body", "buffer", "closing", "status")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.body = bytearray()
        self.status = 0
        self.backend = ""
        self.closing = False
        self._chunked = False
        self._left: int | None = 0
        self._pos = 0

    @property
    def begun(self) -> bool:
        """True when at least one byte came."""
        return bool(self.buffer or self.status)

    def feed(self, data: bytes) -> bool:
        """More bytes; True when the answer is whole. Raises BadAnswer for anything but HTTP."""
        self.buffer += data
        if not self.status and not self._read_head():
            return False
        if self._chunked:
            return self._read_chunks()
        self.body += self.buffer
        self.buffer.clear()
        return self._left is not None and len(self.body) >= self._left

    def whole_at_end(self) -> bool:
        """True for an answer that lasts until the connection is closed."""
        return bool(self.status) and self._left is None and not self._chunked

    def _read_head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > READ_SIZE or not b"HTTP/1.".startswith(self.buffer[:7]):
                raise BadAnswer
            return False
        head = bytes(self.buffer[:end]).lower() + b"\r\n"
        del self.buffer[: end + 4]
        if not (head.startswith(b"http/1.") and head[9:12].isdigit()):
            raise BadAnswer
        self.status = int(head[9:12])
        self.backend = field_of(head, b"x-backend").decode("ascii", "replace")
        self.closing = field_of(head, b"connection") == b"close" or head[7:8] == b"0"
        self._chunked = field_of(head, b"transfer-encoding") == b"chunked"
        length = field_of(head, b"content-length")
        if length and not length.isdigit():
            raise BadAnswer
        self._left = int(length) if length else None
        if self.status in (204, 304):
            self._left = 0
        return True

    def _read_chunks(self) -> bool:
        while True:
            line = self.buffer.find(b"\r\n", self._pos)
            if line < 0:
                return False
            try:
                size = int(bytes(self.buffer[self._pos : line]).partition(b";")[0], 16)
            except ValueError:
                raise BadAnswer from None
            after = line + 2 + size + 2
            if len(self.buffer) < after:
                return False
            if size == 0:
                return True
            self.body += self.buffer[line + 2 : after - 2]
            self._pos = after


def field_of(head: bytes, name: bytes) -> bytes:
    """The value of a header field in a lower-case head; empty when it is not there."""
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()
