"""Downloads from a server on this machine: whole and right, or a clear error and nothing left."""

import gzip
import hashlib
import os
import shutil
import socket
import stat
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from srlib.atomic import sole_use
from srlib.data.download import cache_folder, fetch, unzip
from srlib.errors import DownloadError
from tests.helpers.full_disk import files_no_larger_than

CONTENT = bytes(range(256)) * 4000  # 1 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ``files``; keeps what was asked; breaks off after ``stop_after`` bytes of a body."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []
        self.stop_after: int | None = None
        self.resumes = True

    def address(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802 - the name http.server looks for
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        body = server.files.get(self.path.lstrip("/"))
        if body is None:
            return self.send_error(404)
        start = 0
        if server.resumes and self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start:][: server.stop_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_fetched_once(server, tmp_path):
    server.files["a.bin"] = CONTENT
    target = tmp_path / "deep" / "a.bin"
    assert fetch([server.address("a.bin")], target, SHA256) == target
    assert target.read_bytes() == CONTENT
    assert files_in(tmp_path) == ["deep/a.bin"]
    fetch([server.address("a.bin")], target, SHA256)
    assert len(server.ranges) == 1


def test_a_file_is_readable_as_any_other_the_user_makes(server, tmp_path):
    server.files["a.bin"] = CONTENT
    target = fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256)
    (tmp_path / "other").touch()
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_progress_is_shown_on_request(server, tmp_path, capsys):
    server.files["a.bin"] = CONTENT
    fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256, progress=False)
    assert capsys.readouterr() == ("", "")
    (tmp_path / "a.bin").unlink()
    fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256)
    assert "a.bin: 100%" in capsys.readouterr().err


def test_a_download_that_breaks_off_goes_on_where_it_stopped(server, tmp_path):
    server.files["a.bin"], server.stop_after = CONTENT, 300_000
    target = tmp_path / "a.bin"
    with pytest.raises(DownloadError, match="broke off"):
        fetch([server.address("a.bin")], target, SHA256)
    assert files_in(tmp_path) == ["a.bin.part"]
    server.stop_after = None
    fetch([server.address("a.bin")], target, SHA256)
    assert target.read_bytes() == CONTENT and files_in(tmp_path) == ["a.bin"]
    assert server.ranges[0] is None
    assert 0 < int(server.ranges[1].strip("bytes=-")) <= 300_000


def test_a_server_that_cannot_resume_sends_everything_again(server, tmp_path):
    server.files["a.bin"], server.resumes = CONTENT, False
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    target = fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256)
    assert server.ranges == ["bytes=1000-"]
    assert target.read_bytes() == CONTENT and files_in(tmp_path) == ["a.bin"]


def test_a_part_with_nothing_left_to_come_is_fetched_afresh(server, tmp_path):
    server.files["a.bin"] = CONTENT
    (tmp_path / "a.bin.part").write_bytes(CONTENT[::-1])
    target = fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256)
    assert target.read_bytes() == CONTENT and files_in(tmp_path) == ["a.bin"]


def test_a_wrong_file_is_deleted_and_the_next_try_succeeds(server, tmp_path):
    target = tmp_path / "a.bin"
    server.files["a.bin"] = CONTENT[:-1] + b"!"
    with pytest.raises(DownloadError, match="SHA-256 differs.*deleted") as failure:
        fetch([server.address("a.bin")], target, SHA256)
    assert server.address("a.bin") in str(failure.value) and str(target) in str(failure.value)
    assert files_in(tmp_path) == []
    server.files["a.bin"] = CONTENT
    assert fetch([server.address("a.bin")], target, SHA256).read_bytes() == CONTENT


def test_a_wrong_file_does_not_replace_one_that_is_there(server, tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"mine")
    server.files["a.bin"] = b"wrong"
    with pytest.raises(DownloadError, match="SHA-256"):
        fetch([server.address("a.bin")], target, SHA256)
    assert target.read_bytes() == b"mine" and files_in(tmp_path) == ["a.bin"]


def test_a_second_address_serves_where_the_first_fails(server, tmp_path):
    server.files |= {"bad.bin": b"bad", "good.bin": CONTENT}
    addresses = [server.address(name) for name in ("none.bin", "bad.bin", "good.bin")]
    assert fetch(addresses, tmp_path / "a.bin", SHA256).read_bytes() == CONTENT
    assert len(server.ranges) == 3


