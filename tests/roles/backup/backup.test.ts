import { beforeAll, describe, expect, test } from "vitest";
import { formatAddress } from "../../../src/core/ip.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { allProbes, askedIn } from "../../../src/roles/registry.ts";
import { refusedNeeds } from "../../../src/roles/needs.ts";
import { firewallOf, workOf } from "../../../src/roles/render.ts";
import { nftLines } from "../../../src/roles/base/nft-lines.ts";
import type { Probe } from "../../../src/roles/role.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

let lab: RenderedLab;
let plan: Plan;
beforeAll(async () => {
  lab = await renderedLab();
  ({ plan } = lab);
});

const file = (host: string, path: string): string => lab.files(host).get(path)!.content;
const HOSTS = ["dc1", "dc2", "pbx", "mail", "supervision"];

describe("what is taken", () => {
  test("is what the roles declare, each host's by the host's own name", () => {
    expect(askedIn(plan).kept.map((set) => `${set.host}/${set.role}`)).toEqual([
      ...["dc1/dc", "dc2/dc", "pbx/pbx", "mail/mail", "supervision/supervision"],
    ]);
    const told = JSON.parse(file("backup", "/etc/maquette/backup/backup.json")) as Record<string, unknown>;
    expect(told).toMatchObject({
      everySeconds: 3600,
      keep: { last: 12, hourly: 24, daily: 7, weekly: 5, monthly: 6 },
      sets: [
        { host: "dc1", role: "dc", address: "10.20.20.11" },
        { host: "dc2", role: "dc", address: "10.20.20.12" },
        { host: "pbx", role: "pbx", address: "10.20.20.13" },
        { host: "mail", role: "mail", address: "10.20.20.14" },
        { host: "supervision", role: "supervision", address: "10.20.20.15" },
      ],
    });
    expect(JSON.parse(file("mail", "/etc/maquette/kept.json"))).toEqual({
      mail: {
        paths: [
          "/var/vmail",
          ...["maildrop", "hold", "incoming", "active", "deferred", "defer", "bounce"].map(
            (queue) => `/var/spool/postfix/${queue}`,
          ),
        ],
        except: ["dovecot.index*", "dovecot.list.index*"],
        sqlite: ["/var/lib/roundcube/maquette/webmail.db"],
        dump: [],
        units: ["dovecot", "php8.4-fpm", "postfix"],
        load: [["postsuper", "-s"]],
      },
    });
  });

  test("is put back by what its role says; of a controller it is not, and what to do instead is said", () => {
    const of = (role: string): (typeof kept)[number] => kept.find((set) => set.role === role)!;
    const { kept } = askedIn(plan);
    expect(of("supervision")).toMatchObject({
      units: ["zabbix-server", "php8.4-fpm"],
      load: [["/usr/local/lib/maquette/supervision_database.sh", "load"]],
    });
    expect(of("dc").instead).toContain("join again");
    for (const role of ["mail", "pbx", "supervision"]) expect(of(role).instead).toBeUndefined();
  });

  test("is encrypted with a key, and fetched with another, that are places of secrets alone", () => {
    for (const [name, place] of [
      ["repository.key", "{{secret:password/backup/repository}}"],
      ["ssh.key", "{{secret:ssh-private/backup}}"],
    ] as const) {
      const found = lab.files("backup").get(`/etc/maquette/backup/${name}`)!;
      expect(found).toMatchObject({ owner: "root:maquette-backup", mode: "0640" });
      expect(found.content.trim()).toBe(place);
    }
  });

  test("comes from hosts whose own keys are the plan's, and from no other", () => {
    expect(file("backup", "/etc/maquette/backup/known_hosts").trim().split("\n")).toEqual(
      HOSTS.map((host) => {
        return `${formatAddress(plan.hosts.get(host)!.nics[0]!.address)} {{secret:ssh-public/host/${host}}}`;
      }),
    );
    expect(file("backup", "/etc/maquette/backup/ssh_config")).toContain("StrictHostKeyChecking yes");
  });
});

describe("the way in", () => {
  test("is a key that is good from one address, for a forced command that sudo knows word for word", () => {
    for (const host of HOSTS) {
      expect(file(host, "/etc/maquette/kept.keys")).toBe('restrict,from="10.20.20.16" {{secret:ssh-public/backup}}\n');
      const sshd = file(host, "/etc/ssh/sshd_config.d/20-maquette-backup.conf");
      expect(sshd).toContain("AllowUsers maquette-backup@10.20.20.16\n");
      expect(sshd).toContain("ForceCommand /usr/bin/python3 -I /usr/local/lib/maquette/kept.py asked\n");
      expect(sshd).toContain("DisableForwarding yes");
      const role = plan.hosts.get(host)!.role;
      expect(file(host, "/etc/sudoers.d/62-maquette-backup")).toContain(
        "NOPASSWD: /usr/bin/python3 -I /usr/local/lib/maquette/kept.py about, " +
          `/usr/bin/python3 -I /usr/local/lib/maquette/kept.py take ${role}\n`,
      );
    }
  });

  test("is on hosts that have something to keep, and on no other", () => {
    for (const { id } of lab.debians) expect(lab.files(id).has("/etc/maquette/kept.json"), id).toBe(HOSTS.includes(id));
  });

  test("is let in by the host's own firewall from the backup host, and from nobody else of its zone", () => {
    for (const host of HOSTS) {
      const lines = firewallOf(plan, plan.hosts.get(host)!)!.flatMap(nftLines);
      const from = lines.filter((line) => line.includes("tcp dport 22 ")).map((line) => line.split(" ip daddr ")[0]!);
      expect(from.join("\n")).toContain("10.20.20.16");
      expect(from.join("\n")).not.toMatch(/10\.20\.20\.(0|1[1-5])\b/);
    }
  });

  test("is a need that check asks for, and a row lets in where routers stand between", () => {
    const works = new Map(
      [...plan.hosts.values()].flatMap((h) => {
        const work = workOf(plan, h);
        return work === undefined ? [] : [[h.id, work] as const];
      }),
    );
    expect(refusedNeeds(plan, works)).toEqual([]);
    const needs = works.get("backup")!.own.flatMap(({ work }) => work.needs ?? []);
    expect(needs.map((need) => [need.what, need.services])).toEqual(
      HOSTS.map((host) => [`takes the data of ${host}`, ["ssh"]]),
    );
  });
});

