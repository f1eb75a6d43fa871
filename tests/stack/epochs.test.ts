import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { raiseEpoch, readEpochs } from "../../src/stack/epochs.ts";
import { loadStackSecret, StackSecret } from "../../src/stack/secret.ts";
import { faultOf, temporaryFolder } from "./temporary.ts";

describe("rotating a secret", () => {
  test("changes that one, for every later process, and no other", async () => {
    const folder = temporaryFolder();
    const before = await loadStackSecret(folder);
    expect(await raiseEpoch(folder, "password/samba-admin")).toBe(1);
    const after = await loadStackSecret(folder);
    expect(after.password("samba-admin")).not.toBe(before.password("samba-admin"));
    expect(after.bcrypt("samba-admin")).not.toBe(before.bcrypt("samba-admin"));
    expect(after.password("other")).toBe(before.password("other"));
    expect(after.sshKey("samba-admin", "x")).toEqual(before.sshKey("samba-admin", "x"));
    expect((await loadStackSecret(folder)).password("samba-admin")).toBe(after.password("samba-admin"));
  });

  test("gives another one each time, and never one that was before", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9/-]{0,20}$/);
    fc.assert(
      fc.property(label, fc.uniqueArray(fc.nat(1_000), { minLength: 2, maxLength: 8 }), (name, epochs) => {
        const made = epochs.map((e) => {
          const secret = new StackSecret(Buffer.alloc(32, 7), new Map([[`password/${name}`, e]]));
          return secret.password(name);
        });
        expect(new Set(made).size).toBe(epochs.length);
      }),
      { numRuns: 50 },
    );
  });

  test("of many at the same time loses none", async () => {
    const folder = temporaryFolder();
    await Promise.all(["a", "b", "a", "c", "a"].map((name) => raiseEpoch(folder, `password/${name}`)));
    expect(Object.fromEntries(await readEpochs(folder))).toEqual({ "password/a": 3, "password/b": 1, "password/c": 1 });
  });

  test("is kept in a file for this user alone, which holds no secret", async () => {
    const folder = temporaryFolder();
    const secret = await loadStackSecret(folder);
    await raiseEpoch(folder, "password/x");
    const file = join(folder, "epochs.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain(secret.password("x"));
    expect(readdirSync(folder).sort()).toEqual(["epochs.json", "secret"]);
  });

  test.each(["", "[]", '{"password/x": 0}', '{"password/x": 1.5}', '{"password/x": "1"}'])(
    "finds a damaged file (%j), and does not take every secret back to its first one",
    async (text) => {
      const folder = temporaryFolder();
      await loadStackSecret(folder);
      writeFileSync(join(folder, "epochs.json"), text);
      for (const work of [() => loadStackSecret(folder), () => raiseEpoch(folder, "password/x")]) {
        const fault = await faultOf(work);
        expect([fault.code, fault.hint.includes("backup")]).toEqual(["EPOCHS_DAMAGED", true]);
      }
      expect(readFileSync(join(folder, "epochs.json"), "utf8")).toBe(text);
    },
  );
});
