"""Point the launch buttons at the repository this book is built from.

In order: the environment variable BOOK_REPOSITORY, GITHUB_REPOSITORY (set by GitHub Actions), the
git remote ``origin``. None of these: no buttons. So a fork links to itself without an edit.
"""

import os
import re
import subprocess

from sphinx.application import Sphinx
from sphinx.config import Config


def repository() -> str | None:
    """The web address of the repository on GitHub, or None."""
    if url := os.environ.get("BOOK_REPOSITORY"):
        return url.rstrip("/")
    if name := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    return from_remote(git("remote", "get-url", "origin"))


def page_url() -> str | None:
    """Where the book is published: BOOK_URL, else GitHub's page of the repository, or None."""
    if url := os.environ.get("BOOK_URL"):
        return url.rstrip("/") + "/"
    match = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", repository() or "")
    if match is None:
        return None
    host = f"{match[1].lower()}.github.io"
    return f"https://{host}/" if match[2].lower() == host else f"https://{host}/{match[2]}/"


def from_remote(remote: str) -> str | None:
    """``git@github.com:me/book.git`` or ``https://token@github.com/me/book`` -> plain https."""
    match = re.search(r"github\.com[:/]+([^/\s]+)/([^/\s]+?)(?:\.git)?/?$", remote)
    return f"https://github.com/{match[1]}/{match[2]}" if match else None


def git(*args: str) -> str:
    try:
        return subprocess.run(("git", *args), capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""


def add_buttons(app: Sphinx, config: Config) -> None:
    url = repository()
    if url is None:
        return
    branch = os.environ.get("BOOK_BRANCH") or git("branch", "--show-current") or "main"
    config.html_theme_options.update(
        repository_url=url,
        repository_branch=branch,
        path_to_docs="",
        use_repository_button=True,
        use_issues_button=True,
        launch_buttons={
            "colab_url": "https://colab.research.google.com",
            "binderhub_url": "https://mybinder.org",
            "notebook_interface": "jupyterlab",
        },
    )


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", add_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
