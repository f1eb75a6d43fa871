import { Duplex, PassThrough, Readable } from "node:stream";
import type { SshConnection } from "../../../src/door/index.ts";
import { emptyDisk, type Disk } from "../../../src/embedded/recorder/disk.ts";
import { readAsked } from "../../../src/embedded/recorder/protocol.ts";
import { answer } from "../../../src/embedded/recorder/steps.ts";
import type { Reached } from "../../../src/provision/steps/index.ts";

/** A host that only records, without a network on the way to it. */
export class FakeHost {
  disk: Disk = emptyDisk();
  /** Times that it was reached. */
  calls = 0;
  /** Seconds that its clock is ahead. */
  ahead = 0;
  /** It is lost after so many events. */
  lostAfter = Infinity;
  /** How often it is. */
  lostTimes = Infinity;

  readonly reached = (): Promise<Reached> => {
    const to = (): Promise<SshConnection> => {
      this.calls++;
      return Promise.resolve(this.#connection());
    };
    return Promise.resolve({ to } as unknown as Reached);
  };

  #connection(): SshConnection {
    return {
      target: { name: "dc1" },
      exec: async (_command: string, { input }: { input: Buffer }) => ({
        exitCode: 0,
        stdout: await this.#said(Readable.from([input])),
        stderr: "",
      }),
      session: () => {
        const [up, down] = [new PassThrough(), new PassThrough()];
        const channel = Object.assign(Duplex.from({ writable: up, readable: down }), {
          stderr: new PassThrough(),
          close: () => undefined,
        });
        const exit = this.#said(up).then((text) => {
          down.end(text);
          const exit = this.lostAfter === Infinity ? 0 : 137;
          if (--this.lostTimes === 0) this.lostAfter = Infinity;
          return exit;
        });
        return Promise.resolve({ channel, exit });
      },
    } as unknown as SshConnection;
  }

  async #said(input: Readable): Promise<string> {
    const asked = await readAsked(input);
    const events: object[] = [];
    if (asked !== undefined) answer(this.disk, asked, (event) => events.push(event));
    return events
      .slice(0, this.lostAfter)
      .map((event) => ("now" in event ? { ...event, now: Number(event.now) + this.ahead } : event))
      .map((event) => `${JSON.stringify(event)}\n`)
      .join("");
  }
}
