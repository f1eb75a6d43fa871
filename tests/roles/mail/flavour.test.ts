import { describe, expect, test } from "vitest";
import { placesOf, shown } from "../../../src/core/text.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { iredmail } from "../../../src/roles/artefacts.ts";
import { roleFindings } from "../../../src/roles/findings.ts";
import { allProbes, artefactsIn, keptBy, roleLayers, roleLayersOf } from "../../../src/roles/registry.ts";
import type { CommandStep, FilesStep, PackagesStep, Step } from "../../../src/roles/role.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

const all = iredmail.map(({ id }) => id);

/** The lab with some files of others, and something said to the mail server. */
const labWith = (artefacts: readonly string[], told: object = {}): Promise<RenderedLab> =>
  renderedLab((plan) => {
    const before = plan.settings.get("mail")!;
    const mail = { ...before, values: { ...(before.values as object), ...told } };
    return { ...plan, artefacts, settings: new Map([...plan.settings, ["mail", mail]]) };
  });

const mailOf = (plan: Plan): Parameters<typeof keptBy>[1] => plan.hosts.get("mail")!;
const keptWith = async (artefacts: readonly string[], told: object = {}): Promise<string | undefined> => {
  const { plan } = await labWith(artefacts, told);
  return keptBy(plan, mailOf(plan));
};
const stepOf = (lab: RenderedLab, name: string): Step | undefined =>
  lab.steps("mail", "mail").find((s) => s.name === name);

describe("who brings the mail server", () => {
  test("is iRedMail where each of its files is here, and Debian where one is not", async () => {
    const [release, debian] = [await keptWith(all), await keptWith([])];
    expect(release).not.toBe(debian);
    for (const id of all) expect(await keptWith(all.filter((a) => a !== id)), `without ${id}`).toBe(debian);
  });

  test("is what the plan says, whatever is here", async () => {
    expect(await keptWith(all, { flavour: "debian" })).toBe(await keptWith([]));
    expect(await keptWith([], { flavour: "iredmail" })).toBe(await keptWith(all));
  });

  test("is asked for where the plan insists, and not where it does not want it", async () => {
    const insisted = async (flavour: string): Promise<unknown> =>
      artefactsIn((await labWith([], { flavour })).plan).find((u) => u.name === "iRedMail")?.isInsisted;
    expect(await insisted("iredmail")).toBe(true);
    expect(await insisted("auto")).toBe(false);
    expect(await insisted("debian")).toBeUndefined();
  });
});

test("without iRedMail no image has anything more", async () => {
  expect(roleLayersOf((await labWith([])).plan)).toEqual(roleLayers);
  const { mail, ...others } = roleLayersOf((await labWith(all)).plan);
  const { mail: plain, ...othersPlain } = roleLayers;
  expect(others).toEqual(othersPlain);
  expect(mail!.slice(0, -1)).toEqual(plain);
  expect(mail!.at(-1)).toContain("amavisd-new");
});

