"""Of files that are only referred to, no more is read than somebody asks for."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.store import FileStore
from review_checks.summaries.incremental import Database
from review_checks.summaries.index import assigned, class_names, declared_class, members

ERRORS = """\
class Error(Exception):
    code = 500

    class Detail:
        text = ""

    def tell(self):
        self.told = True


class NotFound(Error):
    code = 404


def raising():
    class Local:
        pass
"""


@pytest.fixture
def store() -> tuple[FileStore, Database]:
    db = Database()
    store = FileStore(db, MemorySource({"errors.py": ERRORS}), 10**6)
    store.ensure("errors.py")
    return store, db


def read_names(store: FileStore) -> list[str]:
    """Return the names of the functions and classes that were read."""
    file = store.files["errors.py"]
    pairs = zip(file.segmentation.units, file.states, strict=True)
    return [unit.name for unit, state in pairs if unit.name and not state.is_pending]


def test_nothing_is_read_before_it_is_asked_for(store: tuple[FileStore, Database]) -> None:
    assert read_names(store[0]) == []


def test_a_class_is_read_alone(store: tuple[FileStore, Database]) -> None:
    found = declared_class(store[1], "errors.py", "NotFound")
    assert found is not None
    assert found.bases == ("Error",)
    assert read_names(store[0]) == ["NotFound"]


def test_what_is_in_a_class_is_found_without_asking_for_the_class(
    store: tuple[FileStore, Database],
) -> None:
    assert declared_class(store[1], "errors.py", "Error.Detail") is not None
    assert declared_class(store[1], "errors.py", "Error.Missing") is None
    assert assigned(store[1], "errors.py", "NotFound", "code")
    assert "raising" not in read_names(store[0])


def test_attributes_of_a_class_need_its_methods(store: tuple[FileStore, Database]) -> None:
    assert len(assigned(store[1], "errors.py", "Error", "told")) == 1
    assert len(members(store[1], "errors.py", "Error")) == 2
    assert "NotFound" not in read_names(store[0])


def test_all_classes_are_known_in_order(store: tuple[FileStore, Database]) -> None:
    assert class_names(store[1], "errors.py") == ("Error", "Error.Detail", "NotFound")
    assert declared_class(store[1], "errors.py", "Local") is None
