"""The collection: every task listed by hand."""

from invoke.collection import Collection

from sysinit_vm.tasks import (
    adopt,
    apply,
    build_debian,
    build_dev,
    build_minimal,
    completion,
    copy,
    destroy,
    doctor,
    exec,  # noqa: A004
    help,  # noqa: A004
    init,
    list,  # noqa: A004
    logs,
    open,  # noqa: A004
    plan,
    ports,
    prune,
    rebuild,
    restart,
    setup,
    shell,
    ssh_config,
    start,
    status,
    stop,
    sync,
    taskfile,
    trust,
    up,
)

ns = Collection("lima")
for _task in (
    up.up,
    init.init,
    start.start,
    stop.stop_,
    restart.restart,
    destroy.destroy_,
    adopt.adopt_,
    prune.prune,
    shell.shell,
    exec.exec_,
    copy.copy_,
    open.open_,
    ssh_config.ssh_config_,
    status.status,
    list.list_,
    logs.logs_,
    ports.ports,
    plan.plan,
    apply.apply_,
    trust.trust,
    sync.sync,
    rebuild.rebuild_,
    setup.setup,
    doctor.doctor,
    completion.completion,
    taskfile.taskfile,
    help.help_,
):
    ns.add_task(_task)
ns.add_collection(Collection("build", build_dev.build_dev, build_minimal.build_minimal, build_debian.build_debian_))
