"""The form of knowledge about libraries: what a dotted name means to the analysis.

Knowledge lives in ``models/*.toml``, one file a library, and users add their own in the same form
under ``[tool.review-lsp.models]``. Every table is keyed by a *canonical name*: the dotted name
under which the library itself documents a function, a class or a method.
"""

from __future__ import annotations

import msgspec


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"):
    """Calling the name makes a lock, or takes one that is known by a key.

    Attributes:
        kind: what it excludes: ``thread``, ``async``, ``process`` or ``greenlet``.
        reentrant: whether its holder may take it again.
        reentrant_keyword: a keyword argument that, when true, makes it re-entrant; locks that
            differ in it do not exclude each other.
        key: the position of the argument that names the lock; None when each call makes a lock
            of its own.
        key_keyword: the keyword under which the key may be given.
        counting: the first argument is how many may hold it; above one it guards nothing.
        reads: it is a read lock, which guards no write.
        decorates: it may be used as a decorator.
        wraps: the position of an argument that is the lock itself (``Condition(lock)``).
        wraps_keyword: the keyword under which that lock may be given.
    """

    kind: str = "thread"
    reentrant: bool = False
    reentrant_keyword: str = ""
    key: int | None = None
    key_keyword: str = ""
    counting: bool = False
    reads: bool = False
    decorates: bool = False
    wraps: int | None = None
    wraps_keyword: str = ""


class Resource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"
):
    """Calling the name acquires something that must be given back.

    Attributes:
        noun: what it is, for messages: "file", "socket".
        release: the methods that give it back; the first is what the end of a ``with`` does.
        release_functions: functions that give it back when it is their argument.
        manager: whether it can be used in ``with``.
        result: the part of the call's result that is the resource, as access steps
            (``[0]`` for ``fd, path = mkstemp()``).
        handles: attributes by which somebody else can find it, such as the number of a process.
        outlives: keyword → the names one of which its value has where the resource is meant to go
            on without whoever made it; none where any true value says so.
        lasting: it goes on by itself, so that the end of a ``with`` may wait for it for ever.
    """

    noun: str
    release: tuple[str, ...] = ("close",)
    release_functions: tuple[str, ...] = ()
    manager: bool = True
    result: str = ""
    handles: tuple[str, ...] = ()
    outlives: dict[str, tuple[str, ...]] = {}
    lasting: bool = False


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"):
    """Calling the name writes its arguments to a log, a terminal or a trace.

    Attributes:
        level: ``debug``, ``info``, ``warning``, ``error``, ``critical``, or ``output``.
        first: the position of the first argument that is shown.
        quiet: keyword arguments that are not shown.
    """

    level: str
    first: int = 0
    quiet: tuple[str, ...] = ()


class Setting(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"
):
    """The name declares an option, or is where values of options are read.

    Attributes:
        role: ``declare`` (calling it declares an option), ``register`` (its first argument are
            options, its second or ``group`` the group they belong to), ``import`` (its second
            argument is the module that declares an option), ``root`` (options are read as
            attributes below it), ``raw`` (calling or indexing it yields unchecked text), or
            ``parsed`` (calling it yields an unchecked number).
        type: the type of a declared option's value: ``int``, ``float``, ``str``, ``bool``, ….
        minimum: the lower bound that the type itself guarantees.
    """

    role: str
    type: str = ""
    minimum: float | None = None


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"):
    """An argument of the call says how many; no number below the least makes sense.

    A call that refuses such a number there and then needs no check before it, and so has none.

    Attributes:
        role: ``count`` (how often something is done; the arguments are those of ``range``), or
            ``pool`` (how many at a time, at least one).
        argument: the position of the argument.
        keyword: the keyword under which it may be given.
    """

    role: str
    argument: int | None = None
    keyword: str = ""


