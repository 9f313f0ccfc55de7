"""The laws of secrets look into tables, too."""

from __future__ import annotations

from typing import ClassVar

import attrs
import pytest

from flightstream import Secret, hookimpl, option, service
from flightstream.testing import Observed, ObserverConformance


@attrs.frozen
class Door:
    """Shows its key."""

    key: Secret

    def __repr__(self):
        return f"Door({self.key.reveal()})"


@service
class DoorObserver:
    """Has secrets of each shape; only that of a door is shown."""

    token: Secret | None = option(None, help="one")
    keys: dict[str, Secret] = option(factory=dict, help="by name")
    doors: dict[str, Door] = option(factory=dict, help="by name")

    @hookimpl
    def on_call_finished(self):
        pass


class Doors(ObserverConformance):
    plugin = DoorObserver
    options: ClassVar = {"doors": {"front": {"key": "s3cr3t"}}}


class Keys(ObserverConformance):
    plugin = DoorObserver
    options: ClassVar = {"keys": {"front": "s3cr3t"}}


def test_a_secret_within_a_table_may_not_be_shown():
    with pytest.raises(AssertionError, match=r"repr\(\) of the plugin shows the value of a Secret"):
        Doors().test_secrets_are_not_shown(Observed())


def test_secrets_that_hide_themselves_are_fine():
    Keys().test_secrets_are_not_shown(Observed())


@attrs.frozen
class Account:
    """Has a secret that says it is none, beside names that only sound like one."""

    password: str
    token_minutes: float = 60.0
    names: tuple[str, ...] = ()


@service
class AccountObserver:
    accounts: dict[str, Account] = option(factory=dict, help="by name")
    tokens: Account | None = option(None, help="a table")

    @hookimpl
    def on_call_finished(self):
        pass


class Accounts(ObserverConformance):
    plugin = AccountObserver


def test_a_secret_within_a_table_is_declared_as_such():
    with pytest.raises(AssertionError) as caught:
        Accounts().test_secrets_are_declared_as_such()

    assert "['accounts.password', 'tokens.password'] sound secret" in str(caught.value)


def test_annotations_may_be_text():
    Keys().test_secrets_are_declared_as_such()
