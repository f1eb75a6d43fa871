import * as z from "zod";
import { id, line, names, reference, sshKey, whole } from "../scalars.ts";

const department = z
  .strictObject({ name: line("Its full name") })
  .register(z.globalRegistry, { description: "A department" });

const group = z
  .strictObject({
    description: line("Who is in it"),
    grants: z
      .array(z.enum(["vpn", "admin"]))
      .register(z.globalRegistry, {
        description: "vpn: the tunnel; admin: routers, servers, and the supervision's alerts",
      })
      .optional(),
  })
  .register(z.globalRegistry, { description: "A group of the directory" });

const person = z
  .strictObject({
    givenName: line("Given name"),
    surname: line("Surname"),
    title: line("Function"),
    kind: z
      .enum(["user", "probe"])
      .register(z.globalRegistry, {
        description:
          "probe: invented for acceptance, which logs on as it; in no list, and counted as nobody. user if left out",
      })
      .optional(),
    disabled: z
      .literal(true)
      .register(z.globalRegistry, {
        description:
          "true: the account stays with all that is the person's, and opens nothing; without it, it opens again",
      })
      .optional(),
    times: whole(
      1,
      99,
      "Of a probe: so many people instead of one, numbered from 1 in login, surname and mailbox; extensions follow one another",
    ).optional(),
    department: reference("Department", "department"),
    groups: names("Groups of the directory", "group"),
    mailbox: z
      .string()
      .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/)
      .max(64)
      .register(z.globalRegistry, { description: "Local part of the mail address; none if left out" })
      .optional(),
    extension: whole(100, 9999, "Telephone extension; none if left out").optional(),
    sshKeys: z
      .array(sshKey("A public SSH key, the line of its .pub file"))
      .max(16)
      .register(z.globalRegistry, {
        description: "Public SSH keys; an administrator who has some gets an account on the lab's Debian hosts",
      })
      .optional(),
  })
  .register(z.globalRegistry, { description: "A person, by login" });

export const people = z
  .strictObject({
    departments: z.record(id(), department).register(z.globalRegistry, { description: "Departments by id" }),
    groups: z.record(id(), group).register(z.globalRegistry, { description: "Groups by name" }),
    // sAMAccountName: at most 20 characters.
    people: z
      .record(
        z
          .string()
          .regex(/^(?=.{1,20}$)[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$/)
          .register(z.globalRegistry, {
            description: "At most 20 lower-case letters, digits, dots and hyphens, a letter first",
          }),
        person,
      )
      .register(z.globalRegistry, { description: "People by login (sAMAccountName, at most 20 characters)" }),
  })
  .register(z.globalRegistry, { title: "People", description: "Departments, groups and people of the directory" });

export type PeopleDocument = z.infer<typeof people>;
