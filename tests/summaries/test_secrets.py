"""Credentials are known by their names, and followed to where they come to light."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.models.loader import packaged
from review_checks.options import Options
from review_checks.summaries.inputs import layout, unit_facts
from review_checks.summaries.paths import steps_of
from review_checks.summaries.secrecy.credentials import Vocabulary, identifier
from review_checks.summaries.secrecy.exposure import exposures

WORDS = Vocabulary(packaged().lexicon, Options())
HEAD = "import logging\n\nLOG = logging.getLogger(__name__)\n\n\n"


def symbols(body: str, options: Options | None = None, **files: str) -> list[str]:
    """Return what the functions of a module log, in the order of the calls."""
    texts = {"service.py": HEAD + body, **{f"{name}.py": text for name, text in files.items()}}
    workspace = Workspace(MemorySource(texts), options)
    workspace.open("service.py", texts["service.py"])
    return logged(workspace)


def logged(workspace: Workspace) -> list[str]:
    db = workspace.db
    return [
        exposure.origin.symbol
        for unit in layout(db, "service.py") or ()
        for index in range(len(unit_facts(db, unit).functions))
        for exposure in exposures(db, (unit, index))
    ]


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("password", "password"),
        ("adminPass", "admin pass"),
        ("X-Auth-Token", "token"),
        ("DB_PASSWORD", "password"),
        ("db_password_2", "password"),
        ("new_password", "password"),
        ("password_str", "password"),
        ("token_secret", "secret"),
        ("load_balancer_password", "password"),
        ("auth_tokens", "auth tokens"),
        ("aws_secret_access_key", "secret access key"),
    ],
)
def test_identifiers_of_credentials(name: str, noun: str) -> None:
    assert WORDS.noun(name) == noun
    assert not WORDS.clears(name)


@pytest.mark.parametrize(
    "name",
    [
        *("password_file", "password_hash", "secret_name", "token_id", "private_key_path"),
        *("next_token", "page_token", "cancellation_token", "acquire_token"),
        *("use_password", "get_token", "has_secret", "is_password_valid", "no_token"),
    ],
)
def test_identifiers_about_credentials(name: str) -> None:
    assert not WORDS.noun(name)
    assert WORDS.clears(name)


@pytest.mark.parametrize(
    "name",
    [
        *("passenger", "compass", "secretary", "tokens", "tokenizer", "authority", "key", "pwd"),
        *("password_prompt", "token_bucket", "secret_santa"),
        *("credentials", "creds", "secrets"),
    ],
)
def test_other_identifiers(name: str) -> None:
    assert not WORDS.noun(name)
    assert not WORDS.clears(name)


def test_identifiers_that_the_user_names() -> None:
    options = Options(secret_names=("voucher",), not_secret_names=("token", "session_token"))
    words = Vocabulary(packaged().lexicon, options)
    assert words.noun("gift_voucher") == "voucher"
    assert not words.noun("token")
    assert not words.noun("sessionToken")
    assert words.noun("access_token") == "token"


@pytest.mark.parametrize(
    ("path", "name", "element"),
    [
        ("password", "password", False),
        ("self.token", "token", False),
        ("d['api-key']", "api-key", False),
        ("passwords[user]", "passwords", True),
        ("rows[*].secret", "secret", False),
        ("token[:]", "", False),
        ("client.get()", "", False),
    ],
)
def test_what_a_path_holds(path: str, name: str, element: bool) -> None:  # noqa: FBT001
    assert identifier(steps_of(path)) == (name, element)


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("get_password", "password"),
        ("fetch_access_token", "token"),
        ("generateApiKey", "api key"),
        ("get_password_hash", ""),
        ("validate_token", ""),
        ("set_password", ""),
        ("password", ""),
        ("get", ""),
    ],
)
def test_functions_named_for_what_they_give(name: str, noun: str) -> None:
    assert WORDS.given(name) == noun


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("LOG.info('%s %s', user, password)", ["password"]),
        ("LOG.info(f'{user}:{password!r:>10}')", ["password"]),
        ("LOG.info('%s:%s' % (user, password))", ["password"]),
        ("LOG.info('{}:{p}'.format(user, p=password))", ["password"]),
        ("LOG.info(template.format(password))", ["password"]),
        ("LOG.info(':'.join([user, password]))", ["password"]),
        ("LOG.info('user ' + user + ':' + password)", ["password"]),
        ("LOG.info(_('password %s') % password)", ["password"]),
        ("LOG.info(user or password)", ["password"]),
        ("LOG.info(password if user else '')", ["password"]),
        ("LOG.info(password.strip().encode())", ["password"]),
        ("LOG.info(str(password))", ["password"]),
        ("LOG.info({'user': user, 'auth': {'password': password}})", ["password"]),
        ("LOG.info('%(auth)s', dict(auth=user, password=password))", ["password"]),
        ("LOG.info('%s', *[user, password])", ["password"]),
        ("LOG.info('%s', getattr(user, 'password'))", ["getattr('password')"]),
        ("LOG.info('%s', user.settings.SECRET_KEY)", ["user.settings.SECRET_KEY"]),
        ("LOG.info('%s', config.get('database', 'password'))", ["config.get('password')"]),
        ("LOG.info('%s', user.get('name', 'password'))", []),
        ("LOG.info('%s', user and password and '***')", []),
        ("LOG.info('%s', not password)", []),
        ("LOG.info('%s', password == user)", []),
        ("LOG.info('%s', sha256(password).hexdigest())", []),
        ("LOG.info('%s', password[:2])", []),
        ("LOG.info('%s', user.Kind.PASSWORD)", []),
        ("LOG.info('%s', password.get_kind())", []),
        ("LOG.info('%(user)s' % {'user': user, 'password': password})", []),
    ],
)
def test_expressions(line: str, expected: list[str]) -> None:
    assert symbols(f"def f(user, password, template, config):\n    {line}\n") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("text = password\nLOG.info(text)", ["password"]),
        ("text = 'a'\ntext += password\nLOG.info(text)", ["password"]),
        ("text = password\ntext = 'a'\nLOG.info(text)", []),
        ("self.line = password\nLOG.info(self.line)", ["password"]),
        ("pair = (user, password)\nLOG.info(pair[1])", ["password"]),
        ("pair = (user, password)\nLOG.info(pair[0])", []),
        ("a, b = user, password\nLOG.info(b)", ["password"]),
        ("a, b = user, password\nLOG.info(a)", []),
        (
            "parts = []\nfor part in (user, password):\n    parts.append(part)\nLOG.info(parts)",
            ["password"],
        ),
        ("row = {'p': password}\nfor key in row:\n    LOG.info(row[key])", []),
        ("if user:\n    password = ''\nLOG.info(password)", ["password"]),
        ("if user:\n    password = ''\nelse:\n    password = '***'\nLOG.info(password)", []),
        ("try:\n    password = ''\nexcept OSError:\n    return\nLOG.info(password)", []),
        ("password = Secret()\nLOG.info(password)", []),
        ("password = is_set(user)\nLOG.info(password)", []),
        ("token = 0\ntoken = token + 1\nLOG.info(token)", []),
        ("request_id = get_token()\nLOG.info(request_id)", []),
        ("passwords = []\npasswords.append(user)\nLOG.info(passwords)", ["passwords"]),
        ("passwords = ['a']\nLOG.info(passwords)", []),
        ("LOG.info(lambda: password)", []),
        ("later(lambda: LOG.info(password))", ["password"]),
    ],
)
def test_assignments(lines: str, expected: list[str]) -> None:
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    assert symbols(f"def f(self, user, password):\n{body}") == expected


def test_what_one_method_stores_another_logs() -> None:
    """Only names tell across methods: what a field without a telling name holds is not followed."""
    body = """\
