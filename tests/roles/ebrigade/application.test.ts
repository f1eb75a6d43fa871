import { beforeAll, describe, expect, test } from "vitest";
import { placesOf, shown } from "../../../src/core/text.ts";
import { ebrigade } from "../../../src/roles/artefacts.ts";
import { allProbes, askedIn, artefactsIn, roleLayers, roleLayersOf } from "../../../src/roles/registry.ts";
import type { CommandStep, FilesStep, Step } from "../../../src/roles/role.ts";
import { recipeFor } from "../../../src/twin/images/catalogue.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

const had = ebrigade.map(({ id }) => id);
let lab: RenderedLab;
let plain: RenderedLab;
beforeAll(async () => {
  lab = await renderedLab((plan) => ({ ...plan, artefacts: had }));
  plain = await renderedLab();
});

const steps = (): readonly Step[] => lab.steps("ebrigade", "ebrigade");
const stepOf = (name: string): Step => steps().find((s) => s.name === name)!;
const file = (path: string): string => lab.files("ebrigade").get(path)!.content;
const said = (answers: unknown) => ({ exitCode: 0, stdout: JSON.stringify(answers), stderr: "" });

test("without its zip a host has nothing of it, and no image anything more", () => {
  expect(roleLayersOf(plain.plan)).toEqual(roleLayers);
  expect(plain.steps("ebrigade", "ebrigade").map((s) => s.name)).toEqual([
    ...["packages", "certificate, page and web server", "apache2, running"],
  ]);
  expect(askedIn(plain.plan).kept.some((k) => k.role === "ebrigade")).toBe(false);
  const apache = plain.files("ebrigade").get("/etc/apache2/apache2.conf")!.content;
  expect(apache).not.toMatch(/php|proxy|rewrite/i);
  expect(artefactsIn(plain.plan).find((u) => u.name === "eBrigade")?.isInstalled).toBe(true);
});

describe("with its zip", () => {
  test("its image has the packages, and PHP's release in a layer that stands on nothing", () => {
    const layers = roleLayersOf(lab.plan)["ebrigade"]!;
    expect(layers.slice(0, 2)).toEqual(roleLayers["ebrigade"]);
    expect(layers[2]).toContain("mariadb-server");
    expect(layers[3]).toContain("php7.4-fpm/bullseye");
    // Above what it plays besides.
    const known = { router: [], roles: { ...roleLayersOf(lab.plan), other: [["all"], ["own"]] } };
    const recipe = recipeFor("debian-13-x.qcow2", "ebrigade", known, ["other"])!;
    expect(recipe.layers.at(-1)).toEqual(layers[3]);
    expect(recipe.layers.at(-2)).toEqual(["own"]);
  });

  test("it comes as the user has it, and none of it stands in a state", () => {
    const { files } = stepOf("eBrigade's zip, and who installs it") as FilesStep;
    const { content } = files["/var/lib/maquette/ebrigade.zip.base64"]!;
    expect(placesOf(content).map((p) => p.secret)).toEqual(["artefact/ebrigade"]);
  });

  test("its installer is done and shut before Apache hands out a byte of it", () => {
    const names = steps().map((s) => s.name);
    expect(names.indexOf("eBrigade installed")).toBeGreaterThan(0);
    expect(names.indexOf("settings and people")).toBeGreaterThan(names.indexOf("eBrigade installed"));
    expect(names.indexOf("certificate, page and web server")).toBeGreaterThan(names.indexOf("settings and people"));
    const shut = /RewriteRule \^\((.*)\)\\\.php\$ - \[F,NC\]/.exec(file("/etc/apache2/apache2.conf"))![1]!;
    const isShut = (page: string): boolean => new RegExp(`^(${shut})\\.php$`, "i").test(page);
    for (const page of ["configuration_db", "wizard", "login", "restore", "phpinfo", "download_addon", "fonctions_sql"])
      expect(isShut(`${page}.php`), page).toBe(true);
    for (const page of ["index", "index_d", "evenements", "save_personnel", "deconnexion"])
      expect(isShut(`${page}.php`), page).toBe(false);
  });

  test("of its folder only pages and pictures are handed out", () => {
    const allowed = [...file("/etc/apache2/apache2.conf").matchAll(/RewriteRule (\^.*) - \[L(?:,NC)?\]$/gm)]
      .slice(0, 4)
      .map(([, pattern]) => new RegExp(pattern!, "i"));
    expect(allowed).toHaveLength(4);
    const isOpen = (path: string): boolean => allowed.some((pattern) => pattern.test(path));
    for (const path of [
      "",
      "index_d.php",
      "css/all.css",
      "images/flags/fr.png",
      "js/jquery-3.6.0.min.js",
      "lib/a/b.js",
    ])
      expect(isOpen(path), path).toBe(true);
    for (const path of [
      ...["conf/sql.php", "sql/reference.sql", "scripts/mailer.sh", "user-data/x.pdf", "api/index.php", "lib/x.php"],
      ...["images/user-specific/x.php", "README.txt", "php.ini", "lib/.htaccess", "css/../conf/sql.php", "x.php/a.css"],
    ])
      expect(isOpen(path), path).toBe(false);
  });

  test("its PHP has a root, a user and a network of its own, and no way to another", () => {
    const unit = file("/etc/systemd/system/ebrigade-php.service");
    for (const line of [
      ...["User=ebrigade", "RootDirectory=/usr/local/lib/maquette/bullseye", "PrivateNetwork=yes"],
      ...["NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "RestrictAddressFamilies=AF_UNIX"],
      ...["SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources"],
    ])
      expect(unit.split("\n")).toContain(line);
    const confined = (text: string): string[] =>
      text.split("\n").filter((line) => /^(Private|Protect|System)/.test(line));
    // Its installer and its nights have the same.
    for (const other of ["install", "database_maintenance", "astreintes_updates"])
      expect(confined(file(`/etc/systemd/system/ebrigade-${other}.service`))).toEqual(confined(unit));
  });

  test("has the plan's people with their grades and sections, and whoever does not come in has no rights", () => {
    const { run, unless } = stepOf("settings and people") as CommandStep;
    expect(shown(run.input!)).toBe(shown(unless.input!));
    expect(placesOf(run.input!).map((p) => p.secret)).toEqual(["bcrypt/ebrigade-admin"]);
    const wanted = JSON.parse(shown(run.input!).replace(/\{\{secret:[^}]*\}\}/, '"hash"')) as {
      settings: Record<string, string>;
      people: { login: string; grade: string; section: string; rights: number }[];
      sections: { code: string }[];
    };
    expect(wanted.settings).toMatchObject({ encryption_method: "bcrypt", ameliorations: "0", mail_allowed: "0" });
    expect(wanted.settings["filesdir"]).not.toContain("/srv/");
    const of = (login: string) => wanted.people.find((p) => p.login === login);
    expect(of("claire.morel")).toMatchObject({ grade: "DIR", section: "CABINET", rights: 4 });
    expect(of("thomas.noel")).toMatchObject({ grade: "COM", section: "COMMUNICATION", rights: 0 });
    expect(of("recette.membre")).toMatchObject({ grade: "COD", rights: 0 });
    expect(of("elise.fontaine")).toMatchObject({ grade: "ADM", rights: -1 });
    expect(of("recette.nomade1")).toBeUndefined();
    const codes = wanted.sections.map((s) => s.code);
    for (const { section } of wanted.people) expect(codes).toContain(section);
  });

  test("is kept with its database, and what people have put there", () => {
    const kept = askedIn(lab.plan).kept.find((k) => k.role === "ebrigade")!;
    expect(kept.paths).toEqual(["/var/lib/ebrigade/files", "/var/lib/ebrigade/pictures"]);
    expect(kept.dump).toEqual([["/usr/local/lib/maquette/ebrigade.py", "dump"]]);
    expect(kept.units).toEqual(["ebrigade-php"]);
  });
});

