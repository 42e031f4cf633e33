"""Runs the checks of Home Assistant's hassfest and the Marketplace, and of the house rules.

python -m scripts.checks          prints all faults; exits with 1 if there are any
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scripts.checks import entities, environments, files, flows, manifest, rooms, scale, texts
from scripts.checks.tree import ROOT, BrokenTreeError, Tree, installed

if TYPE_CHECKING:
    from scripts.checks.tree import Check

CHECKS: tuple[Check, ...] = (
    manifest.manifest_keys,
    manifest.manifest_order,
    manifest.manifest_values,
    manifest.manifest_version,
    manifest.requirements,
    manifest.dependencies,
    texts.text_form,
    texts.languages,
    flows.flow_texts,
    flows.handed_on_errors,
    texts.flow_placeholders,
    texts.selectors,
    texts.issue_texts,
    texts.exceptions,
    entities.entity_texts,
    entities.event_types,
    entities.icon_names,
    entities.actions,
    rooms.arrows,
    environments.requirements_file,
    files.assets,
    files.brand,
    files.blueprints,
    files.marketplace,
    files.workflows,
    files.sizes,
    scale.quality_scale,
)


def faults(tree: Tree) -> list[str]:
    """The faults of a checkout, each with the check that found it."""
    found = []
    for check in CHECKS:
        try:
            found += [f"{check.__name__}: {fault}" for fault in check(tree)]
        except BrokenTreeError as error:
            found.append(f"{check.__name__}: {error}")
    return found


def main() -> int:
    """Check this checkout."""
    tree = Tree(root=ROOT, homes=installed())
    found = faults(tree)
    for fault in found:
        print(fault)
    versions = ", ".join(home.parents[3].name for home in tree.homes) or "no environment"
    print(f"{len(CHECKS)} checks against Home Assistant in {versions}: {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
