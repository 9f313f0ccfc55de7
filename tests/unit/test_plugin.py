from collections.abc import Callable
from typing import Any

import attrs
import pytest
from attrs import field

from flightstream import (
    HOOKS_VERSION,
    ByteSize,
    PluginLoadError,
    Secret,
    Source,
    adapter,
    option,
    service,
)
from flightstream.plugin import Option, kind_of, options_of


def test_an_adapter_has_a_source_options_and_state():
    @adapter
    class LakeAdapter:
        source: Source
        rows: int = option(10, help="rows in a batch", minimum=1, maximum=99, env="LAKE_ROWS")
        opened: bool = field(default=False, init=False)

    assert kind_of(LakeAdapter) == "adapter"
    assert {name: declared for name, (_, declared) in options_of(LakeAdapter).items()} == {
        "rows": Option("rows in a batch", 1, 99, None, "LAKE_ROWS")
    }


def test_a_service_needs_nothing():
    @service
    class Quiet:
        pass

    assert (kind_of(Quiet), options_of(Quiet), kind_of(object)) == ("service", {}, None)


def test_equal_instances_are_two_plugins():
    @service
    class Auth:
        realm: str = option("x", help="realm")

    assert Auth() != Auth()


def test_a_subclass_is_declared_with_its_own_and_inherited_options():
    @service
    class Base:
        first: int = option(1, help="one")

    @service
    class Derived(Base):
        second: int = option(2, help="two")

    assert list(options_of(Derived)) == ["first", "second"]


def no_source() -> type[Any]:
    @adapter
    class Lost:
        pass

    return Lost


def wrong_source() -> type[Any]:
    @adapter
    class Odd:
        source: str

    return Odd


def bare_field() -> type[Any]:
    @adapter
    class Bare:
        source: Source
        rows: int = 10

    return Bare


def untyped_option() -> type[Any]:
    @service
    class Auth:
        realm = option("x", help="the realm")

    return Auth


def service_with_source() -> type[Any]:
    @service
    class Auth:
        source: Source

    return Auth


def own_eq() -> type[Any]:
    @service
    class Auth:
        def __eq__(self, other: object) -> bool:
            return True

    return Auth


def eq_of_a_base() -> type[Any]:
    @attrs.define
    class Base:
        pass

    @service
    class Auth(Base):
        pass

    return Auth


def built_for(version: Any) -> Callable[[], type[Any]]:
    return lambda: service(type("Auth", (), {"hooks_version": version}))


def unknown_pushdown() -> type[Any]:
    @adapter
    class Fast:
        pushdown = frozenset({"columns", "sort", "join"})
        source: Source

    return Fast


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (no_source, "Lost is an adapter and needs 'source: Source'"),
        (wrong_source, "Odd.source must be annotated as Source"),
        (
            bare_field,
            "Bare.rows is neither an option nor state: declare it with option(), or"
            " field(init=False)",
        ),
        (
            untyped_option,
            "Auth.realm has no type: annotate it",
        ),
        (
            service_with_source,
            "Auth.source is neither an option nor state: declare it with option(), or"
            " field(init=False)",
        ),
        *(
            (
                compares,
                "Auth has an __eq__, and plugins that compare equal cannot be told apart: remove"
                " it, or declare the base it is from with eq=False",
            )
            for compares in (own_eq, eq_of_a_base)
        ),
        (
            built_for("0.9"),
            "Auth is built for version 0.9 of the hooks, and this is version 1.0:"
            " upgrade the plugin",
        ),
        (
            built_for("2.0"),
            "Auth is built for version 2.0 of the hooks, and this is version 1.0:"
            " upgrade flightstream-core",
        ),
        (
            built_for("1.1"),
            "Auth is built for version 1.1 of the hooks, and this is version 1.0:"
            " upgrade flightstream-core",
        ),
        (built_for(1.0), "Auth.hooks_version is 1.0, not a version like '1.0'"),
        (built_for("1"), "Auth.hooks_version is '1', not a version like '1.0'"),
        (
            unknown_pushdown,
            "Fast.pushdown has 'join', 'sort'; there are only columns, filter, limit, offset,"
            " partitions",
        ),
    ],
)
def test_a_class_that_breaks_the_rules_is_refused_where_it_is_declared(
    declare: Callable[[], type[Any]], message: str
):
    with pytest.raises(PluginLoadError) as caught:
        declare()

    assert caught.value.message == message


