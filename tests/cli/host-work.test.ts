import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { secret } from "../../src/core/secret-place.ts";
import type { Context } from "../../src/cli/context.ts";
import { filesOf, sentWork, textOf } from "../../src/cli/host-work.ts";
import type { DeclaredStep } from "../../src/provision/steps/index.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

const steps: readonly DeclaredStep[] = [
  { kind: "packages", name: "packages", packages: ["chrony", "krb5-user"] },
  {
    kind: "files",
    name: "clock",
    files: {
      "/etc/chrony/keys": { content: ["1 ", secret("password", "clock"), "\n"], owner: "root:_chrony", mode: "0640" },
    },
    check: [{ argv: ["chronyd", "-p", "-f", "new:/etc/chrony/keys"] }],
    drift: "/etc/chrony/keys differs",
  },
  {
    kind: "command",
    name: "account",
    unless: { argv: ["id", "clock"] },
    run: { argv: ["sh", "-c", "useradd clock"], input: [secret("password", "clock"), "\n"] },
  },
];
const urn = (name: string): string => `urn:pulumi:lab::maquette::maquette:lab:Lab$provision:index:Role::${name}`;
const resources = [
  { urn: urn("dc1-seed"), type: "provision:index:Seed", inputs: { files: { "meta-data": "instance-id: x\n" } } },
  { urn: urn("dc1-dc"), type: "provision:index:Role", inputs: { host: "dc1", role: "dc", steps }, initErrors: ["cut"] },
  { urn: urn("dc2-dc"), type: "provision:index:Role", inputs: { host: "dc2", role: "dc", steps: [] } },
];

/** A stack of which only the state is there. */
function context(): Context {
  const folder = temporaryFolder();
  const folders = foldersOf(folder, "lab", { XDG_STATE_HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder });
  const stacks = join(folders.backend, ".pulumi/stacks/maquette");
  mkdirSync(stacks, { recursive: true });
  writeFileSync(join(stacks, "lab.json"), JSON.stringify({ version: 3, checkpoint: { latest: { resources } } }));
  return { folders, stack: "lab" } as unknown as Context;
}

test("what a host was sent is read from the stack's state: every file, command and failure, with places for secrets", async () => {
  const work = await sentWork(context(), "dc1");
  expect([...filesOf(work)]).toEqual([
    ["meta-data", "instance-id: x\n"],
    ["/etc/chrony/keys", "1 {{secret:password/clock}}\n"],
  ]);
  expect(textOf("dc1", work)).toBe(`# dc1/meta-data
instance-id: x

# dc1: dc, packages
# packages: chrony krb5-user

# dc1: dc, clock
# found: /etc/chrony/keys differs
# dc1/etc/chrony/keys (root:_chrony 0640)
1 {{secret:password/clock}}
# check: chronyd -p -f new:/etc/chrony/keys

# dc1: dc, account
# unless: id clock
# run: sh -c 'useradd clock', which reads
#   {{secret:password/clock}}

# dc1: dc did not come to its end
# cut
`);
});

test("a host that was sent nothing is told apart from a stack without state", async () => {
  expect((await faultOf(() => sentWork(context(), "mail"))).message).toBe("mail was sent nothing yet.");
  expect((await faultOf(() => sentWork({ ...context(), stack: "other" }, "mail"))).message).toContain("has no state");
});
