"""A name leads to the definition that it means, or nowhere."""

from __future__ import annotations

import pytest

from review_checks.summaries.names import callees, canonical_in, lineage, method_of
from support.project import Project, project

PACKAGE = {
    "app/__init__.py": "from app.core import Engine\n\nlimit = 3\n",
    "app/core.py": """
        import threading

        from . import tools
        from .tools import make as create

        class Base(threading.Thread):
            kind = "base"

            def __init__(self, engine: "Engine" = None):
                self.engine = engine
                self.lock = threading.Lock()
                self.late = None

            def start_all(self): ...

            @property
            def name(self) -> "Engine": ...

        class Mixin:
            def mixed(self): ...

        class Engine(Base, Mixin):
            def __init__(self, pool: tools.Pool):
                super().__init__()
                self.pool = pool
                self.made = tools.Pool()
                self.late = tools.Pool()
                self.either = pool or tools.Pool()
                self.unsure = tools.Pool()
                self.unsure = Base()

        def build() -> Engine: ...
        """,
    "app/tools.py": """
        import socket as net

        class Pool:
            def get(self): ...

        def make():
            return Pool()

        connect = net.create_connection
        """,
    "case.py": """
        import os.path
        import socket
        import app
        import app.tools as helpers
        from app import Engine as Motor, limit
        from app.core import *
        from app.core import build, create

        engine = Motor(None)
        LOG = __import__("logging").getLogger()

        class Car(app.Engine):
            def drive(self, other: Motor, *rest, count: int = 0):
                from app import tools
                local = Motor(None)
                either = Motor(None)
                either = helpers.Pool()
                alias = self.made
                with socket.socket() as sock:
                    pass
                for item in rest:
                    pass

                def inner():
                    pass
        """,
}

NAMES = {
    "os.path.join": "os.path.join",
    "app.Engine": "app.core.Engine",
    "Motor": "app.core.Engine",
    "helpers.Pool": "app.tools.Pool",
    "helpers.connect": "socket.create_connection",
    "tools.Pool.get": "app.tools.Pool.get",
    "create": "app.tools.make",
    "engine.start_all": "app.core.Base.start_all",
    "build().mixed": "app.core.Mixin.mixed",
    "self.drive": "case.Car.drive",
    "self.made.get": "app.tools.Pool.get",
    "self.pool.get": "app.tools.Pool.get",
    "self.late.get": "app.tools.Pool.get",
    "self.either.get": "app.tools.Pool.get",
    "self.engine.mixed": "app.core.Mixin.mixed",
    "self.lock": "threading.Lock",
    "self.mixed": "app.core.Mixin.mixed",
    "self.join": "threading.Thread.join",
    "other.pool": "app.tools.Pool",
    "local.made.get": "app.tools.Pool.get",
    "alias.get": "app.tools.Pool.get",
    "sock.connect": "socket.socket.connect",
    "inner": "case.Car.drive.inner",
    "len": "len",
    "ValueError": "ValueError",
    "either.get": None,
    "self.unsure.get": None,
    "self.nothing": "threading.Thread.nothing",
    "item.get": None,
    "rest.get": None,
    "unknown": None,
    "self.pool[0].get": None,
    "": None,
}


@pytest.fixture(scope="module")
def package() -> Project:
    return Project(PACKAGE)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_inside_a_method(package: Project, name: str) -> None:
    function = package.function("Car.drive")
    assert canonical_in(package.db, function, name) == NAMES[name]


def test_bases_come_nearest_first(package: Project) -> None:
    assert lineage(package.db, "case.Car") == (
        "case.Car",
        "app.core.Engine",
        "app.core.Base",
        "threading.Thread",
        "app.core.Mixin",
    )
    assert method_of(package.db, "case.Car", "__init__") == package.function(
        "Engine.__init__", "app/core.py"
    )


def test_the_calls_of_a_unit() -> None:
    found = project(
        """
        import subprocess

        def work(command, run=subprocess.run):
            subprocess.run(command)
            run(command)
            command.split()
            (lambda: 1)()
            subprocess.Popen(command).wait()
        """
    )
    unit, index = found.function("work")
    rows = dict(
        zip(
            (call.callee for call in found.facts("work").calls),
            callees(found.db, unit)[index],
            strict=True,
        )
    )
    assert rows["subprocess.run"] == "subprocess.run"
    assert rows["run"] is None
    assert rows["command.split"] is None
    assert rows[""] is None
    assert rows["subprocess.Popen().wait"] == "subprocess.Popen.wait"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a = b\nb = a\n\ndef use(): ...\n", "a"),
        ("from case import use\n\ndef use(): ...\n", "use.more"),
        ("import case\n\nx = case.x\n\ndef use(): ...\n", "x"),
        ("class A(A):\n    pass\n\ndef use(): ...\n", "A.b"),
        ("class A(B):\n    pass\n\nclass B(A):\n    pass\n\ndef use(): ...\n", "A.b"),
        (
            "class A:\n    def __init__(self):\n        self.b = self.b\n\ndef use(a: A): ...\n",
            "a.b",
        ),
        ("def f() -> f: ...\n\ndef use():\n    a = f()\n    a = a()\n", "a.b"),
    ],
)
def test_names_that_lead_back_to_themselves_lead_nowhere(text: str, name: str) -> None:
    found = project(text)
    canonical_in(found.db, found.function("use"), name)
