"""One frozen Settings object: the only place that reads the environment and entrepot.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from transforms.contracts import codes

CONFIG_NAME = "entrepot.toml"


class SettingsError(ValueError):
    """A setting that can't be used; the text says which, where it stands, and what to write instead."""


@dataclass(frozen=True)
class Reconcile:
    """[reconcile]: what changes results. Recorded in the fingerprint."""

    method: Literal["prefer_exporter", "prefer_importer"] = "prefer_exporter"
    cif_factor: Decimal = Decimal("1.033")
    #: One flow in two sources: the first of these is chosen, the other is not_chosen in the ledger.
    source_order: tuple[str, ...] = ("comtrade", "baci")
    #: fct_bilateral_totals takes the first basis that has the period.
    basis_order: tuple[str, ...] = codes.BASES
    #: A share of the world needs a declared world: with fewer exporters in it, shares are NULL.
    minimum_world_exporters: int = 30


@dataclass(frozen=True)
class Publish:
    """[publish]: how a release is cut."""

    on_failed_partition: Literal["publish_stale", "refuse"] = "publish_stale"
    #: Above this many rows fct_ tables stand beside the DuckDB file as Parquet, not inside it.
    maximum_rows_in_duckdb: int = 5_000_000


@dataclass(frozen=True)
class Cluster:
    """[cluster]: Dask. ``scheduler`` is the address of an existing one (ENTREPOT_DASK_SCHEDULER)."""

    scheduler: str | None = None
    workers: int = 2
    memory_limit: str = "2GiB"
    #: A run in which no task ends for so long is given up, named by what was running.
    stall_seconds: int = 3600


@dataclass(frozen=True)
class Settings:
    """All configuration of one home. ``home`` is absolute."""

    home: Path
    reconcile: Reconcile = field(default_factory=Reconcile)
    publish: Publish = field(default_factory=Publish)
    cluster: Cluster = field(default_factory=Cluster)
    landing: Path | None = None
    home_area: str = "156"
    #: Limits on what is accepted: unpacked bytes, and unpacked over packed.
    maximum_unpacked_bytes: int = 200 * 2**30
    maximum_unpack_ratio: int = 200
    config_path: Path | None = None

    @property
    def landing_folder(self) -> Path:
        """Folder that the sensor watches: [landing] or <home>/landing."""
        return self.landing or self.home / "landing"


def _section(cls: type[Any], table: Mapping[str, Any], name: str, where: Path | None) -> Any:
    known = {f.name: f for f in fields(cls)}
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise SettingsError(f"{where}: [{name}] has no setting {unknown[0]!r}; it has {', '.join(known)}")
    values: dict[str, Any] = {}
    for key, value in table.items():
        default = getattr(cls(), key)
        if isinstance(default, Decimal):
            value = Decimal(str(value))
        elif isinstance(default, tuple):
            value = tuple(value)
        elif default is not None and not isinstance(value, type(default)):
            raise SettingsError(f"{where}: [{name}] {key} = {value!r} should be {type(default).__name__}")
        values[key] = value
    return cls(**values)


def _check(settings: Settings) -> Settings:
    if settings.reconcile.method not in codes.METHODS[:2]:
        raise SettingsError(f"[reconcile] method = {settings.reconcile.method!r}: use one of {', '.join(codes.METHODS[:2])}")
    if settings.reconcile.cif_factor < 1:
        raise SettingsError(f"[reconcile] cif_factor = {settings.reconcile.cif_factor}: CIF over FOB is at least 1")
    if settings.publish.on_failed_partition not in ("publish_stale", "refuse"):
        raise SettingsError("[publish] on_failed_partition: use publish_stale or refuse")
    if settings.cluster.workers < 1:
        raise SettingsError("[cluster] workers: at least 1")
    return settings


def load_settings(home: Path | str | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the arguments, the environment, and entrepot.toml, in this order.

    Environment: ENTREPOT_HOME (default ./warehouse), ENTREPOT_CONFIG (another toml),
    ENTREPOT_DASK_SCHEDULER, ENTREPOT_WORKERS. Raises SettingsError naming the setting.
    """
    env = os.environ if environment is None else environment
    root = Path(home or env.get("ENTREPOT_HOME") or "warehouse").expanduser().absolute()
    config = Path(env["ENTREPOT_CONFIG"]).absolute() if env.get("ENTREPOT_CONFIG") else root / CONFIG_NAME
    table: dict[str, Any] = {}
    if config.exists():
        try:
            table = tomllib.loads(config.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{config} isn't valid TOML: {error}") from error
    elif env.get("ENTREPOT_CONFIG"):
        raise SettingsError(f"ENTREPOT_CONFIG names {config}, which doesn't exist")
    sections = {"reconcile": Reconcile, "publish": Publish, "cluster": Cluster}
    values: dict[str, Any] = {name: _section(cls, table.pop(name, {}), name, config) for name, cls in sections.items()}
    if env.get("ENTREPOT_DASK_SCHEDULER") or env.get("ENTREPOT_WORKERS"):
        old: Cluster = values["cluster"]
        values["cluster"] = replace(
            old, scheduler=env.get("ENTREPOT_DASK_SCHEDULER") or old.scheduler, workers=int(env.get("ENTREPOT_WORKERS") or old.workers)
        )
    scalars = {"landing", "home_area", "maximum_unpacked_bytes", "maximum_unpack_ratio"}
    unknown = sorted(set(table) - scalars)
    if unknown:
        raise SettingsError(f"{config}: no setting or section {unknown[0]!r}; known: {', '.join(sorted(scalars | set(sections)))}")
    if "landing" in table:
        table["landing"] = (config.parent / table["landing"]).absolute()
    return _check(Settings(home=root, config_path=config if config.exists() else None, **values, **table))
