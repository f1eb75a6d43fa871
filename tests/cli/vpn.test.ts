import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { temporaryFolder } from "../stack/temporary.ts";
import { maquette } from "./captured.ts";

beforeEach(() => {
  vi.stubEnv("XDG_DATA_HOME", temporaryFolder());
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const part = (profile: string, name: string): string => new RegExp(`<${name}>\n([^]*?)\n</${name}>`).exec(profile)![1]!;

test("a profile is one file for this user alone: both accesses, a certificate of the account's name, no password", async () => {
  const file = join(temporaryFolder(), "claire.ovpn");
  const { code, out } = await maquette("vpn", "profile", "claire.morel", "--out", file);
  expect([code, out]).toEqual([0, expect.stringContaining(file)]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const profile = readFileSync(file, "utf8");
  expect(profile.match(/^remote /gm)).toHaveLength(2);
  const [ca, leaf] = ["ca", "cert"].map((name) => new X509Certificate(part(profile, name)));
  expect(leaf!.verify(ca!.publicKey)).toBe(true);
  expect(leaf!.subject).toBe("CN=claire.morel");
  expect(part(profile, "tls-crypt-v2")).toContain("OpenVPN tls-crypt-v2 client key");
  // Asked for when it is used.
  expect(profile).toMatch(/^auth-user-pass$/m);
});

test("the same person's profile is the same each time, and on standard output where that is asked for", async () => {
  const said = await maquette("vpn", "profile", "claire.morel", "--stdout");
  expect(said.code).toBe(0);
  expect((await maquette("vpn", "profile", "claire.morel", "--stdout")).out).toBe(said.out);
  const other = (await maquette("vpn", "profile", "hugo.lefranc", "--stdout")).out;
  for (const name of ["cert", "key", "tls-crypt-v2"]) expect(part(other, name)).not.toBe(part(said.out, name));
});

test.each([
  [
    "paul.girard",
    "VPN_NO_RIGHT paul.girard has no right to the VPN: a member of cod-membres, and the right follows from nomades.",
  ],
  [
    "claire.morell",
    'VPN_UNKNOWN_PERSON The plan knows nobody of the login "claire.morell".\n  hint: Did you mean "claire.morel"?',
  ],
  ["recette.nomade1", 'VPN_UNKNOWN_PERSON The plan knows nobody of the login "recette.nomade1".'],
])("%s gets none, with the reason", async (login, words) => {
  const { code, out, err } = await maquette("vpn", "profile", login, "--stdout");
  expect([code, out, err]).toEqual([2, "", expect.stringContaining(words)]);
});

test("anything else that is asked of it is refused with what may be", async () => {
  expect((await maquette("vpn", "list", "claire.morel")).err).toContain("maquette vpn profile PERSON");
  const both = await maquette("vpn", "profile", "claire.morel", "--out", "x", "--stdout");
  expect(both.err).toContain("--out and --stdout do not go together");
});
