"""What a newcomer mistypes: the answer leads on to what was meant, and nothing was run."""

import shlex
import shutil
import tempfile
from pathlib import Path

import pytest

from sysinit_vm.config import document
from tests.worlds import CliWorld


def hint_of(done):
    return done.stderr.rstrip().split("\nTry: ")[-1]


@pytest.mark.parametrize("words", ["exec ls", "shell", "ports", "copy a :b", "status"])
def test_outside_a_project_both_ways_on_are_named(world, shop, words):
    elsewhere = world.project("empty")
    verb, *rest = words.split()
    done = world.run(verb, *rest, cwd=elsewhere)
    named = " ".join(["sysinit-vm", verb, "--name VM", *(rest if verb in {"exec", "copy"} else [])])
    assert (done.returncode, hint_of(done)) == (
        3,
        f"sysinit-vm list, then {named}; or, for a new VM: sysinit-vm up",
    )
    done = world.run(verb, *rest, cwd=world.home)
    assert hint_of(done).endswith("; or, for a new VM: mkdir -p ~/code/shop && cd ~/code/shop && sysinit-vm up")


@pytest.mark.parametrize("words", ["start", "restart", "plan", "apply", "open", "shell", "exec ls"])
def test_a_directory_that_lost_its_config_is_told_which_vm_was_made_for_it(world, shop, words):
    shutil.rmtree(shop / ".lima")
    done = world.run(*words.split(), cwd=shop)
    assert done.returncode == 3
    assert f"The VM shop-dev was made for {shop}." in done.stderr
    assert hint_of(done).startswith("sysinit-vm init, which makes a config for it again, or sysinit-vm destroy")


@pytest.mark.parametrize(
    ("name", "hint"), [("nosuch", "sysinit-vm list"), ("shpo-dev", "the same command with --name shop-dev")]
)
def test_status_of_a_vm_that_is_not_there_names_those_that_are(world, shop, name, hint):
    done = world.run("status", "--name", name)
    assert (done.returncode, hint_of(done)) == (0, hint)
    assert f"There is no VM {name}.\nVMs on this machine: demo-dev, shop-dev.\n" in done.stderr
    assert str(world.demo) not in done.stdout


# Each natural mistake, and the command that the answer ends with. `EDIT` is an editor with the project's config.
MISTAKES = """
docker compose up | up
docker ps | list
podman exec make test | exec make test
vagrant ssh | shell
vagrant destroy | help
multipass list | list
limactl start | start
volume ls | help apply
umount /src | help apply
network ls | ports
system prune | help prune
rmi demo | help prune
purge | help prune
rm -rf demo-dev | help destroy
delete --force shop-dev | destroy --name shop-dev
exec -it shop-dev bash | exec --name shop-dev bash
exec -c ls | exec ls
rename foo | help init
exec source .venv/bin/activate | exec 'source .venv/bin/activate && COMMAND'
exec export FOO=1 | exec 'export FOO=1 && COMMAND'
exec FOO=1 make test | exec --env FOO=1 make test
up -p 8080:80 | ports
up -e FOO=1 | help exec
start -v ./data:/app | EDIT, then sysinit-vm apply
up -v .:/app | exec pwd
exec -d python3 -m http.server | exec 'setsid -f python3 -m http.server </dev/null >/tmp/exec.log 2>&1'
ssh -p 22 | ssh-config
attach -d | shell
ssh-config shop-dev | ssh-config
rsync | help copy
transfer app.py shop-dev: | help copy
set memory=4G | EDIT, then sysinit-vm apply
set cpus 4 | EDIT, then sysinit-vm apply
resize memory 4G | EDIT, then sysinit-vm apply
config set cpus 4 | EDIT, then sysinit-vm apply
config get | plan
edit config | EDIT, then sysinit-vm apply
start --cpu 4 | EDIT, then sysinit-vm apply
restart --ram 8 | EDIT, then sysinit-vm apply
init --cpu 4 | init --cpus 4
init --ram 8GiB | init --memory 8GiB
init . | init --project .
up .. | up --project ..
show | status
describe | status
diff | plan
reset --hard | restart
install nodejs | exec sudo apt-get install PACKAGE
checkout main | exec git checkout
python3 -V | exec python3 -V
whoami | exec whoami
dev | up dev
approve | trust
check | doctor
exit | help shell
tmux | shell
ip | ports
snapshots | help copy
clone | up
stop-all | stop --all
start-all | list
stop --all shop-dev | stop --name shop-dev
STOP | stop
Up | up
destory | help
DESTROY | help
prnue | help
open vscode | open --editor code
open vim | open
open 3000 | open
prune --all | help prune
trust --yes | trust --show
apply config.yaml | apply
apply --restart | apply
apply -f | apply
sync app.py : | copy app.py :
start --name shop-dev --name demo-dev | help start
start --dry-run | --dry start
start -v | logs
start --kvm | doctor --all
start --keep | start --drift keep
copy app.py vm:/tmp | copy app.py :/tmp
copy app.py root@demo-dev:/tmp | copy app.py :/tmp
copy vm:/etc/hostname . | copy :/etc/hostname .
"""


@pytest.fixture(scope="module")
def two_vms():
    """A world as ``world`` with ``shop``, made once: no mistake changes it."""
    place = Path(tempfile.mkdtemp(prefix="sv", dir="/tmp")).resolve()
    made = CliWorld(place)
    made.put_vm()
    made.put_vm(root=made.project("shop"))
    yield made
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("line", MISTAKES.strip().splitlines())
def test_a_natural_mistake_leads_on_and_changes_nothing(two_vms, line):
    words, _, hint = line.partition(" | ")
    done = two_vms.run(*shlex.split(words), EDITOR="ed")
    wanted = hint.replace("EDIT", f"ed {two_vms.demo}/.lima/config.yaml")
    assert (done.returncode, hint_of(done)) == (2, wanted if hint.startswith("EDIT") else f"sysinit-vm {wanted}")
    assert (two_vms.status(), two_vms.status("shop-dev"), two_vms.verbs()) == ("Running", "Running", [])


@pytest.mark.parametrize("words", ["-help", "?", "-?"])
def test_other_spellings_of_help_are_help(world, words):
    assert world.run(words).stdout == world.run("--help").stdout


@pytest.mark.parametrize("flag", ["-help", "-?", "--h"])
def test_other_spellings_of_help_after_a_command_are_its_help(world, flag):
    assert world.run("start", flag).stdout == world.run("help", "start").stdout


def test_log_is_logs(world, shop):
    assert world.run("log").stdout == world.run("logs").stdout != ""


def test_a_whole_line_in_quotes_before_other_words_is_explained(world, shop):
    done = world.run("exec", "ls -la", "/tmp")
    assert done.returncode == 127
    assert done.stderr.endswith("Without them: sysinit-vm exec ls -la /tmp\n")


def test_apply_recreate_is_never_guessed(world, shop):
    assert "--recreate" not in world.run("apply", "--recreat").stderr


@pytest.mark.parametrize("words", [["8", "GB"], ["8G"], ["8 gib"]])
def test_a_size_as_other_tools_have_it_is_taken(world, words):
    new = world.project("new")
    done = world.run("init", "--memory", *words, cwd=new)
    assert done.returncode == 0, done.stderr
    assert document.load(new / ".lima/config.yaml").data["memory"] == "8GiB"
