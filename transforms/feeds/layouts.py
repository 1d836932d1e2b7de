"""Is what came of the layout that the feed says? Looked at before it lands."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from transforms.contracts.feed import Feed
from transforms.contracts.layout import Catalog
from transforms.feeds.errors import NotData
from transforms.io.archives import BadFileError, member_names
from transforms.io.recognise import HEADER_BYTES, recognise
from transforms.io.texts import open_text

#: Of an archive with many members, so many are looked into.
MEMBERS_LOOKED_AT = 100


def refuse_other_layout(path: Path, name: str, feed: Feed, catalog: Catalog, today: date) -> None:
    """NotData where the feed says a layout and no member of the file at ``path`` has it; ``name`` is what the file is called.

    An archive may hold code lists beside what is meant.
    """
    if feed.layout is None:
        return
    layouts, found = catalog.layouts_on(today), []
    for member in member_names(path)[:MEMBERS_LOOKED_AT]:
        label = name if member == path.name else f"{name}: {member}"
        try:
            with open_text(path, member) as stream:
                found.append(recognise(stream.read(HEADER_BYTES), label, layouts).layout.name)
        except BadFileError:
            found.append("none that is known")
        if found[-1] == feed.layout:
            return
    others = ", ".join(dict.fromkeys(found)) or "none: it holds no file"
    raise NotData(
        f"{name}: its layout is {others}, where [feeds.{feed.name}] says layout = {feed.layout!r}; it didn't land. Look at the file"
    )
