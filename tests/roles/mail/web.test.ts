import { beforeAll, describe, expect, test } from "vitest";
import { askedOf, placesOf } from "../../../src/core/text.ts";
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
const NAMES = ["webmail", "autoconfig", "autodiscover"];

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
    // The authority's certificate is in Apple's profile, for everybody to read.
    const places = Object.values(step.files).flatMap(({ content }) => placesOf(content));
    expect(places.map((place) => askedOf(place))).toEqual([{ kind: "vault-certificate", label: "ca" }]);
  });

  test("an Apple device knows the profile again by ids that are the lab's, and asks for what was not said", () => {
    const profile = file(`${DOCUMENTS}/mobileconfig.xml`);
    const ids = [...profile.matchAll(/PayloadUUID<\/key><string>(.*)</g)].map((m) => m[1]!);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}$/);
    expect(profile).toContain("<string>test.cod.mail</string>");
    // Whole lines, which are left out for whoever says no address.
    const said = profile.split("\n").filter((line) => line.includes("%EMAILADDRESS%"));
    expect(said.map((line) => line.trim())).toEqual(
      ["EmailAddress", "IncomingMailServerUsername", "OutgoingMailServerUsername"].map(
        (key) => `<key>${key}</key><string>%EMAILADDRESS%</string>`,
      ),
    );
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

  test("hands out pictures, scripts and styles, runs one program, and tells a browser to ask nobody else", () => {
    const [, webmail = ""] = /server_name webmail\.cod\.test;([\s\S]*?)\n {2}}/.exec(file("/etc/nginx/nginx.conf"))!;
    expect(webmail.match(/SCRIPT_FILENAME .*/g)).toEqual(["SCRIPT_FILENAME $document_root/index.php;"]);
    const given = new RegExp(/location ~ (\^.*) {/.exec(webmail)![1]!);
    for (const path of [
      "/skins/elastic/styles/styles.min.css",
      "/program/js/app.min.js",
      "/skins/elastic/images/logo.svg",
    ])
      expect(path).toMatch(given);
    for (const path of [
      "/config/config.inc.php",
      "/plugins/maquette/maquette.php",
      "/plugins/managesieve/config.inc.php.dist",
      "/plugins/password/helpers/chpass-wrapper.py",
      "/SQL/sqlite.initial.sql",
      "/program/lib/Roundcube/rcube.php",
      "/installer/index.php",
    ])
      expect(path).not.toMatch(given);
    expect(file("/etc/nginx/nginx.conf")).toMatch(
      /Content-Security-Policy "default-src 'self';.* img-src 'self' data: blob:;/,
    );
  });

  test("is back by itself whatever ended it, and so is PHP", () => {
    for (const unit of ["nginx", "php8.4-fpm"])
      expect(file(`/etc/systemd/system/${unit}.service.d/maquette.conf`)).toContain("Restart=always");
  });
});

describe("the webmail", () => {
  test("knows its own servers by TLS and their name, speaks French, and takes no other domain's login", () => {
    const config = file("/etc/roundcube/config.inc.php");
    for (const line of [
      "$config['imap_host'] = 'ssl://localhost:993';",
      "$config['smtp_host'] = 'tls://localhost:587';",
      "$config['managesieve_host'] = 'tls://localhost:4190';",
      "    'peer_name' => 'mail.cod.test',",
      "$config['language'] = 'fr_FR';",
      "$config['username_domain'] = 'cod.test';",
      "$config['username_domain_forced'] = true;",
      "$config['enable_installer'] = false;",
      "$config['trusted_host_patterns'] = ['^webmail\\.cod\\.test$'];",
      "$config['max_message_size'] = '25M';",
    ])
      expect(config.split("\n")).toContain(line);
    expect(config).not.toMatch(/https?:\/\//);
  });

  test("has its secret, its tables and whose address is whose where nothing is handed out", () => {
    const files = lab.files("mail");
    expect(files.get("/etc/roundcube/config.inc.php")).toMatchObject({ owner: "root:www-data", mode: "0640" });
    const people = JSON.parse(file("/etc/maquette/mail/people.json")) as Record<string, unknown>;
    expect(people["claire.morel@cod.test"]).toEqual({ name: "Claire Morel", address: "claire.morel@cod.test" });
    expect(Object.keys(people)).not.toContain("recette.nomade1@cod.test");
    expect(file("/etc/roundcube/config.inc.php")).toContain("sqlite:////var/lib/roundcube/maquette/webmail.db");
  });

  test("takes an attachment of the largest message, and no more", () => {
    expect(file("/etc/php/8.4/fpm/pool.d/www.conf")).toContain("[upload_max_filesize] = 25M");
    expect(file("/etc/nginx/nginx.conf")).toContain("client_max_body_size 26m;");
  });

  test("is slow for whoever guesses", () => {
    const text = file("/etc/nginx/nginx.conf");
    expect(text).toContain('"POST login" $binary_remote_addr;');
    expect(text).toContain("limit_req zone=guessers ");
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
    judged("mail-autodiscover-pc1", { configured: { outlook: one, apple: { told, failed: [] } } });

  test("a mail program must be told each server, and no other, and get in by each", () => {
    expect(outlook({ told, failed: [] })).toEqual({ isGood: true, seen: "in by 4 servers" });
    expect(outlook({ told: told.slice(1), failed: [] })).toEqual({ isGood: false, seen: `not told ${told[0]!}` });
    expect(outlook({ told: [...told, "smtp mail.cod.test:25 none x"], failed: [] }).isGood).toBe(false);
    expect(outlook({ told, failed: ["mail.cod.test:993: no"] })).toEqual({
      isGood: false,
      seen: "mail.cod.test:993: no",
    });
    expect(judged("mail-autodiscover-pc1", { configured: {} }).isGood).toBe(false);
  });

  test("a letter by the webmail must be there as it was sent", () => {
    const webmail = { sent: 900, arrived: 400, wrong: [] as readonly string[] };
    expect(judged("mail-webmail-pc1", { webmail }).isGood).toBe(true);
    const wrong = ["it is not in the list"];
    expect(judged("mail-webmail-pc1", { webmail: { ...webmail, wrong } })).toEqual({ isGood: false, seen: wrong[0] });
    expect(judged("mail-webmail-pc1", {}).isGood).toBe(false);
    // By the tunnel both are asked, and one is not enough.
    expect(judged("mail-web-field", { webmail }).isGood).toBe(false);
  });

  test("whoever has no password is kept out, and whoever has it is let in", () => {
    const out = "HTTP 401 at the login";
    const good = { wrong: out, empty: out, closed: out, right: "in", "http-80": "nothing", "http-443": "HTTP 400" };
    const refused = (more: object): boolean =>
      judged("mail-webmail-refused-pc1", { refused: { ...good, ...more } }).isGood;
    expect(refused({})).toBe(true);
    expect(refused({ wrong: "in" })).toBe(false);
    expect(refused({ empty: "in" })).toBe(false);
    expect(refused({ closed: "in" })).toBe(false);
    // A server that refuses everything shows nothing.
    expect(refused({ right: out })).toBe(false);
    expect(refused({ "http-80": "a login page" })).toBe(false);
    expect(refused({ "http-443": "a login page" })).toBe(false);
  });

  test("depends on both servers, which a drill kills", () => {
    const units = (id: string): readonly string[] => probe(id).dependsOn!.units;
    expect(units("mail-autoconfig-pc1")).toEqual(["nginx.service"]);
    expect(units("mail-autodiscover-pc1")).toEqual(["php8.4-fpm.service"]);
    expect(units("mail-web-field")).toEqual(["nginx.service"]);
  });
});
