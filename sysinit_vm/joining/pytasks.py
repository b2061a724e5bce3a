"""A project's tasks.py gains our collection: understood through its syntax tree, written by inserting whole lines."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sysinit_vm import file_edits
from sysinit_vm.errors import VmError, edit
from sysinit_vm.file_edits import FileEdit

NAMES = ("tasks.py", "tasks/__init__.py")  # in the order in which Invoke looks for them
_NEW = """\
from invoke import Collection

import sysinit_vm

ns = Collection(lima=sysinit_vm.ns)
"""
_OURS = "sysinit_vm"
_IMPORT = [f"import {_OURS}"]
# Invoke makes a collection of a module's tasks only where that has none of its own: this one has them and ours. Modules
# alone are imported, under their own names: `Collection` is what typing and collections.abc have too.
_IMPLICIT_IMPORTS = ["import sys", "", "import invoke", f"import {_OURS}"]
_IMPLICIT = "ns = invoke.Collection.from_module(sys.modules[__name__])"
# What the parser and the walk over its tree raise: the last two where something is nested too deeply.
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_ROOTS = ("ns", "namespace")  # the names under which Invoke looks for a module's collection, in this order
_NAME = "lima"


def changed(root: Path) -> FileEdit | None:
    """Return what the tasks.py of the directory ``root`` (absolute) becomes with ours as `lima`, None where it has it.

    The package ``tasks`` stands for it where there is only that. VmError with the lines to add by hand where it cannot
    be done safely.
    """
    path = next((root / name for name in NAMES if (root / name).exists()), root / NAMES[0])
    before = file_edits.read(path)
    if before is None:
        return FileEdit(path, None, _NEW.encode())
    try:
        after = _joined(path, before)
    except _UNREADABLE as error:
        raise _by_hand(path, f"It cannot be read as Python: {error}") from error
    return FileEdit(path, before, after) if after else None


def _joined(path: Path, before: bytes) -> bytes | None:
    tree = ast.parse(before)
    if _has_ours(tree):
        return None
    if _NAME in _called(tree):
        raise _by_hand(path, f"It has something called {_NAME} already.")
    imports, last = _wanted(path, tree)
    after = _inserted(before, tree, imports, last)
    if not _only_added(tree, after, [*imports, *last]):
        raise _by_hand(path, "It is written in a way that only its author should change.")
    return after


def _has_ours(tree: ast.Module) -> bool:
    """Whether our collection is used: `sysinit_vm.ns` by any name, or the module itself handed to a call."""
    names, used = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=those):
                names |= {each.asname or _OURS for each in those if _top(each.name) == _OURS}
            case ast.ImportFrom(module=str(module), level=0, names=those) if _top(module) == _OURS:
                used |= {_OURS for each in those if each.name == "ns"}
                names.add(_OURS)
            case ast.Attribute(value=ast.Name(id=name), attr="ns"):
                used.add(name)
            case ast.Call(args=args, keywords=named):
                used |= {each.id for each in (*args, *(word.value for word in named)) if isinstance(each, ast.Name)}
    return bool(names & used)


def _top(module: str) -> str:
    return module.partition(".")[0]


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
    bound, imported = Counter(_bound(tree)), Counter(_imported(tree))
    root = next((name for name in _ROOTS if bound[name]), None)
    names = ("invoke", "sys", _OURS) if root is None else (_OURS,)
    taken = [name for name in names if bound[name] > imported[name]]
    if taken:
        raise _by_hand(path, f"It has something of its own called {' and '.join(taken)}.")
    if root is None and not bound["*"]:
        return _IMPLICIT_IMPORTS, [_IMPLICIT, _add_to("ns")]
    if root is None or bound[root] > Counter(_collections(tree))[root]:
        raise _by_hand(path, "Its collection is made in a way that only running it would show.")
    return _IMPORT, [_add_to(root)]


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield each name that is given a meaning or loses it, once for each time, `*` for names that are not told."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.MatchMapping(rest=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.Import(names=those):
                yield from (each.asname or _top(each.name) for each in those)
            case ast.ImportFrom(module=module, names=those):
                yield from (each.asname or each.name for each in those if (module, each.name) != ("invoke", "*"))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield each name that a plain `import name` binds: what our own lines bind too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (_top(each.name) for each in node.names if not each.asname)


def _add_to(root: str) -> str:
    return f'{root}.add_collection(sysinit_vm.ns, name="{_NAME}")'


def _collections(tree: ast.Module) -> Iterator[str]:
    """Yield the names that are plainly collections: `X = Collection(…)`, `X = Collection.from_module(…)`."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            maker = ast.unparse(node.value.func).removesuffix(".from_module").split(".")[-1]
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for each in targets if isinstance(each, ast.Name) and maker == "Collection")


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
    return VmError(f"{path} is left as it is.", detail=f"{detail}\nTo be added:\n{lines}", hint=edit(path))
