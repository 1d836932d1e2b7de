"""What an address may hold: words about hosts and parameters that feeds are checked by, as declared and as asked."""

from __future__ import annotations

import ipaddress
import re

#: Names of query parameters whose values are credentials, a signed address's too.
_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|auth|credential|signature|^sig$|^code$|session", re.IGNORECASE)


def is_loopback_name(host: str) -> bool:
    """True for localhost and for loopback addresses written out."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_secret_name(name: str) -> bool:
    """True for a query parameter that carries a credential."""
    return bool(_SECRET_NAME.search(name))
