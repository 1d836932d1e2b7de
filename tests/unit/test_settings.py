"""Settings: defaults, sources in their order, and an error that says what to write."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.cli import configuration
from transforms.declared.sections import SECTIONS, Estimate
from transforms.settings import SettingsError, load_settings


def written(home: Path, text: str) -> Path:
    (home / "entrepot.toml").write_text(text, "utf-8")
    return home


def test_defaults(home: Path) -> None:
    settings = load_settings(home, {})
    assert (settings.reconcile.method, settings.reconcile.cif) == ("baci", "fitted")
    assert settings.reconcile.cif_factor == Decimal("1.033")
    assert [settings.harmonise.targets(year) for year in (2016, 2017, 2022)] == [("H4",), ("H4", "H5"), ("H4", "H5", "H6")]
    assert settings.cluster.workers == 2
    assert settings.home_area == "156"
    assert settings.landing_folder == home / "landing"


def test_the_environment_names_home_and_workers(tmp_path: Path) -> None:
    settings = load_settings(
        None, {"ENTREPOT_HOME": str(tmp_path / "h"), "ENTREPOT_WORKERS": "4", "ENTREPOT_DASK_SCHEDULER": "tcp://127.0.0.1:1"}
    )
    assert (settings.home, settings.cluster.workers, settings.cluster.scheduler) == (tmp_path / "h", 4, "tcp://127.0.0.1:1")


def test_a_file_sets_what_it_says(home: Path) -> None:
    settings = load_settings(written(home, 'landing = "in"\n[reconcile]\nmethod = "prefer_importer"\ncif_factor = 1.05\n'), {})
    assert settings.reconcile.method == "prefer_importer"
    assert settings.reconcile.cif_factor == Decimal("1.05")
    assert settings.landing_folder == home / "in"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[harmonise]\ntarget_editions = ["H4", "HS2017"]\n', r"target_editions has 'HS2017': write each HS edition once"),
        ('[harmonise]\ntarget_editions = ["H4", "H4:2017"]\n', r"target_editions has an edition twice"),
        ('[estimate]\nrefit = "daily"\n', r"refit .*on_demand, on_revision"),
        ('[estimate]\nsigma_floor = "low"\n', r"sigma_floor = 'low' should be a float"),
        ('[reconcile]\ncif = "guess"\n', r"cif .*fitted, published, constant"),
        ('[reconcile]\nmethod = "best"\n', r"method .*prefer_exporter, prefer_importer"),
        ("[reconcile]\ncif_factor = 0.9\n", r"cif_factor .*at least 1"),
        ('[reconcile]\ncif_factor = "abc"\n', r"cif_factor .*should be a number"),
        ("[reconcile]\ncif_factor = true\n", r"cif_factor .*should be a number"),
        ('[reconcile]\nsource_order = "comtrade"\n', r"source_order .*list of names"),
        ('[reconcile]\nsource_order = ["eurostat"]\n', r"source_order .*comtrade, comext, census, baci"),
        ('[reconcile]\nbasis_order = ["owm"]\n', r"basis_order .*own, baci_published"),
        ('[reconcile]\nbasis_order = ["own", "own"]\n', r"basis_order .*at most once"),
        ("[reconcile]\nminimum_world_exporters = true\n", r"minimum_world_exporters .*should be a int"),
        ("[reconcile]\nspeed = 1\n", r"no setting 'speed'; it has .*cif_factor"),
        ("reconcile = 1\n", r"reconcile is a section"),
        ("home_area = 156\n", r"home_area .*text in quotes"),
        ('home_area = "CHN"\n', r"home_area .*area code"),
        ('maximum_unpacked_bytes = "x"\n', r"maximum_unpacked_bytes .*should be a int"),
        ("[cluster]\nworkers = 0\n", r"workers = 0: write a number that is at least 1, as 2"),
        ('[publish]\non_failed_partition = "maybe"\n', r"on_failed_partition .*publish_stale, refuse"),
        ("password = 1\n", r"no setting or section 'password'; known: .*home_area"),
        ("[reconcile\n", r"isn't valid TOML"),
    ],
)
def test_what_cant_be_used_is_named(home: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(written(home, text), {})


def test_a_home_that_reads_as_a_pattern(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="for a pattern"):
        load_settings(tmp_path / "home [1]", {})


def test_workers_that_are_no_number(home: Path) -> None:
    with pytest.raises(SettingsError, match="ENTREPOT_WORKERS = 'two'"):
        load_settings(home, {"ENTREPOT_WORKERS": "two"})


def test_a_config_that_isnt_there(home: Path) -> None:
    with pytest.raises(SettingsError, match="doesn't exist"):
        load_settings(home, {"ENTREPOT_CONFIG": str(home / "none.toml")})


#: Of every number that a fit or an interval reads: one that can't be, and what to write.
OUT_OF_BOUNDS = {
    "cif_more_than_usd": (-1.0, "a number that is at least 0, as 10000.0"),
    "cif_more_than_kg": (-0.5, "a number that is at least 0, as 2000.0"),
    "cif_minimum_pairs": (0, "a number that is at least 1, as 1000"),
    "cif_studentised": (0.0, "a number above 0, as 2.0"),
    "cif_minimum_km": (0.0, "a number above 0, as 245.0"),
    "sigma_floor": (0.0, "a number above 0, as 0.03"),
    "sigma_anchor_flows": (0, "a number that is at least 1, as 1"),
    "unit_minimum_pairs": (0, "a number that is at least 1, as 10"),
    "unit_spread_below": (-2.5, "a number above 0, as 2.5"),
    "symmetric_within": (1.5, "a number from 0 to 1, as 0.1"),
    "reliability_iterations": (-3, "a number that is at least 1, as 25"),
    "interval_quantile": (-1.0, "a number above 0, as 1.645"),
}


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
def test_an_estimate_out_of_bounds_is_refused(home: Path, name: str) -> None:
    value, said = OUT_OF_BOUNDS[name]
    with pytest.raises(SettingsError) as refused:
        load_settings(written(home, f"[estimate]\n{name} = {value}\n"), {})
    assert str(refused.value) == f"[estimate] {name} = {value}: write {said}"


def test_every_number_of_an_estimate_has_a_bound() -> None:
    numbers = [f.name for f in fields(Estimate) if isinstance(f.default, int | float) and not isinstance(f.default, bool)]
    assert numbers == list(OUT_OF_BOUNDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[estimate]\ninterval_quantile = nan\n", "[estimate] interval_quantile = nan: write a number above 0, as 1.645"),
        ("[estimate]\ncif_more_than_usd = inf\n", "[estimate] cif_more_than_usd = inf: write a number that is at least 0, as 10000.0"),
        ("[estimate]\nsymmetric_within = -0.1\n", "[estimate] symmetric_within = -0.1: write a number from 0 to 1, as 0.1"),
        ("[harmonise]\nminimum_observations = 0\n", "[harmonise] minimum_observations = 0: write a number that is at least 1, as 3"),
        ("[reconcile]\ncif_factor = 0.9\n", "[reconcile] cif_factor = 0.9: write a number that is at least 1, as 1.033"),
        ("[cluster]\nstall_seconds = 0\n", "[cluster] stall_seconds = 0: write a number that is at least 1, as 3600"),
    ],
)
def test_a_number_out_of_bounds_says_what_to_write(home: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(written(home, text), {})
    assert str(refused.value) == said


def test_the_ends_of_the_bounds_load(home: Path) -> None:
    text = "[estimate]\ncif_more_than_usd = 0\nsymmetric_within = 1\nreliability_iterations = 1\n[harmonise]\nminimum_observations = 1\n"
    settings = load_settings(written(home, text), {})
    assert (settings.estimate.cif_more_than_usd, settings.estimate.symmetric_within) == (0.0, 1.0)
    assert (settings.estimate.reliability_iterations, settings.harmonise.minimum_observations) == (1, 1)


def test_every_setting_has_a_meaning() -> None:
    sections = {f.name for section in SECTIONS.values() for f in fields(section)}
    assert set(configuration._MEANING) == {*sections, "home_area", "landing", "maximum_unpacked_bytes", "maximum_unpack_ratio"}
    lines = configuration.configuration_text().splitlines()
    for name, meaning in configuration._MEANING.items():
        assert lines[lines.index(f"# {meaning}") + 1].startswith((f"{name} = ", f"# {name} = "))
