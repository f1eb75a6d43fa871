"""Has a set taken now, and reads it back from the repository to its end.

`{program, user, set, marker, seconds}` → `{took, files, bytes, age}`: `age` is how many seconds ago the marker was
written, as the archive has it; null where it has none.
"""

import json
import subprocess
import sys
import tarfile
import time


def argv_of(asked, verb):
    return ["runuser", "-u", asked["user"], "--", "/usr/bin/python3", "-I", asked["program"], verb, asked["set"]]


def read(stream, marker):
    """What an archive holds, all of it read; the moment that its marker says. @raises tarfile.TarError"""
    files = size = 0
    written = None
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            files += 1
            if not member.isfile():
                continue
            content = archive.extractfile(member)
            if member.name == marker.lstrip("/"):
                written = float(content.read())
                size += member.size
                continue
            while part := content.read(1 << 20):
                size += len(part)
    return {"files": files, "bytes": size, "age": None if written is None else round(time.time() - written, 1)}


def restored(asked):
    began = time.monotonic()
    taken = subprocess.run(argv_of(asked, "now"), capture_output=True, text=True, check=False, timeout=asked["seconds"])
    if taken.returncode != 0:
        raise RuntimeError((taken.stdout + taken.stderr).strip().split("\n")[-1])
    with subprocess.Popen(argv_of(asked, "get"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as getting:
        found = read(getting.stdout, asked["marker"])
        said = getting.stderr.read().decode(errors="replace").strip()
    if getting.returncode != 0:
        raise RuntimeError(said.split("\n")[-1])
    return {"took": round(time.monotonic() - began, 1), **found}


def main():
    try:
        print(json.dumps(restored(json.load(sys.stdin))))
    except subprocess.TimeoutExpired as error:
        sys.exit("nobody took it within %d s" % error.timeout)
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
