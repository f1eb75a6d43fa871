import { describe, expect, test } from "vitest";
import { secret as place } from "../../src/core/secret-place.ts";
import type { ConsoleRun } from "../../src/provision/console.ts";
import { routerDrift, routerResource, type RouterState } from "../../src/provision/router-config.ts";
import { configDigest } from "../../src/provision/routers.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { seedFiles } from "../../src/provision/seed.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import { FakePve, vm } from "./fake-client.ts";

const secret = new StackSecret(Buffer.alloc(32, 5));
const source = new SecretSource(secret, new Vault("/nonexistent"));
const authority = { commonName: "CA", years: 10, crlDays: 365 };
const MARK = "lab-1";

/** A router's inputs whose file says this. */
async function routerOf(host: "rtr-a" | "rtr-b", words: string, cards: readonly string[]): Promise<RouterState> {
  const files = { "config.xml": [`<pfsense>${words} `, place("password", "pfsense"), "</pfsense>"] };
  const text = (await seedFiles({ files, authority, certificates: {} }, source)).get("config.xml")!;
  return {
    host,
    vmId: host === "rtr-a" ? 1001 : 1002,
    mark: MARK,
    files,
    authority,
    certificates: {},
    digest: source.digest(text),
    cards: Object.fromEntries(cards.map((mac, n) => [`vtnet${n}`, mac])),
    peers: [host === "rtr-a" ? { host: "rtr-b", vmId: 1002 } : { host: "rtr-a", vmId: 1001 }],
    witness: { from: { host: "bastion", vmId: 1003 }, hosts: [{ host: "dc1", address: "10.0.0.11" }] },
    policy: null,
    guests: {},
    next: [],
  };
}

/** Two routers and a bastion by their consoles, and the API that boots them. */
class Consoles {
  /** What was done, in order. */
  readonly done: string[] = [];
  readonly pve = new FakePve();
  /** By VM id: what each boots from, what it has loaded, its cards as it booted, and as it will. */
  readonly guests = new Map<number, { disk: string; loaded: string; cards: string[]; plugged: string[] }>();
  reached = true;
  /** Whether the hosts behind are still reached once a file that says this was loaded. */
  shut: string | undefined;

