"""HTTP/1.1 as uvicorn speaks it with a parser in C, and a limit to what stands before a body."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024  #: of request line and headers together


class Protocol(HttpToolsProtocol):
    """One connection. It is closed where the head of a request is larger than any that is meant."""

    _head = 0  # bytes received of a head that is not whole yet
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Takes what has arrived."""
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """A part of a body has come."""
        if not self.cycle.body:
            self.cycle.body = b""  # type: ignore[assignment]  # to which it is added without being copied
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """The head of a request is whole."""
        self._in_head, self._head = False, 0
        super().on_headers_complete()
