"""Imports the types of the protocol at a sixth of their price.

``lsprotocol.types`` has attrs write and compile seven methods for each of more than 500 classes,
which takes longer than everything else that a server does before its first diagnostics. Few of them
are ever used, and whether two messages are equal, how they look when printed, and how they match a
pattern is asked by nobody here. So each class is left as it is written until somebody makes an object
of it, or asks for its fields.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from typing import Any, TypeVar

import attrs

T = TypeVar("T")

_NAME = "lsprotocol.types"
_HOOKS = "lsprotocol._hooks"
_INIT = "__init__"
_FIELDS = "__attrs_attrs__"
_RESOLVED = "_resolved_forward_references"
_MAKING = threading.RLock()


def import_lean() -> None:
    """Import the types, unless somebody has them already; only for a process that serves."""
    if _NAME in sys.modules:
        return
    define = attrs.define
    attrs.define = _put_off  # type: ignore[assignment]
    try:
        importlib.import_module(_NAME)
    finally:
        attrs.define = define
    hooks = importlib.import_module(_HOOKS)
    if hasattr(hooks, _RESOLVED):
        # The names in the fields of a class are resolved when it is made, and not for all at once.
        setattr(hooks, _RESOLVED, True)


class _Fields:
    """Stands for the fields of a class that attrs has not made yet, and has it made."""

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __get__(self, _instance: object, _owner: type) -> Any:
        _make(self._cls)
        return getattr(self._cls, _FIELDS)


def _put_off(cls: type[T]) -> type[T]:
    """Return a class that attrs makes when it is first used."""

    @functools.wraps(cls.__init__)
    def make_first(self: T, *args: Any, **kwargs: Any) -> None:
        _make(cls)
        cls.__init__(self, *args, **kwargs)

    setattr(cls, _INIT, make_first)
    setattr(cls, _FIELDS, _Fields(cls))
    return cls


def _make(cls: type) -> None:
    """Have attrs make a class, in place, unless another thread was faster."""
    with _MAKING:
        if not isinstance(vars(cls).get(_FIELDS), _Fields):
            return
        for name in (_INIT, _FIELDS):
            delattr(cls, name)
        attrs.define(cls, slots=False, eq=False, repr=False, match_args=False)
        # Annotations name other types of the protocol.
        attrs.resolve_types(cls, dict(vars(sys.modules[_NAME])))