def test_a_missing_file_names_every_address(server, tmp_path):
    addresses = [server.address("x"), "http://127.0.0.1:1/x"]
    with pytest.raises(DownloadError) as failure:
        fetch(addresses, tmp_path / "a.bin", SHA256)
    said = f"{addresses[0]}: 404 Not Found; {addresses[1]}: no connection: it was refused, nothing"
    assert said in str(failure.value)
    assert "\n" not in str(failure.value)
    assert files_in(tmp_path) == []


def test_a_file_larger_than_the_disk_is_not_begun(server, tmp_path, monkeypatch):
    server.files["a.bin"] = CONTENT
    nearly_full = shutil.disk_usage(tmp_path)._replace(free=len(CONTENT) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: nearly_full)
    with pytest.raises(DownloadError, match="disk has 1 MB left"):
        fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256)
    assert files_in(tmp_path) == []


def test_a_disk_that_fills_while_downloading_leaves_nothing(server, tmp_path):
    server.files["a.bin"] = CONTENT
    with (
        files_no_larger_than(100_000),
        pytest.raises(DownloadError, match="cannot write .*too large"),
    ):
        fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256)
    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadError, match="cannot write"):
        fetch([server.address("a.bin")], tmp_path / "file" / "a.bin", SHA256)


# servers and connections that misbehave


