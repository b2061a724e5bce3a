"""The only module that imports jinja2: templates, values entering as data."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sysinit_vm import files, settings
from sysinit_vm.config.document import dump, parse
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import UsageError
from sysinit_vm.init import templates
from sysinit_vm.init.templates import LOCATOR, OURS, Template

if TYPE_CHECKING:
    from jinja2 import Environment


def config(template: str, values: Mapping[str, Any], size: Size | None = None) -> str:
    """Return the text of a committed config from a template, by its name, path or locator.

    Every value enters as a YAML string or number; ``size`` wins over what the template says. The result is read
    back as YAML before it is returned. UsageError for a template that is unknown or cannot be used; VmError where
    what it makes is no config.
    """
    found = templates.find(template)
    asked = size or Size()
    if found.origin not in {OURS, LOCATOR} and "{%" not in found.text:
        text = _plain(found, bool(asked or values.get("vm_name") or values.get("ssh")))
    else:
        text = _rendered(found, {**values, "asked": asked})
    parse(text, found.path or Path(found.name))
    return text


def _plain(found: Template, asked: bool) -> str:
    """A file that is Lima's YAML as it stands: `{{…}}` in it is Lima's own."""
    if asked:
        raise UsageError(
            f"{found.path} is plain YAML, which takes none of --name, --ssh, --cpus, --memory, --disk and --ports.",
            detail="It is copied as it stands; a template takes them where it includes our _common.yaml.",
            hint=found.mend,
        )
    return found.text


def _rendered(found: Template, values: Mapping[str, Any]) -> str:
    from jinja2 import TemplateError

    environment = _environment(found)
    try:
        if found.origin == LOCATOR:
            return environment.get_template("_located.yaml").render({**values, "base": found.name})
        return environment.from_string(found.text).render(values)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        line = getattr(error, "lineno", None)
        raise UsageError(
            f"The template {found.path or found.name} cannot be used.",
            detail=f"{f'Line {line}: ' if line else ''}{error}",
            hint=found.mend,
        ) from error


def _environment(found: Template) -> "Environment":
    """A sandbox: a template may be somebody else's file, and all that it can do is make text."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    beside = [found.path.parent] if found.path else []
    environment = SandboxedEnvironment(
        loader=FileSystemLoader([*beside, files.data("templates")]),
        undefined=StrictUndefined,
        autoescape=False,  # YAML, not HTML: every value goes through `quote`
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quote"] = _quote
    environment.globals["settings"] = " ".join(f"PARAM_{name}" for name in settings.params())
    return environment


def _quote(value: object) -> str:
    return dump(str(value))
