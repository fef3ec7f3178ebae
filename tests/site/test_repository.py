"""Launch buttons point at the repository the book is built from, and never show a credential."""

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

path = Path(__file__).parents[2] / "book" / "_ext" / "repository.py"
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


@pytest.mark.parametrize("url", ["https://github.com/ann/book", None])
def test_buttons_only_where_there_is_a_repository(monkeypatch, url):
    monkeypatch.setattr(extension, "repository", lambda: url)
    monkeypatch.setenv("BOOK_BRANCH", "draft")
    config = SimpleNamespace(html_theme_options={})
    extension.add_buttons(None, config)
    options = config.html_theme_options
    assert (options == {}) if url is None else (options["repository_branch"] == "draft")
    assert set(options.get("launch_buttons", {})) & {"colab_url", "binderhub_url"} == (
        {"colab_url", "binderhub_url"} if url else set()
    )


def test_binder_installs_the_pinned_pytorch():
    """Torch and torchvision are a matched pair: the same pair as the root's, for the CPU."""
    root = Path(__file__).parents[2]
    pins = re.findall(r"^(torch\w*==[\d.]+)", (root / "requirements.txt").read_text(), re.M)
    binder = (root / "binder" / "requirements.txt").read_text()
    assert len(pins) >= 2 and all(f"{pin}+cpu" in binder for pin in pins if "metrics" not in pin)
