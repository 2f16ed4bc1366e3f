"""Keeps the tests, and the processes that they start, away from the user's own cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from review_server.cache import FOLDER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield
