"""Launch buttons point at the repository the book is built from, and never show a credential."""

import importlib.util
from pathlib import Path

import pytest

path = Path(__file__).parents[1] / "book" / "_ext" / "repository.py"
spec = importlib.util.spec_from_file_location("repository", path)
extension = importlib.util.module_from_spec(spec)
spec.loader.exec_module(extension)


@pytest.mark.parametrize(
    "remote, url",
    [
        ("git@github.com:ann/sr-book.git", "https://github.com/ann/sr-book"),
        ("https://github.com/ann/sr-book", "https://github.com/ann/sr-book"),
        ("https://ann:secret@github.com/ann/sr.book.git", "https://github.com/ann/sr.book"),
        ("https://example.org/ann/sr-book.git", None),
        ("", None),
    ],
)
def test_remote(remote, url):
    assert extension.from_remote(remote) == url


def test_order_of_sources(monkeypatch):
    monkeypatch.setattr(extension, "git", lambda *args: "git@github.com:c/c.git")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/a/a/")
    monkeypatch.setenv("GITHUB_REPOSITORY", "b/b")
    assert extension.repository() == "https://github.com/a/a"
    monkeypatch.delenv("BOOK_REPOSITORY")
    assert extension.repository() == "https://github.com/b/b"
    monkeypatch.delenv("GITHUB_REPOSITORY")
    assert extension.repository() == "https://github.com/c/c"
    monkeypatch.setattr(extension, "git", lambda *args: "")
    assert extension.repository() is None
