"""The years that Dagster knows. A range of a run lies between two keys in the set's own order, so the set is kept sorted."""

from collections.abc import Collection, Iterable

import dagster as dg


def declare_years(instance: dg.DagsterInstance, name: str, years: Iterable[int]) -> list[str]:
    """Add years to the dynamic partition set; returns all, ascending.

    The set lists its keys in the order in which they came. Where an older year comes later
    the keys are added anew: materialisations name their year and stay.
    """
    known = list(instance.get_dynamic_partitions(name))
    wanted = sorted({*known, *map(str, years)})
    fresh = [y for y in wanted if y not in known]
    if [*known, *fresh] != wanted:
        for key in known:
            instance.delete_dynamic_partition(name, key)
        fresh = wanted
    if fresh:
        instance.add_dynamic_partitions(name, fresh)
    return wanted


def range_tags(years: Collection[int]) -> dict[str, str]:
    """The tags that make a run one over the contiguous range of ``years``; none without years."""
    if not years:
        return {}
    return {"dagster/asset_partition_range_start": str(min(years)), "dagster/asset_partition_range_end": str(max(years))}
