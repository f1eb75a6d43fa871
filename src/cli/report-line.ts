/** One line of `doctor`. */
export interface ReportLine {
  readonly what: string;
  readonly state: "good" | "stand-in" | "missing" | "note";
  readonly fact: string;
  /** The command that cures it, where something is missing. */
  readonly cure: string;
}
