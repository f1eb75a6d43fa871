"""What the simulated UPS says for a while, one state after the other; the last one stays.

`{file, states: [{text, seconds}]}` → `{}`. Each takes the file's place whole.
"""

import json
import os
import sys
import time


def main():
    asked = json.load(sys.stdin)
    for state in asked["states"]:
        new = asked["file"] + ".new"
        with open(new, "w") as file:
            file.write(state["text"])
        os.chmod(new, 0o644)
        os.rename(new, asked["file"])
        time.sleep(state["seconds"])
    print("{}")


if __name__ == "__main__":
    main()
