"""A rough look finds a credential wherever a close look does."""

from __future__ import annotations

import pytest

from review_checks.summaries.secrecy import exposure
from review_checks.summaries.secrecy.exposure import exposures
from review_checks.summaries.sieve import Sieve
from support.project import Project, project

HEAD = "import logging, hmac\nfrom oslo_config import cfg\n\nLOG = logging.getLogger(__name__)\n"

REST = """
CONF = cfg.CONF
CONF.register_opts([cfg.StrOpt("seed", secret=True)])
KEPT = CONF["password"]

def given(conn):
    return conn.password

def same(value):
    return value

def told(value):
    LOG.info(value)
"""


def in_function(body: str) -> Project:
    """Return a project with a function of some parameters and statements."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return project(f"{HEAD}{REST}\ndef case(self, a, b, **rest):\n{lines}")


EXPOSING = [
    "LOG.info(a.password)",
    "LOG.info('%s', {'password': a.secret})",
    "LOG.info('%(password)s', a)",
    "LOG.info('%(token)s' % a)",
    "LOG.info('a' + b + str(a.password))",
    "LOG.info(f'{a} {b.token}')",
    "LOG.info('{}'.format(a.password))",
    "LOG.info('{x}'.format(x=a.password))",
    "LOG.info('x', dict(password=b))",
    "LOG.info('', password=b)",
    "LOG.info(' '.join([a, b.password]))",
    "LOG.info(_(a.password))",
    "x = a.password\ny = x\nLOG.info(y)",
    "x = {'one': a.password}\nLOG.info(x['one'])",
    "x = [b]\nx.append(a.password)\nLOG.info(x)",
    "x = a.one or b.password\nLOG.info(x)",
    "x = b.one if a else b.password\nLOG.info(x)",
    "x = [a, b.password]\nLOG.info('%s %s', *x)",
    "LOG.info('%s', *[a, b.password])",
    "LOG.info(a.get('password'))",
    "LOG.info(a.get_password())",
    "LOG.info(given(a))",
    "LOG.info(same(a.password))",
    "x = same(b.password)\nLOG.info(x)",
    "LOG.info(a.fetch().password)",
    "LOG.info(KEPT)",
    "LOG.info(CONF.seed)",
    "x = a.hmac(b).hexdigest()\nif hmac.compare_digest(x, a):\n    LOG.info(x)",
    "told(a.password)",
    "told(given(a.password))",
]

SILENT = [
    "LOG.info(a.name)",
    "LOG.info('%(name)s', {'name': a, 'password': '***'})",
    "x = a.one\nx = x.next\nx = x.next\nLOG.info(x)",
    "LOG.info(same(a.name))",
    "LOG.info(len(a.password))",
    "self.set(a.password)\nLOG.info(b)",
]


def closely(found: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[exposure.Exposure, ...]:
    """Return what comes to light in a function that is looked at closely in any case."""
    monkeypatch.setattr(exposure, "_may_expose", lambda *_: True)
    return exposures.__wrapped__(found.db, found.function("case"))  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("body", EXPOSING)
def test_what_is_exposed_is_suspected(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = in_function(body)
    exposed = exposures(found.db, found.function("case"))
    assert exposed
    assert exposed == closely(found, monkeypatch)


@pytest.mark.parametrize("body", SILENT)
def test_what_is_not_exposed_stays_so(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = in_function(body)
    assert not exposures(found.db, found.function("case"))
    assert not closely(found, monkeypatch)


def test_most_functions_are_not_looked_at_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    found = in_function("x = a.one\nfor y in x:\n    x = y.next\nLOG.info('%s %s', x, same(b.two))")
    monkeypatch.setattr(exposure, "_shown_at", pytest.fail)
    assert not exposures(found.db, found.function("case"))


def test_a_sieve_asks_of_a_text_once() -> None:
    asked: list[str] = []
    sieve = Sieve(lambda text: asked.append(text) or text.isupper())  # type: ignore[func-returns-value]
    assert list(sieve.found(["a", "B", "a"])) == ["B"]
    assert list(sieve.found(["B", "a", "c"])) == ["B"]
    assert not sieve.found(["a", "c"])
    assert asked == ["a", "B", "c"]
