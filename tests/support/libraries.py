"""A library that is installed in a folder of its own, and code that uses it."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = {
    "vendor/__init__.py": "from vendor.locks import Base, REGISTRY_LOCK, make_lock\n",
    "vendor/locks.py": """
        import threading

        REGISTRY_LOCK = threading.RLock()


        def make_lock():
            return threading.Lock()


        class Base:
            def __init__(self):
                self._lock = threading.RLock()
        """,
}

USER = """\
import vendor


class Pool(vendor.Base):
    def __init__(self):
        super().__init__()
        self._items = {}

    def add(self, key, item):
        with self._lock:
            self._items[key] = item

    def drop(self, key):
        with self._lock:
            self._items.pop(key)

    def replace(self, items):
        with self._lock:
            self.clear()
            self._items.update(items)

    def clear(self):
        self._items.clear()
"""
"""`clear` may only be given the lock once it is known to be re-entrant."""


def install(folder: Path) -> Path:
    """Write the library, and return the folder that it can be imported from."""
    for name, text in LIBRARY.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return folder
