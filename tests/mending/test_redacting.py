"""The fix *redact the log argument* keeps what it does not mean to change."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Fix, Refusal, Safety
from review_checks.options import Options
from review_checks.text.editing import apply

RULE = Options(select=("secret-in-log",))


def mended(text: str, options: Options = RULE, **files: str) -> Fix | Refusal | str:
    """Return the text after the fix of its one finding, or the refusal."""
    texts = {"service.py": text, **{f"{name}.py": body for name, body in files.items()}}
    workspace = Workspace(MemorySource(texts), options)
    for path, body in texts.items():
        workspace.open(path, body)
    (finding,) = workspace.findings("service.py")
    fix = workspace.fix(finding)
    if isinstance(fix, Refusal):
        return fix
    after = apply(workspace.lines("service.py"), fix.edits)
    workspace.open("service.py", after)
    assert not workspace.findings("service.py")
    return after


def safety(text: str, **files: str) -> Safety:
    texts = {"service.py": text, **{f"{name}.py": body for name, body in files.items()}}
    workspace = Workspace(MemorySource(texts), RULE)
    workspace.open("service.py", text)
    (finding,) = workspace.findings("service.py")
    fix = workspace.fix(finding)
    assert isinstance(fix, Fix)
    return fix.safety


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LOG.info('%s', password)", "LOG.info('%s', '***')"),
        ('LOG.info("%s", password)', 'LOG.info("%s", "***")'),
        ("LOG.info(password)", "LOG.info('***')"),
        ("LOG.info('%s:%s' % (user, password))", "LOG.info('%s:%s' % (user, '***'))"),
        ("LOG.info('%s' % password)", "LOG.info('%s' % '***')"),
        ("LOG.info('{} {p}'.format(user, p=password))", "LOG.info('{} {p}'.format(user, p='***'))"),
        ("LOG.info('a' + password + 'b')", "LOG.info('a' + '***' + 'b')"),
        ("LOG.info(f'{user}:{password!r:>{width}}')", "LOG.info(f'{user}:***')"),
        ("LOG.info(f'{password=}')", "LOG.info(f'***')"),
        ("LOG.info('%s', {'p': password, 'u': user})", "LOG.info('%s', {'p': '***', 'u': user})"),
        ("LOG.info('%s', dict(p=password))", "LOG.info('%s', dict(p='***'))"),
        ("LOG.info(','.join([user, password]))", "LOG.info(','.join([user, '***']))"),
        ("LOG.info('%s', str(password).strip())", "LOG.info('%s', '***')"),
        ("LOG.info('%s', user.secrets.password)", "LOG.info('%s', '***')"),
        ("LOG.info('%s', user['api_key'])", "LOG.info('%s', '***')"),
        ("LOG.info('%s', user.get('api_key', ''))", "LOG.info('%s', '***')"),
        ("LOG.info('%s', password if user else '-')", "LOG.info('%s', '***' if user else '-')"),
        ("LOG.info('é%s' % password, user)", "LOG.info('é%s' % '***', user)"),
        ("LOG.info(_('%s') % password)", "LOG.info(_('%s') % '***')"),
        ("x = LOG.info('%s', password)", "x = LOG.info('%s', '***')"),
    ],
)
def test_one_line(before: str, after: str) -> None:
    text = f"def f(user, password, width):\n    {before}\n"
    assert mended(text) == f"def f(user, password, width):\n    {after}\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["    ", "\t"])
def test_line_ends_tabs_and_comments(end: str, indent: str) -> None:
    lines = [
        "def f(user, password):",
        "@LOG.info(  # why",
        "@@'%(user)s: '",
        "@@'%(password)s',",
        "@@{'user': user,  # who",
        "@@ 'password': password,  # what",
        "@@ },",
        "@)  # done",
        "",
    ]
    text = end.join(lines).replace("@", indent)
    assert mended(text) == text.replace("'password': password", "'password': '***'")


def test_every_call_of_the_function_is_mended() -> None:
    text = "def f(token):\n    LOG.info(token)\n    if token:\n        LOG.info(f'a {token}')\n"
    expected = "def f(token):\n    LOG.info('***')\n    if token:\n        LOG.info(f'a ***')\n"
    assert mended(text) == expected


REDACTORS = """\
class Client:
    def _mask(self, text):
        return text[:1]

    def show(self, api_key):
        LOG.info("%s", api_key)
"""


@pytest.mark.parametrize(
    ("head", "call", "files"),
    [
        ("from tools import redact", "redact(api_key)", {"tools": "def redact(x): return 1"}),
        ("import tools", "tools.redact(api_key)", {"tools": "def redact(x, n=1): return 1"}),
        ("def mask_value(x):\n    return 1", "mask_value(api_key)", {}),
        ("def mask_api_key(x):\n    return 1", "mask_api_key(api_key)", {}),
        ("def mask_url(x):\n    return 1", '"***"', {}),
        ("def redact(x, y):\n    return 1", '"***"', {}),
        ("def redact(x):\n    x.clear()", '"***"', {}),
        ("async def redact(x):\n    return 1", '"***"', {}),
        ("def hash_text(x):\n    return 1", '"***"', {}),
        ("from oslo_utils import strutils", '"***"', {}),
    ],
)
def test_the_redactors_at_hand(head: str, call: str, files: dict[str, str]) -> None:
    use = '\n\n\ndef f(api_key):\n    LOG.info("%s", {})\n'
    before, after = head + use.format("api_key"), head + use.format(call)
    assert mended(before, **files) == after
    expected = Safety.UNSAFE if "***" in call else Safety.SAFE
    assert safety(before, **files) is expected


def test_a_redactor_of_the_class() -> None:
    assert mended(REDACTORS) == REDACTORS.replace('"%s", api_key', '"%s", self._mask(api_key)')


def test_a_redactor_that_the_user_names() -> None:
    text = "import tools\n\n\ndef f(api_key):\n    LOG.info(f'{api_key!r}')\n"
    options = Options(select=("secret-in-log",), redactors=("tools.hush",))
    assert mended(text, options) == text.replace("{api_key!r}", "{tools.hush(api_key)!r}")


def test_a_redactor_that_looks_for_keys_takes_the_whole_mapping() -> None:
    head = "from oslo_utils import strutils\n\n\ndef f(user, password):\n    "
    shown = "{'user': user, 'password': password}"
    whole = f"strutils.mask_password({shown})"
    assert mended(f"{head}LOG.info('%s', {shown})\n") == f"{head}LOG.info('%s', {whole})\n"
    named = shown.replace(": password", ": '***'")
    keyed = "LOG.info('%(user)s %(password)s', "
    assert mended(f"{head}{keyed}{shown})\n") == f"{head}{keyed}{named})\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(otp):\n    LOG.info('%06d', otp)\n", "as a number"),
        (
            "def f(password):\n    d = {'password': password}\n    LOG.info('%(password)s', d)\n",
            "not a part of the argument",
        ),
        (
            "def g(x):\n    LOG.info(x)\n\n\ndef f(password):\n    g(password)\n",
            "logs what every caller gives it",
        ),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    refusal = mended(text)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason
