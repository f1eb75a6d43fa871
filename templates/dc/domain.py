"""The domain on this controller and what the plan wants in it. Written by maquette.

    domain.py establish FILE   makes the domain, or joins it when another controller has it;
                               standard input: {"administrator": PASSWORD, "machine": PASSWORD}
    domain.py check FILE       exit 1 and what differs from FILE
    domain.py apply FILE       makes it so; standard input: {"passwords": {LOGIN: PASSWORD}}, for accounts that are made
    domain.py replicated FILE  exit 1 unless this controller has what the others have
    domain.py signed-time FILE exit 1 unless every other controller signs the time that it gives
    domain.py roundtrip FILE   makes an object here, waits until every other controller has it, takes it away

FILE is JSON, in the shape of `Directory` and `Controller` in src/roles/dc/directory.ts. Only what is below the plan's
own OU, or bears its mark, is ever changed or taken away; a password is set when an account is made and never again.
"""

import importlib
import json
import sys

# Each is a function of a module of the folder `controller`, which loads what of Samba it needs and no more.
COMMANDS = {
    "establish": ("establish", "establish"),
    "answers": ("reach", "answering"),
    "check": ("compare", "check"),
    "apply": ("compare", "apply"),
    "reload-zones": ("zones", "reload_zones"),
    "replicated": ("replication", "replicated"),
    "roundtrip": ("replication", "roundtrip"),
    "signed-time": ("clock", "signed_time"),
}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        sys.exit("usage: domain.py %s FILE" % "|".join(COMMANDS))
    with open(arguments[1], encoding="utf-8") as file:
        wanted = json.load(file)
    # Nothing beside the files that were put here.
    sys.dont_write_bytecode = True
    module, function = COMMANDS[arguments[0]]
    from controller.common import Stop

    try:
        return getattr(importlib.import_module("controller." + module), function)(wanted)
    except Stop as stop:
        sys.exit(str(stop))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