def broken(answer: bytes = b"", *, wait: float = 0) -> tuple[str, threading.Thread]:
    """A server that answers one request with these bytes and then waits, or closes at once."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(answer)
            time.sleep(wait)

    thread = threading.Thread(target=serve)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/a.bin", thread


def what_is_said(address: str, folder: Path) -> str:
    with pytest.raises(DownloadError) as failure:
        fetch([address], folder / "a.bin", SHA256, progress=False)
    return str(failure.value)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_a_server_that_stalls(tmp_path, monkeypatch, head):
    monkeypatch.setattr("srlib.data.download.TIMEOUT", 0.3)
    address, thread = broken(head, wait=0.8)
    assert f"{address}: no answer within 0.3 s; another try goes" in what_is_said(address, tmp_path)
    thread.join()


def test_a_server_that_closes_without_a_word(tmp_path):
    address, thread = broken()
    assert "the connection broke off" in what_is_said(address, tmp_path)
    thread.join()


def test_a_length_that_is_no_number(tmp_path):
    address, thread = broken(b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n" + CONTENT)
    assert fetch([address], tmp_path / "a.bin", SHA256, progress=False).read_bytes() == CONTENT
    thread.join()


def test_a_file_that_is_packed_without_being_asked_for(tmp_path):
    packed = gzip.compress(CONTENT)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    address, thread = broken(head.encode() + packed)
    assert fetch([address], tmp_path / "a.bin", SHA256, progress=False).read_bytes() == CONTENT
    thread.join()
    address, thread = broken(head.encode() + b"\1" * len(packed))
    (tmp_path / "a.bin").unlink()
    assert "packed the file and it cannot be unpacked" in what_is_said(address, tmp_path)
    thread.join()


def test_a_secure_connection_that_fails(tmp_path):
    address, thread = broken(b"this is no TLS at all")
    said = what_is_said(address.replace("http", "https"), tmp_path)
    assert "the secure connection failed (" in said and "REQUESTS_CA_BUNDLE" in said
    thread.join()


def test_a_proxy_that_is_not_there(tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert "no connection to the proxy: check HTTPS_PROXY" in what_is_said("http://a.b/c", tmp_path)


def test_a_name_that_nobody_knows(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = what_is_said("http://nobody.invalid/a.bin", tmp_path)
    assert "no connection: no machine of that name is known: check the network" in said


# several processes, and what killed ones left


def test_two_that_fetch_the_same_file_fetch_it_once(server, tmp_path, caplog):
    server.files["a.bin"] = CONTENT
    with sole_use(tmp_path):
        waiting = threading.Thread(
            target=fetch, args=([server.address("a.bin")], tmp_path / "a.bin", SHA256)
        )
        waiting.start()
        while not caplog.messages:
            time.sleep(0.01)
        assert "another process downloads into" in caplog.text and not server.ranges
        (tmp_path / "a.bin").write_bytes(CONTENT)  # the other one has it now
    waiting.join()
    assert not server.ranges and files_in(tmp_path) == ["a.bin"]


def test_what_killed_downloads_left_is_removed(server, tmp_path):
    for name in ("tmpab12_cd3", ".srlib-0123.part", "tmp"):
        (tmp_path / name).write_bytes(b"half")
    server.files["a.bin"] = CONTENT
    fetch([server.address("a.bin")], tmp_path / "a.bin", SHA256)
    assert files_in(tmp_path) == ["a.bin", "tmp"]


# archives


def archive_of(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_an_archive_appears_whole(tmp_path):
    archive = archive_of(tmp_path / "a.zip", {"set/1.txt": "one", "set/sub/2.txt": "two"})
    (tmp_path / "set.part").mkdir()
    (tmp_path / "set.part" / "left over").touch()
    assert unzip(archive, tmp_path / "set", "set") == tmp_path / "set"
    assert files_in(tmp_path) == ["a.zip", "set/1.txt", "set/sub/2.txt"]
    unzip(archive, tmp_path / "all")
    assert files_in(tmp_path / "all") == ["set/1.txt", "set/sub/2.txt"]


@pytest.mark.parametrize(
    "name", ["../evil.txt", "set/../../evil.txt", "/tmp/evil.txt", "C:\\evil.txt", "..\\evil.txt"]
)
def test_a_path_out_of_the_folder_is_refused_before_anything_is_unpacked(tmp_path, name):
    archive = archive_of(tmp_path / "a.zip", {"set/1.txt": "one", name: "evil"})
    with pytest.raises(DownloadError, match=r"evil.txt', which lies outside"):
        unzip(archive, tmp_path / "in" / "set", "set")
    assert files_in(tmp_path) == ["a.zip"] and not (tmp_path / "in").exists()


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("set/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = archive_of(tmp_path / "a.zip", {"set/1.txt": "one", link: "/etc/passwd"})
    with pytest.raises(DownloadError, match="set/link', a link"):
        unzip(archive, tmp_path / "set", "set")
    assert files_in(tmp_path) == ["a.zip"]


def test_a_damaged_archive_leaves_nothing(tmp_path):
    archive = archive_of(tmp_path / "a.zip", {"set/1.txt": "one" * 100, "set/2.txt": "two" * 100})
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"two", b"tow", 1))  # its checksum is wrong now
    with pytest.raises(DownloadError, match="damaged.*delete it"):
        unzip(archive, tmp_path / "set", "set")
    archive.write_bytes(content[:100])
    with pytest.raises(DownloadError, match="damaged"):
        unzip(archive, tmp_path / "set", "set")
    assert os.listdir(tmp_path) == ["a.zip"]


def test_an_archive_of_something_else_leaves_nothing(tmp_path):
    archive = archive_of(tmp_path / "a.zip", {"other/1.txt": "one"})
    with pytest.raises(DownloadError, match="holds no folder set"):
        unzip(archive, tmp_path / "set", "set")
    assert os.listdir(tmp_path) == ["a.zip"]


def test_an_archive_that_does_not_fit_leaves_nothing(tmp_path, monkeypatch):
    archive = archive_of(tmp_path / "a.zip", {"set/1.txt": b"1" * 1000, "set/2.bin": CONTENT})
    with files_no_larger_than(500_000), pytest.raises(DownloadError, match="cannot unpack"):
        unzip(archive, tmp_path / "set", "set")
    assert os.listdir(tmp_path) == ["a.zip"]
    nearly_full = shutil.disk_usage(tmp_path)._replace(free=len(CONTENT))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: nearly_full)
    with pytest.raises(DownloadError, match="make room"):
        unzip(archive, tmp_path / "set", "set")
    assert os.listdir(tmp_path) == ["a.zip"]


def test_the_cache_can_be_moved(tmp_path, monkeypatch):
    monkeypatch.delenv("SRLIB_CACHE", raising=False)
    assert cache_folder().name == "srlib"
    monkeypatch.setenv("SRLIB_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
