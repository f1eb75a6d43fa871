import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consoleShell } from "../../src/provision/shell.ts";
import { consoleOf } from "../../src/provision/console.ts";
import { GUEST_OFF, type Answer } from "../../src/twin/protocol.ts";

describe("a guest that is asked by its console", () => {
  const folder = mkdtempSync(join(tmpdir(), "maquette-shell-"));
  const socket = join(folder, "twin.sock");
  /** A machine room that answers every call so. */
  let answer: Answer;
  let asking = "";
  const room = createServer((client) =>
    client
      .on("error", () => undefined)
      .once("data", (line: Buffer) => {
        asking = line.toString();
        client.write(`${JSON.stringify(answer)}\n`);
      }),
  );
  beforeAll(() => new Promise<void>((listening) => room.listen(socket, listening)));
  afterAll(() => {
    room.close();
    rmSync(folder, { recursive: true });
  });
  const asked = () => consoleShell(() => consoleOf(socket, 1021)).run("ebrigade", ["true"], "", 5_000);

  test("answers", async () => {
    answer = { id: 1, result: { exitCode: 0, stdout: "x", stderr: "" } };
    expect(await asked()).toEqual({ exitCode: 0, stdout: "x", stderr: "" });
    // The room ends a command when whoever asked has stopped waiting.
    expect(JSON.parse(asking)).toMatchObject({ call: "exec", parameters: [1021, ["true"], "", 5_000] });
  });

  test("and lost its power in the middle of it is named, with what to do: that is no defect", async () => {
    answer = { id: 1, failure: { kind: "guest", code: GUEST_OFF, message: "VM 1021 not running" } };
    await expect(asked()).rejects.toMatchObject({
      code: "ACCEPT_GUEST_OFF",
      message: "ebrigade can no longer be asked: VM 1021 not running.",
      hint: expect.stringContaining("maquette up") as string,
    });
  });
});
