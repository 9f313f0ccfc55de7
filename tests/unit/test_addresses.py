"""Whose calls are counted together, by where they come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream.addresses import address_of


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.1:50202", "192.0.2.1"),
        ("ipv6:%5B2001:db8:1:2:3::1%5D:50202", "2001:db8:1:2::/64"),
        ("ipv6:[2001:db8:1:2::9]:1", "2001:db8:1:2::/64"),
        ("ipv6:%5Bfe80::1%25eth0%5D:7", "fe80::/64"),
        ("ipv6:%5B::ffff:192.0.2.1%5D:7", "192.0.2.1"),
        ("unix:/run/x.sock", "unix:/run/x.sock"),
        ("ipv4:nonsense", "ipv4:nonsense"),
        ("", "unknown"),
    ],
)
def test_an_address_has_no_port_and_ipv6_counts_by_network(peer, address):
    assert address_of(peer) == address


@given(st.text())
def test_whatever_a_transport_calls_a_peer_has_an_address(peer):
    assert isinstance(address_of(peer), str)
    assert isinstance(address_of(f"ipv6:{peer}:1"), str)
