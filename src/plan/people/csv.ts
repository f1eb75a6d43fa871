import { CsvError } from "csv-parse";
import { parse } from "csv-parse/sync";
import { didYouMean, type Diagnostic } from "../../core/diagnostics.ts";
import { messageOf } from "../../core/fault.ts";
import type { Plan } from "../types.ts";

/*
 * People as a table: a line a person, as a spreadsheet writes it. Read with commas, semicolons or tabs, in UTF-8, UTF-16 or
 * Windows-1252, with headers in English or French.
 */

/** A person as people.yaml has one; what the table has no column for is left out, what its cell is empty for is null. */
export interface PersonRow {
  readonly login: string;
  /** In the table, from 1. */
  readonly line: number;
  readonly fields: Readonly<Partial<Record<Field, string | number | true | readonly string[] | null>>>;
}

export type Field = "givenName" | "surname" | "title" | "department" | "groups" | "mailbox" | "extension" | "disabled";

type Column = "login" | Field;

/** By what a column may be called, without accents, capitals and what is between words; the first of each language is written. */
const COLUMNS: Readonly<Record<Column, { readonly en: readonly string[]; readonly fr: readonly string[] }>> = {
  login: { en: ["login", "account"], fr: ["identifiant", "compte"] },
  givenName: { en: ["given name", "first name"], fr: ["prénom"] },
  surname: { en: ["surname", "last name", "name"], fr: ["nom"] },
  title: { en: ["title", "function"], fr: ["fonction"] },
  department: { en: ["department"], fr: ["service"] },
  groups: { en: ["groups"], fr: ["groupes"] },
  mailbox: { en: ["mailbox", "mail", "email", "e-mail"], fr: ["boîte", "courriel", "messagerie"] },
  extension: { en: ["extension", "telephone", "phone"], fr: ["poste", "téléphone"] },
  disabled: { en: ["disabled"], fr: ["désactivé"] },
};

const plain = (text: string): string =>
  text
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");

const columnNamed = new Map(
  Object.entries(COLUMNS).flatMap(([column, { en, fr }]) =>
    [column, ...en, ...fr].map((name) => [plain(name), column as Column] as const),
  ),
);

const NEEDED: readonly Column[] = ["givenName", "surname", "title", "department", "groups"];
const YES = new Set(["yes", "oui", "true", "vrai", "1", "x"]);
const NO = new Set(["", "no", "non", "false", "faux", "0"]);

export interface Table {
  readonly rows: readonly PersonRow[];
  readonly findings: readonly Diagnostic[];
}

/**
 * @param file what it is called in findings
 * @param domain of the plan: mail addresses may bear it
 * @returns every fault by its line; no rows of a table that is none
 */
