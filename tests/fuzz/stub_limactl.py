# Stands for limactl: says what the file in its first word has for the verb. Nothing runs, and it keeps nothing.
import json
import os
import sys
from pathlib import Path

said, *words = sys.argv[1:]
answers = json.loads(Path(said).read_text(encoding="utf-8"))
verb = next((word for word in words if word == "--version" or not word.startswith("-")), "")
code, out, err = answers.get(verb, [1, "", ""])
for number, text in ((1, out), (2, err)):
    data = text.encode("utf-8", "surrogatepass")
    try:
        while data:
            data = data[os.write(number, data) :]
    except BrokenPipeError:
        pass
os._exit(code)
