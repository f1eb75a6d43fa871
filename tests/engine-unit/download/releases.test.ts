import { describe, expect, test } from "vitest";
import { releaseOf } from "../../../src/engine/download/releases.ts";
import { pins } from "../../../src/engine/pins.ts";
import { faultOf } from "../../stack/temporary.ts";

const linux = { platform: "linux", arch: "x64" };

describe("a release", () => {
  test("is looked for where its publisher has it, under the publisher's names", () => {
    expect(releaseOf("pulumi", {}, linux)).toMatchObject({
      url: `https://github.com/pulumi/pulumi/releases/download/v${pins.cli}/pulumi-v${pins.cli}-linux-x64.tar.gz`,
      sums: `https://github.com/pulumi/pulumi/releases/download/v${pins.cli}/pulumi-${pins.cli}-checksums.txt`,
      archive: `pulumi-v${pins.cli}-linux-x64.tar.gz`,
    });
    const base = `https://github.com/muhlba91/pulumi-proxmoxve/releases/download/v${pins.plugin}`;
    expect(releaseOf("proxmoxve", {}, { platform: "darwin", arch: "x64" })).toMatchObject({
      url: `${base}/pulumi-resource-proxmoxve-v${pins.plugin}-darwin-amd64.tar.gz`,
      sums: `${base}/pulumi-proxmoxve_${pins.plugin}_checksums.txt`,
    });
  });

  test("of Pulumi is pinned for Linux on x64; for other machines its checksums file is asked", () => {
    expect(releaseOf("pulumi", {}, { platform: "linux", arch: "x64" }).pinned).toMatch(/^[0-9a-f]{64}$/);
    expect(releaseOf("pulumi", {}, { platform: "linux", arch: "arm64" }).pinned).toBeUndefined();
  });

  test("of two machines that share a home has two places", () => {
    const places = ["x64", "arm64"].map((arch) => releaseOf("pulumi", {}, { platform: "linux", arch }).folder);
    expect(new Set(places).size).toBe(2);
  });

  test.each([
    ["win32", "x64", /Windows is a zip/],
    ["linux", "riscv64", /not published for linux on riscv64/],
    ["freebsd", "x64", /not published for freebsd/],
  ])("for %s on %s is none, and that is said", async (platform, arch, what) => {
    const fault = await faultOf(() => releaseOf("pulumi", {}, { platform, arch }));
    expect(fault.code).toBe("ENGINE_NO_RELEASE");
    expect(fault.message).toMatch(what);
  });
});

describe("a mirror", () => {
  test.each(["https://mirror.example/engine", "https://mirror.example/engine/"])(
    "at %s has the files flat",
    (value) => {
      const env = { MAQUETTE_ENGINE_MIRROR: value };
      expect(releaseOf("pulumi", env, linux).url).toBe(
        `https://mirror.example/engine/pulumi-v${pins.cli}-linux-x64.tar.gz`,
      );
      expect(releaseOf("proxmoxve", env, linux).sums).toBe(
        `https://mirror.example/engine/pulumi-proxmoxve_${pins.plugin}_checksums.txt`,
      );
    },
  );

  test("does not lift a pin", () => {
    const env = { MAQUETTE_ENGINE_MIRROR: "https://mirror.example" };
    expect(releaseOf("pulumi", env, linux).pinned).toBe(releaseOf("pulumi", {}, linux).pinned);
  });

  test.each(["http://mirror.example", "mirror.example", "/media/engine", "https://x/?a=b"])(
    "that is %j is refused",
    async (value) => {
      const fault = await faultOf(() => releaseOf("pulumi", { MAQUETTE_ENGINE_MIRROR: value }, linux));
      expect(fault.code).toBe("ENGINE_MIRROR");
    },
  );
});
