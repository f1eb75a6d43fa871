import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDocument, type Document } from "yaml";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import type { Ran } from "../engine/lab.ts";
import { whyNot } from "../twin/machine.ts";
import { standingLab, type StandingLab } from "./standing.ts";

/*
 * A lab that runs and whose plan is changed, or that is hurt: what `up` alone makes of it.
 */

const reason = whyNot();
const MINUTES = 60_000;
/** Somebody new, who has the VPN, a mailbox and a telephone. */
const NEWCOMER = "nina.perrin";
/** The desk's phone calls the echo, as somebody who presses its keys. */
const CALL = `
import json, socket
control = socket.create_connection(("127.0.0.1", 4444))
asked = json.dumps({"command": "dial", "params": "sip:*43@pbx.cod.test", "token": "t"}).encode()
control.sendall(b"%d:%s," % (len(asked), asked))
control.recv(1)
`;
/** Whether the mail host lets in who is named on standard input, with the password below. */
const LOGIN = `
import imaplib, sys
who, password = sys.stdin.read().split("\\n")
print(imaplib.IMAP4_SSL("mail.cod.test", timeout=20).login(who, password)[0])
`;

/** An SSH session from the bastion through the routers, which says when it was told to end. */
const SESSION = "rm -f /tmp/end; while ! test -e /tmp/end; do echo; sleep 0.2; done; echo lived";

