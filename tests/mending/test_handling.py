"""The fix *add an exception handler* keeps what it does not mean to change."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.mending.handling import add_handler
from review_checks.mending.rounds import per_item_handler
from review_checks.model import Fix, Refusal
from review_checks.summaries.flow import loops_around
from review_checks.summaries.inputs import FunctionId, layout, unit_facts
from review_checks.text.editing import apply

if TYPE_CHECKING:
    from review_checks.rule import FixContext

PATH = "service.py"
HEAD = """\
import logging

import requests

LOG = logging.getLogger(__name__)

"""


@dataclass
class Shape:
    """A text before and after; the calls that end in ``callee`` are given a handler."""

    name: str
    before: str
    after: str
    callee: str = "rename_lun"
    exceptions: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    head: str = HEAD


def calls_of(workspace: Workspace, callee: str) -> tuple[FunctionId, list[int]]:
    for unit in layout(workspace.db, PATH) or ():
        for index, body in enumerate(unit_facts(workspace.db, unit).functions):
            found = [
                number
                for number, call in enumerate(body.calls)
                if call.callee.split(".")[-1] == callee
            ]
            if found:
                return (unit, index), found
    raise AssertionError(callee)


def mend(shape: Shape, *, per_item: bool = False, newline: str = "\n") -> str | Refusal:
    text = (shape.head + textwrap.dedent(shape.before)).replace("\n", newline)
    files = {PATH: text, **shape.files}
    workspace = Workspace(MemorySource(files))
    for path, content in files.items():
        workspace.open(path, content)
    function, calls = calls_of(workspace, shape.callee)
    context: FixContext = workspace._fix_context()
    if per_item:
        body = context.facts(function)
        loop = next(loops_around(body, body.calls[calls[0]].statement))
        fix = per_item_handler(function, loop, calls, context)
    else:
        fix = add_handler(function, calls, context, shape.exceptions)
    if isinstance(fix, Refusal):
        return fix
    assert isinstance(fix, Fix)
    after = apply(context.lines(PATH), fix.edits)
    ast.parse(after)
    return after


def check(shape: Shape, *, per_item: bool = False) -> None:
    expected = shape.head + textwrap.dedent(shape.after)
    assert mend(shape, per_item=per_item) == expected
    windows = mend(shape, per_item=per_item, newline="\r\n")
    assert windows == expected.replace("\n", "\r\n")


HANDLERS = [
    Shape(
        "a statement",
        """
        def move(client, old, new):
            client.rename_lun(old, new)
            return new
        """,
        """
        def move(client, old, new):
            try:
                client.rename_lun(old, new)
            except Exception:
                LOG.exception("Failed to rename lun")
                raise
            return new
        """,
    ),
    Shape(
        "the known exceptions of a library, by the name that the module has for it",
        """
        def fetch(url):
            # Ask the server.
            answer = requests.get(url, timeout=5)  # seconds
            return answer.json()
        """,
        """
        def fetch(url):
            # Ask the server.
            try:
                answer = requests.get(url, timeout=5)  # seconds
            except requests.RequestException:
                LOG.exception("fetch: get failed")
                raise
            return answer.json()
        """,
        callee="get",
        exceptions=("requests.exceptions.RequestException",),
    ),
    Shape(
        "builtin exceptions that the models know",
        """
        def save(path):
            with open(path) as handle:
                return handle.read()
        """,
        """
        def save(path):
            try:
                with open(path) as handle:
                    return handle.read()
            except OSError:
                LOG.exception("save: open failed")
                raise
        """,
        callee="open",
    ),
    Shape(
        "exceptions of the project, as the module imports them",
        """
        from storage import errors as exc
        from storage.client import Client


        def move(old, new):
            client = Client()
            return client.rename_lun(old,
                                     new)
        """,
        """
        from storage import errors as exc
        from storage.client import Client


        def move(old, new):
            client = Client()
            try:
                return client.rename_lun(old,
                                         new)
            except (exc.NotFound, OSError):
                LOG.exception("Failed to rename lun")
                raise
        """,
        files={
            "storage/__init__.py": "",
            "storage/errors.py": "class NotFound(Exception):\n    pass\n\n\nclass Gone(NotFound):\n    pass\n",
            "storage/client.py": (
                "import os\n\nfrom storage import errors\n\n\nclass Client:\n"
                "    def rename_lun(self, old, new):\n"
                "        if not old:\n            raise errors.NotFound(old)\n"
                "        if not new:\n            raise errors.Gone(new)\n"
                "        os.rename(old, new)\n"
            ),
        },
    ),
    Shape(
        "an exception that the module cannot name",
        """
        def move(client, old, new):
            client.rename_lun(old, new)
        """,
        """
        def move(client, old, new):
            try:
                client.rename_lun(old, new)
            except Exception:
                LOG.exception("Failed to rename lun")
                raise
        """,
        exceptions=("storage.errors.NotFound", "OSError"),
    ),
    Shape(
        "multi-line strings keep their text, continuation lines move",
        '''
        def move(client, old):
            client.rename_lun(old, """first
          second
            """, "a \\
          b") \\
                .wait()
        ''',
        '''
        def move(client, old):
            try:
                client.rename_lun(old, """first
          second
            """, "a \\
          b") \\
                    .wait()
            except Exception:
                LOG.exception("Failed to rename lun")
                raise
        ''',
    ),
    Shape(
        "statements on one line stay together",
        """
        def move(client, old, new):
            before = client.state(); client.rename_lun(old, new); after = client.state()  # both
            return before, after
        """,
        """
        def move(client, old, new):
            try:
                before = client.state(); client.rename_lun(old, new); after = client.state()  # both
            except Exception:
                LOG.exception("Failed to rename lun")
                raise
            return before, after
        """,
    ),
    Shape(
        "a block on the line of its head is wrapped as a whole",
        """
        def move(client, old, new):
            if new: client.rename_lun(old, new)
            else: client.forget(old)
            return new
        """,
        """
        def move(client, old, new):
            try:
                if new: client.rename_lun(old, new)
                else: client.forget(old)
            except Exception:
                LOG.exception("Failed to rename lun")
                raise
            return new
        """,
    ),
    Shape(
        "a call in the test of an elif",
        """
        def move(client, old, new):
            if old == new:
                return None
            elif client.rename_lun(old, new):
                return new
                # the new name
            return old
        """,
        """
        def move(client, old, new):
            try:
                if old == new:
                    return None
                elif client.rename_lun(old, new):
                    return new
                    # the new name
            except Exception:
                LOG.exception("Failed to rename lun")
                raise
            return old
        """,
    ),
    Shape(
        "a coroutine",
        """
        class Mover:
            @property
            async def moved(self):
                async with self.lock:
                    await self.client.rename_lun("a", "b")
        """,
        """
        class Mover:
            @property
            async def moved(self):
                async with self.lock:
                    try:
                        await self.client.rename_lun("a", "b")
                    except Exception:
                        LOG.exception("Failed to rename lun")
                        raise
        """,
    ),
    Shape(
        "the logger that the class uses, and tabs",
        """
        class Mover:
        \tdef start(self):
        \t\tself.log.info('start')

        \tdef move(self, old, new):
        \t\tif old != new:
        \t\t\tself.client.rename_lun(old, new)
        """,
        """
        class Mover:
        \tdef start(self):
        \t\tself.log.info('start')

        \tdef move(self, old, new):
        \t\tif old != new:
        \t\t\ttry:
        \t\t\t\tself.client.rename_lun(old, new)
        \t\t\texcept Exception:
        \t\t\t\tself.log.exception('Failed to rename lun')
        \t\t\t\traise
        """,
        head="",
    ),
    Shape(
        "the manager in which the module's handlers log before they raise on",
        """
        from oslo_utils import excutils


        def attach(client, volume):
            try:
                client.attach(volume)
            except Exception:
                with excutils.save_and_reraise_exception():
                    LOG.error('attach')


        def move(client, old, new):
            client.rename_lun(old, new)
        """,
        """
        from oslo_utils import excutils


        def attach(client, volume):
            try:
                client.attach(volume)
            except Exception:
                with excutils.save_and_reraise_exception():
                    LOG.error('attach')


        def move(client, old, new):
            try:
                client.rename_lun(old, new)
            except Exception:
                with excutils.save_and_reraise_exception():
                    LOG.exception('Failed to rename lun')
        """,
    ),
    Shape(
        "two calls and what stands between them",
        """
        def move(client, old, new):
            client.rename_lun(old, new)
            # Now the other one.
            if new:
                client.rename_lun(new, old)
            client.close()
        """,
        """
        def move(client, old, new):
            try:
                client.rename_lun(old, new)
                # Now the other one.
                if new:
                    client.rename_lun(new, old)
            except Exception:
                LOG.exception("Failed to rename lun")
                raise
            client.close()
        """,
    ),
    Shape(
        "statements of a module, after its logger",
        """
        client = connect()
        client.rename_lun("a", "b")""",
        """
        client = connect()
        try:
            client.rename_lun("a", "b")
        except Exception:
            LOG.exception("Failed to rename lun")
            raise""",
    ),
    Shape(
        "a generator, away from its yield",
        """
        def moves(client, names):
            for old, new in names:
                client.rename_lun(old, new)
                yield new
        """,
        """
        def moves(client, names):
            for old, new in names:
                try:
                    client.rename_lun(old, new)
                except Exception:
                    LOG.exception("Failed to rename lun")
                    raise
                yield new
        """,
    ),
    Shape(
        "a decorator",
        """
        def outer(client):
            @client.rename_lun(
                "a")
            @other
            def inner():
                pass

            return inner
        """,
        """
        def outer(client):
            try:
                @client.rename_lun(
                    "a")
                @other
                def inner():
                    pass
            except Exception:
                LOG.exception("Failed to rename lun")
                raise

            return inner
        """,
    ),
    Shape(
        "a function inside a function",
        """
        def outer(client):
            def move(old):
                return client.rename_lun(old)
            return move
        """,
        """
        def outer(client):
            def move(old):
                try:
                    return client.rename_lun(old)
                except Exception:
                    LOG.exception("Failed to rename lun")
                    raise
            return move
        """,
    ),
]


@pytest.mark.parametrize("shape", HANDLERS, ids=lambda shape: shape.name)
def test_add_handler(shape: Shape) -> None:
    check(shape)


REFUSED = [
    Shape(
        "a yield among the statements",
        """
        def moves(client, names):
            for new in client.rename_lun(names):
                yield new
        """,
        "`yield`",
    ),
    Shape(
        "a function on one line",
        """
        def move(client, old): return client.rename_lun(old)
        """,
        "shares its line",
    ),
    Shape(
        "a lambda",
        """
        def mover(client):
            return lambda old: client.rename_lun(old)
        """,
        "lambda",
    ),
    Shape(
        "no logger",
        """
        def move(client, old):
            client.rename_lun(old)
        """,
        "no logger",
        head="",
    ),
    Shape(
        "a local name hides the logger",
        """
        def move(client, old, LOG):
            client.rename_lun(old)
        """,
        "no logger",
    ),
    Shape(
        "the logger is made later",
        """
        import logging

        client.rename_lun("a")
        LOG = logging.getLogger(__name__)
        """,
        "no logger",
        head="",
    ),
]


@pytest.mark.parametrize("shape", REFUSED, ids=lambda shape: shape.name)
def test_add_handler_is_refused(shape: Shape) -> None:
    found = mend(shape)
    assert isinstance(found, Refusal), found
    assert shape.after in found.reason


ITEMS = [
    Shape(
        "the items after a failure have their turn",
        """
        def teardown(devices, owner):
            # Free everything.
            for device in devices:
                device.free(owner)
        """,
        """
        def teardown(devices, owner):
            first_error = None
            # Free everything.
            for device in devices:
                try:
                    device.free(owner)
                except Exception as error:
                    LOG.exception("Failed to free")
                    if first_error is None:
                        first_error = error
            if first_error is not None:
                raise first_error
        """,
    ),
    Shape(
        "what follows the call is skipped for the item that failed",
        """
        def teardown(self, devices):
            for name, device in devices.items():
                LOG.debug("free %s", name)
                if device.used:
                    device.free(
                        name)  # gone
                self.count -= 1
                # one less
            else:
                self.count = 0
            return self.count
        """,
        """
        def teardown(self, devices):
            first_error = None
            for name, device in devices.items():
                LOG.debug("free %s", name)
                try:
                    if device.used:
                        device.free(
                            name)  # gone
                    self.count -= 1
                    # one less
                except Exception as error:
                    LOG.exception("Failed to free %s", name)
                    if first_error is None:
                        first_error = error
            else:
                self.count = 0
            if first_error is not None:
                raise first_error
            return self.count
        """,
    ),
    Shape(
        "names that the function uses are left alone",
        """
        async def close_all(clients, error):
            async for client in clients:
                await client.free()
            error("closed")
            first_error = 1
        """,
        """
        async def close_all(clients, error):
            first_error_ = None
            async for client in clients:
                try:
                    await client.free()
                except Exception as error_:
                    LOG.exception("Failed to free")
                    if first_error_ is None:
                        first_error_ = error_
            error("closed")
            first_error = 1
            if first_error_ is not None:
                raise first_error_
        """,
    ),
    Shape(
        "the last line has no end, and the indentation is a tab",
        """
        class Pool:
        \tdef teardown(self):
        \t\tfor device in self.devices:
        \t\t\tif device.used:
        \t\t\t\tfor part in device.parts:
        \t\t\t\t\tpart.free()
        \t\tself.devices.clear()  # none left""",
        """
        class Pool:
        \tdef teardown(self):
        \t\tfirst_error = None
        \t\tfor device in self.devices:
        \t\t\tif device.used:
        \t\t\t\tfor part in device.parts:
        \t\t\t\t\ttry:
        \t\t\t\t\t\tpart.free()
        \t\t\t\t\texcept Exception as error:
        \t\t\t\t\t\tLOG.exception("Failed to free")
        \t\t\t\t\t\tif first_error is None:
        \t\t\t\t\t\t\tfirst_error = error
        \t\tself.devices.clear()  # none left
        \t\tif first_error is not None:
        \t\t\traise first_error""",
    ),
    Shape(
        "a handler around the loop still sees the first failure",
        """
        def teardown(self, devices):
            try:
                for device in devices:
                    device.free()
                self.done = True
            except OSError:
                self.broken = True
            self.stop()
        """,
        """
        def teardown(self, devices):
            try:
                first_error = None
                for device in devices:
                    try:
                        device.free()
                    except Exception as error:
                        LOG.exception("Failed to free")
                        if first_error is None:
                            first_error = error
                self.done = True
                if first_error is not None:
                    raise first_error
            except OSError:
                self.broken = True
            self.stop()
        """,
    ),
    Shape(
        "so does a context manager that is called",
        """
        def teardown(self, devices):
            with self.reporting():
                for device in devices:
                    device.free()
            self.stop()
        """,
        """
        def teardown(self, devices):
            with self.reporting():
                first_error = None
                for device in devices:
                    try:
                        device.free()
                    except Exception as error:
                        LOG.exception("Failed to free")
                        if first_error is None:
                            first_error = error
                if first_error is not None:
                    raise first_error
            self.stop()
        """,
    ),
    Shape(
        "a failure under way that a context manager raises on",
        """
        from oslo_utils import excutils


        def build(self, devices):
            try:
                self.attach(devices)
            except Exception:
                with excutils.save_and_reraise_exception():
                    for device in devices:
                        device.free()
        """,
        """
        from oslo_utils import excutils


        def build(self, devices):
            try:
                self.attach(devices)
            except Exception:
                with excutils.save_and_reraise_exception():
                    for device in devices:
                        try:
                            device.free()
                        except Exception:
                            LOG.exception("Failed to free")
        """,
    ),
    Shape(
        "unless something would become durable before that",
        """
        def build(self, devices):
            try:
                self.attach(devices)
            except Exception:
                for device in devices:
                    device.free()
                devices.destroy()
                raise
        """,
        """
        def build(self, devices):
            try:
                self.attach(devices)
            except Exception:
                first_error = None
                for device in devices:
                    try:
                        device.free()
                    except Exception as error:
                        LOG.exception("Failed to free")
                        if first_error is None:
                            first_error = error
                if first_error is not None:
                    raise first_error
                devices.destroy()
                raise
        """,
    ),
    Shape(
        "an endless loop around it is not waited for",
        """
        def teardown(self):
            while True:
                for device in self.devices():
                    device.free()
                self.wait()
        """,
        """
        def teardown(self):
            while True:
                first_error = None
                for device in self.devices():
                    try:
                        device.free()
                    except Exception as error:
                        LOG.exception("Failed to free")
                        if first_error is None:
                            first_error = error
                self.wait()
                if first_error is not None:
                    raise first_error
        """,
    ),
    Shape(
        "an item that is a name is logged",
        """
        def revoke(client, user_names):
            for user_name in user_names:
                client.free(user_name)
                if user_name == "last":
                    break
        """,
        """
        def revoke(client, user_names):
            first_error = None
            for user_name in user_names:
                try:
                    client.free(user_name)
                    if user_name == "last":
                        break
                except Exception as error:
                    LOG.exception("Failed to free %s", user_name)
                    if first_error is None:
                        first_error = error
            if first_error is not None:
                raise first_error
        """,
    ),
]


@pytest.mark.parametrize("shape", ITEMS, ids=lambda shape: shape.name)
def test_per_item_handler(shape: Shape) -> None:
    shape.callee = "free"
    check(shape, per_item=True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    for device in devices: device.free()\n", "shares its line"),
        ("    for device in devices:\n        device.free()\n        yield device\n", "`yield`"),
        (
            "    for device in devices:\n        device.free()\n        if device.last:\n            return\n",
            "return",
        ),
        (
            "    LOG = None\n    for device in devices:\n        device.free()\n",
            "no logger",
        ),
    ],
)
def test_per_item_handler_is_refused(body: str, reason: str) -> None:
    shape = Shape("", f"\ndef teardown(devices):\n{body}", "", callee="free")
    found = mend(shape, per_item=True)
    assert isinstance(found, Refusal), found
    assert reason in found.reason
