"""Where options come from, which goes first, and where it is said what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from review_checks.options import Options, option_types
from review_checks.text.lines import split_lines
from review_server.configuration import Configuration, Layer, configuration
from review_server.editor_settings import EditorSettings
from review_server.settings_reference import reference, schema, vscode_settings

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = "[tool.review-lsp]\nprofile = 'strict'\n"


def faults(found: Configuration, text: str) -> list[tuple[str, str]]:
    """Return what is wrong, with the text that it points at."""
    lines = split_lines(text)
    rows = []
    for fault in found.faults:
        span = fault.span
        assert span is not None
        rows.append((lines[span.line][span.column : span.end_column], fault.message))
    return rows


def test_the_nearest_file_with_our_table_counts(tmp_path: Path) -> None:
    inner = tmp_path / "packages" / "one"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PROFILE)
    (inner / "pyproject.toml").write_text("[project]\nname = 'one'\n")
    found = configuration(inner)
    assert found.options.profile == "strict"
    assert found.path == str(tmp_path / "pyproject.toml")
    assert found.base == str(tmp_path)
    (inner / "pyproject.toml").write_text("[tool.review-lsp]\n")
    assert configuration(inner).options.profile == "default"
    (inner / "review-lsp.toml").write_text("profile = 'strict'\n")
    found = configuration(inner)
    assert found.path == str(inner / "review-lsp.toml")
    assert found.origin("profile") == found.path
    assert found.origin("select") == "default"


def test_a_configuration_beyond_the_repository_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROFILE)
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert configuration(tmp_path / "repository").path == ""


@pytest.mark.parametrize(
    ("precedence", "profile", "ignore"),
    [
        (None, "default", ("errors",)),
        ("editor", "default", ("errors",)),
        ("project", "strict", ("errors",)),
        ("projectOnly", "strict", ()),
    ],
)
def test_precedence(
    tmp_path: Path, precedence: str | None, profile: str, ignore: tuple[str, ...]
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROFILE)
    settings: dict[str, Any] = {"profile": "default", "ignore": ["errors"]}
    if precedence is not None:
        settings["precedence"] = precedence
    options = configuration(tmp_path, [Layer("editor", settings)]).options
    assert (options.profile, options.ignore) == (profile, ignore)


def test_what_is_wrong_in_the_editor_does_not_hide_what_is_right_in_the_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROFILE)
    found = configuration(tmp_path, [Layer("editor", {"profile": 3, "nothing": 1})])
    assert found.options.profile == "strict"
    assert [(fault.origin, fault.span) for fault in found.faults] == [("editor", None)] * 2


def test_of_several_places_in_the_editor_the_nearest_goes_first(tmp_path: Path) -> None:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    settings = EditorSettings({"profile": "strict", "select": ["errors"]})
    settings.use(
        {"review-lsp": {"select": ["logging"], "ignore": None}},
        {str(tmp_path / "a"): {"select": ["settings"]}, str(tmp_path / "b"): {"select": []}},
    )
    root = tmp_path / "a" / "deep"
    found = configuration(root, settings.layers(root))
    assert found.options.select == ("settings",)
    assert found.options.profile == "strict"
    assert found.origins == {
        "select": "editor: folder settings",
        "profile": "editor: start",
    }
    other = configuration(tmp_path, settings.layers(tmp_path))
    assert other.options.select == ("logging",)
    unsaved = configuration(None, settings.layers(None))
    assert unsaved.options.select == ("settings",), "a buffer without a file is the first folder's"


def test_faults_stand_at_their_keys(tmp_path: Path) -> None:
    text = (
        "profyle = 'strict'\n"
        "profile = 'relaxed'\n"
        "select = [ 'errors', 'erors' ]\n"
        "exclude = ['a', '!']\n"
        "precedence = 'project'\n"
        "baseline = 'none.json'\n"
        "model-files = ['none.toml']\n"
        "[severity]\nno-rule = 'error'\n"
        "[per-file-ignores]\n'x/*' = ['no-rule']\n"
        "[models]\n'a.b' = { lok = 1 }\n"
    )
    (tmp_path / "review-lsp.toml").write_text(text)
    rows = dict(faults(configuration(tmp_path), text))
    assert "did you mean `profile`?" in rows["profyle"]
    assert "profile" in rows
    assert "did you mean `errors`?" in rows["'erors'"]
    assert "is not a pattern" in rows["'!'"]
    assert "editor's settings" in rows["precedence"]
    assert "no such file" in rows["baseline"]
    assert "none.toml" in rows["'none.toml'"]
    assert "no-rule" in rows["no-rule"]
    assert "`per-file-ignores`" in rows["'no-rule'"]
    assert "lok" in rows["'a.b'"]
    assert len(rows) == 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("profile = \n", "profile ="),
        ("profile = 'strict'\n[\n", "["),
        ("x = 'é\n", ""),
    ],
)
def test_files_that_are_no_toml(tmp_path: Path, text: str, shown: str) -> None:
    (tmp_path / "review-lsp.toml").write_text(text)
    ((place, message),) = faults(configuration(tmp_path), text)
    assert place == shown
    assert message


def test_a_shared_file_is_others_business_unless_it_has_our_table(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[project\n# review-lsp\n")
    assert configuration(tmp_path).faults == ()
    path.write_text("[tool.review-lsp]\nprofile = [\n")
    (fault,) = configuration(tmp_path).faults
    assert fault.origin == str(path)
    path.write_bytes(b"[tool.review-lsp]\nselect = ['\xff']\n")
    (fault,) = configuration(tmp_path).faults
    assert (fault.message, fault.span and fault.span.line) == ("the file is not UTF-8", 1)


def test_files_of_models_lie_under_inline_ones(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(
        "library = 'acme'\n[name]\n'acme.a'.harmless = true\n'acme.b'.harmless = true\n"
    )
    (tmp_path / "review-lsp.toml").write_text(
        "model-files = ['models.toml']\nlocks = ['acme.Mutex']\n[models]\n'acme.b' = { entry = true }\n"
    )
    found = configuration(tmp_path)
    assert found.faults == ()
    assert found.options.knowledge() == {
        "acme.Mutex": {"lock": {}},
        "acme.a": {"harmless": True},
        "acme.b": {"entry": True},
    }
    assert found.files == (str(tmp_path / "models.toml"),)


def test_schema_page_and_settings_speak_of_the_same_options() -> None:
    names = set(option_types())
    assert set(schema()["properties"]) == names - {"precedence"}
    assert set(vscode_settings()) == {f"review-lsp.{name}" for name in names}
    page = reference()
    assert {line[4:-1] for line in page.splitlines() if line.startswith("## `")} == names
    for name, row in schema()["properties"].items():
        assert row["description"].endswith("."), name
        assert "default" in row, name
        assert not str(row).count("$ref"), name


def test_editors_leave_options_unset_by_default() -> None:
    for name, row in vscode_settings().items():
        assert row["default"] is None, name
        assert "null" in row["type"], name


def test_examples_are_right() -> None:
    for name, row in schema()["properties"].items():
        for example in row.get("examples", ()):
            found = configuration(None, [Layer("example", {name: example})])
            wrong = [fault.message for fault in found.faults if "no such file" not in fault.message]
            assert not wrong, name
            assert found.options != Options(), name
