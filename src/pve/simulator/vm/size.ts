const UNITS = ["", "K", "M", "G", "T"] as const;

/** Bytes of `32G`, `512M`, `8589934592`. @returns undefined for anything else */
export function parseSize(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(value);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * 1024 ** UNITS.indexOf(match[2] as (typeof UNITS)[number]));
}

/** The shortest exact form, as Proxmox prints a disk's size: `32G`, `4M`, `8589934593`. */
export function printSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (unit < UNITS.length - 1 && value > 0 && value % 1024 === 0) {
    value /= 1024;
    unit++;
  }
  return `${value}${UNITS[unit]}`;
}
