"""A copy of the directory, in the folder where this is run. Written by maquette.

`samba-tool domain backup offline` asks for no password and locks each database while it is copied, so that all of them
are as of one moment; SYSVOL goes with it, with its rights. What it packs changes all over with the first byte that
does. Unpacked, what has not changed is the same, and is kept once.
"""

import bz2
import glob
import os
import shutil
import subprocess
import sys

NAME = "directory.tar"


def unpacked(packed, plain):
    with bz2.open(packed, "rb") as source, open(plain, "xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    os.remove(packed)


def main():
    done = subprocess.run(
        ["samba-tool", "domain", "backup", "offline", "--targetdir=."],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = done.stdout.decode(errors="replace").strip().split("\n")
    if done.returncode != 0:
        wrong = [line for line in said if line.startswith("ERROR")]
        print((wrong or said)[-1])
        return 1
    found = glob.glob("samba-backup-*.tar.bz2")
    if len(found) != 1:
        print("samba-tool says that it made a backup, and there are %d" % len(found))
        return 1
    unpacked(found[0], NAME)
    return 0


if __name__ == "__main__":
    sys.exit(main())
