/** `PFLABEL_MAXLEN` of `etc/inc/filter.inc`. */
const LONGEST = 63;

/**
 * What pfSense writes between quotes as the label of a user's rule (`fix_rule_label`): its introduction and the description
 * without quotes, not escaped; of more than 63 bytes the first 60 and three dots.
 */
export function labelOfRule(description: string): string {
  const label = `USER_RULE: ${description.replaceAll('"', "")}`;
  const bytes = new TextEncoder().encode(label);
  // Bytes are cut, not characters; half a character is no matter to pf.
  return bytes.length <= LONGEST ? label : `${new TextDecoder().decode(bytes.subarray(0, LONGEST - 3))}...`;
}
