import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import ASK_DOMAIN from "../../src/roles/dc/ask_domain.py";
import END from "../../src/accept/drill/end.py";
import { said } from "../programs/guest.ts";
import { temporaryFolder } from "../stack/temporary.ts";

interface State {
  readonly answered: Record<string, number>;
  readonly direct: Record<string, { readonly good: boolean }>;
  readonly why: Record<string, string>;
}

test("a member whose controllers are not there notes each question, why, and that nobody answered", async () => {
  const folder = join(temporaryFolder(), "drill");
  const asked = {
    // Loopback, where nobody listens.
    servers: ["dc1", "dc2"].map((name, n) => ({ name, address: `127.66.0.${n + 1}` })),
    ...{ domain: "cod.test", realm: "COD.TEST", base: "DC=cod,DC=test", login: "x", password: "x", authority: "" },
    ...{ every: 20, timeout: 500, folder, limit: 90, patience: 30 },
  };
  const { pid } = (await said(ASK_DOMAIN, asked)) as { pid: number };
  onTestFinished(async () => {
    await said(END, { pid, deadline: 5 });
  });
  const keys = ["dns dc1", "dns dc2", "kerberos dc1", "kerberos dc2", "ldaps dc1", "ldaps dc2"];
  const file = join(folder, "state");
  const state = (): State => JSON.parse(readFileSync(file, "utf8")) as State;
  await expect.poll(() => existsSync(file) && Object.keys(state().direct).sort(), { timeout: 60_000 }).toEqual(keys);
  expect(Object.values(state().direct).some((d) => d.good)).toBe(false);
  expect(state().answered).toEqual({});
  expect(state().why["kerberos dc1"]).toMatch(/refused/);
  await expect.poll(() => readFileSync(join(folder, "log"), "utf8"), { timeout: 60_000 }).toMatch(/^q dns \d+ \d+ -$/m);
});
