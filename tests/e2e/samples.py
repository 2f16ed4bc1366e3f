"""Code with something to say about it."""

from __future__ import annotations

POOL = """\
import threading


class Pool:
    def __init__(self):
        self._slots = threading.Lock()
        self._active = {}

    def add(self, name, worker):
        with self._slots:
            self._active[name] = worker

    def find(self, name):
        with self._slots:
            return self._active.get(name)

    def names(self):
        with self._slots:
            return list(self._active)

    def forget(self, name):
        self._active.pop(name, None)
"""

STRAY = "self._active.pop(name, None)"
HELD = f"with self._slots:\n            {STRAY}"
RULE = "unguarded-write"

UTILS = """\
from oslo_concurrency import lockutils

one_at_a_time = lockutils.synchronized_with_prefix("service-")
"""

HARMLESS_UTILS = """\
def one_at_a_time(name):
    return lambda function: function
"""

SERVICE = """\
import utils


class Tracker:
    def __init__(self):
        self.nodes = {}

    @utils.one_at_a_time("nodes")
    def add(self, name, node):
        self.nodes[name] = node

    @utils.one_at_a_time("nodes")
    def find(self, name):
        return self.nodes.get(name)

    @utils.one_at_a_time("nodes")
    def drop_all(self):
        self.nodes.clear()

    def remove(self, name):
        self.nodes.pop(name, None)
"""

FILES = """\
def first(path):
    source = open(path)
    text = source.read()
    source.close()
    return text


def second(path):
    source = open(path)
    lines = source.readlines()
    source.close()
    return lines
"""

FILES_CLOSED = """\
def first(path):
    with open(path) as source:
        text = source.read()
    return text


def second(path):
    with open(path) as source:
        lines = source.readlines()
    return lines
"""

TWO_STRAYS = f"""\
{POOL}
    def replace(self, name, worker):
        self._active[name] = worker

    def clear(self):
        with self._slots:
            self._active.clear()

    def take(self, name):
        with self._slots:
            return self._active.pop(name)
"""

HELD_BY_A_CALLER = """\
import threading


class Pool:
    def __init__(self):
        self._slots = threading.Lock()
        self._active = {}

    def add(self, name, worker):
        with self._slots:
            self._active[name] = worker

    def swap(self, name, worker):
        with self._slots:
            self._active[name] = worker
            self.forget(name)

    def forget(self, name):
        self._active.pop(name, None)
"""

BASE = """\
from oslo_concurrency import lockutils


class Base:
    def __init__(self):
        self.claims = {}

    @lockutils.synchronized("tracker", fair=True)
    def reset(self):
        self.claims = {}

    def _drop(self, name):
        self.claims.pop(name, None)
"""

DERIVED = """\
from base import Base
from oslo_concurrency import lockutils


class Tracker(Base):
    @lockutils.synchronized("tracker", fair=True)
    def claim(self, name, size):
        self._drop(name)
        self.claims[name] = size

    @lockutils.synchronized("tracker", fair=True)
    def renew(self, name):
        self._drop(name)

    @lockutils.synchronized("tracker", fair=True)
    def free(self, name):
        return self.claims.pop(name, None)

    def forget(self, name):
        self._drop(name)
"""
