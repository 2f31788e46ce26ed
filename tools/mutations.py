"""The small changes that mutation testing tries: one at a time, in place, on a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
_COMPUTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_CALLED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNTOUCHED: Final = {"TypeVar", "NamedTuple", "dataclass", "attrgetter"}


class Change(NamedTuple):
    """One mutant: lines of the statement it is in, what is changed, in which outermost function
    (None outside of any), and the two calls that put it in and take it out."""

    lines: range
    text: str
    function: str | None
    put: Callable[[], None]
    undo: Callable[[], None]


class _Place(NamedTuple):
    """Where a node hangs in the tree: `owner.field`, or its element `index`."""

    owner: ast.AST
    field: str
    index: int | None

    def swap(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.owner, self.field, node)
        else:
            getattr(self.owner, self.field)[self.index] = node


def changes_of(tree: ast.Module) -> Iterator[Change]:
    """Every mutant of a module, in the order of its lines."""
    yield from _below(tree, (), None, range(0), False)


def _below(
    node: ast.AST, names: tuple[str, ...], function: str | None, lines: range, bare: bool
) -> Iterator[Change]:
    """`bare` is true inside of a raised error, whose texts stay as they are."""
    inner, within = names, function
    if isinstance(node, ast.ClassDef):
        inner = (*names, node.name)
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        if isinstance(node, ast.FunctionDef) and field == "body" and function is None:
            within = ".".join((*names, node.name))
        several = value if isinstance(value, list) else [value]
        for index, child in enumerate(several):
            if not isinstance(child, ast.AST) or _left_alone(child):
                continue
            place = _Place(node, field, index if isinstance(value, list) else None)
            span = _span(child) if isinstance(child, ast.stmt) else lines
            quiet = bare or isinstance(child, ast.Raise)
            for text, new in _instead(node, child, field, quiet):
                yield Change(
                    span, text, within, lambda p=place, n=new: p.swap(n),
                    lambda p=place, c=child: p.swap(c),
                )  # fmt: skip
            yield from _below(child, inner, within, span, quiet)
        within = function


def _left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.alias):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id == "__slots__"
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _UNTOUCHED
    )


def _span(node: ast.stmt) -> range:
    """The lines of a statement; of one with a body, those of its head."""
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if body:
        first = body[0].pattern if isinstance(body[0], ast.match_case) else body[0]
        return range(node.lineno, max(first.lineno, node.lineno + 1))
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _instead(
    owner: ast.AST, node: ast.AST, field: str, quiet: bool
) -> Iterator[tuple[str, ast.AST]]:
    """What may stand in the place of `node`."""
    for text, new in (*_of_statement(node), *_of_expression(owner, node, field, quiet)):
        yield text, ast.fix_missing_locations(ast.copy_location(new, node))


def _of_statement(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Raise():
            yield f"{type(node).__name__} left out", ast.Pass()
        case ast.Continue():
            yield "continue -> break", ast.Break()
        case ast.Break():
            yield "break -> continue", ast.Continue()
        case ast.Return(value=ast.expr() as value) if not _is(value, None):
            yield "return None", ast.Return(ast.Constant(None))
        case ast.Assign(targets=targets, value=value) if not _is(value, None):
            yield "assign None", ast.Assign(targets, ast.Constant(None))
    if isinstance(node, ast.AugAssign) and type(node.op) in _COMPUTED:
        op = _COMPUTED[type(node.op)]
        yield f"augmented {op.__name__}", ast.AugAssign(node.target, op(), node.value)


def _is(node: ast.AST, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _of_expression(
    owner: ast.AST, node: ast.AST, field: str, quiet: bool
) -> Iterator[tuple[str, ast.AST]]:
    condition = field == "test" or (isinstance(owner, ast.comprehension) and field == "ifs")
    if condition and isinstance(node, ast.expr) and not isinstance(node, ast.Compare):
        yield "condition turned round", ast.UnaryOp(ast.Not(), node)
    if isinstance(owner, ast.comprehension) and field == "ifs":
        yield "filter left out", ast.Constant(True)
    match node:
        case ast.Compare(left=left, ops=ops, comparators=right):
            for i, op in enumerate(ops):
                for other in _COMPARED[type(op)]:
                    changed = [*ops[:i], other(), *ops[i + 1 :]]
                    text = f"{type(op).__name__} -> {other.__name__}"
                    yield text, ast.Compare(left, changed, right)
        case ast.BoolOp(op=op, values=values):
            swapped: ast.boolop = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"-> {type(swapped).__name__}", ast.BoolOp(swapped, values)
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                only = rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
                yield f"operand {i + 1} left out", only
        case ast.BinOp(left=left, op=op, right=second) if type(op) in _COMPUTED:
            other_op = _COMPUTED[type(op)]
            text = f"{type(op).__name__} -> {other_op.__name__}"
            yield text, ast.BinOp(left, other_op(), second)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield f"{type(node.op).__name__} left out", operand  # type: ignore[attr-defined]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield "choice turned round", ast.IfExp(test, orelse, body)
        case ast.Constant(value=value):
            yield from _of_constant(value, quiet)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in _CALLED:
            other_name = ast.Name(_CALLED[name], ast.Load())
            yield f"{name} -> {other_name.id}", ast.Call(other_name, args, keywords)
    if isinstance(node, ast.Call):
        for i, keyword in enumerate(node.keywords):
            rest_of = node.keywords[:i] + node.keywords[i + 1 :]
            if keyword.arg is not None and not quiet:
                yield f"{keyword.arg}= left out", ast.Call(node.func, node.args, rest_of)


def _of_constant(value: object, quiet: bool) -> Iterator[tuple[str, ast.AST]]:
    match value:
        case bool():
            yield f"{value} -> {not value}", ast.Constant(not value)
        case int() | float():
            yield f"{value} -> {value + 1}", ast.Constant(value + 1)
        case str() if not quiet:
            yield f"text {value!r} changed", ast.Constant(f"XX{value}")
