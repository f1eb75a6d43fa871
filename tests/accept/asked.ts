import { shown, type Text } from "../../src/core/text.ts";

/** What a program of ours is asked: the JSON behind it on its standard input. */
export function askedOf(input: Text): unknown {
  const bytes = Buffer.from(shown(input));
  const end = bytes.indexOf("\n");
  return JSON.parse(bytes.subarray(end + 1 + Number(bytes.subarray(0, end).toString())).toString());
}
