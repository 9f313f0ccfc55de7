"""Plugins that break a law of options or of their life."""

import logging
from itertools import count
from threading import Event, Thread
from typing import Any, ClassVar

import attrs
import pyarrow as pa
import structlog
from adapter_cases import AdapterCase
from opens_early import EarlyAdapter
from right_adapters import ArrowAdapter

from flightstream import Unavailable, adapter, hookimpl, option

log = structlog.get_logger()


class TestNoHelp(AdapterCase):
    breaks = {"test_every_option_says_what_it_is_for": "the options ['extra'] have no help text"}

    @adapter
    class plugin(ArrowAdapter):
        extra: int = option(1, help=" ")


class TestTakesAnything(AdapterCase):
    breaks = {"test_wrong_options_are_told_at_once": "['extra'] take values of any type: annotate"}

    @adapter
    class plugin(ArrowAdapter):
        extra: Any = option(1, help="anything")


class TestBoundsThatNobodyChecks(AdapterCase):
    breaks = {"test_bounds_are_told_at_once": "{'extra': 4} is accepted beyond"}

    @adapter
    class plugin(ArrowAdapter):
        extra: int = attrs.field(default=5, metadata=option(5, help="5", minimum=5).metadata)


class TestADefaultOfAnotherType(AdapterCase):
    breaks = {"test_defaults_are_allowed_values": "a default is not of its option's own type"}

    @adapter
    class plugin(ArrowAdapter):
        extra: int = option("five", help="a number")


class TestADefaultOfItsOwn(AdapterCase):
    breaks = {"test_options_read_the_same_on_every_server": "on another server {'suffix'"}

    class Thing(dict[str, str]):
        made = count()

        def __init__(self):
            super().__init__()
            self.number = next(self.made)  # an address would be used again

        def __repr__(self):
            return f"<Thing {self.number}>"

    @adapter
    class plugin(ArrowAdapter):
        extra: dict[str, str] = option(factory=lambda: TestADefaultOfItsOwn.Thing(), help="x")


class TestAPlainPassword(AdapterCase):
    breaks = {"test_secrets_are_declared_as_such": "['db_password'] sound secret: annotate"}

    @adapter
    class plugin(ArrowAdapter):
        db_password: str = option("", help="to log in")


class TestShowsItsToken(AdapterCase):
    breaks = {"test_secrets_are_not_shown": "repr() of the plugin shows the value of a Secret"}

    @adapter
    class plugin(ArrowAdapter):
        def __repr__(self):
            return f"Plugin({self.token and self.token.reveal()})"


class TestLogsItsToken(AdapterCase):
    breaks = {"test_secrets_are_not_logged": "the log shows the value of a Secret"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def on_startup(self):
            log.info("logging_in", token=self.token and self.token.reveal())


class TestLogsItsTokenPlainly(AdapterCase):
    breaks = {"test_secrets_are_not_logged": "the log shows the value of a Secret"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def on_startup(self):
            logging.getLogger("client").debug("Bearer %s", self.token and self.token.reveal())


class TestRaisesItsToken(AdapterCase):
    breaks = {"test_secrets_are_not_logged": "an error shows the value of a Secret"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def on_startup(self):
            if self.token:
                raise Unavailable(f"cannot log in with {self.token.reveal()}")


class TestOpensWhenImported(AdapterCase):
    breaks = {"test_importing_opens_nothing": "opens_early.py']: do it in on_startup"}
    plugin = EarlyAdapter


class TestOpensWhenBuilt(AdapterCase):
    breaks = {"test_building_opens_nothing": "opens ['file /dev/null']: do it in on_startup"}

    @adapter
    class plugin(ArrowAdapter):
        _file: Any = attrs.field(factory=lambda: pa.OSFile("/dev/null"), init=False)


class TestLeavesAThread(AdapterCase):
    breaks = {"test_shutdown_closes_everything": "still open: ['thread left']"}
    ended = Event()

    def teardown_method(self):
        self.ended.set()

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def on_startup(self):
            Thread(target=TestLeavesAThread.ended.wait, name="left", daemon=True).start()


class TestAConnectionForAll(AdapterCase):
    breaks = {"test_two_instances_do_not_disturb_each_other": "keep in self what an instance opens"}

    @adapter
    class plugin(ArrowAdapter):
        connections: ClassVar[set[str]] = set()

        @hookimpl
        def on_startup(self):
            self.connections.add("connection")

        @hookimpl
        def on_shutdown(self):
            self.connections.discard("connection")

        @hookimpl
        def list_flights(self):
            assert self.connections
            return super().list_flights()
