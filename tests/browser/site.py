"""The built site on localhost, as a real web server would send it: text compressed."""

import functools
import gzip
import http.server
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEXT = (".html", ".css", ".js", ".svg", ".json", ".xml")


@functools.cache
def compressed(path: str, changed: int) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 6)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of one folder; text is gzipped, as GitHub Pages does it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def send_head(self) -> io.IOBase | None:
        path = Path(self.translate_path(self.path))
        if not path.is_file() or path.suffix not in TEXT:
            return super().send_head()
        data = compressed(str(path), path.stat().st_mtime_ns)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return io.BytesIO(data)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address of a server for ``folder``, until the block ends."""
    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def pages(folder: Path) -> list[str]:
    """Addresses of all pages that a reader sees; of the pages of source code, two stand for all."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.glob("book/*.html"))
    found += ["search.html", "genindex.html", "py-modindex.html"]
    code = sorted(path.relative_to(folder).as_posix() for path in folder.glob("_modules/**/*.html"))
    return found + [code[0], max(code, key=lambda page: (folder / page).stat().st_size)]