export function readPeople(bytes: Uint8Array, file: string, domain: string): Table {
  const findings: Diagnostic[] = [];
  const fault = (code: string, line: number, column: number, fact: string, hint: string): void =>
    void findings.push({ code, severity: "error", place: { file, line, column }, path: "", fact, hint });
  const text = textOf(bytes);
  const records = recordsOf(text, (line, fact) =>
    fault("PEOPLE_NO_TABLE", line, 1, fact, "Save it as CSV: a line of headers, then a line a person"),
  );
  const [head, ...rest] = records ?? [];
  if (head === undefined) {
    if (findings.length === 0)
      fault("PEOPLE_NO_TABLE", 1, 1, "the table is empty", "Begin it with a line of headers: `maquette people export`");
    return { rows: [], findings };
  }
  const columns = head.cells.map((name, index) => {
    const column = columnNamed.get(plain(name));
    if (column !== undefined) return column;
    const near = didYouMean(
      name,
      Object.values(COLUMNS).flatMap(({ en, fr }) => [...en, ...fr]),
    );
    const hint = near
      ? `Did you mean "${near}"?`
      : `Columns are ${headersOf("en").join(", ")}; in French ${headersOf("fr").join(", ")}`;
    fault("PEOPLE_UNKNOWN_COLUMN", head.line, index + 1, `"${name}" is no column`, hint);
    return undefined;
  });
  for (const [index, column] of columns.entries())
    if (column !== undefined && columns.indexOf(column) !== index)
      fault("PEOPLE_COLUMN_TWICE", head.line, index + 1, `"${head.cells[index]!}" stands twice`, "Keep one of the two");
  for (const column of NEEDED)
    if (!columns.includes(column))
      fault(
        "PEOPLE_NO_COLUMN",
        head.line,
        1,
        `no column "${COLUMNS[column].en[0]!}"`,
        `Add it; in French "${COLUMNS[column].fr[0]!}"`,
      );
  if (findings.length > 0) return { rows: [], findings };

  const rows: PersonRow[] = [];
  const lines = new Map<string, number>();
  for (const { cells, line } of rest) {
    if (cells.every((cell) => cell === "")) continue;
    if (cells.length > columns.length && cells.slice(columns.length).some((cell) => cell !== "")) {
      fault(
        "PEOPLE_CELLS",
        line,
        columns.length + 1,
        `${cells.length} cells, and ${columns.length} columns`,
        "Put what holds a comma or a semicolon in quotes",
      );
      continue;
    }
    const cell = (column: Column): string | undefined => {
      const index = columns.indexOf(column);
      return index < 0 ? undefined : (cells[index] ?? "");
    };
    const at = (column: Column): number => columns.indexOf(column) + 1;
    const [givenName, surname] = [cell("givenName")!, cell("surname")!];
    for (const column of NEEDED)
      if (cell(column) === "" && column !== "groups")
        fault("PEOPLE_NO_VALUE", line, at(column), `no ${COLUMNS[column].en[0]!}`, "Fill the cell");
    const login = cell("login") || loginOf(givenName, surname);
    const before = lines.get(login);
    if (before !== undefined)
      fault(
        "PEOPLE_TWICE",
        line,
        Math.max(1, at("login")),
        `"${login}" stands in line ${before} already`,
        "Give each person a login of their own",
      );
    lines.set(login, before ?? line);
    const fields: Record<string, PersonRow["fields"][Field]> = { givenName, surname };
    for (const column of ["title", "department"] as const) fields[column] = cell(column)!;
    fields["groups"] = cell("groups")!
      .split(/[\s,;|]+/)
      .filter((group) => group !== "");
    const [mailbox, extension, disabled] = [cell("mailbox"), cell("extension"), cell("disabled")];
    if (mailbox !== undefined) {
      const [local, of, ...more] = mailbox.split("@");
      if (of !== undefined && (more.length > 0 || of.toLowerCase() !== domain))
        fault(
          "PEOPLE_OTHER_DOMAIN",
          line,
          at("mailbox"),
          `"${mailbox}" is no address of ${domain}`,
          "Write the part before the @ alone",
        );
      fields["mailbox"] = local === "" ? null : local!.toLowerCase();
    }
    if (extension !== undefined) {
      if (extension !== "" && !/^\d{1,9}$/.test(extension))
        fault("PEOPLE_NO_NUMBER", line, at("extension"), `"${extension}" is no extension`, "Write its digits alone");
      fields["extension"] = extension === "" ? null : Number(extension);
    }
    if (disabled !== undefined) {
      const word = plain(disabled);
      if (!YES.has(word) && !NO.has(word))
        fault("PEOPLE_NO_YES", line, at("disabled"), `"${disabled}" is neither yes nor no`, "Write yes, or nothing");
      fields["disabled"] = YES.has(word) ? true : null;
    }
    rows.push({ login, line, fields });
  }
  return { rows, findings };
}

const headersOf = (language: "en" | "fr"): string[] => Object.values(COLUMNS).map((names) => names[language][0]!);

/** As the plan writes logins: `jean-pierre.o-brien`. */
export function loginOf(givenName: string, surname: string): string {
  const part = (name: string): string =>
    name
      .normalize("NFD")
      .replaceAll(/\p{M}/gu, "")
      .replaceAll(/œ/giu, "oe")
      .replaceAll(/æ/giu, "ae")
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
  return `${part(givenName)}.${part(surname)}`;
}

/** Whoever is of acceptance alone is left out. @returns with a mark by which a spreadsheet knows UTF-8 */
export function writePeople(plan: Plan, language: "en" | "fr"): string {
  // What spreadsheets expect where a comma divides numbers.
  const delimiter = language === "fr" ? ";" : ",";
  const rows = [...plan.people.values()]
    .filter((p) => p.kind === "user")
    .map((p) => [
      ...[p.login, p.givenName, p.surname, p.title, p.department, p.groups.join(" ")],
      ...[p.mailbox?.split("@")[0] ?? "", p.extension === null ? "" : String(p.extension)],
      p.isDisabled ? (language === "fr" ? "oui" : "yes") : "",
    ]);
  const cell = (text: string): string => (/[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `\uFEFF${[headersOf(language), ...rows].map((row) => `${row.map(cell).join(delimiter)}\r\n`).join("")}`;
}

/** What is not UTF-8 by its bytes is what Windows writes in Western Europe. */
function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

interface TableRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

function recordsOf(text: string, fault: (line: number, fact: string) => void): readonly TableRecord[] | undefined {
  const [first = ""] = text.split(/\r?\n/, 1);
  const count = (delimiter: string): number => first.split(delimiter).length;
  const delimiter = [";", "\t", ","].sort((a, b) => count(b) - count(a))[0]!;
  // Where the next record begins: one that never ends tells no line of its own.
  let next = 1;
  try {
    const found: TableRecord[] = [];
    parse(text, {
      ...{ delimiter, relax_column_count: true, trim: true },
      on_record: (cells: readonly string[], { lines }: { readonly lines: number }) => {
        found.push({ cells: cells.map((cell) => cell.trim()), line: next });
        next = lines + 1;
        return null;
      },
    });
    return found;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    fault(next, FAULTS[error.code] ?? messageOf(error).replace(/\.?$/, ""));
    return undefined;
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote that opens in this line never closes",
  CSV_INVALID_CLOSING_QUOTE: "something stands behind a closing quote",
  INVALID_OPENING_QUOTE: "a quote stands inside a cell that has none around it",
};
