import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sysinit_vm

PACKAGE = Path(sysinit_vm.__file__).parent
MODULES = {
    ".".join(("sysinit_vm", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}
OWNERS = {
    "subprocess": "runner",
    "jinja2": "init.render",
    "questionary": "terminal.prompts",
    "rich": "terminal.console",
    "filelock": "lock",
}


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_each_of_these_libraries_has_one_owner(library, owner):
    users = {name for name, tree in TREES.items() if library in {each.split(".")[0] for each in imports(tree)}}
    assert users == {f"sysinit_vm.{owner}"}


def test_one_module_alone_downloads():
    users = {name for name, tree in TREES.items() if {"urllib.request", "http.client"} & set(imports(tree))}
    assert users == {"sysinit_vm.machine.download"}


def test_one_module_alone_forks():
    users = {name for name, tree in TREES.items() if "os.fork" in {ast.unparse(node) for node in ast.walk(tree)}}
    assert users == {"sysinit_vm.detached"}


def test_nothing_starts_a_process_past_the_runner():
    for name, tree in TREES.items():
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not called & {
            "os.system",
            "os.popen",
            "os.execv",
            "os.execvp",
            "os.forkpty",
            "pty.spawn",
            "c.run",
            "c.sudo",
        }, name


# What is printed is escaped, and only console.py does that. The others:
PRINTERS = {
    "sysinit_vm.terminal.console": {
        "print",
        "console.print",
        "Console().print",
    },
    "sysinit_vm.cli.help_text": {"print"},  # our own text, with bold headings
    "sysinit_vm.quick": {"print"},  # the same, or escaped
}
WRITES = re.compile(r"(.*\.)?(print|input|pprint|echo|warn|print_exc)|(sys\.(__)?|os\.)?std(out|err).*|os\.writev?")
HARMLESS = {"sys.stdout.flush", "sys.stdout.isatty", "sys.stderr.isatty", "sys.stdout.fileno", "sys.stderr.fileno"}


def test_nothing_prints_past_the_place_where_text_is_escaped():
    printers = {}
    for name, tree in TREES.items():
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        printing = {function for function in called if WRITES.fullmatch(function)} - HARMLESS
        printers |= {name: printing} if printing else {}
    assert printers == PRINTERS


def test_no_stream_of_the_terminal_is_given_away_but_to_a_library_that_gets_escaped_text():
    users = {
        name: sorted(
            ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call) and _passes_stream(node)
        )
        for name, tree in TREES.items()
    }
    assert {name: set(calls) for name, calls in users.items() if calls} == {
        "sysinit_vm.terminal.console": {"print(escaped(text), file=sys.stderr, flush=True)"},
        "sysinit_vm.terminal.prompts": {"create_output(sys.stderr)"},
    }


def _passes_stream(call):
    return {"sys.stdout", "sys.stderr"} & {
        ast.unparse(value) for value in (*call.args, *(keyword.value for keyword in call.keywords))
    }


def test_nothing_imports_the_tasks_but_the_command_line_and_themselves():
    users = {name for name, tree in TREES.items() if any("sysinit_vm.tasks" in each for each in imports(tree))}
    assert {name for name in users if not name.startswith("sysinit_vm.tasks")} <= {
        "sysinit_vm.program",
        "sysinit_vm",
    }


SHARED_BY_TASKS = {f"sysinit_vm.tasks.{name}" for name in ("context", "ending", "output", "start_options", "verb")}


def test_no_task_module_leans_on_another():
    for name, tree in TREES.items():
        if name.startswith("sysinit_vm.tasks."):
            inner = {module for module in imports(tree) if module in TREES and module.startswith("sysinit_vm.tasks.")}
            assert inner <= SHARED_BY_TASKS, name


def test_each_task_is_alone_in_a_file_of_its_name():
    tasks = {str(context.name): sysinit_vm.ns[str(context.name)] for context in sysinit_vm.ns.to_contexts()}
    homes = {f"sysinit_vm.tasks.{re.sub('[.-]', '_', verb)}": task for verb, task in tasks.items()}
    assert {name for name in TREES if name.startswith("sysinit_vm.tasks.")} - SHARED_BY_TASKS == set(homes)
    for home, task in homes.items():
        assert task.body.__module__ == home
        assert task.body.__name__.rstrip("_") == home.rpartition(".")[2]


def test_no_import_runs_in_a_circle():
    packages = {name for name in TREES if any(each.startswith(f"{name}.") for each in TREES)}
    modules = {name: tree for name, tree in TREES.items() if name not in packages}
    uses = {name: {each for each in imports(tree) if each in modules} for name, tree in modules.items()}
    assert sorted(TopologicalSorter(uses).static_order()) == sorted(modules)


def floors():
    """Which floor each package and top-level module is on, as docs/architecture.md shows them, the highest first."""
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)
    return {name: int(number) for number, names in rows for name in re.findall(r"`(\w+)(?:/|\.py)`", names)}


