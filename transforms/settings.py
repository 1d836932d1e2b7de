"""One frozen Settings object from the environment and entrepot.toml: what a run does is said here and on the command line alone."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from transforms.contracts import codes
from transforms.contracts.feed import Feed
from transforms.contracts.layout import Catalog
from transforms.contracts.layouts import BUILT_IN
from transforms.declared.catalog import DeclarationError, declared_catalog
from transforms.declared.feeds import declared_feeds
from transforms.declared.sections import SECTIONS, Cluster, Estimate, Harmonise, Publish, Reconcile

CONFIG_NAME = "entrepot.toml"


class SettingsError(ValueError):
    """A setting that can't be used; the text says which, where it stands, and what to write instead."""


@dataclass(frozen=True)
class Settings:
    """All configuration of one home. ``home`` is absolute."""

    home: Path
    harmonise: Harmonise = field(default_factory=Harmonise)
    reconcile: Reconcile = field(default_factory=Reconcile)
    estimate: Estimate = field(default_factory=Estimate)
    publish: Publish = field(default_factory=Publish)
    cluster: Cluster = field(default_factory=Cluster)
    landing: Path | None = None
    #: sources and layouts: the package's, and those that entrepot.toml declares
    catalog: Catalog = BUILT_IN
    feeds: tuple[Feed, ...] = ()
    home_area: str = "156"
    #: Limits on what is accepted: unpacked bytes, and unpacked over packed.
    maximum_unpacked_bytes: int = 200 * 2**30
    maximum_unpack_ratio: int = 200
    config_path: Path | None = None

    @property
    def landing_folder(self) -> Path:
        """Folder that the sensor watches: [landing] or <home>/landing."""
        return self.landing or self.home / "landing"


#: Sections that are read elsewhere.
_DECLARED = ("sources", "aliases", "rates", "feeds")
#: Settings outside of sections, with their defaults.
_SCALARS = {
    f.name: f.default for f in fields(Settings) if f.name in ("landing", "home_area", "maximum_unpacked_bytes", "maximum_unpack_ratio")
}


def _value(where: str, key: str, default: object, value: object) -> object:
    """``value`` in the type of ``default``; SettingsError saying where it stands and what it should be."""
    if isinstance(default, Decimal):
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                found = Decimal(str(value))
            except InvalidOperation:
                found = Decimal("NaN")
            if found.is_finite():
                return found
        raise SettingsError(f"{where}: {key} = {value!r} should be a number")
    if isinstance(default, tuple):
        if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
            return tuple(value)
        raise SettingsError(f"{where}: {key} = {value!r} should be a list of names, as {list(default)!r}")
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    kind = str if default is None or isinstance(default, Path) else type(default)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise SettingsError(f"{where}: {key} = {value!r} should be {'a text in quotes' if kind is str else f'a {kind.__name__}'}")
    return value


