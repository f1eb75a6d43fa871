/** What a command prints. */
export type Format = "text" | "json" | "markdown" | "html" | "svg" | "table-markdown" | "table-html";

type Formats = readonly [Format, ...Format[]];

/** What a command prints, the default first. @param formats as its specification has them, if it does */
export const formatsOf = ({ formats }: { readonly formats?: Formats }): Formats => formats ?? ["text", "json"];
