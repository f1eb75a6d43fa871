import { beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../../src/plan/index.ts";
import { roleFindings } from "../../../src/roles/findings.ts";
import { allProbes, askedIn } from "../../../src/roles/registry.ts";
import type { FilesStep, Probe } from "../../../src/roles/role.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

let lab: RenderedLab;
let plan: Plan;
beforeAll(async () => {
  lab = await renderedLab();
  ({ plan } = lab);
});

const file = (path: string): string => lab.files("mail").get(path)!.content;
const DOCUMENTS = "/usr/local/share/maquette/mail";
const NAMES = ["autoconfig", "autodiscover"];

describe("the names of mail's web", () => {
  test("are in the directory with the mail server's address, and in its certificate", () => {
    expect(askedIn(plan).names).toEqual(NAMES.map((name) => ({ name, host: "mail" })));
    const directory = lab.files("dc1").get("/etc/maquette/domain.json")!.content.replaceAll(/\s+/g, "");
    for (const name of NAMES)
      expect(directory).toContain(`{"zone":"cod.test","name":"${name}","type":"A","data":"10.20.20.14"}`);
    const work = lab.roles("mail").find((r) => r.role === "mail")!.work;
    expect(work.certificates!["mail-mail"]!.names).toEqual(["mail.cod.test", ...NAMES.map((n) => `${n}.cod.test`)]);
  });

  test("are no host's", () => {
    const hosts = new Map([...plan.hosts, ["autoconfig", { ...plan.hosts.get("pbx")!, id: "autoconfig" }]]);
    expect(roleFindings({ ...plan, hosts }).map((f) => `${f.code} ${f.path}`)).toContain(
      "MAIL_NAME_TAKEN hosts.autoconfig",
    );
  });
});

describe("what mail programs are told", () => {
  const servers = (text: string): readonly string[] =>
    [...text.matchAll(/<(?:hostname|Server)>(.*)<[\s\S]*?<(?:port|Port)>(\d+)</g)].map((m) => `${m[1]!}:${m[2]!}`);

  test("is the server by its own name, with the plan's ports, and TLS everywhere", () => {
    const thunderbird = file(`${DOCUMENTS}/autoconfig.xml`);
    expect(servers(thunderbird)).toEqual(["mail.cod.test:993", "mail.cod.test:465", "mail.cod.test:587"]);
    expect(thunderbird.match(/<socketType>(.*)</g)).toEqual([
      "<socketType>SSL<",
      "<socketType>SSL<",
      "<socketType>STARTTLS<",
    ]);
    const outlook = file(`${DOCUMENTS}/autodiscover.xml`);
    expect(servers(outlook)).toEqual(["mail.cod.test:993", "mail.cod.test:465"]);
    expect(outlook.match(/<SSL>on</g)).toHaveLength(2);
  });

  test("has no secret in it", () => {
    const step = lab.steps("mail", "mail").find((s) => s.name.startsWith("PHP")) as FilesStep;
    for (const { content } of Object.values(step.files)) expect(typeof content).toBe("string");
  });

  test("an address is a login of its owner's alone", () => {
    const [first, second] = [...plan.people.values()];
    const people = new Map([...plan.people, [second!.login, { ...second!, mailbox: `${first!.login}@cod.test` }]]);
    const codes = (of: Plan): readonly string[] => roleFindings(of).map((f) => `${f.code} ${f.path}`);
    expect(codes({ ...plan, people })).toContain(`MAIL_ADDRESS_IS_A_LOGIN people.${second!.login}.mailbox`);
    expect(codes(plan)).toEqual([]);
    for (const block of file("/etc/dovecot/dovecot.conf").match(/^passdb [\s\S]*?\n}/gm)!)
      expect(block).toContain("(mail=%{original_user})");
  });
});

describe("the web server", () => {
  test("listens by TLS alone, and answers under no name but its own", () => {
    const text = file("/etc/nginx/nginx.conf");
    expect(new Set(text.match(/listen .*/g))).toEqual(new Set(["listen 443 ssl default_server;", "listen 443 ssl;"]));
    expect(text).toContain("ssl_reject_handshake on;");
    expect(text).toContain("ssl_protocols TLSv1.2 TLSv1.3;");
  });

  test("is back by itself whatever ended it, and so is PHP", () => {
    for (const unit of ["nginx", "php8.4-fpm"])
      expect(file(`/etc/systemd/system/${unit}.service.d/maquette.conf`)).toContain("Restart=always");
  });
});

describe("acceptance of mail's web", () => {
  const probe = (id: string): Probe => allProbes(plan).find((p) => p.id === id)!;
  const judged = (id: string, said: object): ReturnType<Probe["judge"]> =>
    probe(id).judge({ exitCode: 0, stdout: JSON.stringify(said), stderr: "" });
  const told = [
    "imap mail.cod.test:993 SSL recette.membre@cod.test",
    "smtp mail.cod.test:465 SSL recette.membre@cod.test",
  ];
  const outlook = (one: object): ReturnType<Probe["judge"]> =>
    judged("mail-autodiscover-pc1", { configured: { outlook: one } });

  test("a mail program must be told each server, and no other, and get in by each", () => {
    expect(outlook({ told, failed: [] })).toEqual({ isGood: true, seen: "in by 2 servers" });
    expect(outlook({ told: told.slice(1), failed: [] })).toEqual({ isGood: false, seen: `not told ${told[0]!}` });
    expect(outlook({ told: [...told, "smtp mail.cod.test:25 none x"], failed: [] }).isGood).toBe(false);
    expect(outlook({ told, failed: ["mail.cod.test:993: no"] })).toEqual({
      isGood: false,
      seen: "mail.cod.test:993: no",
    });
    expect(judged("mail-autodiscover-pc1", { configured: {} }).isGood).toBe(false);
  });

  test("depends on both servers, which a drill kills", () => {
    const units = (id: string): readonly string[] => probe(id).dependsOn!.units;
    expect(units("mail-autoconfig-pc1")).toEqual(["nginx.service"]);
    expect(units("mail-autodiscover-pc1")).toEqual(["php8.4-fpm.service"]);
    expect(units("mail-web-field")).toEqual(["nginx.service"]);
  });
});
