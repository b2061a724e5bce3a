"""The only module that knows limactl's verbs, flags and output (limactl 2.0 to 2.2).

Callers never see a flag. Facts about its behaviour are pinned by ``tests/lima/test_limactl_facts.py``.
"""

import base64
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sysinit_vm import files, guest_writes
from sysinit_vm.config.document import parse
from sysinit_vm.errors import StateError, VmError, typed
from sysinit_vm.lima import guest_words, home, instance_list, judged, kvm, over_ssh, qemu_img
from sysinit_vm.lima.account import Account, current_account
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.lima.judged import JudgedConfig, JudgedFile, JudgedInstance
from sysinit_vm.lima.messages import Message, message, reason
from sysinit_vm.runner import Result, Runner

DISCONNECTED = 255
"""The exit status of ``attach`` if the connection failed or was lost: that of ssh."""
BASH = "/bin/bash"  # runs the commands in a guest that lacks its config's shell; the account has it in our image


@dataclass(frozen=True)
class Limactl:
    """One limactl binary (absolute path) and the account it runs under."""

    runner: Runner
    binary: Path
    account: Account = field(default_factory=current_account)

    @property
    def _argv(self) -> tuple[str, ...]:
        return (*self.account.prefix, str(self.binary))

    def _env(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        # Resolved once, by us: a link on the way could lead limactl to VMs that we did not judge.
        return {**self.account.env, "LIMA_HOME": str(home.lima_home()), **(extra or {})}

    def _read(self, *words: str, cwd: Path | None = None, **options: Any) -> Result:
        return self.runner.read((*self._argv, *words), env=self._env(), cwd=cwd or home.place(), **options)

    def _change(self, *words: str, cwd: Path | None = None, **options: Any) -> Result:
        argv = (*self._argv, "--log-format=json", *words)
        return self.runner.change(argv, env=self._env(), cwd=cwd or home.place(), **options)

    def instances(self) -> Instances:
        """Return what instances there are below LIMA_HOME; stray directories there do not disturb."""
        return instance_list.instances(self._listed)

    def instance(self, name: str) -> Instance | None:
        """Return the instance ``name`` as it is now, None if there is none; half of one is ``unreadable``."""
        return instance_list.instance(self._listed, name)

    def _listed(self, *wanted: str, timeout: float | None = None) -> Result:
        return self._read("--log-format=json", "list", "--json", *wanted, timeout=timeout)

    def create(
        self, config: JudgedFile, on_message: Callable[[Message], None], *, env: Mapping[str, str] | None = None
    ) -> Result:
        """Create an instance from ``config`` without starting it; ``on_message`` and ``env`` are as for ``start``."""
        words = ("create", "--tty=false", "--name", config.name, str(config.path))
        return self._stream(words, on_message, env)

    def start(
        self,
        instance: JudgedInstance,
        on_message: Callable[[Message], None],
        *,
        timeout: int,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Start an existing instance and wait until limactl calls it ready.

        ``timeout`` in seconds, ``env`` for the host agent and QEMU. Each log line goes to ``on_message``.
        A bare name is never given to limactl unseen: it would create a VM of that name. What its guest can write from
        now on is recorded first, and its config kept.
        """
        its = home.instance_files(instance.name)
        directory = its.directory
        if not self.runner.dry and directory.is_dir():
            its.keep_config()
            try:
                guest_writes.record(directory, instance.guest_writes)
            except OSError as error:
                raise files.denied("write", directory, error) from error
        # If the instance is gone by then, Lima would make one from its default template, with the home mounted (2.2.0).
        no_templates = {"LIMA_TEMPLATES_PATH": os.devnull}
        words = ("start", "--tty=false", f"--timeout={timeout}s", instance.name)
        return self._stream(words, on_message, {**(env or {}), **no_templates})

    def _stream(
        self, words: Sequence[str], on_message: Callable[[Message], None], env: Mapping[str, str] | None
    ) -> Result:
        argv = kvm.as_member((*self._argv, "--log-format=json", *words))
        whole = {**({} if self.runner.dry else qemu_img.guarded_path()), **self._env(env)}
        return self.runner.stream(argv, lambda line: on_message(message(line)), env=whole, cwd=home.place())

    def rewrite(self, instance: Instance, config: JudgedConfig) -> None:
        """Replace the config of a running instance, which ``edit`` refuses; it takes effect at the next start.

        Only for what Lima does not read before then, provision and param, and does not refuse (``refusal``).
        """
        files.write(instance.files.lima_yaml, config.text)
        instance.files.keep_config()

    def refusal(self, config: JudgedConfig) -> str:
        """Return why Lima would not take ``config``, empty if it does; keys that it does not know are no reason.

        A disk that would shrink is none either: only `edit` compares it with the present one (2.2.0).
        """
        with judged.written(config) as path:
            done = self._read("--log-format=json", "validate", str(path))
        if done.ok:
            return ""
        why = reason(done.err or done.out) or f"limactl validate ended with {done.code}."
        return why.replace(f"failed to validate YAML file `{path}`: ", "").replace(str(path), path.name)

    def fetch(self, locator: str) -> str:
        """Return the text of one file of a template: a URL, or ``template:NAME`` for Lima's own; VmError otherwise."""
        with home.scratch() as place:  # what is no URL to Lima would be a path from here
            done = self._read("--log-format=json", "template", "copy", "--verbatim", locator, "-", cwd=place)
        if not done.ok:
            raise _failure(f"Lima cannot fetch {locator}.", done, hint="sysinit-vm trust --show")
        return done.out

    def put_together(self, config: Path) -> str:
        """Return the YAML of ``config`` (absolute) with each of its bases in it; VmError otherwise.

        It, and the bases beside it, are files of ours that name nothing else.
        """
        done = self._read("--log-format=json", "template", "copy", "--embed-all", str(config), "-")
        if not done.ok:
            raise _failure("Lima cannot put the config and its bases together.", done, hint="sysinit-vm trust --show")
        return done.out

    def filled(self, config: JudgedConfig) -> dict[str, Any]:
        """Return ``config`` as Lima would use it, with its defaults and the user's own; VmError otherwise."""
        with judged.written(config) as path:
            done = self._read("--log-format=json", "template", "copy", "--fill", str(path), "-")
        if not done.ok:
            raise _failure("Lima does not take the config.", done, hint="ls ~/.lima/_config")
        return parse(done.out, path)

    def edit(self, config: JudgedConfig) -> None:
        """Give the stopped instance that ``config`` is for the whole of it, which its next start takes up.

        VmError with Lima's reason if it refuses; then nothing was changed. A refused config would be kept in
        the current directory (2.2.0), so a temporary one is made that.
        """
        with home.scratch() as place:
            data = json.dumps(dict(config.data)).encode()
            whole = base64.b64encode(data).decode()  # yq's own strings lose backslashes
            expression = f'. = ("{whole}" | @base64d | from_json)'
            done = self._change("edit", "--tty=false", "--set", expression, config.name, cwd=place)
        if not done.ok:
            hint = f"sysinit-vm status --name {config.name}"
            raise _failure(f"Lima does not take the new config of {config.name}.", done, hint=hint)

    def stop(self, name: str, *, force: bool = False, timeout: float | None = None) -> None:
        """Stop a running instance; ``force`` also recovers a broken one, by SIGKILL to its processes.

        VmError if it does not stop, or not within ``timeout`` seconds: by itself limactl waits three minutes (2.2.0).
        """
        done = self._change("stop", *(["--force"] if force else []), name, timeout=timeout)
        if not done.ok:
            raise _failure(f"Cannot stop {name}.", done, hint="sysinit-vm stop --force")

    def delete(self, name: str) -> None:
        """Delete an instance in any state with its disk; StateError if Lima protects it.

        What it made and has no lima.yaml any more Lima leaves (2.2.0): we remove that, whose processes have ended.
        """
        left = home.instance_files(name)
        if not self.runner.dry and not left.protected:
            with suppress(OSError):
                left.started_config.unlink()  # what is half deleted is not to be restored
        done = self._change("delete", "--force", name)
        if self.runner.dry or not left.directory.exists():
            return
        if left.made_by_lima and not left.has_config:
            shutil.rmtree(left.directory, ignore_errors=True)
            if not left.directory.exists():
                return
        hint = (
            f"limactl unprotect {name}"
            if left.has_config and "protected" in done.err
            else typed("ls", "-la", left.directory)
        )
        raise _failure(f"Cannot delete {name}.", done, hint=hint, otherwise=f"{left.directory} is still there.")

    def shell_argv(
        self, name: str, words: Sequence[str], workdir: str, marker: str = "sh", *, shell: str = ""
    ) -> tuple[str, ...]:
        """Return the host argv that runs guest ``words`` exactly, in guest directory ``workdir`` (absolute).

        ``marker`` is a word to find the guest's processes by. ``shell`` (absolute) runs them in place of the config's,
        as /bin/bash does if the guest lacks that (``login_shell``).
        """
        workdir, guest = guest_words.exact(words, workdir, marker)
        shell = shell or (BASH if home.instance_files(name).lacks_shell.exists() else "")
        chosen = (f"--shell={shell}",) if shell else ()
        return (*self._argv, "shell", "--tty=false", *chosen, "--workdir", workdir, name, "--", *guest)

    def attach(
        self,
        name: str,
        words: Sequence[str],
        workdir: str,
        *,
        stdin: bool = True,
        marker: str = "sh",
        alone: bool = False,
        direct: Instance | None = None,
        on_interrupt: Callable[[], None] | None = None,
    ) -> int:
        """Run guest ``words`` with the terminal inherited and return their exit status.

        ``alone`` gives them an ssh connection of their own: in Lima's shared one, a terminal that nobody reads stops
        all others. A user's own ``SSH``, Lima's name of its ssh, is kept. ``direct``, the instance itself, lets
        ``over_ssh`` do it where that is the same.
        """
        by_ssh = over_ssh.argv(direct, words, workdir, marker) if direct else ()
        argv = (*self.account.prefix, *by_ssh) if by_ssh else self.shell_argv(name, words, workdir, marker)
        ssh = {"SSH": "ssh -o ControlPath=none"} if alone and not os.environ.get("SSH") else {}
        return self.runner.attach(argv, env=self._env(ssh), stdin=stdin, on_interrupt=on_interrupt)

    def run(
        self, name: str, words: Sequence[str], *, workdir: str = "/", timeout: float | None = None, shell: str = ""
    ) -> Result:
        """Run guest ``words`` captured; a timeout (seconds) gives code 124. ``shell`` is as for ``shell_argv``."""
        return self.runner.read(self.shell_argv(name, words, workdir, shell=shell), env=self._env(), timeout=timeout)

    def receive(self, name: str, words: Sequence[str], take: Callable[[IO[bytes]], None]) -> Result:
        """Run guest ``words`` and hand what they write to ``take``; the result has their errors."""
        return self.runner.receive(self.shell_argv(name, words, "/"), take, env=self._env())

    def send(self, name: str, words: Sequence[str], give: Callable[[IO[bytes]], None]) -> Result:
        """Run guest ``words`` with what ``give`` writes as their input; the result has their errors."""
        return self.runner.send(give, self.shell_argv(name, words, "/"), env=self._env())

    def feed(self, name: str, words: Sequence[str], file: IO[bytes], *, timeout: float) -> Result:
        """Run guest ``words`` with ``file`` itself as their input; its position is how much of it was read.

        Their output is captured; a timeout (seconds) gives code 124.
        """
        return self.runner.change(self.shell_argv(name, words, "/"), env=self._env(), file=file, timeout=timeout)


def _failure(brief: str, done: Result, *, hint: str, otherwise: str = "") -> VmError:
    kind = StateError if "expected status" in done.err or "protected" in done.err else VmError
    return kind(brief, detail=reason(done.err or done.out) or otherwise, hint=hint)
