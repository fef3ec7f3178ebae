"""Chapter 3: a convolution, and SRCNN as three of them."""

from srlib.book.drawings.strokes import Drawings

DRAWINGS: Drawings = {}
