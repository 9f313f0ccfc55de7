"""The W3C Trace Context of calls: what is well-formed passes, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream.serving.trace_context import trace_context

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "parent",
    [
        PARENT,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "fe-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later",
    ],
)
def test_a_parent_that_is_well_formed_is_told(parent):
    assert trace_context({"traceparent": (parent,)}) == (parent, None)


@pytest.mark.parametrize(
    "parents",
    [
        (),
        ("",),
        (PARENT, PARENT),
        (PARENT.upper(),),
        (f"{PARENT}-more",),
        (f" {PARENT}",),
        (f"{PARENT}\n",),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01",),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",),
        ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",),
        ("00-4bf92f3577b34da6a3ce929d0e0e473٣-00f067aa0ba902b7-01",),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",),
        (f"01{PARENT[2:]}-{'x' * 300}",),
    ],
)
def test_a_parent_that_is_not_is_as_none_and_so_is_its_state(parents):
    assert trace_context({"traceparent": parents, "tracestate": ("a=1",)}) == (None, None)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (("congo=t61rcWkgMzE",), "congo=t61rcWkgMzE"),
        (
            ("rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE,",),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        ),
        (("a=1", "b=2,c=3"), "a=1,b=2,c=3"),
        (("fw529a3039@dt=FfAAAA", "a_-*/0=~"), "fw529a3039@dt=FfAAAA,a_-*/0=~"),
        (tuple(f"k{n}={n}" for n in range(32)), ",".join(f"k{n}={n}" for n in range(32))),
    ],
)
def test_a_state_is_told_in_one_line(states, told):
    assert trace_context({"traceparent": (PARENT,), "tracestate": states}) == (PARENT, told)


@pytest.mark.parametrize(
    "states",
    [
        ("",),
        (" , ",),
        ("a",),
        ("A=1",),
        ("a=1,a=2",),
        ("a=1=2",),
        ("a=\n",),
        ("a=ä",),
        (f"a={'x' * 257}",),
        tuple(f"k{n}={n}" for n in range(33)),
        tuple(f"k{n}={'x' * 250}" for n in range(20)),
    ],
)
def test_a_state_that_is_malformed_or_too_long_is_dropped_alone(states):
    assert trace_context({"traceparent": (PARENT,), "tracestate": states}) == (PARENT, None)


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=40))
def test_whatever_comes_is_judged_and_bounded(parents, states):
    parent, state = trace_context({"traceparent": (*parents,), "tracestate": (*states,)})

    assert parent is None or (parent.isascii() and len(parent) <= 256)
    assert state is None or (state.isascii() and state.isprintable() and len(state) <= 4096)