describe.skipIf(reason !== undefined)(`a changed lab${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: StandingLab;
  let running: RunningLab;
  beforeAll(async () => {
    lab = await standingLab();
    running = await lab.running();
  });
  afterAll(() => running.close());

  const good = (ran: Ran): Ran => {
    expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
    return ran;
  };
  /** The plan's documents as they were. */
  const before = new Map<string, string>();
  const edit = (name: string, change: (document: Document) => void): void => {
    const file = join(lab.clone.root, "stacks/lab", `${name}.yaml`);
    const text = readFileSync(file, "utf8");
    if (!before.has(file)) before.set(file, text);
    const document = parseDocument(text);
    change(document);
    writeFileSync(file, document.toString({ lineWidth: 0 }));
  };
  const inside = async (host: string, argv: readonly string[], input = ""): Promise<string> => {
    const { exitCode, stdout, stderr } = await running.shell.run(host, argv, input, 60_000);
    expect(exitCode, `${host}: ${argv.join(" ")}: ${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  /** Calls that stand, by the number that Asterisk gave each. */
  const calls = async (): Promise<readonly string[]> =>
    (await inside("pbx", ["asterisk", "-rx", "core show channels concise"]))
      .split("\n")
      .filter((line) => line.includes("!Echo!"))
      .map((line) => line.split("!").at(-1)!);
  /** `up`, with a session open through it; then everything as the plan says. */
  const upWithSession = async (): Promise<Ran> => {
    const session = lab.maquette("ssh", "pc1", "--", SESSION);
    const up = await lab.maquette("up");
    await running.shell.run("pc1", ["touch", "/tmp/end"], "", 30_000);
    expect(good(await session).stdout.trim()).toBe("lived");
    good(up);
    good(await lab.maquette("preview", "--expect-no-changes"));
    expect(await lab.reds()).toEqual([]);
    return up;
  };
  const configurations = (up: Ran): readonly string[] =>
    [...up.stderr.matchAll(/configuration of (\S+): updating, done/g)].map((m) => m[1]!);

  const address = (host: string, to: string): void =>
    edit("hosts", (d) => d.setIn(["hosts", host, "nics", 0, "address"], to));

  it("a controller with another address is refused before anything is touched", async () => {
    address("dc2", "10.20.20.22");
    const refused = await lab.maquette("up");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("GUESTS_LOST")]);
    expect(refused.stderr).toMatch(/dc2 .*moves it from 10\.20\.20\.12 to 10\.20\.20\.22/);
    address("dc2", "10.20.20.12");
  });

  it(
    "a new zone, a host in it and another one's new address: each restarts for what it gets, the session through them lives",
    async () => {
      address("mail", "10.20.20.24");
      edit("addressing", (d) =>
        d.setIn(["zones", "guests"], {
          kind: "inside",
          description: "Guests",
          vlan: 55,
          subnet: "10.20.60.0/24",
          vip: { address: "10.20.60.1", vhid: 60 },
        }),
      );
      edit("hosts", (d) => {
        for (const [router, address] of [
          ["rtr-a", "10.20.60.2"],
          ["rtr-b", "10.20.60.3"],
        ])
          d.addIn(["hosts", router, "nics"], d.createNode({ zone: "guests", address }));
        const kiosk = d.createNode({
          ...(d.toJS() as { hosts: Record<string, object> }).hosts["pc1"],
          number: 33,
          nics: [{ zone: "guests", address: "10.20.60.20" }],
        });
        d.setIn(["hosts", "kiosk"], kiosk);
      });
      edit("flows", (d) => {
        const { flows } = d.toJS() as { flows: readonly { readonly id: string }[] };
        // What a workstation needs, and its way in: the rows that `check` names.
        for (const [id, end] of [
          ["F401", "to"],
          ["F411", "from"],
          ["F418", "from"],
          ["F442", "from"],
          ["F443", "from"],
          ["F447", "from"],
        ] as const)
          d.addIn(["flows", flows.findIndex((f) => f.id === id), end], "guests");
      });
      edit("people", (d) => {
        const { people } = d.toJS() as { people: Record<string, object> };
        d.setIn(
          ["people", NEWCOMER],
          d.createNode({
            ...people["yann.caradec"],
            ...{ givenName: "Nina", surname: "Perrin", groups: ["nomades"], mailbox: NEWCOMER, extension: 129 },
          }),
        );
      });
      await inside("pc1", ["python3", "-c", CALL]);
      await expect.poll(calls, { timeout: 20_000 }).toHaveLength(1);
      const open = await calls();
      const preview = good(await lab.maquette("preview"));
      expect(preview.stdout).toMatch(
        /configuration of rtr-a {2}restarted for its cards, while the other router carries/,
      );
      expect(preview.stdout).toMatch(/seed of mail {2}its guest is restarted with its new address/);
      const up = await upWithSession();
      expect(configurations(up)).toEqual(["rtr-b", "rtr-a"]);
      expect(up.stderr).toMatch(/seed of mail: updating, done/);
      good(await lab.maquette("console", "kiosk", "--", "getent hosts dc1"));
      expect(good(await lab.maquette("console", "mail", "--", "ip -br address")).stdout).toContain("10.20.20.24");
      // Somebody else's call went on, and the newcomer has all three.
      expect(await calls()).toEqual(open);
      const password = lab.secret.password(`user/${NEWCOMER}`);
      expect(await inside("pc1", ["python3", "-c", LOGIN], `${NEWCOMER}\n${password}`)).toBe("OK\n");
      expect(await inside("pbx", ["asterisk", "-rx", `pjsip show endpoint ${NEWCOMER}`])).toContain(`${NEWCOMER}/129`);
      expect(good(await lab.maquette("vpn", "profile", NEWCOMER, "--stdout")).stdout).toContain("<tls-crypt-v2>");
    },
    10 * MINUTES,
  );

  it(
    "and without all that again: what the new host needed goes last",
    async () => {
      for (const [file, text] of before) writeFileSync(file, text);
      const up = await upWithSession();
      expect(configurations(up)).toEqual(["rtr-b", "rtr-a"]);
      expect(up.stderr).toMatch(/guest kiosk: deleting, done/);
      // What it held is ended, told once, and not once more for every host that gets the longer list.
      expect(up.stderr.match(/cert\/log-kiosk is revoked/g)).toHaveLength(1);
      expect(up.stderr).not.toContain("not loaded");
      expect(await inside("pbx", ["asterisk", "-rx", "pjsip show endpoints"])).not.toContain(NEWCOMER);
      expect(await inside("dc1", ["samba-tool", "user", "show", NEWCOMER])).toMatch(/userAccountControl: 514/);
      expect(good(await lab.maquette("secret", "--list")).stdout).toMatch(/cert\/log-kiosk +0 +\(no host; revoked\)/);
    },
    10 * MINUTES,
  );

  it(
    "a change that the kernel of one router does not follow is taken back on both, and up names the packet",
    async () => {
      const load = "/usr/local/sbin/maquette-load";
      const inRouter = async (router: string, line: string): Promise<string> =>
        (await running.shell.run(router, ["sh", "-c", line], "", 30_000)).stdout;
      const digests = async (): Promise<readonly string[]> =>
        Promise.all(
          ["rtr-a", "rtr-b"].map((r) =>
            inRouter(r, 'grep -o \'"digest": *"[0-9a-f]*"\' /run/maquette/router/status.json'),
          ),
        );
      const had = await digests();
      await inRouter("rtr-a", `cp ${load} ${load}.real`);
      await inRouter(
        "rtr-a",
        `printf '#!/bin/sh\n${load}.real "$@" || exit $?\ncase "$*" in *incoming*) nft insert rule inet maquette filter_in tcp dport 53 drop ;; esac\n' > ${load}`,
      );
      edit("flows", (d) => {
        const { flows } = d.toJS() as { flows: readonly { readonly id: string }[] };
        d.addIn(["flows", flows.findIndex((f) => f.id === "F403"), "services"], "https");
      });
      const session = lab.maquette("ssh", "pc1", "--", SESSION);
      const up = await lab.maquette("up");
      await inRouter("pc1", "touch /tmp/end");
      expect(good(await session).stdout.trim()).toBe("lived");
      expect(up.code).not.toBe(0);
      expect(up.stderr).toMatch(/ROUTER_WENT_BACK With its new configuration rtr-a does not do what the plan says/);
      expect(up.stderr).toMatch(/:53 tcp \(allowed, dns\)\s+expected {2}pass .*row F\d+/);
      expect(up.stderr).toContain("rtr-b went back with it");
      expect(await digests()).toEqual(had);
      await inRouter("rtr-a", `mv ${load}.real ${load}`);
      for (const [file, text] of before) writeFileSync(file, text);
      good(await lab.maquette("up"));
      good(await lab.maquette("preview", "--expect-no-changes"));
    },
    10 * MINUTES,
  );

  it(
    "guests that are off, both routers among them, are told by preview and started by up before anybody is asked",
    async () => {
      for (const host of ["rtr-a", "rtr-b", "mail"]) await running.power.stop(host);
      const preview = await lab.maquette("preview", "--expect-no-changes");
      expect(preview.code).toBe(1);
      expect(preview.stdout).toMatch(/Off: .*rtr-[ab].*mail.*`maquette up` starts them/);
      expect(preview.stdout).toMatch(/Hosts not asked: the way in leads through rtr-a and rtr-b/);
      expect(good(await lab.maquette("up")).stderr).toMatch(/starting what is off: .*mail/);
      good(await lab.maquette("preview", "--expect-no-changes"));
      // A phone on a connection that both routers have forgotten calls again when it registers anew (docs/roles/pbx.md).
      expect(await lab.reds({ withinMs: 2 * MINUTES })).toEqual([]);
    },
    10 * MINUTES,
  );
});
