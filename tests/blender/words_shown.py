# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text that the add-on shows: of its registered classes by what Blender knows of them, of its code by reading."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ANY, OPERATOR, OWN = "*", "Operator", "Chironomy"

PLACE = re.compile(r"\{[^{}]*\}")


class Shown(NamedTuple):
    """A text, the context that Blender looks it up in, and where it was found."""

    context: str
    text: str
    where: str


def of_classes(addon: Any) -> Iterator[Shown]:
    """Names, tooltips and items of the registered classes, as far as a person sees them."""
    import bpy

    for cls in classes():
        rna, name = cls.bl_rna, cls.__name__
        if issubclass(cls, (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu)):
            yield Shown(rna.translation_context, cls.bl_label, name)
        if issubclass(cls, bpy.types.Operator):
            yield Shown(ANY, type_of(cls).description, name)
        for item in own_properties(cls):
            where = f"{name}.{item.identifier}"
            yield Shown(item.translation_context, item.name, where)
            yield Shown(ANY, item.description, where)
            if item.type == "ENUM":
                for each in item.enum_items:
                    yield Shown(item.translation_context, each.name, where)
                    yield Shown(ANY, each.description, where)
    for _, label, description, *_ in addon["hand_pictures"].items():
        yield Shown(OWN, label, "hand_pictures")
        yield Shown(ANY, description, "hand_pictures")


def of_buttons(addon: Any) -> Iterator[Shown]:
    """Other names of the buttons that edit and pose hands, which tables hold."""
    for row in addon["operators.edit"].BUTTONS:
        yield from (Shown(OPERATOR, label, "operators.edit.BUTTONS") for _, _, label, _ in row)
    for text in ("Apply", "Blend", "Apply Hand Pose", "Blend Hand Pose"):
        yield Shown(OPERATOR, text, "hand poses")


def classes() -> tuple[type, ...]:
    """The add-on's registered classes."""
    import sys

    return sys.modules["bl_ext.user_default.chironomy"].CLASSES


def own_properties(cls: type) -> list[Any]:
    """The properties that a class of the add-on declares and a person sees."""
    declared = {
        name for base in cls.__mro__ if "chironomy" in base.__module__ for name in vars(base).get("__annotations__", {})
    }
    # What a class declares anew comes after what it takes the place of.
    found = {item.identifier: item for item in type_of(cls).properties if item.identifier in declared}.values()
    return [item for item in found if not item.is_hidden and item.type != "COLLECTION"]


def type_of(cls: Any) -> Any:
    """What Blender knows of a class."""
    import bpy

    if not issubclass(cls, bpy.types.Operator):
        return cls.bl_rna
    module, name = cls.bl_idname.split(".")
    return getattr(getattr(bpy.ops, module), name).get_rna_type()


def template(node: ast.AST) -> str | None:
    """The text of a literal; of an f-string with {0}, {1} … where its values stand."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts, places = [], 0
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts.append(value.value)
            else:
                parts.append(f"{{{places}}}")
                places += 1
        return "".join(parts)
    return None


def of_layouts(folder: Path) -> Iterator[Shown]:
    """Literal texts that panels, menus and the preferences draw, and those that code gives to be translated."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function = getattr(call.func, "attr", getattr(call.func, "id", ""))
            where = f"{path.name}:{call.lineno}"
            if function in ("label", "told", "tip", "sentence") and call.args:
                for text in literals(call.args[0]):
                    yield Shown(ANY, text, where)
            if function in ("label", "prop", "operator", "menu", "popover", "operator_menu_enum"):
                context = OPERATOR if function.startswith("operator") else ANY
                if any(keyword.arg == "text_ctxt" for keyword in call.keywords):
                    context = OWN
                for keyword in call.keywords:
                    if keyword.arg == "text":
                        for text in literals(keyword.value):
                            yield Shown(context, text, where)


DOING = {"progress": 1, "part": 2}
"""Where functions of `Work` take what is done now."""


def of_progress(*folders: Path) -> Iterator[Shown]:
    """What work says that it does, spelled out there or in a constant of its module."""
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            place = DOING.get(getattr(call.func, "attr", ""))
            if place is None or len(call.args) <= place:
                continue
            given = call.args[place]
            if isinstance(given, ast.Name):
                given = constants.get(given.id, given)
            for text in literals(given):
                yield Shown(ANY, text, f"{path.name}:{call.lineno}")


def literals(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may be, as far as it spells them out."""
    if isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from literals(value)
    elif isinstance(node, (ast.Constant, ast.JoinedStr)) and (text := template(node)):
        yield text


REASONS = {
    "disabled_reason",
    "reason",
    "reason_as_set",
    "why_missing",
    "_refusal",
    "_barred",
    "poll",
    "why_not_kept",
    "refusal",
    "_no_score",
    "why_not_changed",
    "why_not_posed",
}
"""Functions that say why a button is grey."""


def of_reasons(folder: Path) -> Iterator[Shown]:
    """Why buttons are grey."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in REASONS):
            for node in statements(function):
                if (text := template(node)) and " " in text.strip():
                    yield Shown(ANY, text, f"{path.name}:{function.lineno}")


def statements(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What a function's code says, without its docstring and without the parts of its f-strings."""
    waiting: list[ast.AST] = [node for node in function.body if not _is_docstring(node)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.JoinedStr):
            waiting.extend(ast.iter_child_nodes(node))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def spelled(*folders: Path) -> set[str]:
    """Every text in the code of some folders, whole and by clauses, with {0}, {1} … where values stand."""
    found: set[str] = set()
    for path in (path for folder in folders for path in folder.rglob("*.py") if "locale" not in path.parts):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = template(node)
            if text:
                found.add(text)
                found.update(clauses(text))
    return found


def clauses(text: str) -> list[str]:
    """The clauses of a template, the places of each counted from 0."""
    return [_numbered(part) for part in text.split("; ") if part]


def _numbered(clause: str) -> str:
    numbers = itertools.count()
    return re.sub(r"\{\d+\}", lambda _: f"{{{next(numbers)}}}", clause)
