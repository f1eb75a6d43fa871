"""The lab's steps in pyinfra's own operations: each finds nothing to do, and a guard is a command that must exit 0."""

import os
import shlex

from pyinfra import host
from pyinfra.operations import apt, files, server, systemd

folder = os.environ["MAQUETTE_BENCH_FOLDER"]

for asked in host.loop(host.data.asked):
    kind, name = asked["kind"], asked["name"]
    if kind == "packages":
        apt.packages(name=name, packages=asked["packages"], present=True)
    elif kind == "file":
        files.put(
            name=name,
            src=os.path.join(folder, asked["content"]),
            dest=asked["path"],
            user=asked["user"],
            group=asked["group"],
            mode=asked["mode"],
            # Folders on the way are asked for by nobody else either.
            create_remote_dir=False,
        )
    elif kind == "absent":
        files.file(name=name, path=asked["path"], present=False)
    elif kind == "unit":
        systemd.service(name=name, service=asked["unit"], running=asked["isRunning"], enabled=asked["isRunning"])
    elif kind == "guard":
        given = {"_stdin": asked["input"]} if asked["input"] else {}
        server.shell(name=name, commands=[shlex.join(asked["argv"])], **given)