def _section(cls: type[Any], table: object, name: str, config: Path) -> Any:
    where = f"{config} [{name}]"
    if not isinstance(table, Mapping):
        raise SettingsError(f"{config}: {name} is a section: write [{name}] and its settings below")
    known = {f.name for f in fields(cls)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise SettingsError(f"{where} has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}")
    return cls(**{key: _value(where, key, getattr(cls(), key), value) for key, value in table.items()})


def _one_of(name: str, values: Sequence[str], allowed: Sequence[str]) -> None:
    strange = [v for v in values if v not in allowed]
    if strange or len(set(values)) < len(values):
        raise SettingsError(f"{name} = {list(values)!r}: use {', '.join(allowed)}, each at most once")


def _check_targets(harmonise: Harmonise) -> None:
    """Each target edition once, with the year from which on it is one."""
    pattern = re.compile(rf"({'|'.join(codes.HS_EDITIONS)})(:[0-9]{{4}})?")
    wrong = [text for text in harmonise.target_editions if not pattern.fullmatch(text)]
    editions = [text.partition(":")[0] for text in harmonise.target_editions]
    if wrong or len(set(editions)) < len(editions):
        found = f"{wrong[0]!r}" if wrong else "an edition twice"
        raise SettingsError(f'[harmonise] target_editions has {found}: write each HS edition once, as "H4" or, from a year on, "H5:2017"')


@dataclass(frozen=True)
class _Bound:
    """Numbers from ``least`` (itself allowed unless ``is_open``) to ``most``, finite."""

    least: int
    most: float = math.inf
    is_open: bool = False

    def holds(self, value: float | Decimal) -> bool:
        return math.isfinite(value) and self.least <= value <= self.most and not (self.is_open and value == self.least)

    @property
    def said(self) -> str:
        """What to write."""
        if self.most < math.inf:
            return f"a number from {self.least} to {self.most:g}"
        return f"a number above {self.least}" if self.is_open else f"a number that is at least {self.least}"


_COUNT, _ABOVE_0, _FROM_0 = _Bound(1), _Bound(0, is_open=True), _Bound(0)
#: What numbers may be, by section: outside, a fit would divide by nothing, take no round, or turn an interval over.
_BOUNDS: dict[str, dict[str, _Bound]] = {
    "harmonise": {"minimum_observations": _COUNT},
    # CIF over FOB
    "reconcile": {"cif_factor": _COUNT},
    "estimate": {
        "cif_more_than_usd": _FROM_0,
        "cif_more_than_kg": _FROM_0,
        "cif_minimum_pairs": _COUNT,
        "cif_studentised": _ABOVE_0,
        "cif_minimum_km": _ABOVE_0,
        "sigma_floor": _ABOVE_0,
        "sigma_anchor_flows": _COUNT,
        "unit_minimum_pairs": _COUNT,
        "unit_spread_below": _ABOVE_0,
        "symmetric_within": _Bound(0, 1),
        "reliability_iterations": _COUNT,
        "interval_quantile": _ABOVE_0,
    },
    "cluster": {"workers": _COUNT, "stall_seconds": _COUNT},
}


def _check_bounds(settings: Settings) -> None:
    for section, bounds in _BOUNDS.items():
        for name, bound in bounds.items():
            value = getattr(getattr(settings, section), name)
            if not bound.holds(value):
                default = getattr(SECTIONS[section](), name)
                raise SettingsError(f"[{section}] {name} = {value}: write {bound.said}, as {default}")


def _check(settings: Settings) -> Settings:
    _one_of("[reconcile] method", [settings.reconcile.method], codes.RECONCILE_METHODS)
    _one_of("[reconcile] basis_order", settings.reconcile.basis_order, codes.BASES)
    _one_of("[reconcile] source_order", settings.reconcile.source_order, settings.catalog.flow_sources)
    _one_of("[reconcile] cif", [settings.reconcile.cif], ("fitted", "published", "constant"))
    _one_of("[estimate] refit", [settings.estimate.refit], ("on_demand", "on_revision"))
    _check_targets(settings.harmonise)
    _one_of("[publish] on_failed_partition", [settings.publish.on_failed_partition], ("publish_stale", "refuse"))
    _check_bounds(settings)
    if set("[]*?{}") & set(str(settings.home)):
        raise SettingsError(
            f"the home {settings.home} holds one of []*?{{}}, which readers of its files take for a pattern: choose another path"
        )
    if not settings.home_area.isdigit():
        raise SettingsError(f'home_area = {settings.home_area!r}: an area code in quotes, as "156"')
    return settings


def _of_environment(cluster: Cluster, env: Mapping[str, str]) -> Cluster:
    """ENTREPOT_DASK_SCHEDULER and ENTREPOT_WORKERS over the file's [cluster]."""
    workers = env.get("ENTREPOT_WORKERS") or str(cluster.workers)
    if not workers.isdigit():
        raise SettingsError(f"ENTREPOT_WORKERS = {workers!r}: a number of worker processes")
    return replace(cluster, scheduler=env.get("ENTREPOT_DASK_SCHEDULER") or cluster.scheduler, workers=int(workers))


def _read_toml(config: Path, *, must_exist: bool) -> dict[str, Any]:
    if not config.exists():
        if must_exist:
            raise SettingsError(f"ENTREPOT_CONFIG names {config}, which doesn't exist")
        return {}
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} isn't valid TOML: {error}") from error


def load_settings(home: Path | str | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the arguments, the environment, and entrepot.toml, in this order.

    Environment: ENTREPOT_HOME (default ./warehouse), ENTREPOT_CONFIG (another toml),
    ENTREPOT_DASK_SCHEDULER, ENTREPOT_WORKERS. Raises SettingsError naming the setting.
    """
    env = os.environ if environment is None else environment
    root = Path(home or env.get("ENTREPOT_HOME") or "warehouse").expanduser().absolute()
    config = Path(env["ENTREPOT_CONFIG"]).absolute() if env.get("ENTREPOT_CONFIG") else root / CONFIG_NAME
    table = _read_toml(config, must_exist=bool(env.get("ENTREPOT_CONFIG")))
    declared = _declared(config, table)
    values: dict[str, Any] = {name: _section(cls, table.pop(name, {}), name, config) for name, cls in SECTIONS.items()}
    values["cluster"] = _of_environment(values["cluster"], env)
    for key in sorted(table):
        if key not in _SCALARS:
            raise SettingsError(f"{config}: no setting or section {key!r}; known: {', '.join(sorted({*_SCALARS, *SECTIONS, *_DECLARED}))}")
        values[key] = _value(str(config), key, _SCALARS[key], table[key])
    if "landing" in values:
        values["landing"] = (config.parent / values["landing"]).absolute()
    return _check(Settings(home=root, config_path=config if config.exists() else None, **declared, **values))


def _declared(config: Path, table: dict[str, Any]) -> dict[str, Any]:
    """Catalog and feeds; their tables are taken out of ``table``."""
    try:
        catalog = declared_catalog(config, table.pop("sources", None), table.pop("aliases", None), table.pop("rates", None))
        feeds = declared_feeds(table.pop("feeds", {}), config, catalog)
    except DeclarationError as error:
        raise SettingsError(str(error)) from error
    return {"catalog": catalog, "feeds": feeds}
