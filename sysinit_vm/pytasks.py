"""A project's tasks.py gains our collection: understood through its syntax tree, written by inserting whole lines."""

import ast
from collections.abc import Iterator
from pathlib import Path

from sysinit_vm import change
from sysinit_vm.change import Change
from sysinit_vm.errors import VmError

NAMES = ("tasks.py", "tasks/__init__.py")  # in the order in which Invoke looks for them
_NEW = """\
from invoke import Collection

import sysinit_vm

ns = Collection(lima=sysinit_vm.ns)
"""
_IMPORT = ["import sysinit_vm"]
# Invoke makes a collection of a module's tasks only where that has none of its own: this one has them and ours.
_IMPLICIT_IMPORTS = ["import sys", "", "from invoke import Collection", "", "import sysinit_vm"]
_IMPLICIT = "ns = Collection.from_module(sys.modules[__name__])"
_ROOTS = ("ns", "namespace")  # the names under which Invoke looks for a module's collection, in this order
_NAME = "lima"


def changed(root: Path) -> Change | None:
    """Return what the tasks.py of the directory ``root`` (absolute) becomes with ours as `lima`, None where it has it.

    The package ``tasks`` stands for it where there is only that. VmError with the lines to add by hand where it cannot
    be done safely.
    """
    path = next((root / name for name in NAMES if (root / name).exists()), root / NAMES[0])
    before = change.read(path)
    if before is None:
        return Change(path, None, _NEW.encode())
    try:
        tree = ast.parse(before)
    except (SyntaxError, ValueError) as error:
        raise _by_hand(path, f"It cannot be read as Python: {error}") from error
    if any(name.split(".")[0] == "sysinit_vm" for name in _imported(tree)):
        return None
    if _NAME in _called(tree):
        raise _by_hand(path, f"It has something called {_NAME} already.")
    imports, last = _wanted(path, tree)
    after = _inserted(before, tree, imports, last)
    if not _only_added(tree, after, [*imports, *last]):
        raise _by_hand(path, "It is written in a way that only its author should change.")
    return Change(path, before, after)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _called(tree: ast.Module) -> set[str]:
    """Return every name under which a collection or task may be known already."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
    names |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return names | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        for alias in getattr(node, "names", [])
        if isinstance(alias, ast.alias)
    }


def _wanted(path: Path, tree: ast.Module) -> tuple[list[str], list[str]]:
    """Return the lines that go after the imports, and those at the end."""
    known = _collections(tree)
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    root = next((name for name in _ROOTS if name in known or name in assigned), None)
    if root is None and not assigned & {"Collection", "sys", "sysinit_vm"}:
        return _IMPLICIT_IMPORTS, [_IMPLICIT, _add_to("ns")]
    if root is None or root not in known:
        raise _by_hand(path, "Its collection is made in a way that only running it would show.")
    return _IMPORT, [_add_to(root)]


def _add_to(root: str) -> str:
    return f'{root}.add_collection(sysinit_vm.ns, name="{_NAME}")'


def _collections(tree: ast.Module) -> set[str]:
    """Return the names that are plainly collections: `X = Collection(…)`, `X = Collection.from_module(…)`."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            maker = ast.unparse(node.value.func).removesuffix(".from_module").split(".")[-1]
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id for each in targets if isinstance(each, ast.Name) and maker == "Collection"}
    return found


def _inserted(before: bytes, tree: ast.Module, imports: list[str], last: list[str]) -> bytes:
    end = b"\r\n" if b"\r\n" in before else b"\n"
    lines = before.splitlines(keepends=True)
    at = _after_imports(tree)
    head, tail = b"".join(lines[:at]), b"".join(lines[at:])
    added = end.join(line.encode() for line in imports) + end
    if head and not head.endswith((b"\n", b"\r")):
        head += end
    if tail and not head:
        added += end
    body = head + added + tail
    return body + (b"" if body.endswith((b"\n", b"\r")) else end) + end + end.join(x.encode() for x in last) + end


def _after_imports(tree: ast.Module) -> int:
    """Return how many lines come before ours: the docstring, and the imports that follow it at once."""
    at = 0
    for position, node in enumerate(tree.body):
        docstring = position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        at = node.end_lineno or at
    return at


def _only_added(tree: ast.Module, after: bytes, lines: list[str]) -> bool:
    """Whether ``after`` is the old module with our statements, and nothing else, added."""
    try:
        new = ast.parse(after)
    except (SyntaxError, ValueError):
        return False
    ours = [ast.dump(node) for node in ast.parse("\n".join(lines)).body]
    rest = [ast.dump(node) for node in new.body]
    for node in reversed(ours):  # ours came last of their likes, or are likes
        if node not in rest:
            return False
        del rest[len(rest) - 1 - rest[::-1].index(node)]
    return rest == [ast.dump(node) for node in tree.body]


def _by_hand(path: Path, detail: str) -> VmError:
    lines = f'import sysinit_vm\nns.add_collection(sysinit_vm.ns, name="{_NAME}")'
    return VmError(f"{path} is left as it is.", detail=f"{detail}\nTo be added:\n{lines}", hint=f"edit {path}")
