/** What a linter says of a place in a file; lines and columns from one. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly message: string;
}
