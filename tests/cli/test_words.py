"""Words and flags that people type who know other tools: each runs, or the answer leads on."""

import shlex
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("words", "status"),
    [("down", "Stopped"), ("halt", "Stopped"), ("rm -y", "not created"), ("destroy -y", "not created")],
)
def test_words_of_other_tools_do_it(world, words, status):
    world.put_vm()
    assert world.run(*words.split()).returncode == 0
    assert world.status() == status


def test_run_is_exec_and_hands_over_the_exact_words(world):
    world.put_vm()
    done = world.run("run", "printf", "<%s>", "a b", "ps", "--yes")
    assert done.stdout == "<a b><ps><--yes>"


def test_ps_is_list_and_ssh_is_shell(world):
    world.put_vm()
    assert "demo-dev" in world.run("ps").stdout
    for word in ("ssh", "enter", "attach", "connect"):
        assert world.run(word, "--help").stdout == world.run("shell", "--help").stdout == world.run("help", word).stdout
    assert world.run("--help", "ssh").stdout == world.run("help", "shell").stdout


@pytest.mark.parametrize("word", ["delete", "remove"])
@pytest.mark.parametrize(
    ("more", "hint"), [([], "destroy"), (["-y"], "destroy"), (["shop-dev", "--yes"], "destroy --name shop-dev")]
)
def test_delete_and_remove_say_what_to_type_and_run_nothing(world, shop, word, more, hint):
    done = world.run(word, *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{word} is called destroy here.")
    assert done.stderr.endswith(f"Try: sysinit-vm {hint}\n")
    assert (world.status(), world.status("shop-dev"), world.verbs()) == ("Running", "Running", [])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("stop shop-dev", "stop --name shop-dev"),
        ("stop --force shop-dev", "stop --force --name shop-dev"),
        ("ssh shop-dev", "shell --name shop-dev"),
        ("logs shop-dev", "logs --name shop-dev"),
        ("up shop-dev", "up --name shop-dev"),
        ("list shop-dev", "status --name shop-dev"),
        ("stop no-such-vm", "list"),
        ("start 2", "list"),
        ("status all", "list"),
        ("status --all", "list"),
        ("stop all", "stop --all"),
        ("destroy shop", "destroy --name shop-dev"),
        ("rm shpo-dev", "destroy --name shop-dev"),
        ("delete shop", "destroy --name shop-dev"),
        ("status ../shop", "status --project ../shop"),
        ("ports 3000", "ports"),
        ("shell ls", "exec ls"),
        ("shell ls -la /etc", "exec ls -la /etc"),
        ("ssh npm run 'my test'", "exec npm run 'my test'"),
        ("shell --name shop-dev ls", "exec --name shop-dev ls"),
        ("stop -- shop-dev", "stop --name shop-dev"),
        ("shell -- ls -la", "exec 'ls -la'"),
        ("stop help", "help stop"),
        ("list status", "--chain list status"),
        ("stop start --timeout 9", "--chain stop start --timeout 9"),
        ("stop destroy --yes", "--chain stop destroy --yes"),
        ("setup everything", "help setup"),
        ("logs host console", "help logs"),
        ("ssh shop-dev ls -la", "exec --name shop-dev ls -la"),
        ("exec shop-dev ls -la", "exec --name shop-dev ls -la"),
        ("run shop-dev true", "exec --name shop-dev true"),
        ("open code", "open --editor code"),
    ],
)
def test_words_after_a_command_lead_on_and_run_nothing(world, shop, words, hint):
    done = world.run(*shlex.split(words))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"\nTry: sysinit-vm {hint}\n")
    assert (world.status(), world.status("shop-dev"), world.verbs()) == ("Running", "Running", [])


def test_two_commands_run_after_chain_and_the_first_that_fails_ends_it(world):
    world.put_vm()
    done = world.run("--chain", "down", "status")
    assert (done.returncode, world.status()) == (0, "Stopped")
    assert "Stopped" in done.stdout
    assert world.run("list", "--chain", "list").returncode == 0
    done = world.run("list", "--chain", "status", "--json")
    assert (done.returncode, '"status": "Stopped"' in done.stdout) == (0, True)
    done = world.run("--chain", "stop", "demo-dev", "start")
    assert (done.returncode, world.verbs()) == (2, ["stop"])
    assert done.stderr.endswith("Try: sysinit-vm stop --name demo-dev\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("prune -f", "prune takes no -f.\n-f is --follow, of logs."),
        ("prune -n", "prune takes no -n.\n-n is --lines N of logs"),
        ("trust -y", "trust takes no -y.\n-y is --yes, of the commands that have it. It never grants trust."),
        ("-y destroy", "-y goes after its command.\nTry: sysinit-vm destroy -y\n"),
        ("-f logs", "Try: sysinit-vm logs -f\n"),
    ],
)
def test_a_short_flag_in_a_wrong_place_says_what_it_means(world, words, says):
    world.put_vm()
    done = world.run(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert world.status() == "Running"


@pytest.mark.parametrize(
    ("words", "detail", "hint"),
    [
        ("exec -it bash -l", "It is interactive by itself.", "exec bash -l"),
        ("exec --name shop-dev -i -t bash", "It is interactive by itself.", "exec --name shop-dev -t bash"),
        ("ssh -c 'ls -l'", "`exec` runs a command in the VM.", "exec 'ls -l'"),
        ("ssh --command=ls", "`exec` runs a command in the VM.", "exec ls"),
        ("exec --yes ls", "exec asks nothing.", "exec ls"),
        ("--yes exec ls 'a b'", "exec asks nothing.", "exec ls 'a b'"),
        ("stop --yes --force", "stop asks nothing.", "stop --force"),
        ("stop -y", "stop asks nothing.", "stop"),
        ("--yes start", "It asks at most whether to apply a changed config, and for trust.", "start"),
        ("restart --yes", "It asks at most whether to apply a changed config, and for trust.", "restart"),
        ("up --memory=8 --name x", "Write `memory: 8GiB` in the project's .lima/config.yaml.", "apply --name x"),
        ("restart --name x --force", "powers it off", "stop --force --name x, then sysinit-vm start --name x"),
        ("ps -a", "It shows every VM.", "list"),
        ("stop -f", "`stop --force` powers the VM off", "stop --force"),
        ("halt -f --name shop-dev", "`stop --force` powers the VM off", "stop --force --name shop-dev"),
        ("restart -f", "powers it off", "stop --force, then sysinit-vm start"),
        ("rm -f", "destroy asks first, and -y answers it.", "help destroy"),
        ("destroy --force --name shop-dev", "destroy asks first, and -y answers it.", "help destroy"),
        ("logs --tail 50", "--lines", "logs --lines 50"),
        ("logs --tail=50 console", "--lines", "logs --lines 50 console"),
        ("exec --rm -it debian bash", "runs in the project's VM", "help exec"),
        ("exec -e A=1 env", "--env", "exec --env A=1 env"),
        ("exec -u root id", "`sudo`", "exec sudo id"),
        ("up --build", "`build.debian`", "build.debian"),
        ("up --provision", "`sync`", "sync"),
        ("reload --provision", "`sync`", "sync"),
        ("status --watch", "once", "status"),
        ("up -d", "`start` starts the VM and does not attach.", "start"),
        ("start --detach", "start does not attach.", "start"),
        ("copy -r a :", "It copies directories too", "copy a :"),
        ("status -e", "-e is --echo, of Invoke, which goes before the command.", "help status"),
        ("up -R", "-R is --dry, of Invoke", "help up"),
    ],
)
def test_a_flag_of_another_tool_leads_on_and_runs_nothing(world, shop, words, detail, hint):
    done = world.run(*shlex.split(words))
    assert (done.returncode, done.stdout) == (2, "")
    assert " takes no -" in done.stderr
    assert detail in done.stderr
    assert done.stderr.endswith(f"\nTry: sysinit-vm {hint}\n")
    assert (world.status(), world.status("shop-dev"), world.verbs()) == ("Running", "Running", [])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("start --cpus 8", "`cpus: 8` in"),
        ("up --memory=6", "`memory: 6GiB` in"),
        ("up --mem 2048", "`memory: 2048MiB` in"),
        ("restart -m 4g", "`memory: 4g` in"),
        ("apply --disk much", "`disk: 50GiB` in"),
        ("start --cpus", "`cpus: 4` in"),
        ("start --mount ~/data:w", '`- {location: "~/data", writable: true}` below `mounts:` in'),
        ("up --volume ./x:/y", '`- {location: "./x", mountPoint: "/y"}` below `mounts:` in'),
        ("resize --cpus 8", "`cpus: 8` in"),
        ("set --disk=80GiB", "`disk: 80GiB` in"),
    ],
)
def test_a_flag_for_the_size_names_the_line_of_the_config_and_what_to_type(world, shop, words, line):
    config = world.demo / ".lima" / "config.yaml"
    before = config.read_text()
    done = world.run(*words.split())
    assert (done.returncode, done.stdout, world.verbs(), config.read_text()) == (2, "", [], before)
    assert f"Write {line} {config}." in done.stderr
    assert done.stderr.endswith(f"\nTry: nano {config}, then sysinit-vm apply\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("up --cpus 8", "init --cpus 8, then sysinit-vm up"),
        ("start --memory 6", "init --memory 6GiB, then sysinit-vm up"),
        ("resize --disk 80GiB", "init --disk 80GiB, then sysinit-vm up"),
        ("start --mount /x", "init"),
        ("init minimal --mem 8GiB --cpus 2", "init --template minimal --memory 8GiB --cpus 2"),
    ],
)
def test_without_a_config_the_size_is_inits(world, words, hint):
    done = world.run(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"\nTry: sysinit-vm {hint}\n")


def test_resize_alone_leads_to_the_config_and_of_another_vm_to_its_apply(world, shop):
    assert world.run("resize").stderr.endswith(f"\nTry: nano {world.demo}/.lima/config.yaml, then sysinit-vm apply\n")
    assert world.run("scale", "shop").stderr.endswith("\nTry: sysinit-vm apply --name shop-dev\n")


def test_stop_a_stops_all(world, shop):
    assert world.run("stop", "-a").returncode == 0
    assert (world.status(), world.status("shop-dev")) == ("Stopped", "Stopped")


def test_lines_of_logs_can_be_said_as_tail_has_it(world):
    world.put_vm()
    assert world.run("logs", "console", "-n", "1").stdout == world.run("logs", "console", "--lines=1").stdout
    assert world.run("logs", "-n1").returncode == 0


def test_yes_in_short_is_no_trust(world):
    root = world.project("x", config="cpus: 1\nimages: [{location: 'https://a.example/x.qcow2'}]\n")
    done = world.run("up", "-y", cwd=root)
    assert done.returncode == 5
    assert "sysinit-vm trust" in done.stderr
    assert world.verbs() == []


def test_up_takes_a_template_as_a_plain_word(world):
    done = world.run("--dry", "up", "nonesuch")
    assert done.returncode == 2
    assert "There is no template 'nonesuch'" in done.stderr
    assert world.run("--dry", "create", "minimal").returncode == 0


def test_up_says_that_a_config_is_not_replaced_by_a_template(world):
    world.put_config()
    done = world.run("--dry", "up", "minimal")
    assert "a template is for a project without a config" in done.stderr
    assert world.run("--dry", "up", "nonesuch").returncode == 2


def test_exec_outside_a_project_names_the_list_and_the_flag(world):
    world.put_vm()
    done = world.run("exec", "echo", "a b", cwd=world.home)
    assert done.returncode == 3
    assert "\nTry: sysinit-vm list, then sysinit-vm exec --name VM echo 'a b'; or, " in done.stderr
    assert "init" not in done.stderr.replace("sysinit", "")
    assert world.run("exec", "--name", "demo-dev", "echo", "a b", cwd=world.home).stdout == "a b\n"


def test_help_all_lists_what_the_overview_leaves_out(world):
    assert "build.dev" not in world.run("help").stdout
    assert "build.dev" in world.run("help", "--all").stdout


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("reload", "restart"),
        ("launch", "up"),
        ("info", "status"),
        ("inspect", "status"),
        ("resume", "start"),
        ("unpause", "start"),
        ("login", "shell"),
        ("global-status", "list"),
    ],
)
def test_more_words_of_other_tools_are_the_command_itself(world, word, command):
    assert world.run(word, "--help").stdout == world.run("help", command).stdout != ""


def test_version_is_the_flag(world):
    done = world.run("version")
    assert (done.returncode, done.stdout) == (0, world.run("--version").stdout)
    assert done.stdout.startswith("sysinit-vm ")


@pytest.mark.parametrize(
    ("word", "hint"), [("version", "--version"), ("kill", "stop --force"), ("pull", "doctor --all")]
)
def test_help_about_a_word_that_is_no_command_leads_on(world, word, hint):
    done = world.run("help", word)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"\nTry: sysinit-vm {hint}\n")


def test_a_program_with_a_vms_name_runs_after_dashes(world):
    world.put_vm()
    done = world.run("exec", "--", "demo-dev", "ls")
    assert "takes no" not in done.stderr


def test_cp_is_copy_with_the_words_as_they_were_typed(world):
    world.put_vm()
    (world.demo / "a b").write_text("one")
    done = world.run("cp", "a b", f":{world.home}/taken")
    assert done.returncode == 0, done.stderr
    assert (world.home / "taken").read_text() == "one"


@pytest.mark.parametrize(
    ("word", "says", "hint"),
    [
        ("provision", "`sync` runs the provision scripts again in the running VM.", "sysinit-vm sync"),
        ("edit", "Edit the config itself, then apply it to the VM.", "sysinit-vm init"),
        ("snapshot save", "There are no snapshots.", "sysinit-vm help copy"),
        ("kill", "`stop --force` powers it off", "sysinit-vm stop --force"),
        ("pause", "`stop` shuts the VM down", "sysinit-vm stop"),
        ("suspend", "its programs end", "sysinit-vm stop"),
        ("config", "The config is .lima/config.yaml", "sysinit-vm plan"),
        ("images", "one guest image", "sysinit-vm doctor --all"),
        ("pull debian", "one guest image", "sysinit-vm doctor --all"),
        ("top", "runs a program in the VM", "sysinit-vm exec top"),
        ("cat /etc/os-release", "runs a program in the VM", "sysinit-vm exec cat /etc/os-release"),
        ("cd src", "run in the directory that corresponds to yours", "sysinit-vm shell"),
        ("mount", "`mounts` in .lima/config.yaml", "sysinit-vm help apply"),
        ("upgrade", "`git pull`, then `./bootstrap.sh`", "sysinit-vm setup"),
        ("self-update", "`git pull`", "sysinit-vm setup"),
        ("uninstall", "rm -rf ~/.local/share/sysinit-vm ~/.local/bin/sysinit-vm", "sysinit-vm list"),
        ("box list", "no boxes and no plugins", "sysinit-vm init --list"),
        ("plugin install x", "no boxes and no plugins", "sysinit-vm init --list"),
        ("clean", "`prune`", "sysinit-vm help prune"),
        ("push", "`copy`", "sysinit-vm help copy"),
        ("watch", "once", "sysinit-vm status"),
        ("validate", "checks the config", "sysinit-vm plan"),
        ("console", "what the VM's console shows", "sysinit-vm logs console"),
        ("-v", "The version is --version.", "sysinit-vm --version"),
    ],
)
def test_words_for_what_there_is_not_say_what_to_type_and_run_nothing(world, word, says, hint):
    done = world.run(*word.split())
    assert (done.returncode, done.stdout, world.verbs()) == (2, "", [])
    assert says in done.stderr
    assert done.stderr.endswith(f"\nTry: {hint}\n")


def test_edit_names_the_config_and_apply(world):
    config = world.put_config()
    done = world.run("edit")
    assert done.stderr.endswith(f"{world.demo}/.lima/config.yaml, then sysinit-vm apply\n"), config


@pytest.mark.parametrize("word", ["stop", "destroy", "rm"])
def test_what_ends_a_vm_that_is_not_there_never_offers_to_make_one(world, shop, word):
    done = world.run(word, "--name", "shpo-dev")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith("\nTry: the same command with --name shop-dev\n")
    other = world.project("other", config="cpus: 1\n")
    done = world.run(word, cwd=other)
    assert (done.returncode, done.stdout) == (4, "")
    assert "There is no VM other-dev.\nThere is nothing to stop or delete." in done.stderr
    assert done.stderr.endswith("\nTry: sysinit-vm list\n")
    assert (world.status(), world.status("shop-dev")) == ("Running", "Running")


@pytest.mark.parametrize("word", ["start", "plan", "shell"])
@pytest.mark.parametrize("place", ["home", "root"])
def test_where_no_project_can_be_it_is_said_before_init_refuses_it(world, word, place):
    cwd = {"home": world.home, "root": Path("/")}[place]
    done = world.run(word, cwd=cwd)
    assert done.returncode == 3
    assert "A project has a directory of its own, and this cannot be one." in done.stderr
    make_one = "mkdir -p ~/code/shop && cd ~/code/shop && sysinit-vm up"
    before = "sysinit-vm list, then sysinit-vm shell --name VM; or, for a new VM: " if word == "shell" else ""
    assert done.stderr.splitlines()[-1] == f"Try: {before}{make_one}"
    assert world.run("init", cwd=cwd).stderr.splitlines()[-1] == f"Try: {make_one}"
