"""``python -m srlib`` is the ``srlib`` command."""

from srlib.cli.main import main

main()
