"""Options are found where they are declared, and followed to where they decide an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Fix
from review_checks.options import Options
from review_checks.summaries.configuring.amounts import setting_uses, totals_of
from review_checks.summaries.configuring.comparisons import compared_names
from review_checks.summaries.configuring.options import declared_options
from review_checks.summaries.configuring.settings import option_of
from review_checks.summaries.index import declared_function
from review_checks.summaries.inputs import models
from review_checks.text.editing import apply

if TYPE_CHECKING:
    from review_checks.summaries.configuring.amounts import Use
    from review_checks.summaries.configuring.options import Option

ROOT = "oslo_config.cfg.CONF"
RULE = Options(select=("unvalidated-setting",))
CONF_PACKAGE = """\
from oslo_config import cfg

from app.conf import client
from app.conf import server

CONF = cfg.CONF
client.register_opts(CONF)
server.register_opts(CONF)
"""
CLIENT = """\
import itertools

from oslo_config import cfg

group = cfg.OptGroup(name='client', title='Client')
GROUP = 'slow-client'
first = [cfg.IntOpt('attempts', default=3, help=_('How often to try'))]
second = [cfg.IntOpt('pause', min=1), cfg.PortOpt('port')]


def register_opts(conf):
    conf.register_group(group)
    conf.register_opts(list(itertools.chain(first, second)), group=group)
    conf.register_opts(second, GROUP)
"""
SERVER = """\
from oslo_config import cfg

opts = [cfg.IntOpt('workers', default=None, max=8), cfg.StrOpt('name')]
opts += [cfg.FloatOpt('interval', help='0 disables it')]


def register_opts(conf):
    for opt in opts:
        conf.register_opt(opt)
"""
MAIN = """\
import app.conf

CONF = app.conf.CONF


def run():
    for _ in range(CONF.client.attempts):
        print()
"""
FILES = {
    "app/__init__.py": "",
    "app/conf/__init__.py": CONF_PACKAGE,
    "app/conf/client.py": CLIENT,
    "app/conf/server.py": SERVER,
    "app/main.py": MAIN,
}


class CountingSource(MemorySource):
    """Remembers which files were read."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(files)
        self.read_paths: list[str] = []

    def read(self, path: str) -> str | None:
        self.read_paths.append(path)
        return super().read(path)


def option(files: dict[str, str], name: str, path: str = "app/main.py") -> Option | None:
    workspace = Workspace(MemorySource(files), RULE)
    return option_of(workspace.db, path, "CONF", f"{ROOT}.{name}")


def uses(text: str, function: str = "f") -> list[Use]:
    workspace = Workspace(MemorySource({"case.py": text}), RULE)
    workspace.open("case.py", text)
    found = declared_function(workspace.db, "case.py", function)
    assert found is not None
    return list(setting_uses(workspace.db, found))


@pytest.mark.parametrize(
    ("name", "minimum", "maximum", "special"),
    [
        ("client.attempts", "", "", False),
        ("client.pause", "1", "", False),
        ("slow_client.pause", "1", "", False),
        ("client.port", "0", "", False),
        ("workers", "", "8", False),
        ("interval", "", "", True),
    ],
)
def test_an_option_is_found_through_the_provider_of_the_root(
    name: str, minimum: str, maximum: str, *, special: bool
) -> None:
    found = option(FILES, name)
    assert found is not None
    assert (found.minimum, found.maximum, found.special) == (minimum, maximum, special)


@pytest.mark.parametrize(
    "name", ["attempts", "server.attempts", "slow_client.attempts", "client.workers", "nothing"]
)
def test_an_option_of_another_group_or_name_is_not_found(name: str) -> None:
    assert option(FILES, name) is None


@pytest.mark.parametrize(
    "text",
    [
        "from app.conf import CONF",
        "from oslo_config import cfg\n\nfrom app.conf import client\n\nCONF = cfg.CONF",
        "from oslo_config import cfg\n\nCONF = cfg.CONF",
        "from oslo_config import cfg\nCONF = cfg.CONF\nCONF.import_opt('attempts', 'app.conf.client')",
    ],
    ids=["re-exported root", "imported declaration", "usual place", "named module"],
)
def test_where_a_declaration_is_looked_for(text: str) -> None:
    assert option({**FILES, "app/main.py": text}, "client.attempts") is not None


def test_modules_are_read_only_until_the_option_is_found() -> None:
    source = CountingSource(FILES)
    workspace = Workspace(source, RULE)
    workspace.open("app/main.py", MAIN)
    assert len(workspace.findings("app/main.py")) == 1
    assert "app/conf/client.py" in source.read_paths
    assert "app/conf/server.py" not in source.read_paths


def test_a_function_that_reads_no_setting_opens_no_file() -> None:
    source = CountingSource(FILES)
    workspace = Workspace(source, RULE)
    text = "import app.conf\n\n\ndef run(rows):\n    return [row for row in range(len(rows))]\n"
    workspace.open("app/main.py", text)
    assert workspace.findings("app/main.py") == []
    assert source.read_paths == []


def test_a_bound_given_to_the_option_silences_its_uses() -> None:
    workspace = Workspace(MemorySource(FILES), RULE)
    workspace.open("app/main.py", MAIN)
    workspace.open("app/conf/client.py", CLIENT)
    (finding,) = workspace.findings("app/main.py")
    assert [note.path for note in finding.notes] == ["app/conf/client.py"]
    workspace.open("app/conf/client.py", CLIENT.replace("default=3", "default=3, min=0"))
    assert workspace.findings("app/main.py") == []
    workspace.open("app/conf/client.py", CLIENT)
    assert workspace.findings("app/main.py") == [finding]


