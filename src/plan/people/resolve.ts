import { parseSshKey, type SshKey } from "../../core/ssh-key.ts";
import { below, type Where } from "../problem.ts";
import type { Department, Domain, Grant, Group, Person, PersonKind } from "../types.ts";
import type { Context } from "../context.ts";

export const resolveDepartments = (ctx: Context): ReadonlyMap<string, Department> =>
  new Map(
    ctx.shapes.people
      .entries("departments")
      .map(({ id, value, where }) => [id, ctx.placed({ id, name: value.name }, where)] as const),
  );

export const resolveGroups = (ctx: Context): ReadonlyMap<string, Group> =>
  new Map(
    ctx.shapes.people.entries("groups").map(({ id, value, where }) => {
      const { description, grants = [] } = value;
      ctx.checkRepeated(grants, (i) => below(where, "grants", i));
      return [id, ctx.placed({ id, description, grants }, where)] as const;
    }),
  );

/** Of both kinds; of one that stands for several, each of them. */
export const resolvePeople = (
  ctx: Context,
  groups: ReadonlyMap<string, Group>,
  domain: Domain | null,
): ReadonlyMap<string, Person> =>
  new Map(
    ctx.shapes.people.entries("people").flatMap(({ id, value, where }): readonly (readonly [string, Person])[] => {
      const { givenName, surname, kind = "user", department, title, mailbox, extension = null, sshKeys = [] } = value;
      const isDisabled = value.disabled === true;
      ctx.check("department", department, below(where, "department"));
      const memberOf = ctx.checkAll("group", value.groups, (i) => below(where, "groups", i));
      const isGranted = (grant: Grant): boolean =>
        !isDisabled && memberOf.some((name) => groups.get(name)?.grants.includes(grant));
      const one = {
        login: id,
        kind,
        oneOf: null,
        givenName,
        surname,
        department,
        title,
        isDisabled,
        groups: memberOf,
        // A broken domain is reported where it stands; the draft's people only need to differ from each other.
        mailbox: mailbox === undefined ? null : `${mailbox}@${domain?.name ?? "invalid"}`,
        extension,
        hasVpn: isGranted("vpn"),
        isAdmin: isGranted("admin"),
        // The schema has judged them: all of them parse.
        sshKeys: sshKeys.map(parseSshKey).filter((key): key is SshKey => "blob" in key),
      };
      if (value.times === undefined) return [[id, ctx.placed(one, where)] as const];
      const many = numbersTo(value.times).map((n) => ({
        ...one,
        login: `${id}${n}`,
        oneOf: id,
        surname: `${surname} ${n}`,
        mailbox: mailbox === undefined ? null : `${mailbox}${n}@${domain?.name ?? "invalid"}`,
        extension: extension === null ? null : extension + n - 1,
      }));
      judgeTimes(ctx, kind, many, below(where, "times"));
      return many.map((person) => [person.login, ctx.placed(person, where)] as const);
    }),
  );

const numbersTo = (last: number): readonly number[] => Array.from({ length: last }, (_, n) => n + 1);

/** sAMAccountName's end, and a telephone number's. */
const MOST = { login: 20, extension: 9999 } as const;

/** Whether there can be so many of them. */
function judgeTimes(ctx: Context, kind: PersonKind, many: readonly Omit<Person, "place">[], where: Where): void {
  const known = ctx.shapes.people.entries("people");
  const last = many.at(-1)!;
  const twice = many.find(({ login }) => known.some(({ id }) => id === login));
  if (kind !== "probe")
    ctx.add(
      "PLAN_BAD_VALUE",
      where,
      "people are numbered where they are acceptance's",
      "Leave it out, or write kind: probe",
    );
  else if (twice !== undefined)
    ctx.add("PLAN_BAD_VALUE", where, `"${twice.login}" is already somebody`, "Choose another login for one of them");
  else if (last.login.length > MOST.login)
    ctx.add(
      "PLAN_BAD_VALUE",
      where,
      `the login "${last.login}" has more than ${MOST.login} characters`,
      "Choose a shorter login",
    );
  else if ((last.extension ?? 0) > MOST.extension)
    ctx.add(
      "PLAN_BAD_VALUE",
      where,
      `the last extension would be ${last.extension ?? 0}`,
      "Begin at a lower extension",
    );
}

/** How somebody of the document is called as a person of the plan; the first one, where it stands for several. */
export const firstOf = (id: string, { times }: { readonly times?: number | undefined }): string =>
  times === undefined ? id : `${id}1`;

export const ofKind = (people: ReadonlyMap<string, Person>, kind: PersonKind): ReadonlyMap<string, Person> =>
  new Map([...people].filter(([, person]) => person.kind === kind));
