"""Home Assistant's quality scale, rule by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.checks.syntax import functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.checks.syntax import Module
    from scripts.checks.tree import Tree

# The rules by tier, as Home Assistant's developer documentation lists them.
TIERS = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow
        config-flow-test-coverage dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions docs-removal-instructions
        docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage""",
    "gold": """devices diagnostics discovery discovery-update-info docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions
        docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}
# What the checkout must contain before a rule may count as done.
DONE: dict[str, Callable[[Tree], bool]] = {
    "brands": lambda tree: (tree.component / "brand" / "icon.png").is_file(),
    "common-modules": lambda tree: {"runtime/coordinator.py", "entity.py"} <= set(tree.modules),
    "config-entry-unloading": lambda tree: _defines(tree, "__init__.py", "async_unload_entry"),
    "diagnostics": lambda tree: "diagnostics.py" in tree.modules,
    "discovery-update-info": lambda tree: _defines(tree, "config_flow.py", "async_step_dhcp"),
    "entity-event-setup": lambda tree: _defines(tree, "event.py", "async_added_to_hass"),
    "integration-owner": lambda tree: bool(tree.manifest.get("codeowners")),
    "parallel-updates": lambda tree: all(
        "PARALLEL_UPDATES" in module.assigned
        for module in tree.modules.values()
        if _adds_entities(module)
    ),
    "reauthentication-flow": lambda tree: _defines(tree, "config_flow.py", "async_step_reauth"),
    "reconfiguration-flow": lambda tree: _defines(tree, "config_flow.py", "async_step_reconfigure"),
    "repair-issues": lambda tree: "repairs.py" in tree.modules,
}
# What the checkout must not contain if a rule is exempt.
EXEMPT = {
    "action-setup": "services.yaml",
    "docs-actions": "services.yaml",
    "docs-conditions": "conditions.yaml",
    "docs-triggers": "triggers.yaml",
}
RULES = [rule for tier in TIERS.values() for rule in tier.split()]
_EXPLAINED = {"exempt", "todo"}


def quality_scale(tree: Tree) -> Iterator[str]:
    """Every rule is judged; what is not done is explained."""
    judged = tree.data(tree.component / "quality_scale.yaml").get("rules", {})
    yield from (f"{rule} is not judged" for rule in RULES if rule not in judged)
    yield from (f"{rule} is not a rule" for rule in judged if rule not in RULES)
    if [rule for rule in judged if rule in RULES] != [rule for rule in RULES if rule in judged]:
        yield "the rules should come tier by tier, each in the order of the alphabet"
    for rule, judgement in judged.items():
        yield from _judgement(rule, judgement)
        status = judgement.get("status") if isinstance(judgement, dict) else judgement
        if status == "done" and not _is_seen(tree, rule):
            yield f"{rule} is called done, but cannot be seen"
        if status == "exempt" and (tree.component / EXEMPT.get(rule, "-")).exists():
            yield f"{rule} is called exempt, but there is {EXEMPT[rule]}"


def _is_seen(tree: Tree, rule: str) -> bool:
    if rule.startswith("docs-"):
        return (tree.root / "README.md").is_file()
    return DONE[rule](tree) if rule in DONE else True


def _defines(tree: Tree, name: str, function: str) -> bool:
    return any(node.name == function for node in functions(tree.module(name).node))


def _adds_entities(module: Module) -> bool:
    """Whether a module is an entity platform."""
    return any(
        argument.arg == "async_add_entities"
        for node in functions(module.node)
        for argument in node.args.args
    )


def _judgement(rule: str, judgement: Any) -> Iterator[str]:
    match judgement:
        case "done" | {"status": "done"}:
            return
        case {"status": str(status), "comment": str(comment)} if status in _EXPLAINED and comment:
            return
        case {"status": str(status)} | str(status) if status in _EXPLAINED:
            yield f"{rule} is {status} without a comment"
        case _:
            yield f"{rule}: {judgement!r} is not a valid status"
