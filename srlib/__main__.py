"""``python -m srlib`` is the ``srlib`` command."""

from srlib.cli import main

main()
