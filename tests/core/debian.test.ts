import { describe, expect, test } from "vitest";
import { mayBeStale, releaseNamed, releaseOf, stateOf } from "../../src/core/debian.ts";
import { opensshOf } from "../../src/core/openssh.ts";

describe("the release that an image names", () => {
  test.each([
    ["debian-13-genericcloud-amd64.qcow2", "trixie"],
    ["https://cloud.debian.org/images/cloud/forky/daily/latest/debian-14-genericcloud-amd64-daily.qcow2", "forky"],
    ["debian-11-genericcloud-amd64.qcow2", "bullseye"],
    ["pool-debian-bookworm-own.qcow2", "bookworm"],
    ["debian-12.qcow2", "bookworm"],
  ])("of %s is %s", (image, codename) => expect(releaseNamed(image)?.codename).toBe(codename));

  test("may be one that nobody here has heard of, by its codename", () => {
    expect(releaseNamed("debian-zurg-genericcloud-amd64.qcow2")).toMatchObject({ codename: "zurg", number: null });
  });

  test.each(["pfsense-2.8.qcow2", "debian-99-genericcloud-amd64.qcow2", "own.qcow2", ""])("is none for %s", (image) =>
    expect(releaseNamed(image)).toBeUndefined(),
  );
});

describe("the life of a release", () => {
  test.each([
    ["bookworm", "2023-06-09", "unreleased"],
    ["bookworm", "2023-06-10", "supported"],
    ["bookworm", "2026-06-10", "supported"],
    ["bookworm", "2026-06-11", "long-term"],
    ["bullseye", "2026-08-31", "long-term"],
    ["bullseye", "2026-09-01", "ended"],
    ["forky", "2026-11-30", "unreleased"],
    ["zurg", "2026-11-30", "unknown"],
  ])("%s on %s is %s", (codename, day, state) => expect(stateOf(releaseOf(codename), day)).toBe(state));

  test("lists that are older than they say count for what is not released or has ended, and for nothing else", () => {
    const stale = ["bullseye", "bookworm", "trixie", "forky"].filter((c) => mayBeStale(releaseOf(c), "2026-11-30"));
    expect(stale).toEqual(["bullseye", "forky"]);
  });
});

describe("words of sshd", () => {
  test("are those that the release's OpenSSH knows; an unknown release is taken for the newest", () => {
    expect(opensshOf(releaseOf("bullseye"))).toEqual({
      keyExchanges: ["curve25519-sha256"],
      hasPenalties: false,
    });
    expect(opensshOf(releaseOf("bookworm")).keyExchanges).not.toContain("mlkem768x25519-sha256");
    for (const known of [releaseOf("trixie"), releaseOf("forky"), releaseOf("zurg"), undefined])
      expect(opensshOf(known)).toMatchObject({
        keyExchanges: expect.arrayContaining(["mlkem768x25519-sha256"]) as string[],
        hasPenalties: true,
      });
  });
});
