import { beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../../src/plan/index.ts";
import { askedIn, allProbes } from "../../../src/roles/registry.ts";
import type { Probe } from "../../../src/roles/role.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

let lab: RenderedLab;
let plan: Plan;
beforeAll(async () => {
  lab = await renderedLab();
  ({ plan } = lab);
});

const file = (path: string): string => lab.files("mail").get(path)!.content;

describe("the way to the directory", () => {
  test("is a socket a controller, over TLS by the controller's own name, and another answers behind it", () => {
    const text = file("/etc/haproxy/haproxy.cfg");
    for (const [own, other, address] of [
      ["dc1", "dc2", "10.20.20.11"],
      ["dc2", "dc1", "10.20.20.12"],
    ]) {
      const section = text.split(/^listen /m).find((s) => s.startsWith(`${own!}\n`))!;
      expect(section).toContain(`bind unix@/run/haproxy/${own!}.sock`);
      expect(section).toMatch(new RegExp(`server ${own!} ${address!}:636 verifyhost ${own!}\\.cod\\.test check$`, "m"));
      expect(section).toMatch(new RegExp(`server ${other!} .* backup track ${other!}/${other!}$`, "m"));
    }
    expect(text).toContain("ssl verify required");
    // A controller is there when it answers, not when its kernel does.
    expect(text).toContain("option ldap-check");
  });

  test("every one that is asked must know the account as enabled", () => {
    const blocks = file("/etc/dovecot/dovecot.conf").match(/^passdb [\s\S]*?\n}/gm)!;
    expect(blocks.map((b) => /ldap_uris = (.*)/.exec(b)![1])).toEqual([
      "ldapi://%2Frun%2Fhaproxy%2Fdc1.sock",
      "ldapi://%2Frun%2Fhaproxy%2Fdc2.sock",
    ]);
    for (const block of blocks) {
      expect(block).toContain("(!(userAccountControl:1.2.840.113556.1.4.803:=2))");
      expect(block).toContain("result_failure = return-fail");
      expect(block).toContain("passdb_ldap_bind = yes");
    }
  });
});

describe("the servers", () => {
  test("take no password in clear, and ask nobody outside", () => {
    expect(file("/etc/dovecot/dovecot.conf")).toMatch(/^ssl = required$/m);
    expect(file("/etc/dovecot/dovecot.conf")).toMatch(/^auth_allow_cleartext = no$/m);
    const main = file("/etc/postfix/main.cf").split("\n");
    for (const line of [
      "smtpd_tls_auth_only = yes",
      "smtpd_peername_lookup = no",
      "smtp_dns_support_level = disabled",
      "smtpd_relay_restrictions = reject_unauth_destination",
      "mynetworks = 127.0.0.0/8 10.20.20.0/24",
      "message_size_limit = 26214400",
    ])
      expect(main).toContain(line);
  });

  test("have each port of the plan's services", () => {
    expect(file("/etc/dovecot/dovecot.conf")).toMatch(/port = 993\n {4}ssl = yes/);
    expect(file("/etc/dovecot/dovecot.conf")).toMatch(/inet_listener sieve {\n {4}port = 4190/);
    expect(file("/etc/postfix/master.cf")).toMatch(/^465 inet/m);
  });

  test("an alias of a group asks the directory who is in it", () => {
    expect(file("/etc/postfix/maquette/aliases")).toContain("\ncod@cod.test cod-membres@groups.invalid\n");
    expect(file("/etc/postfix/maquette/members.cf")).toContain("domain = groups.invalid\n");
    expect(file("/etc/postfix/maquette/members.cf")).toContain(
      "memberOf:1.2.840.113556.1.4.1941:=CN=%u,OU=Groupes,OU=COD,DC=cod,DC=test",
    );
  });

  test("a service that the plan does not name is a fault that says which", async () => {
    const bare = await renderedLab((p) => ({
      ...p,
      services: new Map([...p.services].filter(([id]) => id !== "managesieve")),
    }));
    expect(() => bare.roles("mail")).toThrow("needs the port of the service managesieve");
  });
});

describe("acceptance of mail", () => {
  const asked = (of: Plan): readonly Probe[] => allProbes(of).filter((p) => p.id.startsWith("mail-"));
  const probe = (id: string): Probe => asked(plan).find((p) => p.id === id)!;
  const judged = (id: string, said: object): ReturnType<Probe["judge"]> =>
    probe(id).judge({ exitCode: 0, stdout: JSON.stringify(said), stderr: "" });

  test("is asked as two of acceptance's people, who have accounts for it and a list of their own", () => {
    expect(asked(plan).map((p) => p.id)).toEqual([
      "mail-letter-pc1",
      "mail-letter-pc2",
      "mail-letter-field",
      "mail-list-pc1",
      "mail-voicemail-pc1",
      "mail-autoconfig-pc1",
      "mail-autodiscover-pc1",
      "mail-webmail-pc1",
      "mail-webmail-refused-pc1",
      "mail-web-field",
      "mail-wrong-password-pc1",
      "mail-disabled-pc1",
      "mail-forged-sender-pc1",
      "mail-no-relay-pc1",
      "mail-no-relay-pbx",
      "mail-no-clear-text-pc1",
    ]);
    expect(askedIn(plan).people).toEqual(
      expect.arrayContaining(["recette.nomade3", "recette.membre", "recette.ferme"]),
    );
    const members = [...plan.people.values()].filter((p) => p.groups.includes("recette"));
    expect(members).toEqual([]);
    const nobody = { ...plan, probePeople: new Map() };
    expect(asked(nobody)).toEqual([]);
  });

  test("a letter that is not as it was sent is red", () => {
    expect(judged("mail-letter-pc1", { sent: 1, arrived: 2, wrong: [] }).isGood).toBe(true);
    expect(judged("mail-letter-pc1", { sent: 1, arrived: 2, wrong: ["the text is another"] })).toEqual({
      isGood: false,
      seen: "the text is another",
    });
    expect(probe("mail-letter-pc1").judge({ exitCode: 1, stdout: "", stderr: "x\nno way" })).toEqual({
      isGood: false,
      seen: "no way",
    });
  });

  const sent = { step: "recipient", code: 553, said: "no" };
  const taken = { step: "taken", code: 0, said: "" };

  test("a refusal must be the one that is meant, and the right way must be open", () => {
    const id = "mail-forged-sender-pc1";
    const letter = { step: "letter", code: 550, said: "no" };
    expect(judged(id, { another: sent, nobody: sent, letter, own: taken }).isGood).toBe(true);
    expect(judged(id, { another: sent, nobody: sent, letter: taken, own: taken })).toEqual({
      isGood: false,
      seen: "letter: taken",
    });
    expect(judged(id, { another: taken, nobody: sent, letter, own: taken })).toEqual({
      isGood: false,
      seen: "another: taken",
    });
    expect(judged(id, { another: { ...sent, code: 451 }, nobody: sent, letter, own: taken }).isGood).toBe(false);
    // A server that refuses everything shows nothing.
    expect(judged(id, { another: sent, nobody: sent, letter, own: sent }).isGood).toBe(false);
    expect(judged(id, { another: sent, nobody: sent, letter }).isGood).toBe(false);
  });
});
