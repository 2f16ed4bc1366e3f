"""A class whose public helper its siblings call under their lock, and who calls it without."""

POOL = """\
import threading


class Pool:
    def __init__(self):
        self._slots = threading.Lock()
        self._active = {}

    def add(self, name, worker):
        with self._slots:
            self.drop(name)
            self._active[name] = worker

    def swap(self, name, worker):
        with self._slots:
            self.drop(name)
            self._active[name] = worker

    def names(self):
        with self._slots:
            return list(self._active)

    def drop(self, name):
        self._active.pop(name, None)
"""
BARE = "from pool import Pool\n\nPOOL = Pool()\n\n\ndef forget(name):\n    POOL.drop(name)\n"