class Knowledge(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"
):
    """What is known of one canonical name.

    Attributes:
        alias: the canonical name that this one is another spelling of.
        returns: the canonical name that the result of a call stands for: a class whose instance
            it is, or the function that it behaves as.
        lock: it makes or takes a lock.
        resource: it acquires a resource.
        leaves: it makes a second thing that has to be removed, such as the file of a descriptor.
        log: it logs its arguments.
        setting: it declares or yields settings.
        raises: exceptions that a call is known to raise in normal operation, as canonical names.
        bases: what an exception derives from, as canonical names.
        raises_when: a keyword argument without whose truth nothing is raised.
        raises_unless: an argument with whose truth nothing is raised: its keyword, and its position.
        harmless: it raises nothing that a caller would handle.
        harmless_onto: the position of an argument that is a descriptor; it raises nothing where that
            is one of the three standard streams.
        ends: it never returns, since the process ends or becomes another.
        forks: its result is zero in a new process, which goes on with the same code.
        detaches: it makes the process one that nobody started waits for.
        redacts: its result shows no secret of its arguments.
        secret: the noun of the credential it yields, or empty.
        persists: ``create``, ``save`` or ``delete`` when a call makes a change durable.
        runs: the position of the argument that is called later, on another thread or loop.
        runs_keyword: the keyword under which that argument may be given.
        entry: as a decorator, it makes a function an entry point that the library calls.
        suppresses: it is a context manager that swallows the exceptions it is given.
        reraises: it is a context manager or call that raises the exception being handled.
        reads_source: it gives the text of the function that is its first argument.
        mutates: the method changes the object it is called on.
        amount: one of its arguments is an amount.
        converts: its result is its first argument, as another kind of number.
        bounds: its result is one of its arguments, bounded by the others.
        blocks: what a call waits for, however long that takes: ``sleep``, ``network``,
            ``subprocess``, ``database`` or ``rpc``; empty when it does not.
    """

    alias: str = ""
    returns: str = ""
    lock: Lock | None = None
    resource: Resource | None = None
    leaves: Resource | None = None
    log: Log | None = None
    setting: Setting | None = None
    raises: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    raises_when: str = ""
    raises_unless: tuple[str, int] | None = None
    harmless: bool = False
    harmless_onto: int | None = None
    ends: bool = False
    forks: bool = False
    detaches: bool = False
    redacts: bool = False
    secret: str = ""
    persists: str = ""
    runs: int | None = None
    runs_keyword: str = ""
    entry: bool = False
    suppresses: bool = False
    reraises: bool = False
    reads_source: bool = False
    mutates: bool = False
    amount: Amount | None = None
    converts: bool = False
    bounds: bool = False
    blocks: str = ""


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What bare words mean where nothing better is known of a name.

    Attributes:
        persistence: method name → ``create``, ``save`` or ``delete``, for receivers unknown.
        release: verbs of methods that give something back or undo it (``free``, ``close``).
        telling: those of them that, alone, mostly only tell something to end.
        joining: words in a method's name behind which it does more, or something else, than its verb.
        withdrawing: those of the verbs that ask a service to take something away.
        services: words in the names of what speaks for a service outside the process.
        transactions: words in the names of what makes all that is done inside it one change.
        cleanup: words in the names of functions that clean up or tear down.
        requested: those of them that as often name an operation somebody asks for.
        lookups: words at the front of the names of functions that look for or put together something.
        mistakes: words in the names of exceptions that tell of what a function was given.
        opening: words in the names of functions that open something for their caller to close, with
            the noun for it, or empty.
        streams: words in the names of what is open for reading or writing.
        mutators: methods of the builtin containers that change them.
        log_receivers: names that hold loggers.
        log_methods: method of a logger → level.
        predicates: prefixes of functions that answer a question.
        asking: first words of calls that ask for something and change nothing.
        conversions: words at either end of the names of functions that make one value of another.
        value_methods: methods of plain values, which touch nothing outside them.
        running: words of attributes that are true from the start of an object's work on.
        stopped: words of states in which an object does nothing.
        telemetry: words in the names of functions and objects that count, measure or trace.
        tolerance: words in the names of functions that are meant to survive failures.
        secrets: token sequences of identifiers, joined by ``_``, that name a credential.
        secret_exceptions: suffix token sequences that clear such an identifier.
        secret_records: those of ``secrets`` that name a set or record, not one credential.
        secret_endings: words behind a credential's that leave it what it is.
        secret_prefixes: words before a credential's that make it an answer, a choice or a function.
        secret_givers: first words of functions that are named for the credential they give.
        secret_inventors: first words of functions that make a credential up.
        redactors: token sequences of functions that hide a secret.
        maskers: words of functions that make a text or value fit to be shown.
        masker_fillers: words in the names of such functions that do not say what they hide.
        text_functions: functions whose result shows their first argument.
        text_methods: methods whose result shows the text they are called on.
        secret_comparisons: functions that compare a given credential with the expected one.
        log_controls: words of parameters that bear on what a function logs.
        capacities: token sequences of fields that hold an amount that exists, is set aside or taken.
        reservations: those of them that are set aside or taken out of an amount that exists.
        setting_mappings: names of mappings that hold what was read from a configuration file.
        other_numbers: words of numbers that are no amounts, although a capacity is named there.
    """

    persistence: dict[str, str]
    release: tuple[str, ...]
    telling: tuple[str, ...]
    joining: tuple[str, ...]
    withdrawing: tuple[str, ...]
    services: tuple[str, ...]
    transactions: tuple[str, ...]
    cleanup: tuple[str, ...]
    requested: tuple[str, ...]
    lookups: tuple[str, ...]
    mistakes: tuple[str, ...]
    opening: dict[str, str]
    streams: tuple[str, ...]
    mutators: tuple[str, ...]
    log_receivers: tuple[str, ...]
    log_methods: dict[str, str]
    predicates: tuple[str, ...]
    asking: tuple[str, ...]
    conversions: tuple[str, ...]
    value_methods: tuple[str, ...]
    running: tuple[str, ...]
    stopped: tuple[str, ...]
    telemetry: tuple[str, ...]
    tolerance: tuple[str, ...]
    secrets: tuple[str, ...]
    secret_exceptions: tuple[str, ...]
    secret_records: tuple[str, ...]
    secret_endings: tuple[str, ...]
    secret_prefixes: tuple[str, ...]
    secret_givers: tuple[str, ...]
    secret_inventors: tuple[str, ...]
    redactors: tuple[str, ...]
    maskers: tuple[str, ...]
    masker_fillers: tuple[str, ...]
    text_functions: tuple[str, ...]
    text_methods: tuple[str, ...]
    secret_comparisons: tuple[str, ...]
    log_controls: tuple[str, ...]
    capacities: tuple[str, ...]
    reservations: tuple[str, ...]
    setting_mappings: tuple[str, ...]
    other_numbers: tuple[str, ...]


class Library(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model file: what the names of a library mean."""

    library: str
    name: dict[str, Knowledge]
