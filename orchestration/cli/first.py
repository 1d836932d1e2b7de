"""A first day: demo, init, doctor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import AsJson, Quiet
from orchestration.cli.output import note, progress, say, say_json, table_text

if TYPE_CHECKING:
    from transforms.settings import Settings

DEMO_SEED = 2025
DEMO_HOME = "demo"
SYNTHETIC = "SYNTHETIC: a made-up world. Names are real, numbers are not."


def demo_files(settings: Settings, seed: int) -> Path:
    """Folder of the synthetic world's files, written once per seed; whole or not at all."""
    import shutil

    from transforms.synthetic.files import write_world
    from transforms.synthetic.world import make_world

    target = settings.home / "build" / "demo" / f"seed-{seed}"
    if target.exists():
        return target
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        write_world(make_world(seed), temporary)
        temporary.rename(target)
    finally:
        if temporary.exists():
            shutil.rmtree(temporary)
    return target


def _refuse_real(settings: Settings) -> None:
    from orchestration.errors import UsageRefused
    from transforms.io.snapshot_store import live_snapshots

    real = [s.file_name for s in live_snapshots(settings) if not s.is_synthetic]
    if real:
        raise UsageRefused(
            f"{settings.home} holds real files ({real[0]} and {len(real) - 1} more); a made-up world must not mix with them: "
            "say another home, `entrepot --home ./another demo`"
        )


def demo(
    seed: Annotated[int, typer.Option(help="Same seed, same world.")] = DEMO_SEED, quiet: Quiet = False, as_json: AsJson = False
) -> None:
    """A synthetic world through the whole pipeline to a release, offline; ends with a few answers."""
    from orchestration.cli.run import bring_up, print_summary
    from transforms.io.snapshot import Declared
    from transforms.settings import load_settings

    # a home of its own, so that the first real file doesn't meet a made-up world
    settings = load_settings(None if os.environ.get("ENTREPOT_HOME") else DEMO_HOME)
    _refuse_real(settings)
    with progress("working", quiet=quiet) as log:
        log("writing the synthetic world")
        folder = demo_files(settings, seed)
        found = bring_up(settings, [folder / "comtrade", folder / "baci"], Declared(), log=log)
    if as_json:
        say_json(found)
        return
    print_summary(found)
    print_answers(settings)


def print_answers(settings: Settings) -> None:
    """The answers of the current release as tables, each with its definition, and where everything is."""
    from orchestration.cli.query import open_release
    from transforms.io.answers import answers
    from transforms.io.release import current_folder, read_manifest

    folder = current_folder(settings.home)
    is_synthetic = read_manifest(folder)["content"].get("is_synthetic")
    with open_release(folder) as connection:
        for answer in answers(connection, settings.home_area):
            say(f"\n{answer.title}{'  [SYNTHETIC]' if is_synthetic else ''}\n{answer.definition}")
            say(table_text(answer.header, answer.rows, indent="  ", limit=60))
    if is_synthetic:
        say(f"\n{SYNTHETIC}")
    say(f"\nrelease   {folder}\ndatabase  {folder / 'entrepot.duckdb'}\nsite      {folder / 'site' / 'index.html'}")


def init() -> None:
    """A commented entrepot.toml with every setting and its default, and the folders. Nothing that stands is changed."""
    from orchestration.cli.configuration import configuration_text
    from transforms.io.files import write_text
    from transforms.settings import CONFIG_NAME, load_settings

    settings = load_settings()
    for folder in ("snapshots", "lake", "ops", "build", "dagster", "releases", "landing"):
        (settings.home / folder).mkdir(parents=True, exist_ok=True)
    path = settings.home / CONFIG_NAME
    if path.exists():
        say(f"{path} stands already and is left as it is")
    else:
        write_text(path, configuration_text())
        say(f"written: {path}")
    say("next: entrepot run PATH, or entrepot demo")


def doctor(as_json: AsJson = False) -> None:
    """Is the installation sound: versions, disk, write access, telemetry, loopback. Exit code 1 where it isn't."""
    from orchestration.cli.soundness import findings
    from transforms.settings import load_settings

    found = findings(load_settings())
    if as_json:
        say_json([vars(f) for f in found])
    else:
        say(table_text(("", "what", "found"), [("ok" if f.is_good else "BAD", f.what, f.found) for f in found]))
        for finding in (f for f in found if not f.is_good):
            note(f"{finding.what}: {finding.advice}")
    if not all(f.is_good for f in found):
        raise typer.Exit(1)
