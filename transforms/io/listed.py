"""Which list a file is, and files that lie beside lists: said by the file's name where the header can't tell."""

from __future__ import annotations

import re

from transforms.contracts.layout import Layout
from transforms.io.archives import BadFileError
from transforms.io.recognise import edition_code

#: What the World Bank puts beside the data in its zip.
_BESIDE = re.compile(r"(^|/)Metadata_(Country|Indicator)_[^/]*\.csv$")
_MIXED = re.compile(r"(?i)(?<![a-z0-9])cmd_(hs|ss)(?=\.)")
_SERVICES = re.compile(r"(?i)(?<![a-z0-9])cmd_eb[0-9]*s?(?=\.)")


def is_beside(name: str) -> bool:
    """Whether a file says what the columns of another mean, and holds no data itself."""
    return _BESIDE.search(name) is not None


def refuse_list(layout: Layout, name: str) -> None:
    """BadFileError for a list that can't be taken in whatever is said of it: several editions in one, services."""
    if layout.kind not in ("products", "codes"):
        return
    if _SERVICES.search(name):
        raise BadFileError(f"{name}: is a list of services (EBOPS); Entrepôt takes goods only: leave it out")
    if _MIXED.search(name):
        each = "cmd_h0.csv to cmd_h6.csv" if _MIXED.search(name)[1].lower() == "hs" else "cmd_s1.csv to cmd_s4.csv"  # type: ignore[index]
        raise BadFileError(f"{name}: holds the codes of several editions under one name; take the lists of single editions, {each}")


def edition_of(layout: Layout, said: str | None, from_names: str | None) -> str | None:
    """Edition of a file: what was said of it, else what its name says; where the layout needs it, the name of a list instead.

    An edition said of a whole folder (HS17) isn't meant for the lists in it. BadFileError for what is no edition, or no list.
    """
    if "list" not in layout.needs:
        return edition_code(said) if said else from_names
    if said and not re.fullmatch(r"(?i)hs[0-9]{2,4}|[hs][0-9]|[a-z]{2,3}[0-9]{4}", said):
        return _list_of(layout, said)
    return _list_of(layout, from_names) if from_names else None


def _list_of(layout: Layout, text: str) -> str:
    """The list's own name: b4 is bec4, gdp is NY.GDP.MKTP.CD."""
    known = layout.map_of("list")
    found = known.get(text.lower(), text)
    if layout.kind == "codes" and found not in known.values():
        raise BadFileError(f"list {text!r} is none of {', '.join(sorted(set(known.values())))}")
    return found if layout.kind == "codes" else found.upper()


def lacking_list(layout: Layout, name: str) -> BadFileError:
    """The error for a file whose list isn't said."""
    known = sorted(set(layout.map_of("list").values()))
    what = "which indicator it holds" if layout.kind == "indicators" else "which list it is"
    said = f"a {layout.name} file doesn't say {what}, nor does its name ({', '.join(known)})"
    return BadFileError(f"{name}: {said}; say it: --edition {known[0]}")