def not_empty(_instance: Any, _attribute: Any, value: str) -> None:
    if not value:
        raise ValueError("it is empty")


@service
class Bounded:
    number: int = option(5, help="n", minimum=1, maximum=9)
    size: ByteSize = option(ByteSize(2048), help="s", minimum=ByteSize(1024))
    mode: str = option("a", help="m", choices=("a", "b"))
    name: str = option("x", help="x", choices=("", "x"), validator=not_empty)
    maybe: int | None = option(None, help="m", minimum=1)
    many: list[int] = option(factory=list, help="m")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"number": 0}, "0 is less than the minimum 1"),
        ({"number": 10}, "10 is more than the maximum 9"),
        ({"size": ByteSize(512)}, "512 is less than the minimum 1 KiB"),
        ({"mode": "c"}, "'c' is not one of 'a', 'b'"),
        ({"name": "y"}, "'y' is not one of '', 'x'"),
        ({"name": ""}, "it is empty"),
        ({"maybe": 0}, "0 is less than the minimum 1"),
    ],
)
def test_an_option_out_of_its_bounds_is_refused(values, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Bounded(**values)


def test_a_class_built_for_these_hooks_is_accepted():
    assert kind_of(built_for(HOOKS_VERSION)()) == "service"


def test_bounds_hold_after_construction_too():
    bounded = Bounded()
    with pytest.raises(ValueError, match="10 is more than the maximum 9"):
        bounded.number = 10


def test_a_factory_makes_a_default_for_each_instance():
    assert Bounded().many is not Bounded().many


def test_an_option_without_default_is_required():
    @service
    class Needy:
        token: Secret = option(help="the token")

    assert options_of(Needy)["token"][0].default is attrs.NOTHING


def test_a_secret_shows_itself_only_when_asked():
    secret = Secret("s3cr3t")

    assert secret.reveal() == "s3cr3t"
    assert "s3cr3t" not in f"{secret} {secret!r} {[secret]} {vars(type(secret))}"
    assert secret == Secret("s3cr3t")
    assert secret != Secret("other")
    assert secret != "s3cr3t"
    assert hash(secret) == hash(Secret("s3cr3t"))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (0, 0),
        (1048576, 1048576),
        ("1048576", 1048576),
        ("3 MiB", 3 * 2**20),
        ("3MiB", 3 * 2**20),
        (" 3  mib ", 3 * 2**20),
        ("10 MB", 10_000_000),
        ("1.5 KiB", 1536),
        ("0.1 kB", 100),
        ("2 TiB", 2 * 2**40),
        ("7 b", 7),
    ],
)
def test_a_size_is_read(written, number):
    assert ByteSize.parse(written) == number


@pytest.mark.parametrize(
    "written", [-1, True, None, 1.5, "", "MiB", "-1 MiB", "3 MiBs", "1e3", "٣"]
)
def test_what_is_no_size_is_refused(written):
    with pytest.raises(ValueError, match="is not a size like 1048576, '3 MiB' or '10 MB'"):
        ByteSize.parse(written)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (1000, "1000"), (1024, "1 KiB"), (3 * 2**20, "3 MiB"), (2**20 + 1, "1048577")],
)
def test_a_size_is_written_in_its_largest_whole_unit(number, shown):
    size = ByteSize(number)

    assert str(size) == shown
    assert ByteSize.parse(str(size)) == size
