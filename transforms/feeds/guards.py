"""Which addresses may be spoken to: allow-list, https, public addresses; checked on the address that is really dialled."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from transforms.declared.addresses import is_loopback_name
from transforms.feeds.errors import HostRefused
from transforms.feeds.keys import shown_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: NAT64: the last four bytes are an IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, or itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            return address.ipv4_mapped or address.sixtofour or address
        if address.teredo:
            return address.teredo[1]
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_allowed_address(text: str, *, allow_loopback: bool) -> bool:
    """True for a public address; a loopback one only with ``allow_loopback``; private, link-local, reserved never."""
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_loopback:
        return allow_loopback
    return address.is_global and not address.is_multicast


def check_hop(url: str, hosts: Collection[str], *, allow_loopback: bool, before: str | None = None) -> None:
    """HostRefused where ``url`` may not be asked: as the first address, or as a redirect from ``before``."""
    parts = urlsplit(url)
    led = f"{shown_url(before)} leads to {shown_url(url)}: " if before else f"{shown_url(url)}: "
    host = (parts.hostname or "").lower()
    # Readers of addresses disagree about backslashes and blanks; what they'd disagree about is refused.
    if parts.scheme not in ("https", "http") or not host or re.search(r"[\s\\\x00-\x1f]", url):
        raise HostRefused(f"{led}no https address; nothing was sent there")
    if before and parts.scheme == "http" and urlsplit(before).scheme == "https":
        raise HostRefused(
            f"{led}from https to http; nothing was sent there. Ask the publisher, or write its new https address into the feed"
        )
    if host not in hosts:
        raise HostRefused(f"{led}the host {host} isn't among the feed's hosts ({', '.join(hosts)}); if it is the publisher's, add it there")
    if parts.scheme == "http" and not (allow_loopback and is_loopback_name(host)):
        raise HostRefused(f"{led}http without encryption; nothing was sent there. Write the publisher's https address into the feed")
    if parts.username is not None or parts.password is not None:
        raise HostRefused(f"{led}the address carries a user or password; nothing was sent there")


def public_addresses(host: str, port: int, *, allow_loopback: bool) -> list[str]:
    """The host's addresses, all of them allowed; HostRefused where one isn't (a name that mixes both is a trick)."""
    found = list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for address in found:
        if not is_allowed_address(address, allow_loopback=allow_loopback):
            raise HostRefused(f"{host} is {address}, an address of a private or local network: nothing was sent there")
    return found


def guarded_adapter(*, allow_loopback: bool, opened: Callable[[HTTPConnection], None]) -> HTTPAdapter:
    """An adapter whose connections go to checked addresses alone; each connection is told to ``opened``.

    The name is resolved once and what was checked is what is dialled: no second answer of the name server can differ.
    """

    def dial(connection: HTTPConnection, open_one: Callable[[], socket.socket]) -> socket.socket:
        name = connection._dns_host
        opened(connection)
        try:
            addresses = public_addresses(name, connection.port, allow_loopback=allow_loopback)
        except socket.gaierror as error:
            raise NameResolutionError(name, connection, error) from error
        failed: Exception | None = None
        try:
            for address in addresses:
                # urllib3 dials _dns_host; the certificate is checked against the name, put back below.
                connection._dns_host = address
                try:
                    return open_one()
                except (NewConnectionError, ConnectTimeoutError) as error:
                    failed = error
        finally:
            connection._dns_host = name
        raise failed or NewConnectionError(connection, "the name has no address")

    return _Adapter(dial)


class _Adapter(HTTPAdapter):
    """requests' adapter over pools whose connections are opened by ``dial``."""

    def __init__(self, dial: Callable[[HTTPConnection, Callable[[], socket.socket]], socket.socket]) -> None:
        self._dial = dial
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        dial = self._dial

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return dial(self, super()._new_conn)

        class Encrypted(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return dial(self, super()._new_conn)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class EncryptedPool(HTTPSConnectionPool):
            ConnectionCls = Encrypted

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
