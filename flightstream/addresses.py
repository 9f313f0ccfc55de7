"""Which hosts are this machine alone, and which calls come from one place."""

import socket
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import unquote


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a host, by each address that it has.

    Raises:
        OSError: It has none.
        UnicodeError: It cannot be a name.
    """
    if not host:  # every address
        return False
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return all(_is_loopback(str(address[0])) for *_, address in found)


@lru_cache(1024)
def address_of(peer: str) -> str:
    """Return what is counted together of where calls come from: no port, and IPv6 by /64.

    Args:
        peer: As gRPC writes it, ``ipv4:192.0.2.1:50202`` or ``ipv6:%5B::1%5D:50202``;
            empty for a Handshake, of which Arrow does not tell.
    """
    scheme, _, place = unquote(peer).partition(":")
    if scheme not in ("ipv4", "ipv6"):
        return peer or "unknown"
    try:
        address = ip_address(place.rpartition(":")[0].strip("[]"))
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    # Whoever has one address of a network of this size has all of them.
    return str(ip_network((int(address), 64), strict=False))


def _is_loopback(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback
