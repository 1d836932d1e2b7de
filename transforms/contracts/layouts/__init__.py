"""Layouts of source files, as data: a module a publisher. To add one: CONTRIBUTING.md, "a source"."""

from __future__ import annotations

from dataclasses import replace

from transforms.contracts.layout import Catalog, Layout, Source
from transforms.contracts.layouts import baci, census, cepii, comext, comtrade, comtrade_lists, unsd, worldbank
from transforms.contracts.rates import EUR

_PUBLISHERS = (comtrade, comext, census, baci, unsd, worldbank, cepii)

#: In the order in which they are preferred for one flow.
SOURCES: dict[str, Source] = {p.SOURCE.name: p.SOURCE for p in _PUBLISHERS}
LAYOUTS: dict[str, Layout] = {
    layout.name: replace(layout, release_form=SOURCES[layout.source].release_form)
    for p in (*_PUBLISHERS, comtrade_lists)
    for layout in p.LAYOUTS
}
BUILT_IN = Catalog(SOURCES, LAYOUTS, rates={"EUR": EUR})
