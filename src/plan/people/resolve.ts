import { parseSshKey, type SshKey } from "../../core/ssh-key.ts";
import { below } from "../problem.ts";
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

/** Of both kinds. */
export const resolvePeople = (
  ctx: Context,
  groups: ReadonlyMap<string, Group>,
  domain: Domain | null,
): ReadonlyMap<string, Person> =>
  new Map(
    ctx.shapes.people.entries("people").map(({ id, value, where }) => {
      const { givenName, surname, kind = "user", department, title, mailbox, extension = null, sshKeys = [] } = value;
      const isDisabled = value.disabled === true;
      ctx.check("department", department, below(where, "department"));
      const memberOf = ctx.checkAll("group", value.groups, (i) => below(where, "groups", i));
      const isGranted = (grant: Grant): boolean =>
        !isDisabled && memberOf.some((name) => groups.get(name)?.grants.includes(grant));
      const person = {
        login: id,
        kind,
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
      return [id, ctx.placed(person, where)] as const;
    }),
  );

export const ofKind = (people: ReadonlyMap<string, Person>, kind: PersonKind): ReadonlyMap<string, Person> =>
  new Map([...people].filter(([, person]) => person.kind === kind));
