"""What a page says about itself to whoever links to it: title, a sentence, a picture.

The picture needs an absolute address, so it is there only when the site's own is known (see
``repository.py``).
"""

from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from repository import page_url

PICTURE = "_static/cover.jpg"
LONGEST = 200  # characters; previews cut there


def set_address(app: Sphinx, config: Config) -> None:
    config.html_baseurl = config.html_baseurl or page_url() or ""


def description(doctree: nodes.document | None) -> str:
    """The first paragraph that is prose, cut after a word."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        in_text = isinstance(paragraph.parent, nodes.section | nodes.document)
        if not in_text or paragraph.next_node(nodes.math):
            continue
        text = " ".join(paragraph.astext().split())
        if len(text) > 60:
            return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"
    return ""


def tags(title: str, about: str, site: str, base: str, page: str) -> str:
    """The ``<meta>`` elements of one page."""
    named = {"description": about, "twitter:card": "summary_large_image"}
    properties = {
        "og:type": "article",
        "og:site_name": site,
        "og:title": title,
        "og:description": about,
    }
    if base:
        base = base.rstrip("/") + "/"
        properties |= {
            "og:url": base + page,
            "og:image": base + PICTURE,
            "og:image:alt": "A motorcycle: bicubic interpolation, SRGAN, and the truth",
        }
    pairs = [("name", *pair) for pair in named.items()]
    pairs += [("property", *pair) for pair in properties.items()]
    return "\n".join(
        f'<meta {kind}="{key}" content="{escape(value)}" />' for kind, key, value in pairs if value
    )


def add_tags(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    about = description(doctree) or "From a course on image super-resolution."
    title = nodes.Text(context.get("title") or app.config.html_title).astext()
    plain = nodes.unescape(title).replace("<", " <")
    plain = " ".join("".join(part.split(">")[-1] for part in plain.split("<")).split())
    site = app.config.html_title or app.config.project
    page = app.builder.get_target_uri(pagename)
    context["metatags"] = context.get("metatags", "") + tags(
        plain, about, site, app.config.html_baseurl, page
    )


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_address)
    app.connect("html-page-context", add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
