import { afterAll, beforeAll, expect } from "vitest";

/*
 * Files of the unit tests share a worker's process, and with it what they import (vitest.config.ts): what one of them
 * left changed, another would meet, and which one depends on the day. So each is held to leave it as it found it.
 */

const found = (): object => ({
  environment: { ...process.env },
  folder: process.cwd(),
  isTerminal: process.stdout.isTTY,
  exitCode: process.exitCode,
});
let before: object;
beforeAll(() => {
  before = found();
});
afterAll(() => {
  expect(found(), "what this file leaves of the process that the next one shares").toEqual(before);
});
