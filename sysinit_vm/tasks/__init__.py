"""The collection: every task listed by hand."""

from invoke.collection import Collection

from sysinit_vm.tasks import (
    access,
    content,
    drift,
    editors,
    files,
    help,  # noqa: A004
    identity,
    inventory,
    lifecycle,
    machine,
    ports,
    trust,
)

ns = Collection("lima")
for _task in (
    lifecycle.up,
    lifecycle.init,
    lifecycle.start,
    lifecycle.stop,
    lifecycle.restart,
    lifecycle.destroy,
    identity.adopt_,
    identity.prune,
    access.shell,
    access.exec_,
    files.copy,
    editors.open_,
    editors.ssh_config,
    inventory.status,
    inventory.list_,
    inventory.logs_,
    ports.ports,
    drift.plan,
    drift.apply,
    trust.trust_,
    content.sync,
    content.rebuild_,
    machine.setup,
    machine.doctor,
    machine.completion,
    machine.taskfile,
    help.help_,
):
    ns.add_task(_task)
ns.add_collection(Collection("build", content.build_dev, content.build_minimal, content.build_debian_))
