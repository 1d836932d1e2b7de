"""How a mart's table is made: with its release, and from a table of the lake row by row."""

from __future__ import annotations

from transforms.contracts.model import Table


def mart(
    name: str,
    grain: str,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    required: tuple[str, ...] = (),
    *,
    is_view: bool = False,
    minimum_rows: int = 1,
    sort_by: tuple[str, ...] = (),
) -> Table:
    """A mart: ``columns`` and the release that they are of; rows are ordered by the key where nothing else is said."""
    return Table(
        name,
        "mart",
        grain,
        columns=(*columns, "release_id"),
        key=key,
        required=(*required, "release_id"),
        sort_by=sort_by or key,
        is_view=is_view,
        minimum_rows=minimum_rows,
    )


def from_lake(name: str, table: Table) -> Table:
    """A mart that is a table of the lake, row by row."""
    return mart(
        name,
        table.grain,
        table.key,
        table.columns,
        table.required + table.partition_by,
        minimum_rows=0 if table.name == "bilateral_flows" else table.minimum_rows,
    )
