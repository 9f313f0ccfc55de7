"""Which hosts are this machine alone."""

import socket
from ipaddress import IPv6Address, ip_address


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


def _is_loopback(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback
