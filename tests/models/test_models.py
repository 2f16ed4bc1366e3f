"""The packaged models say what is true of the interpreter, and malformed ones are refused."""

from __future__ import annotations

import builtins
import importlib
import inspect
import tomllib
import warnings
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from review_checks.models.loader import ModelError, packaged
from review_checks.models.schema import Knowledge, Library, Log

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = {"debug", "info", "warning", "error", "critical", "output"}
LOCK_KINDS = {"thread", "async", "process", "greenlet"}
PERSISTENCE = {"create", "save", "delete"}
ROLES = {"declare", "register", "import", "root", "raw", "parsed"}
AMOUNTS = {"count", "pool", "wait"}
WAITS = {"sleep", "network", "subprocess", "database", "rpc"}

# Names of other versions of Python, and of methods that classes make for their instances only.
OF_OTHER_VERSIONS = {
    # Python 2
    "ConfigParser",
    "Queue",
    "StringIO.StringIO",
    "__builtin__.open",
    "asyncio.async",
    "cStringIO.StringIO",
    "dummy_threading",
    "httplib",
    "long",
    "raw_input",
    "threading._Timer",
    "urllib.urlopen",
    "urllib.urlretrieve",
    "urllib2",
    "urllib2.HTTPError",
    "urllib2.URLError",
    "urlparse",
    "xrange",
    # removed in 3.12 and 3.13
    "configparser.SafeConfigParser",
    "crypt.crypt",
    "ssl.wrap_socket",
    "telnetlib.Telnet",
    "telnetlib.Telnet.open",
    "telnetlib.Telnet.read_until",
    "telnetlib.Telnet.write",
    "xml.etree.cElementTree",
    # of some systems only
    "WindowsError",
    "select.kqueue",
    # set on instances
    "configparser.SectionProxy.getfloat",
    "configparser.SectionProxy.getint",
}
PLATFORM_MODULES = {"_winapi", "crypt", "fcntl", "grp", "msvcrt", "pwd", "syslog", "winreg"}
KEYWORDS_OF_OTHER_VERSIONS = {("warnings.warn", "skip_file_prefixes")}


def libraries() -> Iterator[tuple[str, Library]]:
    for entry in resources.files("review_checks.models").iterdir():
        if entry.name.endswith(".toml") and entry.name != "lexicon.toml":
            yield entry.name, msgspec.convert(tomllib.loads(entry.read_text("utf-8")), Library)


def standard() -> dict[str, Knowledge]:
    return {
        name: knowledge
        for _, library in libraries()
        if library.library in {"builtins", "stdlib"}
        for name, knowledge in library.name.items()
    }


def referred(knowledge: Knowledge) -> Iterator[str]:
    yield from filter(None, (knowledge.alias, knowledge.returns))
    yield from knowledge.raises
    if knowledge.resource is not None:
        yield from knowledge.resource.release_functions


def find(name: str) -> tuple[Any, Any]:
    """Return the object of a dotted name and the class that it is an attribute of, if any."""
    parts = name.split(".")
    found: Any = builtins
    rest = parts
    if not hasattr(builtins, parts[0]):
        for end in range(len(parts), 0, -1):
            try:
                found = importlib.import_module(".".join(parts[:end]))
            except ModuleNotFoundError:
                if end == 1:
                    raise
                continue
            rest = parts[end:]
            break
    owner = None
    for part in rest:
        owner = found if inspect.isclass(found) else None
        found = getattr(found, part)
    return found, owner


def parameters(name: str) -> list[inspect.Parameter] | None:
    """Return the parameters that a caller gives, or None when the object does not tell."""
    found, owner = find(name)
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError, AttributeError):
        # The last is what Python 3.13 says of `select.epoll.register`.
        return None
    result = list(signature.parameters.values())
    return result[1:] if owner is not None and result and result[0].name == "self" else result


def existing(name: str) -> bool:
    if name in OF_OTHER_VERSIONS or name.split(".", maxsplit=1)[0] in PLATFORM_MODULES:
        return False
    return canonical_root_is_installed(name)


def canonical_root_is_installed(name: str) -> bool:
    """Tell whether this interpreter, or one on another system, has the module at all."""
    root = name.split(".", maxsplit=1)[0]
    if hasattr(builtins, root):
        return True
    try:
        importlib.import_module(root)
    except ModuleNotFoundError:
        return False
    return True


def agrees(name: str, position: int | None, keyword: str) -> str:
    """Return what is wrong with an argument's position and keyword, or nothing."""
    known = parameters(name)
    if known is None or (position is None and not keyword):
        return ""
    names = [parameter.name for parameter in known]
    if keyword and keyword not in names:
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known):
            return ""
        return f"{name} has no parameter `{keyword}`: {names}"
    if position is None:
        return ""
    if keyword and names.index(keyword) != position:
        return f"{name}: `{keyword}` is not at {position}: {names}"
    takes_more = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in known)
    return "" if takes_more or position < len(names) else f"{name} has no argument {position}"


def test_every_packaged_file_loads() -> None:
    models = packaged()
    assert sum(len(library.name) for _, library in libraries()) == len(models.names)
    assert models.knowledge("threading.RLock").lock is not None
    assert models.knowledge("nothing.of.this.name") == Knowledge()


@pytest.mark.parametrize(("file", "library"), list(libraries()), ids=lambda item: str(item)[:20])
def test_every_entry_says_something(file: str, library: Library) -> None:
    assert library.library
    for name, knowledge in library.name.items():
        assert knowledge != Knowledge(), f"{file}: `{name}` says nothing"
        assert all(part.isidentifier() for part in name.split(".")), f"{file}: `{name}`"
        for target in referred(knowledge):
            assert all(part.isidentifier() for part in target.split(".")), f"{file}: `{target}`"


def test_words_of_the_schema_are_known_words() -> None:
    for name, knowledge in packaged().names.items():
        assert knowledge.lock is None or knowledge.lock.kind in LOCK_KINDS, name
        assert knowledge.log is None or knowledge.log.level in LEVELS, name
        assert knowledge.setting is None or knowledge.setting.role in ROLES, name
        assert knowledge.amount is None or knowledge.amount.role in AMOUNTS, name
        assert not knowledge.persists or knowledge.persists in PERSISTENCE, name
        assert not knowledge.blocks or knowledge.blocks in WAITS, name
        assert not (knowledge.blocks and knowledge.alias), name
        assert not (knowledge.harmless and (knowledge.raises or knowledge.persists)), name
        assert not knowledge.raises_when or knowledge.raises, name
        assert not knowledge.runs_keyword or knowledge.runs is not None, name
        if knowledge.resource is not None:
            assert knowledge.resource.release or knowledge.resource.release_functions, name


def test_an_alias_says_nothing_else() -> None:
    for name, knowledge in packaged().names.items():
        if knowledge.alias:
            assert knowledge == Knowledge(alias=knowledge.alias), name
            assert knowledge.alias != name


def test_every_name_has_a_canonical_one() -> None:
    models = packaged()
    for name, knowledge in models.names.items():
        for one in (name, *referred(knowledge)):
            canonical = models.canonical(one)
            assert models.canonical(canonical) == canonical, f"{one} goes round in circles"
            assert not models.knowledge(canonical).alias, one
        if not knowledge.alias:
            assert models.canonical(name) == name, f"the knowledge of `{name}` is out of reach"


def test_aliases_lead_to_known_names() -> None:
    """An alias is of use when something is known of its target, below it, or beside it.

    Beside it, because handlers name exceptions which no call is said to raise.
    """
    models = packaged()
    known = set(models.names)
    for knowledge in models.names.values():
        known.update(target for target in referred(knowledge) if target != knowledge.alias)
    places = known | {
        name[:end] for name in known for end, letter in enumerate(name) if letter == "."
    }
    useless = {
        name
        for name, knowledge in models.names.items()
        if knowledge.alias
        and knowledge.alias not in places
        and knowledge.alias.rpartition(".")[0] not in places
    }
    assert not useless


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("socket.error", "OSError"),
        ("requests.api.get", "requests.get"),
        ("requests.sessions.Session.get", "requests.get"),
        ("logging.LoggerAdapter.warn", "logging.Logger.warning"),
        ("nova.openstack.common.lockutils.synchronized", "oslo_concurrency.lockutils.synchronized"),
        ("oslo.config.cfg.IntOpt", "oslo_config.cfg.IntOpt"),
        ("six.moves.urllib.request.urlopen", "urllib.request.urlopen"),
        ("urllib2.URLError", "urllib.error.URLError"),
        ("eventlet.green.threading.Lock", "threading.Lock"),
        ("project.module.function", "project.module.function"),
    ],
)
def test_canonical_names(name: str, canonical: str) -> None:
    assert packaged().canonical(name) == canonical


def test_names_of_the_standard_library_exist() -> None:
    missing = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name, knowledge in standard().items():
            for one in (name, *referred(knowledge)):
                if not existing(one):
                    continue
                try:
                    find(one)
                except (AttributeError, ModuleNotFoundError):
                    missing.append(one)
        roots = {name.split(".")[0] for name in standard()}
        missing += [
            root
            for root in sorted(roots - {name.split(".")[0] for name in OF_OTHER_VERSIONS})
            if root not in PLATFORM_MODULES and not canonical_root_is_installed(root)
        ]
    assert not missing


