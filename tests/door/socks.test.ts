import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SocksHandshake, type Login, type Step } from "../../src/door/socks.ts";

const login: Login = { user: "maquette", password: "gÀ-secret" };

const greeting = (...methods: number[]): Buffer => Buffer.from([5, methods.length, ...methods]);
const string = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "latin1")]);
const credentials = (user: string, password: string): Buffer =>
  Buffer.concat([Buffer.from([1]), string(user), string(password)]);
const port = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const byName = (name: string, at: number, order = 1): Buffer =>
  Buffer.concat([Buffer.from([5, order, 0, 3]), string(name), port(at)]);
const byV4 = (bytes: readonly number[], at: number, order = 1): Buffer =>
  Buffer.concat([Buffer.from([5, order, 0, 1, ...bytes]), port(at)]);
const byV6 = (hex: string, at: number): Buffer =>
  Buffer.concat([Buffer.from([5, 1, 0, 4]), Buffer.from(hex.padStart(32, "0"), "hex"), port(at)]);

/** All that a client gets and is understood to want, however its bytes arrive. */
function ran(login_: Login | null, chunks: readonly Uint8Array[]): { readonly replies: string; readonly end: Step } {
  const handshake = new SocksHandshake(login_);
  const replies: Buffer[] = [];
  for (const [i, chunk] of chunks.entries()) {
    const step = handshake.take(chunk);
    replies.push(step.reply);
    if (step.kind === "more") continue;
    const end =
      step.kind === "connect"
        ? { ...step, reply: Buffer.alloc(0), early: Buffer.concat([step.early, ...chunks.slice(i + 1)]) }
        : { ...step, reply: Buffer.alloc(0) };
    return { replies: Buffer.concat(replies).toString("hex"), end };
  }
  return { replies: Buffer.concat(replies).toString("hex"), end: { kind: "more", reply: Buffer.alloc(0) } };
}

const once = (login_: Login | null, ...parts: readonly Buffer[]): ReturnType<typeof ran> =>
  ran(login_, [Buffer.concat(parts)]);

