"""Simplifies a graph without changing what it computes."""

from __future__ import annotations

from dataclasses import replace

from .arrays import COMPUTE, evaluate
from .ir import NO_TENSOR, Graph, Operator
from .options import POST_PROCESS
from .shapes import resolve

SILU = "SILU"
# The factors of the multiplication; one must be the logistic of the other.
_PAIR = 2


def fold_constants(graph: Graph) -> Graph:
    """Compute operators without inputs now, such as the unpacking of float16 weights."""
    tensors = list(graph.tensors)
    operators = []
    for operator in graph.operators:
        known = all(i != NO_TENSOR and tensors[i].data is not None for i in operator.inputs)
        if not known or operator.kind not in COMPUTE or operator.kind == POST_PROCESS:
            operators.append(operator)
            continue
        inputs = [tensors[index].real() for index in operator.inputs]
        (result,) = evaluate(replace(graph, tensors=tuple(tensors)), operator, inputs)
        (index,) = operator.outputs
        tensors[index] = replace(tensors[index], data=result, dtype="float32", quantisation=None)
    return replace(graph, tensors=tuple(tensors), operators=tuple(operators))


def fuse_silu(graph: Graph) -> Graph:
    """Fuse x * logistic(x) to one operator, if nothing is rounded in between."""
    producers, consumers = graph.producers(), graph.consumers()
    fused: dict[int, Operator] = {}
    gone: set[int] = set()
    for operator in graph.operators:
        if operator.kind != "MUL" or len(operator.inputs) != _PAIR:
            continue
        for value, gate in (operator.inputs, operator.inputs[::-1]):
            logistic = producers.get(gate)
            if (
                logistic is not None
                and logistic.kind == "LOGISTIC"
                and logistic.inputs == (value,)
                and graph.tensors[gate].dtype == graph.tensors[value].dtype == "float32"
                and len(consumers[gate]) == 1
                and gate not in graph.outputs
            ):
                gone.add(gate)
                fused[operator.outputs[0]] = replace(operator, kind=SILU, inputs=(value,))
    return graph.with_operators(
        [
            fused.get(operator.outputs[0], operator)
            for operator in graph.operators
            if operator.outputs[0] not in gone
        ]
    )


def drop_unused(graph: Graph) -> Graph:
    """Drop operators that no output depends on."""
    needed = set(graph.outputs)
    kept = []
    for operator in reversed(graph.operators):
        if needed.intersection(operator.outputs):
            needed.update(operator.inputs)
            kept.append(operator)
    return graph.with_operators(kept[::-1])


def simplify(graph: Graph) -> Graph:
    """Apply all passes to a graph as it was read."""
    return drop_unused(fuse_silu(fold_constants(resolve(graph))))
