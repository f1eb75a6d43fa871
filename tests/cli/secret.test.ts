import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { revokeOrphans } from "../../src/cli/orphans.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { loadStackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import { temporaryFolder } from "../stack/temporary.ts";
import { maquette, type Said } from "./captured.ts";

const folder = (): string => foldersOf(repositoryRoot(), "lab").secrets;
const password = async (label: string): Promise<string> => (await loadStackSecret(folder())).password(label);
const ca = { commonName: "maquette CA lab", years: 10, crlDays: 365 };
const code = ({ err }: Said): string => err.split(" ")[0]!;

const isTerminal = process.stdout.isTTY;
beforeEach(() => {
  vi.stubEnv("XDG_DATA_HOME", temporaryFolder());
  process.stdout.isTTY = false;
});
afterEach(() => {
  vi.unstubAllEnvs();
  process.stdout.isTTY = isTerminal;
});

describe("maquette secret", () => {
  test("lists every secret of the plan, and the value of none", async () => {
    const { out } = await maquette("secret", "--list");
    for (const label of [
      "password/pfsense-admin",
      "ssh/provisioner",
      "ssh/host/dc1",
      "cert/ca",
      "cert/log-mail",
      "crl/ca",
    ])
      expect(out).toContain(`\n${label} `);
    const { out: json } = await maquette("secret", "--list", "--json");
    const rows = JSON.parse(json) as { label: string; hosts: string[]; epoch: number }[];
    expect(rows.find((r) => r.label === "password/pfsense-admin")).toEqual({
      label: "password/pfsense-admin",
      hosts: ["rtr-a", "rtr-b"],
      epoch: 0,
    });
    const secret = await loadStackSecret(folder());
    for (const { label } of rows) {
      const [family, ...rest] = label.split("/");
      if (family !== "password") continue;
      expect(out + json).not.toContain(secret.password(rest.join("/")));
    }
  });

  test("prints one on a terminal, or where that is asked for, by its whole label or its last part", async () => {
    const wanted = `${await password("pfsense-admin")}\n`;
    expect(await maquette("secret", "password/pfsense-admin", "--stdout")).toEqual({ code: 0, out: wanted, err: "" });
    expect((await maquette("secret", "pfsense-admin", "--stdout")).out).toBe(wanted);
    process.stdout.isTTY = true;
    expect((await maquette("secret", "pfsense-admin")).out).toBe(wanted);
  });

  test.each([["pfsense-admin"], ["ssh/provisioner"]])(
    "%s is not printed where nobody looks, nor as JSON",
    async (label) => {
      for (const [args, fault] of [
        [[label], "SECRET_NO_TERMINAL"],
        [[label, "--json", "--stdout"], "SECRET_NOT_IN_JSON"],
      ] as const) {
        const said = await maquette("secret", ...args);
        expect(said.code).toBe(2);
        expect(said.out + said.err).toContain(fault);
        expect(said.out + said.err).not.toMatch(/PRIVATE KEY/);
        expect(said.out + said.err).not.toContain(await password("pfsense-admin"));
      }
    },
  );

  test("rotates one, so that another is printed from then on", async () => {
    const before = await password("pfsense-admin");
    const said = await maquette("secret", "pfsense-admin", "--rotate");
    expect([said.code, said.out]).toEqual([
      0,
      "password/pfsense-admin is another one now (rotation 1). `maquette up` brings it to rtr-a, rtr-b.\n",
    ]);
    const after = (await maquette("secret", "pfsense-admin", "--stdout")).out.trim();
    expect(after).not.toBe(before);
    expect(after).toBe(await password("pfsense-admin"));
    expect((await maquette("secret", "--list")).out).toMatch(/^password\/pfsense-admin +1 +rtr-a rtr-b$/m);
  });

  test.each(["ssh/provisioner", "ssh/host/dc1"])(
    "does not rotate %s, which would lock everybody out",
    async (label) => {
      const before = (await loadStackSecret(folder())).sshKey("provisioner", "").publicKey;
      const said = await maquette("secret", label, "--rotate");
      expect([said.code, code(said)]).toEqual([2, "SECRET_SEEDED"]);
      expect((await loadStackSecret(folder())).sshKey("provisioner", "").publicKey).toBe(before);
    },
  );

  test("prints a certificate anywhere, and revokes it", async () => {
    const vault = new Vault(folder());
    const request = { commonName: "x", names: ["x"], usage: "client", days: 90 } as const;
    const { certificate } = await vault.certificate("log-mail", ca, request);
    expect((await maquette("secret", "cert/log-mail")).out.trim()).toBe(certificate.trim());
    expect((await maquette("secret", "log-mail", "--revoke")).out).toMatch(
      /^cert\/log-mail is revoked \(one certificate\)/,
    );
    expect((await maquette("secret", "log-mail", "--revoke")).out).toMatch(/was revoked already/);
    expect((await vault.kept("log-mail")).isRevoked).toBe(true);
  });

  test("lists the certificate of who is no longer in the plan as nobody's, and an up revokes it", async () => {
    const vault = new Vault(folder());
    await vault.certificate("log-gone", ca, { commonName: "gone", names: ["gone"], usage: "client", days: 30 });
    const { out } = await maquette("secret", "--list");
    expect(out).toMatch(/\ncert\/log-gone +0 +\(no host\)/);
    const asked = [{ label: "cert/log-gone", hosts: ["gone"], isSeeded: false }];
    expect(await revokeOrphans(vault, asked)).toEqual([]);
    expect(await revokeOrphans(vault, [])).toEqual(["log-gone"]);
    expect(await revokeOrphans(vault, [])).toEqual([]);
    expect((await maquette("secret", "--list")).out).toMatch(/\ncert\/log-gone +0 +\(no host; revoked\)/);
    const rows = JSON.parse((await maquette("secret", "--list", "--json")).out) as object[];
    expect(rows).toContainEqual({ label: "cert/log-gone", hosts: [], epoch: 0, isRevoked: true });
  });

  test("revokes the certificate of who is no longer in the plan", async () => {
    const request = { commonName: "x", names: ["x"], usage: "client", days: 90 } as const;
    await new Vault(folder()).certificate("somebody", ca, request);
    expect((await maquette("secret", "cert/somebody", "--revoke")).code).toBe(0);
  });

  test.each<[string, string, RegExp]>([
    ["", "CLI_USAGE", /--list/],
    ["pfsense-admin --list", "CLI_USAGE", /LABEL/],
    ["pfsense-admin --rotate --revoke", "CLI_USAGE", /LABEL/],
    ["password/pfsense-admn", "SECRET_UNKNOWN", /Did you mean "password\/pfsense-admin"\?/],
    ["nothing-like-it", "SECRET_UNKNOWN", /--list/],
    ["pfsense", "SECRET_AMBIGUOUS|SECRET_UNKNOWN", /./],
    ["cert/ca --revoke", "SECRET_NOT_REVOKED", /destroy/],
    ["pfsense-admin --revoke", "SECRET_NOT_REVOKED", /--rotate/],
    ["cert/log-mail --rotate", "SECRET_NOT_ROTATED", /--revoke/],
    ["cert/log-mail --revoke", "VAULT_NO_CERTIFICATE", /maquette up/],
  ])("%s: %s", async (line, fault, hint) => {
    const said = await maquette("secret", ...line.split(" ").filter((w) => w !== ""));
    expect([said.code, said.out]).toEqual([2, ""]);
    expect(code(said)).toMatch(new RegExp(`^(${fault})$`));
    expect(said.err).toMatch(hint);
  });
});
