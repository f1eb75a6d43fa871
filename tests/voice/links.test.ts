import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../../src/stack/root.ts";
import { codecOf } from "../../src/voice/codecs.ts";
import { loadOf, voicePlanOf, type Scenario, type VoicePlan } from "../../src/voice/links.ts";
import { kbpsOf, packetSize } from "../../src/voice/load.ts";
import { PLAYOUT_MS } from "../../src/voice/quality.ts";
import { labPlan } from "../pfsense/emit/lab.ts";

const pcma = codecOf("pcma")!;
const plan = labPlan();
const voice = voicePlanOf(plan).value!;
const zone = (id: string): VoicePlan["exchange"] => plan.zones.get(id)!;
const loads = (scenario: Scenario, wan = "wan1"): ReturnType<typeof loadOf>["links"] =>
  loadOf(voice, scenario, pcma, zone(wan)).links;

describe("a packet of G.711 with SRTP", () => {
  test("is 210 bytes of IP, 262 in the tunnel; a frame has tag and check sum, the wire preamble and gap", () => {
    expect(packetSize(pcma, { isTunnelled: false, isTagged: true })).toEqual({
      ip: 160 + 12 + 10 + 8 + 20,
      queued: 224,
      frame: 232,
      wire: 252,
    });
    expect(packetSize(pcma, { isTunnelled: true, isTagged: false })).toEqual({
      ip: 210 + 24 + 28,
      queued: 276,
      frame: 280,
      wire: 300,
    });
  });

  test("is 110.4 kbit/s in a router's queue, in the tunnel", () => {
    expect(kbpsOf(pcma, packetSize(pcma, { isTunnelled: true, isTagged: false }).queued)).toBeCloseTo(110.4, 6);
  });

  test("a small one fills the least frame of Ethernet", () => {
    const tiny = { ...pcma, payloadBytes: 1 };
    expect(packetSize(tiny, { isTunnelled: false, isTagged: false }).frame).toBe(69);
    expect(packetSize({ ...tiny, payloadBytes: -10 }, { isTunnelled: false, isTagged: false }).frame).toBe(64);
  });
});

describe("which links a call crosses", () => {
  const crossed = (scenario: Scenario): readonly string[] =>
    loads(scenario)
      .map((l) => `${l.link} ${l.direction} ${l.plain}+${l.tunnelled}`)
      .sort();

  test("between two desks: both zones twice, no access", () => {
    expect(crossed("desk-desk")).toEqual(["servers down 2+0", "servers up 2+0", "users down 2+0", "users up 2+0"]);
  });

  test("of a traveller: the access in the tunnel, the gateway's zone with it and without", () => {
    expect(crossed("field-desk")).toEqual([
      "servers down 2+0",
      "servers up 2+0",
      "users down 1+0",
      "users up 1+0",
      "vpn down 1+1",
      "vpn up 1+1",
      "wan1 down 0+1",
      "wan1 up 0+1",
    ]);
  });

  test("between two travellers: the access twice", () => {
    expect(crossed("field-field")).toContain("wan1 up 0+2");
    expect(loads("field-field", "wan2").some((l) => l.link === "wan1")).toBe(false);
  });
});

describe("how many fit", () => {
  const up = (wan: string): (typeof access)[number] => access.find((l) => l.link === wan && l.direction === "up")!;
  const access = [...loads("field-desk", "wan1"), ...loads("field-desk", "wan2")].filter((l) => l.kind === "wan");

  test("up, the queue for voice has 60 % of 95 % of the access while it is full; alone, voice has all of it", () => {
    expect(up("wan2")).toMatchObject({ rateKbps: 10_000, limit: { alone: 90, full: 51 } });
    expect(up("wan1")).toMatchObject({ rateKbps: 50_000, limit: { alone: 452, full: 258 } });
  });

  test("down, nothing puts voice first: none is sure while the access is full", () => {
    expect(access.filter((l) => l.direction === "down").map((l) => l.limit.full)).toEqual([0, 0]);
  });

  test("of a link whose rate no plan says, nothing is said", () => {
    expect(loads("desk-desk").every((l) => l.rateKbps === null && l.limit.alone === null)).toBe(true);
  });
});

test("an access without a rate is a finding, at its line", () => {
  const zones = new Map([...plan.zones].map(([id, z]) => [id, id === "wan2" ? { ...z, wan: null } : z]));
  const { value, findings } = voicePlanOf({ ...plan, zones });
  expect(value).toBeNull();
  expect(findings).toMatchObject([
    { code: "VOICE_NO_RATE", path: "zones.wan2.wan", place: { file: "addressing.yaml" } },
  ]);
});

test("the delay that is assumed is the softphone's own buffer at its longest", () => {
  const conf = readFileSync(join(repositoryRoot(), "templates/workstation/softphone.conf"), "utf8");
  expect(Number(/^jitter_buffer_delay \d+-(\d+)$/m.exec(conf)![1]) * pcma.packetMs).toBe(PLAYOUT_MS);
});
