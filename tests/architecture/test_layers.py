"""The layer rule as a test: arrows between the rooms point one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("transforms", "expectations", "orchestration", "dbt_project")

#: What each room or sub-room may import of ours, and what of the stack it must not know.
MAY = {
    "transforms.contracts": {"transforms.contracts"},
    "transforms.declared": {"transforms.contracts", "transforms.declared"},
    "transforms.io": {"transforms.contracts", "transforms.settings", "transforms.io"},
    "transforms.feeds": {"transforms.contracts", "transforms.declared", "transforms.settings", "transforms.io", "transforms.feeds"},
    "transforms.sources": {"transforms.contracts", "transforms.settings", "transforms.io", "transforms.sources"},
    "transforms.core": {"transforms.contracts", "transforms.settings", "transforms.io", "transforms.sources", "transforms.core"},
    "transforms.synthetic": {"transforms.contracts", "transforms.synthetic"},
    "transforms.settings": {"transforms.contracts", "transforms.declared"},
    "transforms.cluster": {"transforms.settings"},
    "expectations": {"transforms.contracts", "expectations"},
    "orchestration": {"transforms", "expectations", "orchestration", "dbt_project"},
}
NEVER = {
    "transforms.contracts": {"dask", "distributed", "duckdb", "deltalake", "numpy", "numba", "pandas"},
    "transforms": {"dagster", "dagster_dbt", "great_expectations", "dbt", "pandas"},
    "expectations": {"dagster", "dagster_dbt", "dbt", "dask", "distributed"},
}
#: What stands on top of its room: the rest of the room doesn't import it.
TOPS = ("orchestration.cli",)


def modules() -> list[Path]:
    return sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write it in full"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(module: str, rooms: dict[str, set[str]]) -> str | None:
    return max((r for r in rooms if module == r or module.startswith(r + ".")), key=len, default=None)


def wrong_arrows(module: str, imported: set[str]) -> list[str]:
    """What ``module`` imports and may not."""
    room = room_of(module, MAY)
    ours = [n for n in sorted(imported) if n.split(".")[0] in ROOMS and n not in ROOMS] if room else []
    found = [
        f"{module} imports {name}: {room} may import {sorted(MAY[room])} of ours"
        for name in ours
        if not any(name == m or name.startswith(m + ".") for m in MAY[room])
    ]
    for restricted, names in NEVER.items():
        if module == restricted or module.startswith(restricted + "."):
            found += [
                f"{module} imports {name}: {restricted} doesn't know it" for name in sorted({n.split(".")[0] for n in imported} & names)
            ]
    return found + [
        f"{module} imports {name}: {top} is on top of it" for top in TOPS for name in ours if below(module, top) and within(name, top)
    ]


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def below(module: str, top: str) -> bool:
    """Whether ``module`` is in the room of ``top`` and outside of it."""
    return within(module, top.partition(".")[0]) and not within(module, top)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_follow_the_arrows(path: Path) -> None:
    assert wrong_arrows(dotted(path), imports(path)) == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("transforms.core.reconciling.reconcile", "orchestration.engine"),
        ("transforms.io.lake", "transforms.core.ledger"),
        ("transforms.contracts.arrow", "numpy"),
        ("transforms.sources.reader", "pandas"),
        ("expectations.runner", "transforms.io.lake"),
        ("expectations.runner", "dagster"),
        ("orchestration.evidence.question", "orchestration.cli.errors"),
        ("orchestration.resources", "orchestration.cli"),
    ],
)
def test_the_walk_sees_a_wrong_arrow(module: str, imported: str) -> None:
    assert wrong_arrows(module, {imported, "pyarrow"}) != []


def test_the_top_of_a_room_imports_what_is_below() -> None:
    assert wrong_arrows("orchestration.cli.run", {"orchestration.cli.errors", "orchestration.plan"}) == []
    assert wrong_arrows("orchestration.plan", {"orchestration.client", "orchestration.errors"}) == []


def test_synthetic_doesnt_know_reconcile() -> None:
    for path in (ROOT / "transforms" / "synthetic").rglob("*.py"):
        assert not any(n.startswith("transforms.core") for n in imports(path)), path


def imports_at_the_head(path: Path) -> set[str]:
    """What a module imports outside of its functions, also for its types alone."""
    tree = ast.parse(path.read_text("utf-8"))
    lazy = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef) for n in ast.walk(f)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in lazy:
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def in_circles(graph: dict[str, set[str]]) -> set[str]:
    """Modules that lead back to themselves, or to such a circle."""
    left = dict(graph)
    while free := [name for name, needed in left.items() if not needed & left.keys() - {name}]:
        for name in free:
            del left[name]
    return set(left)


def test_no_two_modules_of_orchestration_import_each_other() -> None:
    own = {dotted(path): imports_at_the_head(path) for path in modules() if within(dotted(path), "orchestration")}
    assert in_circles({name: found & own.keys() for name, found in own.items()}) == set()
    assert in_circles({"stages": {"view", "parameters"}, "parameters": {"stages"}, "view": set()}) == {"stages", "parameters"}


def test_no_two_packages_of_core_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in modules():
        if within(dotted(path), "transforms.core"):
            needed = {name.split(".")[2] for name in imports(path) if name.startswith("transforms.core.")}
            own = dotted(path).split(".")[2:3]
            graph.setdefault(own[0] if own else "", set()).update(needed)
    assert {"harmonising", "reconciling", "estimating", "aggregating"} <= graph.keys()
    assert in_circles({name: needed - {name} for name, needed in graph.items()}) == set()


def code_lines(node: ast.AST) -> int:
    """Lines of a function that hold code: the docstring doesn't count."""
    lines = node.end_lineno - node.lineno + 1  # type: ignore[attr-defined]
    first = node.body[0]  # type: ignore[attr-defined]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= first.end_lineno - first.lineno + 1  # type: ignore[operator]
    return lines


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 300, f"{path}: over 300 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert code_lines(node) <= 40, f"{path}:{node.lineno} {node.name} has {code_lines(node)} lines"


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_no_shortcut_that_loses_data(path: Path) -> None:
    """One reader; nothing that drops rows or guesses types; no extractall; no float money."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"read_csv", "extractall", "try_cast"}, f"{path}:{node.lineno} uses {node.attr}"
        if isinstance(node, ast.keyword):
            assert node.arg != "ignore_errors", f"{path}: ignore_errors"


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_names_say_what_they_hold(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "misc", "common"}, f"{path}: name the thing it holds"
    text = path.read_text("utf-8")
    assert "TODO" not in text and "FIXME" not in text, path
