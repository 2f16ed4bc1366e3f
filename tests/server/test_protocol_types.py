"""The types of the protocol as a server has them: leaner, but of the same use."""

from __future__ import annotations

import subprocess
import sys

SERVES = """
import attrs
define = attrs.define
from review_server.protocol_types import import_lean
import_lean()
assert attrs.define is define
import json
from lsprotocol import converters, types
assert types.Diagnostic.__eq__ is object.__eq__, "they are as dear as ever"
assert types.Position(1, 2) == types.Position(1, 2) < types.Position(2, 0)
converter = converters.get_converter()
note = {"uri": "file:///a.py", "diagnostics": [{"range": {"start": {"line": 1, "character": 2},
    "end": {"line": 3, "character": 4}}, "message": "m", "severity": 2, "code": "c"}]}
params = converter.structure(note, types.PublishDiagnosticsParams)
assert params.diagnostics[0].severity is types.DiagnosticSeverity.Warning
print(json.dumps(converter.unstructure(params), sort_keys=True) == json.dumps(note, sort_keys=True))
"""

HAS_THEM = """
from lsprotocol import types
from review_server.protocol_types import import_lean
import_lean()
one, other = (types.CodeDescription("https://host") for _ in range(2))
print(one == other)
"""

LISTS_FIELDS = """
import attrs, typing
from lsprotocol import converters, types
converters.get_converter()
for name, cls in sorted(types.ALL_TYPES_MAP.items()):
    if isinstance(cls, type) and attrs.has(cls):
        print(name, [(one.name, str(one.type), str(one.default), one.kw_only)
            for one in attrs.fields(cls)])
"""

MAKES_FEW = """
from review_server.protocol_types import import_lean
import_lean()
from lsprotocol import converters, types
converters.get_converter()
types.Position(1, 2)
print([name for name, cls in types.ALL_TYPES_MAP.items() if isinstance(cls, type)
    and isinstance(vars(cls).get("__attrs_attrs__"), tuple)])
"""


def run(code: str) -> str:
    """Run some code in a process of its own, and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.stdout.strip()


def test_messages_are_read_and_written_as_ever() -> None:
    assert run(SERVES) == "True"


def test_types_that_somebody_has_stay_as_they_are() -> None:
    assert run(HAS_THEM) == "True"


def test_all_types_have_the_fields_that_they_have_otherwise() -> None:
    lean = "from review_server.protocol_types import import_lean\nimport_lean()\n" + LISTS_FIELDS
    found = run(lean)
    assert len(found.splitlines()) > 500
    assert found == run(LISTS_FIELDS)


def test_only_what_is_used_is_made() -> None:
    made = run(MAKES_FEW)
    assert "'Position'" in made
    assert made.count(",") < 5
