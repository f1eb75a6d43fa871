import { createDecipheriv, createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { StackSecret } from "../../src/stack/secret.ts";

/** A pair that OpenVPN 2.6.14 made: `openvpn --genkey tls-crypt-v2-server`, `… tls-crypt-v2-client`. */
const theirs = {
  server:
    "11kdL8mJSdJupLFMmbHbIv67Ro3c0ZTu3GhYA65BNca4/2IEODkfxaYecButd5z5T9tUX7nbFxSSJADGWIbgx865UVAvAnPB8gdd" +
    "GmYSD4Ty29TrldcuelWGiZPoXMTALbWZADKIcc2C0Pmu9bNpoJoQVEZpxA4+frwK+FV52Ps=",
  client:
    "syEkvst1LDtTUg1bABjUOjgxiWPEl0lfBeBi6XghUoWsAONQ4KDVeJodygDZ+Oc1Rs/3hkaAUHYQi+tPbqMW25jHRwotgTMkLPej" +
    "a10SRIEImc9ZmMV8yXBnUbGgcebIz+TH9qn+ClZeWaQzGethoPdHSduOhCaeHZVz77cxRVxRoH+OfT8Kxtmj5zuR0M3ZzI+irYIX" +
    "YHcF8VKBMLvU9M6JAIgwfb4+6GVMon3VZfplZsgHTJtoQ02NelpNJdmzYlgM0ZxDmf+nx2fzkBU3nQaIl9QPu7KQnXeriuifHT5c" +
    "wRZEWamWc0xYgP0cIpma3244ZVuDFYzGfHJgNn9CTKpmhqaPKhvcDGretlnwJ41BxXry8EzwHJ57BVUtXrZFlgH3CrtFvqSm+Vpm" +
    "Frh7cL7eQnq3KFJoDQ739h2YGYaXWqPJgqonwLOtYYFk/zLxElc//dMboo48mYJsvP/S9S3TWXC6L/+57C8EV4CDr/XSC+YH7egR" +
    "pgP88kDkyLXpSGFJ6Z6GQvZs77ZEK29eXZbJWGGlDh4UDdxdnbPxC1anp5lSwmNI4o3drgNYk8qJJISh4BBqKAjCQmscRZ8HbFf6" +
    "UwNryfva7cNFD+lE+sN6G9Uv63WvVerWvLcOYRsMvec2V27q//CLcYJN60bguq4rb3v1Bu9EqrjPYjTS+B7RvjKfJJ1qUS7dTfKy" +
    "KaRLDC1pfiouXFj/6aVVWjVNKDucyhqbAOdWegEr",
};

const bytesOf = (pem: string, words: string): Buffer => {
  const found = new RegExp(`^-----BEGIN ${words}-----\n([\\w+/=\n]+)-----END ${words}-----\n$`).exec(pem);
  expect(found, pem).not.toBeNull();
  return Buffer.from(found![1]!, "base64");
};

/** As a gateway unwraps it (doc/tls-crypt-v2.txt, "Server-side"). @returns the client's own key, and the metadata */
function unwrapped(server: Buffer, client: Buffer): { readonly key: Buffer; readonly metadata: Buffer } {
  const wrapped = client.subarray(256);
  const length = wrapped.subarray(-2);
  expect(length.readUInt16BE()).toBe(wrapped.length);
  const [tag, hidden] = [wrapped.subarray(0, 32), wrapped.subarray(32, -2)];
  const cipher = createDecipheriv("aes-256-ctr", server.subarray(0, 32), tag.subarray(0, 16));
  const plain = Buffer.concat([cipher.update(hidden), cipher.final()]);
  const again = createHmac("sha256", server.subarray(64, 96)).update(length).update(plain).digest();
  expect(again.equals(tag)).toBe(true);
  return { key: plain.subarray(0, 256), metadata: plain.subarray(256) };
}

const secret = new StackSecret(Buffer.alloc(32, 1));
const SERVER = "OpenVPN tls-crypt-v2 server key";
const CLIENT = "OpenVPN tls-crypt-v2 client key";

test("what is unwrapped here is what OpenVPN wraps", () => {
  const client = Buffer.from(theirs.client, "base64");
  const { key, metadata } = unwrapped(Buffer.from(theirs.server, "base64"), client);
  expect(key.equals(client.subarray(0, 256))).toBe(true);
  // A time, of eight bytes.
  expect([metadata[0], metadata.length]).toEqual([1, 9]);
});

test("a gateway unwraps its client's key, with the client's name", () => {
  const server = bytesOf(secret.tlsCryptServer("vpn"), SERVER);
  const client = bytesOf(secret.tlsCryptClient("vpn/claire.morel"), CLIENT);
  expect(server).toHaveLength(128);
  const { key, metadata } = unwrapped(server, client);
  expect(key.equals(client.subarray(0, 256))).toBe(true);
  expect([metadata[0], metadata.subarray(1).toString()]).toEqual([0, "claire.morel"]);
});

test("keys differ by client, by gateway and by stack, and are the same each time", () => {
  const of = (s: StackSecret, label: string): string => s.tlsCryptClient(label);
  const labels = ["vpn/claire.morel", "vpn/hugo.lefranc", "other/claire.morel"];
  const all = [secret, new StackSecret(Buffer.alloc(32, 2))].flatMap((s) => labels.map((label) => of(s, label)));
  expect(new Set(all).size).toBe(all.length);
  expect(of(secret, labels[0]!)).toBe(all[0]);
});

test("a rotated client's key is another one of the same gateway; a rotated gateway's is another for all", () => {
  const rotated = (label: string): StackSecret => new StackSecret(Buffer.alloc(32, 1), new Map([[label, 1]]));
  const client = "vpn/claire.morel";
  const server = bytesOf(secret.tlsCryptServer("vpn"), SERVER);
  const one = bytesOf(rotated(`tls-crypt/${client}`).tlsCryptClient(client), CLIENT);
  expect(unwrapped(server, one).key.equals(bytesOf(secret.tlsCryptClient(client), CLIENT).subarray(0, 256))).toBe(
    false,
  );
  expect(rotated("tls-crypt/vpn").tlsCryptServer("vpn")).not.toBe(secret.tlsCryptServer("vpn"));
});
