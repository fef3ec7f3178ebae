"""Chapter 2: kernels, and one output pixel of the resizer."""

from srlib.book.drawings.strokes import Drawings

DRAWINGS: Drawings = {}
