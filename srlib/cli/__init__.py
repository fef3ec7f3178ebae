"""The ``srlib`` command: a module a subcommand, each a thin layer over the library.

A subcommand is a dataclass. Its fields are the options, with type and default; its docstring is the
help, that of each option under "Attributes:"; its ``run`` does the work and returns the exit code.
:mod:`srlib.cli.parsing` makes the command line of it, by tyro. What several share stands once, in
:mod:`srlib.cli.shared` or, for training, in :mod:`srlib.training.options`.

torch takes seconds to import, so the library is imported inside ``run``: help comes at once.
"""
