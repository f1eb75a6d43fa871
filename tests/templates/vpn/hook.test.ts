import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../src/accept/router-state.ts";
import { temporaryFolder } from "../../stack/temporary.ts";

/** The hook with a program that waits for `go`, and then does what it is given. */
function hook(program: string): {
  readonly folder: string;
  readonly run: (verb: string, file: string, variable: string) => Promise<number | null>;
  readonly go: () => void;
  readonly answer: (is: string) => Promise<unknown>;
} {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder, name);
  const executable = (name: string, text: string): void => {
    writeFileSync(at(name), text);
    chmodSync(at(name), 0o755);
  };
  executable("program", `#!/bin/sh\nuntil [ -e ${at("go")} ]; do sleep 0.01; done\n${program}\n`);
  const template = readFileSync(new URL("../../../templates/vpn/hook.sh", import.meta.url), "utf8");
  executable("hook", template.replaceAll("{{program}}", at("program")));
  return {
    folder,
    run: async (verb, file, variable) => {
      const child = spawn(at("hook"), [verb, file], {
        stdio: "ignore",
        env: { ...process.env, [variable]: at("answer") },
      });
      return ((await once(child, "exit")) as [number | null])[0];
    },
    go: () => writeFileSync(at("go"), ""),
    answer: (is) =>
      until(
        `the answer is ${is}`,
        10_000,
        () => Promise.resolve(existsSync(at("answer")) ? readFileSync(at("answer"), "utf8") : ""),
        (text) => text === is,
      ),
  };
}

test("OpenVPN goes on at once, and the program reads what was typed when the file is gone", async () => {
  const { folder, run, go, answer } = hook('read -r login; printf %s "$1 $login" >"$auth_control_file"');
  writeFileSync(join(folder, "typed"), "claire.morel\nsecret\n");
  expect(await run("verify", join(folder, "typed"), "auth_control_file")).toBe(2);
  rmSync(join(folder, "typed"));
  go();
  await answer("verify claire.morel");
});

test("a program that fails has let nobody in", async () => {
  const { folder, run, go, answer } = hook("exit 1");
  writeFileSync(join(folder, "typed"), "claire.morel\nsecret\n");
  go();
  expect(await run("verify", join(folder, "typed"), "auth_control_file")).toBe(2);
  await answer("0");
});

test("whoever is in waits as well for the second question", async () => {
  const { run, go, answer } = hook('printf 1 >"$client_connect_deferred_file"');
  expect(await run("connect", "/nowhere", "client_connect_deferred_file")).toBe(0);
  await answer("2");
  go();
  await answer("1");
});

test("and is out when that fails", async () => {
  const { run, go, answer } = hook("exit 1");
  expect(await run("connect", "/nowhere", "client_connect_deferred_file")).toBe(0);
  go();
  await answer("0");
});
