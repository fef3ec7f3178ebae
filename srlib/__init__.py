"""srlib: single-image super-resolution, from the exact resizer to the benchmark."""

__version__ = "0.1.0"
