"""Serves Tests/Interop/pages on 127.0.0.1, which browsers treat as a secure context."""

import functools
import http.server
import threading
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "pages"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

    def log_message(self, *_: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("cache-control", "no-store")
        super().end_headers()


class PageServer:
    """A static file server in a thread."""

    def __init__(self) -> None:
        handler = functools.partial(QuietHandler, directory=str(FOLDER))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