test("its failures and its lateness are problems of the supervision, seen by the host's own agent", () => {
  const wanted = file("supervision", "/etc/maquette/supervision/wanted.json").replaceAll(/\{\{[^}]*\}\}/g, "null");
  const { hosts } = JSON.parse(wanted) as {
    hosts: Record<string, { items: object; triggers: Record<string, { fields: { expression: string } }> }>;
  };
  const { items, triggers } = hosts["backup"]!;
  const [late, failed] = [
    "vfs.file.time[/var/lib/maquette-backup/done,modify]",
    "vfs.file.exists[/var/lib/maquette-backup/failed]",
  ];
  expect(Object.keys(items)).toEqual(expect.arrayContaining([late, failed]));
  const expressions = ["Sauvegarde en retard sur {HOST.NAME}", "Sauvegarde en échec sur {HOST.NAME}"].map(
    (problem) => triggers[problem]!.fields.expression,
  );
  expect(expressions).toEqual([`fuzzytime(/backup/${late},900s)=0`, `last(/backup/${failed})=1`]);
  expect(Object.keys(hosts["mail"]!.triggers).join()).not.toContain("Sauvegarde");
});

describe("acceptance", () => {
  const asked = (of: Plan): readonly Probe[] => allProbes(of).filter((p) => p.id.startsWith("backup-"));
  const said = (answer: object): Parameters<Probe["judge"]>[0] => ({
    exitCode: 0,
    stdout: JSON.stringify(answer),
    stderr: "",
  });

  test("asks for the age of all, for one that comes back, and for what the key may not", () => {
    expect(asked(plan).map((p) => [p.id, p.needs, p.from])).toEqual([
      ["backup-age", ["N9"], "backup"],
      ["backup-restored-pbx", ["N9"], "backup"],
      ["backup-forced-pbx", ["N9"], "backup"],
    ]);
    const hosts = new Map([...plan.hosts].filter(([id]) => id !== "backup"));
    expect(asked({ ...plan, hosts })).toEqual([]);
  });

  test("is red for a set that is old or lacking, and where nothing takes the next one", () => {
    const { judge } = asked(plan)[0]!;
    const well = { old: {}, sets: 5, oldest: 12, waits: [] };
    expect(judge(said(well)).isGood).toBe(true);
    expect(judge(said({ ...well, old: { "mail/mail": "9000 s old: full" } }))).toEqual({
      isGood: false,
      seen: "mail/mail: 9000 s old: full",
    });
    expect(judge(said({ ...well, sets: 4 })).isGood).toBe(false);
    expect(judge(said({ ...well, waits: ["maquette-backup.timer"] })).isGood).toBe(false);
  });

  test("is red for an archive without what was just written, or with what was written before", () => {
    const { judge } = asked(plan)[1]!;
    const well = { took: 2, files: 9, bytes: 100, age: 3.5 };
    expect(judge(said(well)).isGood).toBe(true);
    expect(judge(said({ ...well, age: null })).isGood).toBe(false);
    expect(judge(said({ ...well, age: 4000 })).isGood).toBe(false);
    expect(judge({ exitCode: 1, stdout: "", stderr: "ReadError: unexpected end of data" })).toEqual({
      isGood: false,
      seen: "ReadError: unexpected end of data",
    });
  });

  test("is red for one word too many that is answered, and where not even its own is", () => {
    const { judge } = asked(plan)[2]!;
    const words = ["a shell", "id", "take ../../etc", "take pbx; id", "put mail", "take pbx x", "sudo -n id"];
    const refused = Object.fromEntries(words.map((word) => [word, "refused"]));
    expect(judge(said({ answered: refused, allowed: "answered" })).isGood).toBe(true);
    expect(judge(said({ answered: { ...refused, id: "answered" }, allowed: "answered" })).isGood).toBe(false);
    expect(judge(said({ answered: refused, allowed: "Connection refused" })).isGood).toBe(false);
    expect(judge(said({ answered: {}, allowed: "answered" })).isGood).toBe(false);
  });
});
