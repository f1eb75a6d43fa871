import { secret } from "../../core/secret-place.ts";
import { compose, type Text } from "../../core/text.ts";
import type { Numbers, Phone } from "./numbers.ts";

/*
 * What of Asterisk's files is one paragraph a phone or a number. Their grammar has no escape for everything: a semicolon
 * begins a comment, `${` a variable, and a comma ends a field.
 */

/** A name as these files can hold it: each sign that could mean something to them is a space. */
export const plainName = (name: string): string => name.replace(/[^\p{L}\p{M}\p{N} .'_-]/gu, " ");

/** A section of pjsip.conf for the place, the login and the endpoint of each phone. */
export const phoneSections = (phones: readonly Phone[]): Text => compose(...phones.map(sectionsOf));

const sectionsOf = ({ account, number, name, secret: label }: Phone): Text =>
  compose(
    [`[${account}](place)`, `mailboxes = ${number}@cod`, "", `[${account}](login)`, `username = ${account}`].join("\n"),
    ["\npassword = ", secret("password", label), "\n\n"],
    [
      `[${account}](phone)`,
      `auth = ${account}`,
      `aors = ${account}`,
      `callerid = "${plainName(name)}" <${number}>`,
      `set_var = own=${number}`,
    ].join("\n"),
    "\n\n",
  );

/** What each number does, in the context from which every phone calls. */
export function numberLines({ people, desks, groups, conference, emergency, settings }: Numbers): string {
  const { codes } = settings;
  const feature = (number: string, name: string, argument = ""): string =>
    `exten => ${number},1,Goto(feature,${name},1)${argument}`;
  const withArgument = (number: string, name: string, argument: string): string =>
    `exten => ${number},1,Gosub(feature,${name},1(${argument}))`;
  return [
    ...[...people, ...desks].map(({ account, number }) =>
      [
        `exten => ${number},hint,PJSIP/${account}`,
        `exten => ${number},1,Gosub(ring,s,1(${account},${number}))`,
        "",
      ].join("\n"),
    ),
    ...groups.map(({ number, name, phones }) =>
      [
        `; ${plainName(name)}`,
        `exten => ${number},1,Set(phones=)`,
        ...phones.map(({ account }) => ` same => n,Gosub(add,s,1(${account}))`),
        ` same => n,Gosub(ring-all,s,1(${plainName(name)}))`,
        "",
      ].join("\n"),
    ),
    feature(conference, "conference"),
    ...emergency.map(({ number }) => withArgument(number, "emergency", number)),
    withArgument(codes.voicemail, "voicemail", "${own}"),
    feature(codes.echo, "echo"),
    withArgument(`_${codes.message}XXX`, "message", "${EXTEN:" + String(codes.message.length) + "}"),
    withArgument(`_${codes.message}XXXX`, "message", "${EXTEN:" + String(codes.message.length) + "}"),
  ].join("\n");
}

/** A voicemail box a phone: number, a password that no keys can type, name, and where its messages go. */
export const boxLines = (phones: readonly Phone[]): string =>
  phones
    .map(
      ({ number, name, mail, isForgetful }) =>
        `${number} => -none,${plainName(name)},${mail ?? ""}${isForgetful ? ",,delete=yes" : ""}`,
    )
    .join("\n");

/** What is spoken where an emergency call would leave the house. */
export const announcementsOf = ({ emergency }: Numbers): Readonly<Record<string, string>> =>
  Object.fromEntries(
    emergency.map(({ number, name }) => [
      `emergency-${number}`,
      `Ceci est une maquette. Vous avez composé le ${number.split("").join(" ")}, ${name}. Aucun appel ne sort d'ici. En cas d'urgence réelle, utilisez un téléphone public ou mobile.`,
    ]),
  );
