import { families } from "./families.ts";

const HEAD = `# Dépannage : ce que dit un code

Chaque erreur et chaque constat de maquette commence par un code. Cherchez-le ici (Ctrl+F), ou lisez ce que la commande en dit :
en français (\`--lang fr\`, \`MAQUETTE_LANG=fr\`, ou la langue du système), elle donne le code et sa phrase, « détail » avec les
noms, lieux et chiffres, puis « conseil », et « précision » là où une commande ou un nom ne vaut que pour ce cas (ces deux-là, « détail »
et « précision », sont en anglais). Les mots sont ceux du [glossaire](glossaire.md). \`MACHINE\`, \`HOST\`, \`ROUTEUR\`, \`PILE\` et les
autres mots en capitales d'une commande sont à remplacer par un nom.

Cette page est écrite par \`npm run troubleshooting\`, à partir du même catalogue que les messages.
`;

/** docs/fr/depannage.md, made of the catalogue. */
export function troubleshootingPage(): string {
  const sections = families.map(({ title, entries }) => {
    const codes = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = codes.map(([code, { what, cure }]) => `| \`${code}\` | ${cell(what)} | ${cell(cure)} |`);
    return [`## ${title}`, "", "| Code | Ce que c'est | Que faire |", "|---|---|---|", ...rows, ""].join("\n");
  });
  return [HEAD, ...sections].join("\n");
}

/** What Markdown would read as the end of a cell, or as HTML. */
const cell = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll("<", "&lt;").replaceAll("*", "\\*")))
    .join("")
    .replaceAll("|", "\\|");
