import type { PfConfig } from "../model/config.ts";
import type { PfTimeRange } from "../model/filter.ts";

/**
 * Whether the rules of a schedule are in force (`filter_get_time_based_rule_status`): a schedule that is not in the file
 * does not hold a rule back.
 * @param now an instant; without one nothing can be said
 */
export function scheduleState(
  config: PfConfig,
  name: string | undefined,
  now: Date | undefined,
): "runs" | "ended" | "unknown" {
  const schedule = name === undefined ? undefined : config.schedules.find((s) => s.name === name);
  if (!schedule) return "runs";
  // One without hours holds at none.
  if (schedule.ranges.length === 0) return "ended";
  if (!now) return "unknown";
  const local = localTime(now, config.system.timezone);
  return schedule.ranges.some((r) => isWithin(r, local)) ? "runs" : "ended";
}

interface LocalTime {
  readonly month: number;
  readonly day: number;
  /** Monday 1, Sunday 7. */
  readonly weekday: number;
  readonly minutes: number;
}

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** The clock of the firewall; an unknown time zone is UTC, as for PHP. */
function localTime(now: Date, timezone: string | undefined): LocalTime {
  const format = (timeZone: string): Map<string, string> => {
    const options = { timeZone, hourCycle: "h23", month: "numeric", day: "numeric", weekday: "short" } as const;
    const parts = new Intl.DateTimeFormat("en-US", { ...options, hour: "2-digit", minute: "2-digit" });
    return new Map(parts.formatToParts(now).map((p) => [p.type, p.value]));
  };
  let parts: Map<string, string>;
  try {
    parts = format(timezone ?? "UTC");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    parts = format("UTC");
  }
  const number = (type: string): number => Number(parts.get(type) ?? "0");
  return {
    month: number("month"),
    day: number("day"),
    weekday: WEEKDAYS.indexOf(parts.get("weekday") ?? "Mon") + 1,
    minutes: number("hour") * 60 + number("minute"),
  };
}

/** Month, day, day of the week and hour must all agree; the end of the hours is not part of them. */
function isWithin(r: PfTimeRange, t: LocalTime): boolean {
  const has = (list: string | undefined, value: number): boolean =>
    list === undefined || list.split(",").some((n) => Number(n) === value);
  return has(r.month, t.month) && has(r.day, t.day) && has(r.position, t.weekday) && isInHours(r.hour, t.minutes);
}

function isInHours(hours: string | undefined, minutes: number): boolean {
  if (hours === undefined) return true;
  const parsed = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(hours.trim());
  if (!parsed) return false;
  const [from, to] = [Number(parsed[1]) * 60 + Number(parsed[2]), Number(parsed[3]) * 60 + Number(parsed[4])];
  return minutes >= from && minutes < to;
}
