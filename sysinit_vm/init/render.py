"""The only module that imports jinja2: renders templates, into which values enter as data."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sysinit_vm import files, settings
from sysinit_vm.config.document import dump, parse
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import UsageError
from sysinit_vm.images.available import KERNEL_CMDLINE
from sysinit_vm.init import templates
from sysinit_vm.init.templates import LOCATOR, OURS, YOURS, Template, read_beside, read_own
from sysinit_vm.projects.project import Project

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment


def template_values(project: Project, *, vm_name: str | None = None, ssh: str | None = None) -> dict[str, str | None]:
    """Return the values that a template is rendered with; None leaves the choice to the template."""
    return {
        "project_name": project.name,
        "project_dir": str(project.root),
        "session": project.session,
        "vm_name": vm_name,
        "ssh": ssh,
    }


def rendered_config(template: str, values: Mapping[str, Any], size: Size | None = None) -> str:
    """Return the text of a config to commit, made from a ``template``: a name, a path or a locator.

    Every value enters as a YAML string or number; ``size`` overrides the template's own. The result is parsed as
    YAML before it is returned. UsageError if the template is unknown or cannot be used; VmError if its result is not
    a config.
    """
    source = templates.resolve(template)
    sizes = size or Size()
    if source.origin not in {OURS, LOCATOR} and "{%" not in source.text:
        text = _plain(source, bool(sizes or values.get("vm_name") or values.get("ssh")))
    else:
        text = _rendered(source, {**values, "asked": sizes})
    parse(text, source.path or Path(source.name))
    return text


def _plain(template: Template, has_options: bool) -> str:
    """Return the text of a file that is plain Lima YAML, in which `{{…}}` is Lima's own syntax."""
    if has_options:
        raise UsageError(
            f"{template.path} is plain YAML, which takes none of --name, --ssh, --cpus, --memory, --disk and --ports.",
            detail="It is copied unchanged. A template takes them if it includes our _common.yaml.",
            hint=template.hint,
        )
    return template.text


def _rendered(template: Template, values: Mapping[str, Any]) -> str:
    from jinja2 import TemplateError

    environment = _environment(template)
    try:
        if template.origin == LOCATOR:
            return environment.get_template("_located.yaml").render({**values, "base": template.name})
        return environment.from_string(template.text).render(values)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        line = getattr(error, "lineno", None)
        raise UsageError(
            f"The template {template.path or template.name} cannot be used.",
            detail=f"{f'Line {line}: ' if line else ''}{error}",
            hint=template.hint,
        ) from error


def _environment(template: Template) -> "Environment":
    """Return a sandbox: a template may be somebody else's file, and must do nothing but produce text."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=_loader(template),
        undefined=StrictUndefined,
        autoescape=False,  # YAML, not HTML: every value goes through `quote`
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quote"] = _quote
    environment.globals["kernel_cmdline"] = KERNEL_CMDLINE
    environment.globals["settings"] = " ".join(f"PARAM_{name}" for name in settings.params())
    return environment


def _loader(template: Template) -> "BaseLoader":
    """Return what a template includes others by: its own folder, then ours."""
    from jinja2 import ChoiceLoader, FileSystemLoader, FunctionLoader

    ours = FileSystemLoader(files.data("templates"))
    path = template.path
    if path is None or template.origin == OURS:
        return ours
    if template.origin == YOURS:
        return ChoiceLoader([FunctionLoader(lambda name: _read_own(path.parent, name)), ours])
    beside = FunctionLoader(lambda name: read_beside(path, name) if os.path.lexists(path.parent / name) else None)
    return ChoiceLoader([beside, ours])


def _read_own(folder: Path, name: str) -> str | None:
    """Return the text of the file ``name`` in ``folder`` (absolute), None if there is none."""
    from jinja2.loaders import split_template_path

    path = folder.joinpath(*split_template_path(name))
    return read_own(path) if path.is_file() else None


def _quote(value: object) -> str:
    return dump(str(value))