describe("acceptance of it", () => {
  const probe = () => allProbes(lab.plan).find((p) => p.id === "ebrigade-inside-pc1")!;
  const paths = (): string[] => JSON.parse(/"shut":(\[[^\]]*\])/.exec(shown(probe().run.input!))![1]!) as string[];
  const good = () => ({
    ...{ status: 200, ticket: true, name: true, again: true, forged: true },
    shut: Object.fromEntries(paths().map((path) => [path, [401, 403]])),
  });

  test("asks as a member, and is red when its PHP or its database stops", () => {
    expect(probe().dependsOn).toEqual({ host: "ebrigade", units: ["ebrigade-php.service", "mariadb.service"] });
    expect(allProbes(plain.plan).some((p) => p.id === "ebrigade-inside-pc1")).toBe(false);
    expect(paths()).toEqual(expect.arrayContaining(["/conf/sql.php", "/wizard.php", "/configuration_db.php"]));
  });

  test.each([
    ["a page that is nobody's", { name: false }, /not the person's/],
    ["a ticket that is good twice", { again: false }, /good twice/],
    ["a ticket for somebody else", { forged: false }, /somebody else/],
    ["no ticket", { ticket: false }, /no ticket/],
    ["no answer", { status: 503 }, /HTTP 503/],
    ["an open folder", { shut: {} }, /\/conf\/sql\.php: HTTP \?/],
  ])("is red for %s", (_, wrong, seen) => {
    const { judge } = probe();
    expect(judge(said({ inside: good() })).isGood).toBe(true);
    const found = judge(said({ inside: { ...good(), ...wrong } }));
    expect([found.isGood, found.seen]).toEqual([false, expect.stringMatching(seen)]);
    const open = { ...good().shut, "/conf/sql.php": [200, 200] };
    expect(judge(said({ inside: { ...good(), shut: open } })).seen).toBe("/conf/sql.php: HTTP 200 and 200");
    expect(judge(said({})).isGood).toBe(false);
  });
});
