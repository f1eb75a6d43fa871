"""What the backup's key is answered with on another host, asked for what it may not have.

`{ssh, user, address, refused: [WORDS], allowed}` → `{answered: {WORDS: HOW}, allowed: HOW}`: `refused` is how each of
them must be, `allowed` what must be answered, for where nobody gets in at all a refusal shows nothing.
"""

import json
import subprocess
import sys

REFUSED = 64


def how(asked, words):
    argv = ["runuser", "-u", asked["user"], "--", "ssh", "-F", asked["ssh"], asked["address"], *words]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=20)
    said = done.stderr.strip().split("\n")[-1]
    if done.returncode == REFUSED and done.stdout == "" and said.startswith("refused"):
        return "refused"
    if done.returncode == 0:
        return "answered"
    return (said or "exit %d" % done.returncode)[:80]


def main():
    asked = json.load(sys.stdin)
    try:
        # No word at all asks for a shell.
        answered = {words or "a shell": how(asked, [words] if words else []) for words in asked["refused"]}
        print(json.dumps({"answered": answered, "allowed": how(asked, [asked["allowed"]])}))
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.exit("%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