describe("the SOCKS5 handshake", () => {
  it("passes a name on as it is, for the far side to resolve", () => {
    const { replies, end } = once(null, greeting(0), byName("dc1.cod.test", 443));
    expect(replies).toBe("0500");
    expect(end).toMatchObject({ kind: "connect", host: "dc1.cod.test", port: 443 });
  });

  it("understands IPv4 and IPv6", () => {
    expect(once(null, greeting(0), byV4([10, 20, 20, 11], 22)).end).toMatchObject({ host: "10.20.20.11", port: 22 });
    expect(once(null, greeting(0), byV6("1", 22)).end).toMatchObject({ host: "::1", port: 22 });
    expect(once(null, greeting(0), byV6("20010db8000000000000000000000005", 65535)).end).toMatchObject({
      host: "2001:db8::5",
      port: 65535,
    });
  });

  it("keeps what a client sent before it had an answer", () => {
    const { end } = once(null, greeting(0), byName("mail", 25), Buffer.from("EHLO"));
    expect(end).toMatchObject({ kind: "connect", early: Buffer.from("EHLO") });
  });

  it("asks for the password where there is one, and takes the right one only", () => {
    const request = byName("dc1", 22);
    const good = once(login, greeting(0, 2), credentials("maquette", "gÀ-secret"), request);
    expect(good.replies).toBe("05020100");
    expect(good.end).toMatchObject({ kind: "connect", host: "dc1" });
    for (const [user, password] of [
      ["maquette", "wrong"],
      ["maquette", ""],
      ["root", "gÀ-secret"],
      ["maquette", "gÀ-secret2"],
    ] as const) {
      const bad = once(login, greeting(2), credentials(user, password), request);
      expect(bad.replies).toBe("05020101");
      expect(bad.end).toMatchObject({ kind: "refused", why: "its user or password is wrong" });
    }
  });

  it("refuses a client without a password where one is asked, and one that insists where none is", () => {
    expect(once(login, greeting(0))).toMatchObject({ replies: "05ff", end: { kind: "refused" } });
    expect(once(null, greeting(2))).toMatchObject({ replies: "05ff", end: { kind: "refused" } });
    expect(once(null, greeting())).toMatchObject({ replies: "05ff", end: { kind: "refused" } });
  });

  it("refuses BIND and UDP ASSOCIATE with code 7", () => {
    expect(once(null, greeting(0), byName("dc1", 22, 2))).toMatchObject({
      replies: "050005070001000000000000",
      end: { kind: "refused", why: expect.stringContaining("BIND") as string },
    });
    expect(once(null, greeting(0), byV4([10, 0, 0, 1], 53, 3))).toMatchObject({
      replies: "050005070001000000000000",
      end: { kind: "refused", why: expect.stringContaining("UDP") as string },
    });
  });

  it("refuses an address type that does not exist with code 8", () => {
    expect(once(null, greeting(0), Buffer.from([5, 1, 0, 9]))).toMatchObject({
      replies: "050005080001000000000000",
      end: { kind: "refused" },
    });
  });

  it.each([
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n")],
    ["SOCKS4", Buffer.from([4, 1, 0, 22, 10, 0, 0, 1, 0])],
    ["nothing sensible", Buffer.from([0xff, 0xff, 0xff])],
  ])("is not taken in by %s", (_, bytes) => {
    expect(ran(null, [bytes])).toMatchObject({ replies: "", end: { kind: "refused" } });
  });

  it.each([
    ["an empty name", byName("", 22)],
    ["a name with a zero in it", byName("dc1\0.evil", 22)],
    ["a name with a newline", byName("dc1\nHost", 22)],
    ["a path", byName("/run/docker.sock", 22)],
    ["port 0", byName("dc1", 0)],
  ])("refuses %s with code 1", (_, request) => {
    expect(once(null, greeting(0), request)).toMatchObject({
      replies: "050005010001000000000000",
      end: { kind: "refused" },
    });
  });

  it("a name of 255 bytes fits", () => {
    expect(once(null, greeting(0), byName("a".repeat(255), 22)).end).toMatchObject({ host: "a".repeat(255) });
  });

  it("gives the same result however the stream is cut into pieces", () => {
    const conversations = fc.constantFrom(
      { login: null, bytes: Buffer.concat([greeting(0, 2), byName("dc1.cod.test", 443), Buffer.from("early")]) },
      { login: null, bytes: Buffer.concat([greeting(0), byV6("fe80000000000001", 22), Buffer.from("x")]) },
      { login: null, bytes: Buffer.concat([greeting(0), byV4([1, 2, 3, 4], 53, 3)]) },
      { login, bytes: Buffer.concat([greeting(2), credentials("maquette", "gÀ-secret"), byName("pc1", 80)]) },
      { login, bytes: Buffer.concat([greeting(2), credentials("maquette", "no"), byName("pc1", 80)]) },
    );
    const cuts = fc.array(fc.nat(60), { maxLength: 12 });
    fc.assert(
      fc.property(conversations, cuts, (conversation, at) => {
        const places = [0, ...at.map((n) => Math.min(n, conversation.bytes.length)).sort((a, b) => a - b)];
        const pieces = places.map((from, i) => conversation.bytes.subarray(from, places[i + 1]));
        expect(ran(conversation.login, pieces)).toEqual(ran(conversation.login, [conversation.bytes]));
      }),
    );
  });

  it("ends with any bytes whatsoever, and never answers more than it must", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), fc.boolean(), (bytes, hasLogin) => {
        const { replies } = ran(hasLogin ? login : null, [bytes]);
        expect(replies.length).toBeLessThanOrEqual(2 * (2 + 2 + 10));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        ran(null, [Buffer.concat([greeting(0), Buffer.from([5, 1, 0]), bytes])]);
      }),
    );
  });
});