  constructor() {
    this.pve.vms = [1001, 1002, 1003].map((id) => vm(id, String(id), [MARK]));
    for (const id of [1001, 1002])
      this.guests.set(id, { disk: "old", loaded: "old", cards: ["02:00"], plugged: ["02:00"] });
    Object.assign(this.pve, {
      post: (path: string) => {
        const guest = this.guests.get(Number(/qemu\/(\d+)/.exec(path)![1]))!;
        this.done.push(path.replace(/^.*qemu\//, "API "));
        guest.loaded = guest.disk;
        guest.cards = guest.plugged;
        return Promise.resolve("UPID");
      },
      waitTask: () => Promise.resolve(),
    });
  }

  readonly console =
    (id: number): ConsoleRun =>
    (argv, input) => {
      const said = (stdout: string, exitCode = 0) => Promise.resolve({ exitCode, stdout, stderr: "" });
      if (argv[0] === "nc")
        return said("", this.reached && ![...this.guests.values()].some((g) => g.loaded === this.shut) ? 0 : 1);
      const guest = this.guests.get(id)!;
      const line = argv.join(" ");
      if (line.startsWith("cat /run/"))
        return said(
          JSON.stringify({
            phase: "running",
            rules: { isProven: true },
            config: { digest: configDigest(guest.loaded) },
            gateways: [],
            carp: [{ id: "x", vhid: 1, device: "vtnet0", state: id === 1001 ? "MASTER" : "BACKUP", addresses: [] }],
          }),
        );
      if (line.startsWith("cat /cf/")) return said(guest.disk);
      if (line.includes("/sys/class/net"))
        return said(guest.cards.map((mac, n) => `vtnet${n}/address:${mac}\n`).join(""));
      if (line.includes("incoming.xml") && input !== "") {
        this.done.push(`${id} is sent a file to load`);
        guest.plugged = guest.cards;
        this.#incoming = input;
      }
      if (line.startsWith("maquette-load /cf")) guest.loaded = this.#incoming;
      if (line === "maquette-load --back") guest.loaded = guest.disk;
      if (line === "maquette-load --confirmed") {
        this.done.push(`${id} confirmed`);
        guest.disk = guest.loaded;
      }
      if (line.includes("router-stage")) {
        this.done.push(`${id} is sent a file to boot from`);
        guest.disk = input;
      }
      return said("");
    };
  #incoming = "";

  resource(): ReturnType<typeof routerResource> {
    return routerResource({ connect: this.pve.connect, secrets: () => Promise.resolve(source), console: this.console });
  }
}

const [same, other] = [await routerOf("rtr-a", "old", ["02:00"]), await routerOf("rtr-a", "new", ["02:00"])];
const textOf = async (router: RouterState): Promise<string> => (await seedFiles(router, source)).get("config.xml")!;

describe("a router's configuration", () => {
  test("that it has is left alone", async () => {
    const them = new Consoles();
    const text = await textOf(same);
    Object.assign(them.guests.get(1001)!, { disk: text, loaded: text });
    expect(await them.resource().create(same)).toEqual({ id: "rtr-a/config", outs: same });
    expect(them.done).toEqual([]);
  });

  test("that differs is loaded and confirmed, without a boot; no secret is in what is recorded", async () => {
    const them = new Consoles();
    const outs = await them.resource().update(same, other);
    expect(them.done).toEqual(["1001 is sent a file to load", "1001 confirmed"]);
    expect(JSON.stringify(outs)).not.toContain(secret.password("pfsense"));
  });

  test("with other cards is what it boots from, once, with both", async () => {
    const them = new Consoles();
    const wider = await routerOf("rtr-b", "new", ["02:00", "02:01"]);
    them.guests.get(1002)!.plugged = ["02:00", "02:01"];
    await them.resource().update(same, wider);
    expect(them.done).toEqual(["1002 is sent a file to boot from", "API 1002/status/reboot"]);
  });

  test("after whose boot it has another is said, with where the one before lies", async () => {
    const them = new Consoles();
    const wider = await routerOf("rtr-a", "new", ["02:00", "02:01"]);
    Object.assign(them.pve, { post: () => Promise.resolve("UPID") });
    await expect(them.resource().update(same, wider)).rejects.toMatchObject({
      code: "ROUTER_NOT_BACK",
      hint: expect.stringContaining("config.xml.before") as string,
    });
  });

  test("by which a host that was reached is lost is not kept", async () => {
    const them = new Consoles();
    them.shut = await textOf(other);
    await expect(them.resource().update(same, other)).rejects.toMatchObject({ code: "ROUTER_WENT_BACK" });
    expect(them.done).toEqual(["1001 is sent a file to load"]);
  });

  /** Both routers with the file before, and what each is to get: rtr-b first, which knows that rtr-a comes after it. */
  const pairOf = async (
    them: Consoles,
  ): Promise<{ readonly a: RouterState; readonly b: RouterState; text: string }> => {
    const text = await textOf(same);
    for (const id of [1001, 1002]) Object.assign(them.guests.get(id)!, { disk: text, loaded: text });
    const next = [{ host: "rtr-a", vmId: 1001, digest: other.digest }];
    return { a: other, b: { ...(await routerOf("rtr-b", "newer", ["02:00"])), next }, text };
  };

  test("by which the router that carries loses a host is taken from the one before it too", async () => {
    const them = new Consoles();
    const { a, b, text } = await pairOf(them);
    them.shut = await textOf(a);
    const type = them.resource();
    await type.update(same, b);
    await expect(type.update(same, a)).rejects.toMatchObject({
      code: "ROUTER_WENT_BACK",
      message: expect.stringContaining("rtr-b went back with it.") as string,
    });
    expect([1001, 1002].map((id) => them.guests.get(id)!.loaded)).toEqual([text, text]);
    expect(them.done.filter((d) => d.endsWith("confirmed"))).toEqual([]);
  });

  test("is confirmed on both when both were tried: whoever dies in between has confirmed none", async () => {
    const them = new Consoles();
    const { a, b, text } = await pairOf(them);
    const type = them.resource();
    await type.update(same, b);
    expect([them.guests.get(1002)!.disk, them.done]).toEqual([text, ["1002 is sent a file to load"]]);
    await type.update(same, a);
    expect(them.done.slice(-2)).toEqual(["1002 confirmed", "1001 confirmed"]);
    expect(them.guests.get(1002)!.disk).toBe(await textOf(b));
  });

  test("is confirmed at once where the other router has its own already, or cannot be asked", async () => {
    const them = new Consoles();
    const { a, b } = await pairOf(them);
    Object.assign(them.guests.get(1001)!, { disk: await textOf(a) });
    await them.resource().update(same, b);
    expect(them.done.at(-1)).toBe("1002 confirmed");
  });

  test("is kept where a host was not reached before either: it may be new", async () => {
    const them = new Consoles();
    them.reached = false;
    await them.resource().update(same, other);
    expect(them.done).toContain("1001 confirmed");
  });

  test("is compared by what it would have the router do, not by whom else it names", () => {
    const type = new Consoles().resource();
    const change = (more: Partial<RouterState>): unknown => type.diff(same, { ...same, ...more }).changes;
    expect(change({})).toBe(false);
    expect(change({ peers: [], witness: null })).toBe(false);
    expect(change({ digest: "x" })).toBe(true);
    expect(change({ cards: { vtnet0: "02:09" } })).toBe(true);
  });
});

describe("a router is asked", () => {
  const drift = async (change: (them: Consoles) => void): Promise<string | undefined> => {
    const them = new Consoles();
    const text = await textOf(same);
    Object.assign(them.guests.get(1001)!, { disk: text, loaded: text });
    change(them);
    return routerDrift(same, them.console(1001), source);
  };
  test.each<[string, (them: Consoles) => void, string | undefined]>([
    ["as it was left", () => undefined, undefined],
    [
      "edited on disk",
      (t) => (t.guests.get(1001)!.disk = "by hand"),
      "has not loaded the configuration that it would boot from",
    ],
    [
      "with another",
      (t) => Object.assign(t.guests.get(1001)!, { disk: "x", loaded: "x" }),
      "has another configuration",
    ],
    ["with other cards", (t) => (t.guests.get(1001)!.cards = []), "has other cards"],
  ])("%s", async (_, change, words) => {
    expect(await drift(change)).toBe(words);
  });

  test("by a refresh too; one that is off has what it had, one that is gone has nothing", async () => {
    const them = new Consoles();
    const type = them.resource();
    expect(await type.read("rtr-a/config", same)).toMatchObject({ props: { digest: "has another configuration" } });
    them.pve.vms = [{ ...vm(1001, "rtr-a", [MARK]), status: "stopped" }];
    expect(await type.read("rtr-a/config", same)).toMatchObject({ props: { digest: same.digest } });
    them.pve.vms = [];
    expect(await type.read("rtr-a/config", same)).toEqual({ id: "", props: {} });
  });
});
