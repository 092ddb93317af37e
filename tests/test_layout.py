"""Imports point one way: reconciliation -> providers -> wallets. Nobody imports a dialect."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("wallets", "providers", "reconciliation")
# What a protocol may know: its contract, and the ledger's types and errors.
PURE = (
    "providers.protocols",
    "wallets.instructions",
    "wallets.money",
    "wallets.refusals",
)
# What protocols have in common.
SHARED = {
    "__init__",
    "amounts",
    "base",
    "booking",
    "meanings",
    "reports",
    "round_table",
    "rounds",
    "wire",
}
FORBIDDEN_NAMES = {"services.py", "utils.py", "helpers.py", "signals.py", "common.py"}


def sources(folder: str) -> Iterator[Path]:
    return (ROOT / folder).rglob("*.py")


def imported(source: Path) -> set[str]:
    """The modules that a source imports, each also with the names it takes from them."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return modules


def ours(modules: set[str]) -> set[str]:
    return {module for module in modules if module.split(".")[0] in (*APPS, "config")}


@pytest.mark.parametrize(
    ("app", "may_not"),
    [("wallets", ("providers", "reconciliation")), ("providers", ("reconciliation",))],
)
def test_imports_point_one_way(app: str, may_not: tuple[str, ...]) -> None:
    wrong = {
        f"{source.relative_to(ROOT)} imports {module}"
        for source in sources(app)
        for module in imported(source)
        if module.split(".")[0] in may_not
    }
    assert wrong == set()


def dialect(source: Path) -> str:
    """The protocol that a source belongs to; one past ~150 lines is a package."""
    return Path(source.relative_to(ROOT / "providers/protocols").parts[0]).stem


def test_a_protocol_knows_its_contract_and_the_ledgers_types_only() -> None:
    found = list(sources("providers/protocols"))
    dialects = set(map(dialect, found)) - SHARED
    assert dialects == {"besoft", "hotroad", "jdb", "sud"}
    for source in found:
        modules = imported(source)
        assert all(module.startswith(PURE) for module in ours(modules)), source
        if dialect(source) in dialects:
            others = {f"providers.protocols.{name}" for name in dialects - {dialect(source)}}
            assert not any(module.startswith(tuple(others)) for module in modules), source


def test_nobody_outside_the_protocols_asks_for_a_dialect_by_name() -> None:
    dialects = ("besoft", "hotroad", "jdb", "sud")
    for app in ("config", *APPS):
        for source in sources(app):
            if {"protocols", "simulators"} & set(source.relative_to(ROOT).parts):
                continue
            compared = [
                constant.value
                for node in ast.walk(ast.parse(source.read_text()))
                if isinstance(node, ast.Compare)
                for constant in ast.walk(node)
                if isinstance(constant, ast.Constant)
            ]
            assert not set(dialects) & set(map(str, compared)), source


def test_no_module_has_a_name_that_attracts_everything() -> None:
    names = {source.name for app in APPS for source in sources(app)}
    assert not names & FORBIDDEN_NAMES
