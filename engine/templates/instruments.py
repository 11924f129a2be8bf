"""Rewriting a parsed template so that it looks at the clock wherever it could stay for long."""

# ruff: noqa: N802, N815 - Jinja2 calls visitors by the names of its nodes

from __future__ import annotations

from typing import TypeVar, cast

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer

_N = TypeVar("_N", bound=nodes.Node)


def instrument(template: nodes.Template, environment: Environment) -> nodes.Template:
    """Put calls of the sandbox's own methods around what Jinja2 compiles to bare Python.

    Raises:
        TemplateSyntaxError: It asks for another template; there is none to be had.
    """
    rewritten: nodes.Template = _Instruments(environment).visit(template)
    return rewritten


class _Instruments(NodeTransformer):
    """Each method takes a node and gives what stands in its place."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.Node:
        characters = sum(len(data.data) for part in node.body for data in _all_text(part))
        self.generic_visit(node)
        turn = nodes.ExprStmt(self._call("turned", [nodes.Const(characters)], node))
        node.body.insert(0, self._placed(turn, node))
        if node.test is not None:
            node.test = self._also(cast(nodes.Expr, node.test))
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        return self._also(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return self._call("joined", list(node.nodes), node)

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        return self._call("made", [node], node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        return self._call("made", [node], node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return self._call("made", [node], node) if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        ends = [end or nodes.Const(None) for end in (node.arg.start, node.arg.stop, node.arg.step)]
        return self._call("sliced", [node.node, *ends], node)

    def visit_Include(self, node: nodes.Node) -> nodes.Node:
        raise TemplateSyntaxError("a template can't take in another one here", node.lineno)

    visit_Import = visit_FromImport = visit_Extends = visit_Include

    def _also(self, node: nodes.Expr) -> nodes.Expr:
        """The same value, after a look at the clock, which is always true."""
        return self._placed(nodes.And(self._call("turned", [], node), node), node)

    def _call(self, method: str, arguments: list[nodes.Expr], near: nodes.Node) -> nodes.Call:
        call = nodes.Call(nodes.EnvironmentAttribute(method), arguments, [], None, None)
        return self._placed(call, near)

    def _placed(self, node: _N, near: nodes.Node) -> _N:
        node.set_lineno(near.lineno)
        node.set_environment(self._environment)
        return node


def _all_text(node: nodes.Node) -> list[nodes.TemplateData]:
    own = [node] if isinstance(node, nodes.TemplateData) else []
    return [*own, *node.find_all(nodes.TemplateData)]
