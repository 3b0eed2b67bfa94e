"""The form in front of a condition: rows of field, operator and value, all of which or any of which must hold.

A form becomes a Liquid expression; an expression becomes a form again where it is no more than one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from liquid.builtin.expressions import BooleanExpression, Path
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import (
    Blank,
    FalseLiteral,
    FloatLiteral,
    IntegerLiteral,
    Nil,
    StringLiteral,
    TrueLiteral,
)
from liquid.expression import Expression

from streamline_ui.errors import Invalid
from streamline_ui.workflows import templates
from streamline_ui.workflows.templating import missing
from streamline_ui.workflows.templating.operators import Side

Value = str | int | float | bool | None
Operator = Literal[
    "equals",
    "not_equals",
    "contains",
    "not_contains",
    "greater",
    "at_least",
    "less",
    "at_most",
    "is_empty",
    "is_not_empty",
    "exists",
    "not_exists",
]
TITLES: dict[Operator, str] = {
    "equals": "is",
    "not_equals": "is not",
    "contains": "contains",
    "not_contains": "does not contain",
    "greater": "is greater than",
    "at_least": "is at least",
    "less": "is less than",
    "at_most": "is at most",
    "is_empty": "is empty",
    "is_not_empty": "is not empty",
    "exists": "is there",
    "not_exists": "is not there",
}
WITHOUT_VALUE: frozenset[Operator] = frozenset(("is_empty", "is_not_empty", "exists", "not_exists"))
_FORMS: dict[Operator, str] = {
    "equals": "{field} == {value}",
    "not_equals": "{field} != {value}",
    "contains": "{field} contains {value}",
    "not_contains": "{field} contains {value} == false",
    "greater": "{field} > {value}",
    "at_least": "{field} >= {value}",
    "less": "{field} < {value}",
    "at_most": "{field} <= {value}",
    "is_empty": "{field} == blank",
    "is_not_empty": "{field} != blank",
    "exists": "{field} != nil",
    "not_exists": "{field} == nil",
}
_ORDERS: dict[type[Expression], Operator] = {
    GtExpression: "greater",
    GeExpression: "at_least",
    LtExpression: "less",
    LeExpression: "at_most",
    ContainsExpression: "contains",
}
_COMPARISONS = (
    *(EqExpression, NeExpression, ContainsExpression),
    *(GtExpression, GeExpression, LtExpression, LeExpression),
)
_LITERALS = (StringLiteral, IntegerLiteral, FloatLiteral, TrueLiteral, FalseLiteral)


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `field` is a path; `value` is ignored by operators that need none."""

    field: str
    operator: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class Form:
    """Rows of which all ("and") or any ("or") must hold."""

    rows: tuple[Row, ...]
    joined: Literal["and", "or"] = "and"


def write(form: Form) -> str:
    """The expression for a form. Raises Invalid, with fields such as `1.value`, for what cannot be written."""
    wrong: dict[str, str] = {}
    for index, row in enumerate(form.rows):
        wrong |= {f"{index}.{name}": sentence for name, sentence in _complaints(row).items()}
    if wrong:
        raise Invalid("Some rows of the condition are not complete.", wrong)
    return f" {form.joined} ".join(
        _FORMS[row.operator].format(field=row.field, value=_literal(row)) for row in form.rows
    )


def _complaints(row: Row) -> dict[str, str]:
    found: dict[str, str] = {}
    if not _is_path(row.field):
        found["field"] = "Choose a field, for example trigger.body.amount."
    if isinstance(row.value, str) and '"' in row.value and "'" in row.value:
        found["value"] = "The text cannot have both kinds of quotation marks."
    if row.value is None and row.operator not in WITHOUT_VALUE:
        found["value"] = "Enter a value."
    return found


def _is_path(field: str) -> bool:
    try:
        tree = _inner(templates.expression(field))
    except Invalid:
        return False
    return isinstance(tree, Path) and all(isinstance(part, str | int) for part in tree.path)


def _literal(row: Row) -> str:
    value = row.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(str(value)), "f")  # Liquid reads no exponents
    quote = "'" if '"' in (value or "") else '"'
    return f"{quote}{value or ''}{quote}"


def read(source: str) -> Form | None:
    """The form for an expression, or None where only the expression itself says it."""
    if re.search(r"[()|]", re.sub(r"\"[^\"]*\"|'[^']*'", "", source)):
        return None
    try:
        tree = _inner(templates.expression(source))
    except Invalid:
        return None
    joined: Literal["and", "or"] = "or" if isinstance(tree, LogicalOrExpression) else "and"
    rows = [_row(each) for each in _split(tree, LogicalOrExpression if joined == "or" else LogicalAndExpression)]
    return Form(tuple(row for row in rows if row), joined) if all(rows) else None


def _split(tree: Expression, kind: type[LogicalAndExpression] | type[LogicalOrExpression]) -> Sequence[Expression]:
    if isinstance(tree, kind):
        return [*_split(tree.left, kind), *_split(tree.right, kind)]
    return [tree]


def _row(tree: Expression) -> Row | None:
    if isinstance(tree, EqExpression) and isinstance(tree.left, ContainsExpression):
        row = _row(tree.left) if isinstance(tree.right, FalseLiteral) else None
        return Row(row.field, "not_contains", row.value) if row else None
    if not isinstance(tree, _COMPARISONS):
        return None
    field, right = _inner(tree.left), _inner(tree.right)
    if not isinstance(field, Path) or any(isinstance(part, Path) for part in field.path):
        return None
    equality = isinstance(tree, EqExpression | NeExpression)
    operator = _equality(tree, right) if equality else _ORDERS.get(type(tree))
    known = operator in WITHOUT_VALUE or isinstance(right, _LITERALS)
    value = right.value if isinstance(right, _LITERALS) else None
    return Row(missing.path(field.path), operator, value) if operator and known else None


def _equality(tree: Expression, right: Expression) -> Operator:
    is_it = isinstance(tree, EqExpression)
    if isinstance(right, Blank):
        return "is_empty" if is_it else "is_not_empty"
    if isinstance(right, Nil):
        return "not_exists" if is_it else "exists"
    return "equals" if is_it else "not_equals"


def _inner(tree: Expression) -> Expression:
    """Without what is only there for evaluating."""
    while isinstance(tree, Side | BooleanExpression):
        tree = tree.side if isinstance(tree, Side) else tree.expression
    return tree