describe("the release", () => {
  test("comes as it is in the catalogue, and none of it stands in a state", async () => {
    const { files } = stepOf(await labWith(all), "iRedMail's files, and who installs them") as FilesStep;
    for (const { id, fileName } of iredmail) {
      const { content } = files[`/var/lib/maquette/iredmail/${fileName}.base64`]!;
      expect(placesOf(content).map((p) => p.secret)).toEqual([`artefact/${id}`]);
      expect(shown(content).length).toBeLessThan(100);
    }
  });

  test("is installed by what is told on standard input alone", async () => {
    const step = stepOf(await labWith(all), "iRedMail installed") as CommandStep;
    for (const { argv } of [step.run, step.unless])
      expect(argv).toEqual([expect.stringMatching(/^\//), expect.any(String)]);
    expect(placesOf(step.unless.input!).map((p) => p.secret)).toEqual(["password-digest/iredadmin"]);
    const said = shown(step.run.input!);
    for (const { fileName, digest } of iredmail) expect(said).toContain(`"${fileName}":"${digest!.hex}"`);
    expect(said).toContain('"suffix":"dc=cod,dc=test"');
  });

  test("comes before anything that both flavours have, and the filter before Postfix", async () => {
    const names = (await labWith(all)).steps("mail", "mail").map((s) => s.name);
    const at = (name: string): number => names.indexOf(name);
    expect(at("packages")).toBe(0);
    expect(at("iRedMail installed")).toBeLessThan(at("boxes"));
    expect(at("filter")).toBeLessThan(at("Postfix"));
    const plain = (await labWith([])).steps("mail", "mail").map((s) => s.name);
    expect(names.filter((n) => plain.includes(n))).toEqual(plain);
  });

  test("looks at each letter before it is taken, and the milter where letters come back from it", async () => {
    const files = (await labWith(all)).files("mail");
    const main = files.get("/etc/postfix/main.cf")!.content;
    expect(main).toMatch(/^submission_filter = 127\.0\.0\.1:10026$/m);
    expect(main).toMatch(/^submission_milters =$/m);
    const master = files.get("/etc/postfix/master.cf")!.content;
    const blocks = master.split(/^(?=\S)/m);
    const block = (start: string): string => blocks.find((b) => b.startsWith(start))!;
    for (const service of ["submission ", "465 "])
      expect(block(service)).toContain("smtpd_proxy_filter=$submission_filter");
    expect(block("127.0.0.1:10035 ")).toContain("smtpd_milters=$checked_milters");
    expect(block("127.0.0.1:10025 ")).toMatch(/smtpd_milters=$/m);
    // What comes back from the filter is not sent to it again, nor taken from others.
    for (const start of ["127.0.0.1:10025 ", "127.0.0.1:10035 "]) {
      expect(block(start)).toMatch(/smtpd_proxy_filter=$/m);
      expect(block(start)).toContain("smtpd_client_restrictions=permit_mynetworks,reject");
    }
    expect(files.get("/etc/amavis/conf.d/60-maquette")!.content).toContain("$sa_local_tests_only = 1;");
  });

  test("is administered by whoever comes by the way in, and by TLS", async () => {
    const text = (await labWith(all)).files("mail").get("/etc/nginx/nginx.conf")!.content;
    expect(text.match(/allow .*/g)).toEqual(["allow 10.20.10.10;", "allow 10.20.10.10;"]);
    expect(text.match(/listen (?!443 ssl)/g)).toBeNull();
    expect((await labWith([])).files("mail").get("/etc/nginx/nginx.conf")!.content).not.toContain("iredadmin");
  });

  test("has everything that the other flavour has to install", async () => {
    const [more, plain] = [await labWith(all), await labWith([])].map(
      (lab) => (stepOf(lab, "packages") as PackagesStep).packages,
    );
    expect(more).toEqual(expect.arrayContaining([...plain!]));
    expect(new Set(more).size).toBe(more!.length);
  });
});

describe("the virus scanner", () => {
  const scanning = async (told: object): Promise<readonly string[]> =>
    allProbes((await labWith(all, told)).plan)
      .map((p) => p.id)
      .filter((id) => id.startsWith("mail-virus-"));

  test("runs where the plan says so, with a probe that must be refused", async () => {
    expect(await scanning({})).toEqual([]);
    expect(await scanning({ antivirus: true })).toHaveLength(1);
    const files = (await labWith(all, { antivirus: true })).files("mail");
    expect(files.get("/etc/amavis/conf.d/60-maquette")!.content).toContain("@bypass_virus_checks_maps = (0);");
    expect(files.get("/var/lib/clamav/maquette.hdb")!.content).toMatch(/^[0-9a-f]{32}:68:EICAR/);
  });

  test("every other probe is the same in both flavours", async () => {
    const ids = async (artefacts: readonly string[]): Promise<readonly string[]> =>
      allProbes((await labWith(artefacts)).plan).map((p) => p.id);
    expect(await ids(all)).toEqual(await ids([]));
  });
});

describe("findings", () => {
  const codes = async (memoryMiB: number, told: object): Promise<readonly string[]> => {
    const { plan } = await labWith(all, told);
    const hosts = new Map([...plan.hosts, ["mail", { ...mailOf(plan), memoryMiB }]]);
    return roleFindings({ ...plan, hosts }).map((f) => f.code);
  };

  test("a machine that is too small for what it is to run", async () => {
    expect(await codes(2048, {})).toEqual([]);
    expect(await codes(2047, {})).toEqual(["MAIL_MACHINE_TOO_SMALL"]);
    expect(await codes(2048, { antivirus: true })).toEqual(["MAIL_MACHINE_TOO_SMALL"]);
    expect(await codes(1024, { flavour: "debian" })).toEqual([]);
  });

  test("a scanner where there is none", async () => {
    expect(await codes(4096, { flavour: "debian", antivirus: true })).toEqual(["MAIL_NO_SCANNER"]);
  });
});
