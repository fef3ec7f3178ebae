"""Chapter 1: sampling, shrinking, and the protocol of the papers."""

from srlib.book.drawings.strokes import Drawings

DRAWINGS: Drawings = {}
