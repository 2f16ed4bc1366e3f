"""What the editor says of the user's choices: at the start, in general, and for single folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from review_server.configuration import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECTION = "review-lsp"
START, GENERAL, FOLDER = "editor: start", "editor: settings", "editor: folder settings"


class EditorSettings:
    """The settings of the editor; those of a folder go before the general ones."""

    def __init__(self, start: object = None) -> None:
        """Take the settings that came with ``initialize``."""
        self._start = options_in(start)
        self._general: dict[str, Any] = {}
        self._folders: dict[str, dict[str, Any]] = {}

    def use(self, general: object, folders: Mapping[str, object] | None = None) -> None:
        """Take other settings; those of ``folders`` are given by the folders' paths."""
        self._general = options_in(general)
        self._folders = {path: options_in(given) for path, given in (folders or {}).items()}

    def layers(self, root: Path | None) -> list[Layer]:
        """Return the settings for a project, the most general ones first."""
        rows = [Layer(START, self._start), Layer(GENERAL, self._general)]
        around = [path for path in self._folders if root is not None and root.is_relative_to(path)]
        if around:
            rows.append(Layer(FOLDER, self._folders[max(around, key=len)]))
        elif root is None and self._folders:
            # A buffer that was never saved gets what holds for the first folder.
            rows.append(Layer(FOLDER, next(iter(self._folders.values()))))
        return rows


def options_in(settings: object) -> dict[str, Any]:
    """Return our options among settings, which may be wrapped in our name; unset ones are not."""
    if isinstance(settings, dict) and SECTION in settings:
        settings = settings[SECTION]
    if not isinstance(settings, dict):
        return {}
    return {str(key): value for key, value in settings.items() if value is not None}
