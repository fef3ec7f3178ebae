"""Drawings of networks and of what flows in them: SVG with text, in the colours of the page.

Each is at most 400 units wide, so that its letters can be read on a phone. Colour is never the only
sign: what is told apart by it also differs by its place, its dashes or its name. ``strokes`` has
what they are made of; then comes a module a chapter.
"""

from html import escape

from srlib.book.drawings import gan_theory, interpolation, pixels, srcnn, srgan
from srlib.book.drawings.strokes import INK, SIZE, Drawings

DRAWINGS: Drawings = {
    name: drawn
    for chapter in (pixels, interpolation, srcnn, gan_theory, srgan)
    for name, drawn in chapter.DRAWINGS.items()
}


def show_drawing(name: str) -> None:
    """Display a drawing as SVG in the page.

    Args:
        name: a key of ``DRAWINGS``, such as ``"generator"``.

    Raises:
        ValueError: for another name.
    """
    from IPython.display import display

    display({"text/html": drawing(name), "text/plain": f"<drawing: {name}>"}, raw=True)


def drawing(name: str) -> str:
    """The markup that :func:`show_drawing` displays."""
    if name not in DRAWINGS:
        raise ValueError(f"no drawing is called {name!r}: choose {', '.join(DRAWINGS)}")
    said, height, draw = DRAWINGS[name]
    return (
        f'<svg role="img" aria-label="{escape(said)}" viewBox="0 0 400 {height}" '
        f'style="display:block;width:100%;max-width:600px;margin:auto" font-size="{SIZE}" '
        f'font-family="sans-serif" fill="{INK}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(draw())}</svg>"
    )