def test_lines_above_a_declaration_change_no_report() -> None:
    workspace = Workspace(MemorySource(FILES), RULE)
    workspace.open("app/main.py", MAIN)
    workspace.open("app/conf/client.py", CLIENT)
    (before,) = workspace.findings("app/main.py")
    workspace.open("app/conf/client.py", "\n\n" + CLIENT)
    (after,) = workspace.findings("app/main.py")
    assert after.span == before.span
    assert after.notes[0].span == before.notes[0].span.shifted(2)


@pytest.mark.parametrize(
    ("call", "name", "kind"),
    [
        ("parser.add_argument('-n', '--num-rounds', type=int)", "num_rounds", "int"),
        ("parser.add_argument('rounds', type=float)", "rounds", "float"),
        ("parser.add_argument('--rounds', dest='turns', type=int)", "turns", "int"),
        ("parser.add_argument('--rounds')", "rounds", "str"),
        ("parser.add_argument('--rounds', type=check)", "rounds", ""),
        ("parser.add_argument('--rounds', action='count')", "rounds", ""),
        ("parser.add_argument('--rounds', type=int, nargs=2)", "rounds", "list"),
    ],
)
def test_what_an_argument_is_called(call: str, name: str, kind: str) -> None:
    text = f"import argparse\n\nparser = argparse.ArgumentParser()\n{call}\n"
    workspace = Workspace(MemorySource({"case.py": text}), RULE)
    found = declared_options(workspace.db, "case.py")
    assert [(key, item.type) for key, (item,) in found.items()] == [(name, kind)]


SIZED = "import os\nfrom threading import Semaphore\n\n\ndef f(given, n=1):\n"


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ("n = int(os.environ['N'])\nSemaphore(n)", 1),
        ("n = os.environ['N']\nSemaphore(n)", 0),
        ("n = int(os.environ['N'])\nn = 2\nSemaphore(n)", 0),
        ("n = 2\nif given:\n    n = int(os.environ['N'])\nSemaphore(n)", 1),
        ("n = int(os.environ['N'])\nif given:\n    n = 2\nSemaphore(n)", 1),
        ("n = int(os.environ['N'])\nSemaphore(n * 2 + 1)", 1),
        ("n = int(os.environ['N'])\nSemaphore(n % 8)", 0),
        ("n = int(os.environ['N'] or 4)\nSemaphore(value=n)", 1),
        ("n = int(os.environ['N'])\nSemaphore(n if n > 0 else 1)", 0),
        ("n = int(os.environ['N'])\nSemaphore(n if given else 1)", 1),
        ("n = int(os.environ[given])\nSemaphore(n)", 0),
        ("n = int(os.environ['N'])\nassert 0 < n\nSemaphore(n)", 0),
        ("n = int(os.environ['N'])\nif given and n < 1:\n    return\nSemaphore(n)", 0),
        ("n = int(os.environ['N'])\nif given:\n    if n < 1:\n        return\nSemaphore(n)", 1),
        ("n = int(os.environ['N'])\nwhile n > 0:\n    Semaphore(n)", 0),
        ("for n in range(int(os.environ['N'])):\n    Semaphore(n)", 1),
        ("Semaphore(given)\nSemaphore(n)", 0),
    ],
)
def test_the_value_that_reaches_an_amount(lines: str, count: int) -> None:
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    assert len(uses(SIZED + body)) == count


def test_recursion_ends() -> None:
    text = "def a(x):\n    return b(x)\n\n\ndef b(x):\n    return a(x)\n\n\ndef f():\n    range(a(1))\n"
    assert uses(text) == []


def test_what_a_capacity_may_be_called() -> None:
    lexicon = models(Workspace(MemorySource({})).db).lexicon
    assert totals_of("memory_mb_used", lexicon)[0] == "memory_mb"
    assert totals_of("vcpus_in_use", lexicon)[0] == "vcpus"
    assert "total" in totals_of("reserved", lexicon)


def test_names_that_take_part_in_comparisons() -> None:
    text = (
        "def f(node, conf):\n"
        "    if node.used > node.total['gb'] or conf.pause < 1:\n"
        "        return min(node.left, node.right)\n"
        "    return node.name == conf.name\n"
    )
    workspace = Workspace(MemorySource({"case.py": text}))
    found = compared_names(workspace.db, "case.py")
    assert found.amounts == {"used", "gb", "left", "right"}
    assert found.names == {*found.amounts, "pause"}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("unit", ["\t", "  "], ids=["tabs", "blanks"])
def test_the_check_is_written_as_the_file_is(end: str, unit: str) -> None:
    before = [
        "def f(conf, log):",
        "{u}try:",
        "{u}{u}pause = int(conf['pause'])  # seconds",
        '{u}{u}log("""',
        "# not a comment",
        '""")',
        "{u}{u}# A nap",
        "{u}{u}# at the end.",
        "{u}{u}for _ in range(pause): log(_)  # now",
        "{u}finally:",
        "{u}{u}log('done')",
        "",
    ]
    check = ["{u}{u}if pause < 0:", "{u}{u}{u}raise ValueError('pause must not be negative')"]
    after = [*before[:6], *check, *before[6:]]
    text, expected = (end.join(lines).replace("{u}", unit) for lines in (before, after))
    workspace = Workspace(MemorySource({"case.py": text}), RULE)
    workspace.open("case.py", text)
    (finding,) = workspace.findings("case.py")
    fix = workspace.fix(finding)
    assert isinstance(fix, Fix)
    assert apply(workspace.lines("case.py"), fix.edits) == expected
