# Stands for limactl 2.2.0: keeps instances as files below LIMA_HOME and says what the real one said (DATA).
# Its guest is this machine. A file VERB.fail in FAKE holds what that verb says before it fails; VERB.hang hangs it.
import base64
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

FAKE, DATA, HOME = (Path(os.environ[name]) for name in ("FAKE_LIMACTL", "FAKE_DATA", "LIMA_HOME"))
LEGAL = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*\Z")


def end(code, err=""):
    sys.stderr.write(err)
    sys.stderr.flush()
    os._exit(code)


def captured(name, instance):
    text = (DATA / name).read_text()
    return re.sub("demo-dev|nonesuch|half", instance, text).replace("/home/me/.lima", str(HOME))


def status(name):
    return (HOME / name / "status").read_text()


def list(words):  # noqa: A001
    code = 0
    for name in words:
        if name == "--json":
            continue
        if not LEGAL.match(name):
            end(1, captured("list-invalid-name.err", "x").replace("a--b", name))
        if not (HOME / name).is_dir():
            code = 1
            sys.stderr.write(captured("list-unmatched.err", name))
            continue
        source = HOME / name / "lima.yaml"
        try:
            kind = ("corrupt" if source.read_text() == "corrupt" else "") if source.exists() else "bro"
        except PermissionError:  # nothing else is printed that we read
            kind = "corrupt"
        if kind:
            print(captured(f"list-{'broken' if kind == 'bro' else kind}.json", name).replace(kind, name), flush=True)
            continue
        row = json.loads(captured("list-stopped.json", name))
        try:
            own = json.loads(source.read_text())
            row.update(name=name, dir=str(HOME / name), status=status(name), param=own.get("param", {}))
        except FileNotFoundError:  # deleted meanwhile
            code = 1
            sys.stderr.write(captured("list-unmatched.err", name))
            continue
        for mount in own.get("mounts", ()):
            Path(mount["location"]).is_dir()  # as Lima looks at each
        row.update({key: own[key] for key in ("vmType", "arch") if key in own})
        row["config"] = {**row.get("config", {}), **own}  # filled in
        if row["status"] == "Running":
            row["sshLocalPort"] = 60022
        print(json.dumps(row), flush=True)
    end(code)


def create(words):
    import shutil

    name = words[words.index("--name") + 1]
    directory = HOME / name
    if directory.exists():
        end(1, captured("start-exists.err", name))
    directory.mkdir(parents=True)
    (directory / "status").write_text("Stopped")
    shutil.copy(words[-1], directory / "lima.yaml.new")
    (directory / "lima.yaml.new").rename(directory / "lima.yaml")  # others list it meanwhile
    end(0)


def start(words):
    name = words[-1]
    directory = HOME / name
    if not directory.exists():
        end(99, "a bare unknown name would create a VM from template:default")
    sys.stderr.write(captured("start-no-image.err", name).splitlines(keepends=True)[0])
    driver = {"vz": "VZ", "qemu": "QEMU"}[json.loads((directory / "lima.yaml").read_text()).get("vmType", "qemu")]
    log = {
        "level": "info",
        "msg": f'Starting {driver} (hint: to watch the boot progress, see "{directory}/serial*.log")',
    }
    (directory / "ha.stderr.log").write_text(json.dumps(log) + "\n")
    (directory / "ha.stdout.log").write_text('{"status":{"running":true}}\n')
    console = "serialv.log" if driver == "VZ" else "serial.log"
    (directory / console).write_text("boot\nLIMA 2026| Executing it\nlogin:\n")
    (directory / "status").write_text("Running")


def template(words):
    """`template copy --fill` gives back a config that has no more to fill in."""
    print(Path(words[-2]).read_text(), end="", flush=True)
    end(0)


def validate(words):
    end(0, captured("validate-ok.err", "x").replace("/tmp/x.yaml", words[-1]))


def edit(words):
    name, expression = words[-1], words[words.index("--set") + 1]
    if status(name) == "Running":
        end(1, '{"level":"fatal","msg":"cannot edit a running instance"}\n')
    encoded = re.fullmatch(r'\. = \("(.*)" \| @base64d \| from_json\)', expression)[1]
    (HOME / name / "lima.yaml").write_bytes(base64.b64decode(encoded))


def stop(words):
    name = words[-1]
    if not (HOME / name).exists():
        end(1, captured("stop-missing.err", name))
    if not (HOME / name / "lima.yaml").exists():
        end(1, captured("stop-missing.err", name))
    if status(name) != "Running" and "--force" not in words:
        end(1, captured("stop-stopped.err", name))
    (HOME / name / "status").write_text("Stopped")


def delete(words):
    import shutil

    if (HOME / words[-1]).exists() and not (HOME / words[-1] / "lima.yaml").exists():
        end(1, captured("delete-no-yaml.err", words[-1]))
    shutil.rmtree(HOME / words[-1], ignore_errors=True)
    end(0, captured("delete-ok.err", words[-1]))


def shell(words):
    import subprocess

    name, at = words[words.index("--workdir") + 2], words.index("--")
    if not (HOME / name).exists():
        end(1, captured("shell-missing.err", name))
    if status(name) != "Running":
        end(1, captured("shell-stopped.err", name))
    guest, workdir = words[at + 1 :], words[words.index("--workdir") + 1]
    if "pgrep" in " ".join(guest):
        os.killpg(int((FAKE / guest[-1]).read_text()), signal.SIGINT)
        end(0)
    if not Path(workdir).is_dir():
        end(1, f"cd: {workdir}: No such file or directory\n")
    # Like sshd: the command leads its own group, and outlives the connection.
    process = subprocess.Popen(guest, cwd=workdir, start_new_session=not os.isatty(0))
    (FAKE / guest[3]).write_text(str(process.pid))
    code = process.wait()
    end(255 if code < 0 else code)


def main():
    words = sys.argv[1:]
    with (FAKE / "argv").open("a") as log:
        log.write(json.dumps(words) + "\n")
    if words == ["--version"]:
        version = FAKE / "version"
        print(version.read_text() if version.exists() else (DATA / "version.out").read_text(), end="", flush=True)
        end(0)
    verb, *rest = [word for word in words if word != "--log-format=json"]
    if (FAKE / f"{verb}.fail").exists():
        end(1, (FAKE / f"{verb}.fail").read_text().replace("/tmp/demo-dev.yaml", words[-1]))
    if verb in {"list", "create", "start", "stop", "edit", "delete", "template", "validate"}:
        globals()[verb](rest)
    if (FAKE / f"{verb}.hang").exists():
        signal.signal(signal.SIGINT, lambda *_: end(1))
        time.sleep(30)
    if verb == "shell":
        shell(rest)
    end(0 if verb in {"start", "stop", "edit"} else 98)


main()
