"""pyinfra's inventory of the bench: what run.ts wrote into the folder that the environment names."""

import json
import os

from paramiko import Transport

# Paramiko knows RFC 8731's key exchange by the name that it had before the RFC; the lab's sshd takes the RFC's alone.
NAME = "curve25519-sha256"
if NAME not in Transport._kex_info:
    Transport._kex_info[NAME] = Transport._kex_info[NAME + "@libssh.org"]
    Transport._preferred_kex = (NAME, *Transport._preferred_kex)

folder = os.environ["MAQUETTE_BENCH_FOLDER"]
with open(os.path.join(folder, "hosts.json")) as f:
    given = json.load(f)

hosts = [
    (
        name,
        {
            "ssh_hostname": "127.0.0.1",
            "ssh_port": host["port"],
            "ssh_user": given["user"],
            "ssh_key": os.path.join(folder, "key"),
            "ssh_known_hosts_file": os.path.join(folder, "known_hosts"),
            "ssh_strict_host_key_checking": "yes",
            # An empty one: the user's own has no say here.
            "ssh_config_file": os.path.join(folder, "ssh_config"),
            "asked": host["asked"],
            "_sudo": True,
        },
    )
    for name, host in given["hosts"].items()
]