def unit(module):
    """The package or top-level module of the house that a module belongs to."""
    return module.split(".")[1] if "." in module else "__init__"


def test_each_package_and_top_level_module_has_one_floor():
    assert set(floors()) == {unit(name) for name in TREES}


@pytest.mark.parametrize("name", TREES)
def test_imports_go_down(name):
    floor = floors()
    used = {unit(each) for each in imports(TREES[name]) if each in TREES} - {unit(name), "__init__"}
    assert {each: floor[each] for each in used if floor[each] >= floor[unit(name)]} == {}


def interpolated(tree):
    """The last name of each value in the f-strings that are hints."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"hint", "mend"}:
            for value in ast.walk(node.value):
                if isinstance(value, ast.FormattedValue):
                    yield ast.unparse(value.value).rsplit(".", 1)[-1]


@pytest.mark.parametrize("name", TREES)
def test_a_path_in_a_command_to_type_is_quoted(name):
    assert not {"path", "parent", "config", "dir", "root", "images", "origin"} & set(interpolated(TREES[name]))
    assert "$EDITOR" not in MODULES[name].read_text()


def documented(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.Module):
            for inner in node.body:
                function = isinstance(inner, ast.FunctionDef | ast.ClassDef)
                if function and not inner.name.startswith("_"):
                    yield inner


@pytest.mark.parametrize("name", TREES)
def test_everything_public_says_what_it_is(name):
    tree = TREES[name]
    assert ast.get_docstring(tree), name
    private = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.startswith("_")
        for inner in node.body
    }
    missing = [node.name for node in documented(tree) if id(node) not in private and not ast.get_docstring(node)]
    assert missing == []


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_long(name):
    assert len(MODULES[name].read_text().splitlines()) <= 260


def loaded_by(statement):
    line = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    return subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stdout.split()


def test_the_start_loads_nothing_heavy():
    assert not {"jinja2", "questionary", "prompt_toolkit", "rich", "psutil", "filelock"} & set(
        loaded_by("import sysinit_vm.program")
    )


def test_the_package_alone_loads_nothing_but_itself():
    assert not {"invoke", "yaml"} & set(loaded_by("import sysinit_vm"))


def test_the_collection_is_there_when_asked_for():
    assert "start" in sysinit_vm.ns.task_names
    with pytest.raises(AttributeError, match="nothing"):
        _ = sysinit_vm.nothing


def test_the_page_of_the_architecture_names_every_module_and_no_other():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`", page))
    files = [path.relative_to(PACKAGE) for path in MODULES.values()]
    inner = [path for path in files if not path.stem.startswith("__")]
    assert [str(path) for path in inner if not named & {path.name, f"{path.parent}/"}] == []
    modules = {name for name in named if name.endswith(".py") and not (PACKAGE.parent / name).exists()}
    assert {name for name in modules if not any(path.match(name) for path in files)} == set()