class Client:
    KIND_TOKEN = "Bearer"

    def __init__(self, user, password):
        self.user = user
        self.password = password
        self.api_token = TokenSource()

    def show(self):
        LOG.info("%s %s %s", self.user, self.KIND_TOKEN, self.api_token)
        LOG.info("%s", self.password)
"""
    assert symbols(body) == ["self.password"]


def test_a_name_of_the_module_is_what_is_assigned_to_it() -> None:
    body = """\
import os

TOKEN = "X-Auth-Token"
key = os.environ["API_KEY"]
secret = None


def show():
    LOG.info("%s", TOKEN)
    LOG.info("%s", key)
    LOG.info("%s", secret)
"""
    assert symbols(body) == ["key", "secret"]


def test_returns_are_followed_to_a_fixed_depth() -> None:
    chain = "def f0(password):\n    return '-p' + password\n\n\n"
    for level in range(1, 6):
        chain += f"def f{level}(text):\n    return f{level - 1}(text)\n\n\n"
    for level, expected in [(0, ["password"]), (2, ["password"]), (4, [])]:
        use = f"def use(password):\n    LOG.info(f{level}(password))\n"
        assert symbols(chain + use) == expected


def test_recursion_ends() -> None:
    body = """\
def even(text, n):
    return text if not n else odd(text, n - 1)


