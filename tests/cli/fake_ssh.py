# Stands for ssh with Lima's ssh config: its guest is this machine, and notes the process as fake_limactl.py does.
import os
import shlex
import subprocess
import sys
from pathlib import Path

FAKE, line = Path(os.environ["FAKE_LIMACTL"]), sys.argv[-1]
with (FAKE / "ssh").open("a") as log:
    log.write(f"{line}\n")
*_, command = shlex.split(line)
process = subprocess.Popen(["sh", "-c", line], start_new_session=True)
(FAKE / shlex.split(command)[3]).write_text(str(process.pid))
code = process.wait()
sys.exit(255 if code < 0 else code)