def test_arguments_agree_with_the_signatures_of_the_standard_library() -> None:
    wrong = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name, knowledge in standard().items():
            if knowledge.alias or not existing(name):
                continue
            wrong.append(agrees(name, knowledge.runs, knowledge.runs_keyword))
            wrong.append(agrees(name, None, knowledge.raises_when))
            if knowledge.lock is not None:
                wrong.append(agrees(name, knowledge.lock.key, knowledge.lock.key_keyword))
                wrong.append(agrees(name, knowledge.lock.wraps, knowledge.lock.wraps_keyword))
            if knowledge.amount is not None:
                wrong.append(agrees(name, knowledge.amount.argument, knowledge.amount.keyword))
            if knowledge.log is not None:
                wrong.append(agrees(name, knowledge.log.first, ""))
                wrong += [agrees(name, None, keyword) for keyword in quiet(name, knowledge.log)]
    assert not list(filter(None, wrong))


def quiet(name: str, log: Log) -> list[str]:
    return [keyword for keyword in log.quiet if (name, keyword) not in KEYWORDS_OF_OTHER_VERSIONS]


def test_classes_of_the_standard_library_have_the_methods_that_release_them() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name, knowledge in standard().items():
            if knowledge.resource is None or not existing(name):
                continue
            found, _ = find(name)
            if inspect.isclass(found):
                for method in knowledge.resource.release:
                    assert hasattr(found, method), f"{name}.{method}"
                assert hasattr(found, "__enter__") == knowledge.resource.manager, name


def test_raised_names_are_exceptions() -> None:
    for name, knowledge in standard().items():
        for one in knowledge.raises:
            if existing(one):
                found, _ = find(one)
                assert inspect.isclass(found), f"{name} raises {one}"
                assert issubclass(found, BaseException), f"{name} raises {one}"


def test_the_lexicon_holds_lower_case_words_once_each() -> None:
    lexicon = packaged().lexicon
    for field in lexicon.__struct_fields__:
        words = list(getattr(lexicon, field))
        assert len(words) == len(set(words)), field
        if field != "log_receivers":
            assert all(word == word.lower() and word.isidentifier() for word in words), field
    assert set(lexicon.persistence.values()) <= PERSISTENCE
    assert set(lexicon.log_methods.values()) <= LEVELS


def test_no_secret_is_cleared_by_its_own_last_words() -> None:
    lexicon = packaged().lexicon
    for secret in lexicon.secrets:
        for exception in lexicon.secret_exceptions:
            assert not f"_{secret}".endswith(f"_{exception}"), f"{exception} clears {secret}"


def test_no_word_of_everyday_containers_persists_or_releases() -> None:
    lexicon = packaged().lexicon
    everyday = {
        method for cls in (list, dict, set, str, bytes, tuple) for method in vars(cls)
    } | set(lexicon.mutators)
    assert not everyday & set(lexicon.persistence)
    assert not everyday & set(lexicon.release)


def test_mutators_are_methods_of_containers() -> None:
    import collections  # noqa: PLC0415  # only this test needs it

    classes = (list, dict, set, collections.deque, collections.OrderedDict, collections.Counter)
    for mutator in packaged().lexicon.mutators:
        assert any(hasattr(cls, mutator) for cls in classes), mutator


def test_a_users_table_lies_over_the_packaged_ones() -> None:
    models = packaged()
    extended = models.extended(
        {"acme.locked": {"lock": {"key": 0, "decorates": True}}, "open": {"harmless": True}}
    )
    lock = extended.knowledge("acme.locked").lock
    assert lock is not None
    assert lock.key == 0
    assert extended.knowledge("open") == Knowledge(harmless=True)
    assert models.knowledge("open").resource is not None
    assert extended.digest != models.digest


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"acme.f": {"locks": {}}}, "locks"),
        ({"acme.f": {"lock": {"kind": 1}}}, "lock.kind"),
        ({"acme.f": {"lock": {"re-entrant": True}}}, "re-entrant"),
        ({"acme.f": {"resource": {}}}, "noun"),
        ({"acme.f": {"raises": "OSError"}}, "raises"),
        ({"acme.f": True}, "[...]"),
        (["acme.f"], "array"),
    ],
)
def test_a_malformed_users_table_is_refused_with_its_place(table: Any, place: str) -> None:
    with pytest.raises(ModelError) as caught:
        packaged().extended(table)
    assert place in str(caught.value)
