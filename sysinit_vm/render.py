"""The only module that imports jinja2: our own templates, values entering as data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sysinit_vm import files, settings
from sysinit_vm.config import dump, parse
from sysinit_vm.errors import UsageError

_NOT_A_CHOICE = ("_",)


def names() -> list[str]:
    """Return the names that ``init`` takes, such as ``dev``."""
    found = files.data("templates").glob("*.yaml")
    return sorted(path.stem for path in found if not path.stem.startswith(_NOT_A_CHOICE))


def check(template: str) -> None:
    """Return if ``init`` has such a template; UsageError lists those that there are."""
    if template not in names():
        raise UsageError(
            f"There is no template {template!r}.",
            detail=f"The templates are: {', '.join(names())}.",
            hint="sysinit-vm init dev",
        )


def config(template: str, values: Mapping[str, Any]) -> str:
    """Return the text of a committed config from one of our templates.

    Every value enters as a YAML string or number; the result is read back as YAML before it is returned.
    UsageError for an unknown template.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    check(template)
    environment = Environment(
        loader=FileSystemLoader(files.data("templates")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # YAML, not HTML: every value goes through `quote`
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quote"] = _quote
    environment.globals["settings"] = " ".join(f"PARAM_{name}" for name in settings.params())
    text = environment.get_template(f"{template}.yaml").render(values)
    parse(text, Path(f"templates/{template}.yaml"))
    return text


def guest(name: str) -> str:
    """Return one of the files that the guest gets, as it is shipped."""
    return (files.data("templates") / "guest" / name).read_text(encoding="utf-8")


def _quote(value: object) -> str:
    return dump(str(value))
