"""Times Aerleon's shade check on a list of terms.

Reads JSON from standard input: {"networks": {...}, "services": {...}, "terms": [...]}, in the shapes of Aerleon's
own definitions and YAML policies. Writes {"version", "ms", "shaded": [names]}; the time is that of reading the
policy with the check less that of reading it without, the best of three.
"""

import importlib.metadata
import json
import re
import sys
import time

from aerleon.lib import naming, policy
from aerleon.lib.policy_builder import PolicyBuilder

given = json.load(sys.stdin)
definitions = naming.Naming()
definitions.ParseDefinitionsObject({"networks": given["networks"], "services": given["services"]}, "bench")

shaded = set()


def remember(message, *args):
    found = re.match(r"(\S+) is shaded by", str(message))
    if found:
        shaded.add(found.group(1))


policy.logging.warning = remember


def read(shade_check):
    document = {
        "filename": "bench",
        "filters": [{"header": {"targets": {"cisco": "bench extended"}}, "terms": given["terms"]}],
    }
    start = time.perf_counter()
    policy.FromBuilder(PolicyBuilder(document, definitions, False, shade_check))
    return (time.perf_counter() - start) * 1000


runs = 1 if len(given["terms"]) > 500 else 3
plain = min(read(False) for _ in range(runs))
checked = min(read(True) for _ in range(runs))
json.dump(
    {
        "version": importlib.metadata.version("aerleon"),
        "ms": checked - plain,
        "total": checked,
        "shaded": sorted(shaded),
    },
    sys.stdout,
)
