import { expect, test } from "vitest";
import { plainName } from "../../../src/roles/pbx/files.ts";
import { renderedLab } from "../lab.ts";

const lab = await renderedLab();
const text = (host: string, path: string): string => lab.files(host).get(path)!.content;

test("each phone has a place, a login and an endpoint, whose secret is the stack's", () => {
  const phones = text("pbx", "/etc/asterisk/pjsip_phones.conf");
  for (const kind of ["place", "login", "phone"]) expect(phones).toContain(`[claire.morel](${kind})`);
  expect(phones).toContain("password = {{secret:password/sip/claire.morel}}");
  expect(phones).toContain('callerid = "Inès Robin" <105>');
});

test("a desk's softphone has the desk's secret, and nobody's own", () => {
  const account = text("pc1", "/etc/maquette/softphone/accounts");
  expect(account).toContain("<sip:poste-pc1@pbx.cod.test:5061;transport=tls>");
  expect(account.match(/\{\{secret:[^}]+\}\}/g)).toEqual(["{{secret:password/sip/poste-pc1}}"]);
});

test("transports listen where the flow table opens, and only there", () => {
  const transports = text("pbx", "/etc/asterisk/pjsip.conf");
  expect([...transports.matchAll(/^bind = (.*)$/gm)].map((m) => m[1])).toEqual([
    "10.20.20.13:5061",
    "10.20.20.13:5060",
  ]);
  expect(text("pbx", "/etc/asterisk/rtp.conf")).toMatch(/rtpstart = 10000\nrtpend = 20000/);
});

test("what cannot be reloaded is a step of its own, whose name says so", () => {
  const steps = lab.steps("pbx", "pbx").filter((s) => s.kind === "files");
  const restarts = steps.filter((s) => s.reload?.some((c) => c.argv.includes("restart") && c.argv[0] === "python3"));
  expect(restarts.map((s) => s.name)).toEqual([expect.stringContaining("restarts Asterisk")]);
  const reloaded = steps.find((s) => "/etc/asterisk/extensions.conf" in s.files)!;
  expect(reloaded.reload!.map((c) => c.argv)).toEqual([
    ["python3", "/usr/local/lib/maquette/pbx.py", "reload", "/etc/maquette/pbx.json"],
  ]);
});

test("a box keeps its messages, but for acceptance's", () => {
  const boxes = text("pbx", "/etc/asterisk/voicemail.conf").split("\n");
  expect(boxes).toContain("101 => -none,Claire Morel,claire.morel@cod.test");
  expect(boxes).toContain("190 => -none,Recette Membre,recette.membre@cod.test,,delete=yes");
});

test("the crisis room's PIN is a place of six digits, and no other file has it", () => {
  const holders = [...lab.files("pbx")].filter(([, file]) => file.content.includes("secret:pin/pbx/conference"));
  expect(holders.map(([path]) => path)).toEqual(["/etc/asterisk/confbridge.conf"]);
});

test("a name keeps its letters and loses what Asterisk's files would read as theirs", () => {
  expect(plainName("Élise d'Aubigné-Müller 2")).toBe("Élise d'Aubigné-Müller 2");
  expect(plainName('a;b"<c>,${X}|[d]&\\n')).toBe("a b  c    X   d   n");
});
