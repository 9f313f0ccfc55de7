"""The shell of ``flightstream sql``: queries of many lines, history, completion."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flightstream.cli.remote import Remote
from flightstream.cli.text import printable
from flightstream.client import Stream
from flightstream.client.tables import identifier, table_name
from flightstream.errors import ConfigError, FlightStreamError

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from flightstream.client.session import Session

_PROMPT, _CONTINUATION = "sql> ", "...> "
_LEAVING = {"exit", "quit"}
# With what quotes and joins the parts of a table's name.
_WORDS = re.compile(r"""(?:[\w.]|"[^"]*"?)+""")
_KEYWORDS = "SELECT upper(keyword_name) FROM duckdb_keywords() WHERE keyword_category = 'reserved'"


def run_shell(remote: Remote, show: Callable[[Stream], None]) -> None:
    """Ask for queries and show their rows, until the user leaves.

    Args:
        remote: The server.
        show: Prints the rows of a query.

    Raises:
        ConfigError: prompt_toolkit is not installed.
    """
    with remote.call(remote.client.session) as session:
        prompt = _prompt(Names(remote, session))
        while (text := _asked(prompt)) is not None:
            if text:
                _run(remote, session, text, show)


def _asked(prompt: "PromptSession[str]") -> str | None:
    """Return the next query, nothing if it was given up, or ``None`` to leave."""
    try:
        text = prompt.prompt(_PROMPT, prompt_continuation=_CONTINUATION).strip().rstrip(";").strip()
    except KeyboardInterrupt:
        return ""
    except EOFError:
        return None
    return None if text.lower() in _LEAVING else text


def _run(remote: Remote, session: "Session", text: str, show: Callable[[Stream], None]) -> None:
    try:
        with remote.call(session.query, text) as stream:
            show(stream)
    except FlightStreamError as exc:
        click.echo(printable(str(exc)), err=True)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)


class Names:
    """What can stand in a query: words of SQL, flights, and columns of those it names."""

    def __init__(self, remote: Remote, session: "Session") -> None:
        self._remote = remote
        self._session = session
        self._columns: dict[str, tuple[str, ...]] = {}

    def get_completions(
        self, document: "Document", _event: "CompleteEvent"
    ) -> Iterable["Completion"]:
        """Yield what the word before the cursor may become."""
        from prompt_toolkit.completion import Completion

        before = document.text_before_cursor
        word = (_WORDS.findall(before) or [""])[-1]
        if not word or not before.endswith(word):
            return
        for name, kind in self.known(document.text).items():
            if _plain(name).startswith(_plain(word)) and name != word:
                yield Completion(name, -len(word), display_meta=kind)

    def known(self, text: str) -> Mapping[str, str]:
        """Return names and what each of them is; the nearest first."""
        named = [table for table in self._tables if table in text]
        columns = [column for table in named for column in self._columns_of(table)]
        return {
            **dict.fromkeys(columns, "column"),
            **dict.fromkeys(self._tables, "flight"),
            **dict.fromkeys(self._keywords, ""),
        }

    @cached_property
    def _tables(self) -> Mapping[str, str]:
        """The flights' paths by their names in SQL, as they are when it is first asked."""
        try:
            return {table_name(one.name): one.name for one in self._remote.client.flights()}
        except FlightStreamError:  # the query will tell
            return {}

    @cached_property
    def _keywords(self) -> list[str]:
        return [word for (word,) in self._session.connection.cursor().sql(_KEYWORDS).fetchall()]

    def _columns_of(self, table: str) -> tuple[str, ...]:
        if table not in self._columns:
            try:
                schema = self._remote.client.schema(self._tables[table])
            except FlightStreamError:
                return ()
            self._columns[table] = tuple(map(identifier, schema.names))
        return self._columns[table]


def _plain(name: str) -> str:
    return name.lower().replace('"', "")


def _prompt(names: Names) -> "PromptSession[str]":
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, ThreadedCompleter
        from prompt_toolkit.history import FileHistory
    except ImportError as exc:
        raise ConfigError(
            "a shell needs prompt_toolkit: pip install 'flightstream-core[shell]'"
        ) from exc

    class NamesCompleter(Completer):
        def get_completions(
            self, document: "Document", complete_event: "CompleteEvent"
        ) -> Iterable["Completion"]:
            return names.get_completions(document, complete_event)

    return PromptSession(
        history=FileHistory(str(_history_file())),
        completer=ThreadedCompleter(NamesCompleter()),
        complete_while_typing=False,
        key_bindings=_keys(),
        multiline=True,
    )


def _keys() -> "KeyBindings":
    """Return what Enter does: it ends a query after a semicolon, and else the line."""
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: "KeyPressEvent") -> None:
        buffer: Any = event.current_buffer
        text = buffer.text.strip()
        if not text or text.endswith(";") or text.lower() in _LEAVING:
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


def _history_file() -> Path:
    """Return where queries are kept from one shell to the next, for its user alone."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(state, "flightstream", "sql_history")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return path
