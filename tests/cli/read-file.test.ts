import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readNamed } from "../../src/cli/read-file.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

const LIMIT = 1_000_000;
const textOf = async (file: string): Promise<string> => Buffer.from(await readNamed(file, LIMIT)).toString();

const at = (name: string): string => join(temporaryFolder(), name);
function pipe(): string {
  const path = at("pipe");
  execFileSync("mkfifo", [path]);
  return path;
}
function shell(script: string, file: string): ChildProcess {
  const child = spawn("sh", ["-c", script, file], { stdio: ["pipe", "ignore", "inherit"] });
  onTestFinished(() => void child.kill());
  return child;
}

describe("a file that is named on the command line", () => {
  test("is read wherever its name leads: that is its user's choice", async () => {
    const [file, link] = [at("file"), at("link")];
    writeFileSync(file, "text");
    symlinkSync(file, link);
    expect(await textOf(file)).toBe("text");
    expect(await textOf(link)).toBe("text");
  });

  test("may be a pipe that a program writes into, as a shell makes one, for as long as that takes", async () => {
    const file = pipe();
    shell(`head -c 300000 /dev/zero | tr '\\0' x > "$0"`, file);
    expect(await textOf(file)).toBe("x".repeat(300_000));
    const slow = pipe();
    const child = shell(`exec 3>"$0"; read -r word; printf %s "$word" >&3`, slow);
    const read = textOf(slow);
    child.stdin!.write("late\n");
    expect(await read).toBe("late");
  });

  test("may be a pipe whose writer comes while it is being looked at: nothing of it is lost", async () => {
    for (let i = 0; i < 10; i++) {
      const file = pipe();
      const read = textOf(file);
      await new Promise((resolve) => setTimeout(resolve, i * 7));
      shell(`printf said > "$0"`, file);
      expect(await read).toBe("said");
    }
  });

  test("is refused where nobody writes, rather than waited for", async () => {
    const { code, message } = await faultOf(() => readNamed(pipe(), LIMIT, undefined, 100));
    expect([code, message]).toEqual([
      "CLI_NO_FILE",
      expect.stringMatching(/it is a pipe, and no program writes into it/),
    ]);
  });

  test.each([
    ["/dev/zero", "it is a device"],
    ["/", "it is a folder"],
    ["/nonexistent/file", "it does not exist"],
  ])("is refused where it is none: %s", async (file, why) => {
    const { code, message, hint } = await faultOf(() => readNamed(file, LIMIT, "Give another."));
    expect([code, message, hint]).toEqual(["CLI_NO_FILE", `${file} cannot be read: ${why}.`, "Give another."]);
  });

  test("is not read when it is larger than anything that is meant, nor read on when a pipe turns out to be", async () => {
    const file = at("file");
    writeFileSync(file, "");
    truncateSync(file, 10_000_000_000);
    const large = await faultOf(() => readNamed(file, LIMIT));
    expect(large.message).toBe(`${file} has 10000000000 bytes; at most 1000000 are read.`);
    const endless = pipe();
    shell(`cat /dev/zero > "$0" 2>/dev/null`, endless);
    expect((await faultOf(() => readNamed(endless, LIMIT))).code).toBe("CLI_FILE_TOO_LARGE");
  });
});
