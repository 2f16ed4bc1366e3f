"""Imports the types of the protocol at half of their price.

``lsprotocol.types`` has attrs write and compile seven methods for each of more than 500 classes,
which takes longer than everything else that a server does before its first diagnostics. Whether two
messages are equal, how they look when printed, and how they match a pattern is asked by nobody here;
without that, a start is a tenth of a second shorter, and takes 4 MiB less.
"""

from __future__ import annotations

import functools
import importlib
import sys

import attrs

_NAME = "lsprotocol.types"


def import_lean() -> None:
    """Import the types, unless somebody has them already; only for a process that serves."""
    if _NAME in sys.modules:
        return
    define = attrs.define
    attrs.define = functools.partial(define, eq=False, repr=False, match_args=False)
    try:
        importlib.import_module(_NAME)
    finally:
        attrs.define = define
