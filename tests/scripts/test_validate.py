"""Each check passes here, and finds its fault in a broken copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.checks.__main__ import CHECKS, faults
from scripts.checks.tree import ROOT, BrokenTreeError, Tree, installed, version

from . import broken_files, broken_texts

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.checks.tree import Check

    from .copies import Break

BREAKS = {**broken_files.BREAKS, **broken_texts.BREAKS}


def findings(check: Check, tree: Tree) -> list[str]:
    try:
        return list(check(tree))
    except BrokenTreeError as error:
        return [str(error)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_this_checkout_passes(check: Check) -> None:
    assert findings(check, Tree(root=ROOT, homes=installed())) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_copy_passes_before_it_is_broken(check: Check, tree: Tree) -> None:
    assert findings(check, tree) == []


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        pytest.param(check, fault, id=f"{check.__name__}: {fault.name}")
        for check, breaks in BREAKS.items()
        for fault in breaks
    ],
)
def test_a_broken_copy_is_detected(check: Check, fault: Break, checkout: Path) -> None:
    fault.how(checkout)
    found = findings(check, Tree(root=checkout, homes=installed()))
    assert any(fault.says in finding for finding in found), found


def test_every_check_has_something_to_find() -> None:
    assert {check.__name__ for check in BREAKS} == {check.__name__ for check in CHECKS}


def test_all_faults_are_listed_with_the_check_that_found_them(checkout: Path) -> None:
    (checkout / "hacs.json").unlink()
    (checkout / "custom_components" / "porchlight" / "services.yaml").write_text("look:\n")
    reported = faults(Tree(root=checkout, homes=installed()))
    assert {line.partition(":")[0] for line in reported} == {
        "actions",
        "blueprints",
        "marketplace",
        "quality_scale",
    }


@pytest.mark.parametrize("home", installed(), ids=lambda home: ".".join(map(str, version(home))))
def test_each_supported_home_assistant_is_satisfied(home: Path) -> None:
    assert faults(Tree(root=ROOT, homes=(home,))) == []


def test_without_an_installed_home_assistant_the_rest_is_still_checked(checkout: Path) -> None:
    assert faults(Tree(root=checkout)) == []


def test_the_newest_home_assistant_of_the_environments_is_looked_at() -> None:
    homes = installed()
    assert version(homes[-1]) == max(map(version, homes)) >= (2026, 10)
