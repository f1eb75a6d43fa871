/** Wire signature of the envelopes in which Pulumi hands over secrets and other special values (pulumi/pulumi, `resource` package). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Takes values out of their secret envelopes, to any depth. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value && "value" in value) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}
