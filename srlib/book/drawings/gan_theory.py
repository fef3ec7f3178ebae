"""Chapter 4: the two players, saturation, the ring of clusters."""

from srlib.book.drawings.strokes import Drawings

DRAWINGS: Drawings = {}
