import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readProgram } from "../../bin/programs.js";
import END from "../../src/accept/drill/end.py";
import { temporaryFolder } from "../stack/temporary.ts";
import { said } from "./guest.ts";

/** What a program says that begins in the background and then does what is given. */
function started(body: string, asked: object): Promise<unknown> {
  const path = join(temporaryFolder(), "program.py");
  writeFileSync(path, `import os\nimport time\n\nfrom background import begin\n\nbackground = begin()\n${body}`);
  return said(readProgram(path).text, { limit: 60, patience: 30, ...asked });
}

/** One that its parent has not looked at yet (Z in proc(5)) has ended. */
function isThere(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const WAIT = "background.answer(pid=os.getpid())\nwhile not background.is_over():\n    time.sleep(0.01)\n";

test("whoever starts a program in the background hears what it answers, and it goes on", async () => {
  const { pid } = (await started(WAIT, {})) as { pid: number };
  expect(isThere(pid)).toBe(true);
  expect(await said(END, { pid, deadline: 5 })).toEqual({});
  expect(isThere(pid)).toBe(false);
});

test("one that does not end when it is told to is ended", async () => {
  const deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n";
  const { pid } = (await started(deaf + WAIT, {})) as { pid: number };
  await said(END, { pid, deadline: 0.1 });
  expect(isThere(pid)).toBe(false);
});

test("it ends by itself after its limit", async () => {
  const { pid } = (await started(WAIT, { limit: 0.2 })) as { pid: number };
  await expect.poll(() => isThere(pid), { timeout: 60_000 }).toBe(false);
});

test("one that ends before it is ready says so, whatever it ended of", async () => {
  expect(await started("raise ValueError\n", {})).toEqual({ failure: "it ended before it was ready" });
});