def odd(text, n):
    LOG.debug("odd %s", text)
    return even(text, n - 1)


def use(password):
    LOG.info("%s", even(password, 4))
    odd(password, 3)
"""
    assert set(symbols(body)) == {"password"}


def test_arguments_meet_parameters() -> None:
    shell = """\
import logging

LOG = logging.getLogger(__name__)


class Shell:
    def run(self, name, *args, cwd=None, **kwargs):
        LOG.info("%s %s in %s", name, args, cwd)

    @staticmethod
    def note(text):
        LOG.info(text)
"""
    body = """\
from shell import Shell


def f(user, password):
    shell = Shell()
    shell.run(user, user, password)
    shell.run(user, cwd=password)
    shell.run(name=password)
    shell.run(user, environment=password)
    Shell.note(password)
    shell.note(user)
"""
    assert symbols(body, shell=shell) == ["password"] * 4


def test_a_redactor_that_the_user_names() -> None:
    body = "from app import hush\n\n\ndef f(password):\n    LOG.info(hush(password))\n"
    app = "def hush(text):\n    return text\n"
    assert symbols(body, app=app) == ["password"]
    assert symbols(body, Options(redactors=("app.hush",)), app=app) == []


def test_an_edit_of_the_callee_changes_the_caller() -> None:
    files = {
        "service.py": HEAD + "import shell\n\n\ndef f(password):\n    shell.run(password)\n",
        "shell.py": HEAD + "def run(text):\n    LOG.info(len(text))\n",
    }
    workspace = Workspace(MemorySource(files))
    for path, text in files.items():
        workspace.open(path, text)
    assert logged(workspace) == []
    workspace.open("shell.py", HEAD + "def run(text):\n    LOG.info(text)\n")
    assert logged(workspace) == ["password"]


def test_moving_text_computes_no_exposure_again() -> None:
    text = HEAD + "def f(password):\n    LOG.info(password)\n"
    workspace = Workspace(MemorySource({"service.py": text}))
    workspace.open("service.py", text)
    assert logged(workspace) == ["password"]
    before = workspace.db.computed
    workspace.open("service.py", "\n\n" + text)
    assert logged(workspace) == ["password"]
    assert workspace.db.computed == before


@pytest.mark.parametrize(
    "step",
    ["x = x + '.'", "x = f(x)", "password = password + x", "x = x.strip()", "token = token + 'a'"],
)
def test_long_chains_do_not_exhaust_the_stack(step: str) -> None:
    lines = f"    {step}\n" * 3000
    symbols(f"def f(x, password, token):\n{lines}    LOG.info(x, password, token)\n")
    terms = " + ".join(["x"] * 400)
    assert symbols(f"def f(x, password):\n    LOG.info({terms} + password)\n") == ["password"]
