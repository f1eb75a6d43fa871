import { randomUUID } from "node:crypto";
import { badParameter, badParameters, failure } from "../api-error.ts";
import { addToAcl, removeFromAcl } from "../access/grant.ts";
import { asAnswer, effectivePermissions, normalisePath, permissionsOn, splitToken } from "../access/permissions.ts";
import type { AccessWorld } from "../access/permissions.ts";
import { builtInRoles, privilegesOf } from "../access/privileges.ts";
import { notPermitted } from "../access/rule.ts";
import { digestOfSecret } from "../http/auth.ts";
import { flag, int, opt, text } from "../schema/schema.ts";
import { splitList } from "../vm/edit.ts";
import { own } from "../world.ts";
import { method } from "./method.ts";
import type { Call } from "./method.ts";

/** Where an entry of the access control list may stand (PVE::AccessControl::check_path). */
const ACL_PATH = new RegExp(
  [
    "^(/",
    "/access(/groups(/[\\w.-]+)?|/realm(/[\\w.-]+)?)?",
    "/nodes(/[\\w.-]+)?",
    "/pool(/[\\w.-]+){0,3}",
    "/sdn(/(controllers|dns|fabrics|ipams)(/[\\w-]+)?)?",
    "/sdn/zones(/[\\w.-]+(/[\\w.-]+(/[1-9]\\d{0,3})?)?)?",
    "/storage(/[\\w.-]+)?",
    "/vms(/[1-9]\\d{2,})?",
    "/mapping(/[\\w.-]+){0,2})$",
  ].join("|"),
);

const worldOf = ({ world }: Call): AccessWorld => ({
  access: world.state.access,
  pools: world.state.pools,
  major: world.version.major,
});

function permissions(call: Call): object {
  const asked = call.optional("userid") ?? call.user;
  const isOwn = asked === call.user || splitToken(asked).user === call.user;
  if (!isOwn && !call.may("/access", "Sys.Audit")) throw notPermitted("/access, Sys.Audit");
  const path = call.optional("path");
  if (path === undefined) return effectivePermissions(worldOf(call), asked);
  return { [path]: asAnswer(permissionsOn(worldOf(call), asked, normalisePath(path) ?? path)) };
}

function createRole(call: Call): void {
  const { world } = call;
  const role = call.text("roleid");
  const { roles } = world.state.access;
  if (builtInRoles(world.version.major).has(role)) throw failure(`auto-generated role '${role}' cannot be modified`);
  if (own(roles, role) !== undefined) throw failure(`create role failed: role '${role}' already exists`);
  const privileges = splitList(call.optional("privs"));
  const known = privilegesOf(world.version.major);
  const unknown = privileges.find((name) => !known.has(name));
  if (unknown !== undefined) throw failure(`create role failed: invalid privilege '${unknown}'`);
  roles[role] = privileges;
  world.touch();
}

function createUser(call: Call): void {
  const { world } = call;
  const user = call.text("userid");
  if (own(world.state.access.users, user) !== undefined)
    throw failure(`create user failed: user '${user}' already exists`);
  const comment = call.optional("comment");
  world.state.access.users[user] = { tokens: {}, ...(comment === undefined ? {} : { comment }) };
  world.touch();
}

function generateToken(call: Call): object {
  const { world } = call;
  const userid = call.text("userid");
  const tokenid = call.text("tokenid");
  const user = own(world.state.access.users, userid);
  if (user === undefined) throw failure(`no such user ('${userid}')`);
  if (own(user.tokens, tokenid) !== undefined) throw badParameter("tokenid", "Token already exists.");
  const isSeparated = call.flag("privsep");
  const comment = call.optional("comment");
  const value = randomUUID();
  user.tokens[tokenid] = {
    isSeparated,
    secretDigest: digestOfSecret(value),
    ...(comment === undefined ? {} : { comment }),
  };
  world.touch();
  const info = { privsep: isSeparated ? 1 : 0, ...(comment === undefined ? {} : { comment }) };
  return { info, value, "full-tokenid": `${userid}!${tokenid}` };
}

function updateAcl(call: Call): void {
  const { world } = call;
  const { access } = world.state;
  if (!["users", "groups", "tokens"].some((name) => call.has(name))) {
    const reason = "either 'users', 'groups' or 'tokens' is required.";
    throw badParameters({ users: reason, groups: reason, tokens: reason });
  }
  const path = normalisePath(call.text("path"));
  if (path === undefined || (!call.flag("delete") && !ACL_PATH.test(path)))
    throw badParameter("path", `invalid ACL path '${call.text("path")}'`);
  const group = splitList(call.optional("groups"))[0];
  if (group !== undefined) throw failure(`group '${group}' does not exist`);
  for (const role of splitList(call.text("roles"))) {
    if (!builtInRoles(world.version.major).has(role) && own(access.roles, role) === undefined)
      throw failure(`role '${role}' does not exist`);
    for (const who of [...splitList(call.optional("users")), ...splitList(call.optional("tokens"))]) {
      const { user, token } = splitToken(who);
      const known = own(access.users, user);
      if (known === undefined) throw failure(`user '${user}' does not exist`);
      if (token !== undefined && own(known.tokens, token) === undefined)
        throw failure(`no such token '${token}' for user '${user}'`);
      if (call.flag("delete")) removeFromAcl(access, { path, who, role });
      else addToAcl(access, { path, who, role, propagates: call.flag("propagate") });
    }
  }
  world.touch();
}

const note = opt(text());
const expire = opt(int({ minimum: 0 }));

export const ACCESS = [
  method("GET", "/access/permissions", { path: opt(text()), userid: opt(text()) }, permissions),
  method("GET", "/access/roles", {}, ({ world }) => {
    const built = [...builtInRoles(world.version.major)].map(([roleid, privileges]) => ({
      roleid,
      privs: [...privileges].sort().join(","),
      special: 1,
    }));
    const made = Object.entries(world.state.access.roles).map(([roleid, privileges]) => ({
      roleid,
      privs: privileges.toSorted().join(","),
      special: 0,
    }));
    return [...built, ...made];
  }),
  method("POST", "/access/roles", { roleid: text({ pattern: /[A-Za-z0-9._-]+/ }), privs: opt(text()) }, createRole),
  method("GET", "/access/users", { enabled: opt(flag()), full: opt(flag(), { default: false }) }, (call) =>
    Object.entries(call.world.state.access.users)
      .filter(
        ([userid]) => splitToken(call.user).user === userid || call.may("/access/groups", "User.Modify", "Sys.Audit"),
      )
      .map(([userid, { comment }]) => ({ userid, enable: 1, ...(comment === undefined ? {} : { comment }) })),
  ),
  method(
    "POST",
    "/access/users",
    {
      userid: text({ maxLength: 64, pattern: /[^\s:/!=@]+@[A-Za-z][\w.-]+/ }),
      comment: note,
      email: note,
      enable: opt(flag(), { default: true }),
      expire,
      firstname: note,
      groups: note,
      keys: note,
      lastname: note,
      password: note,
    },
    createUser,
  ),
  method(
    "POST",
    "/access/users/{userid}/token/{tokenid}",
    { comment: note, expire, privsep: opt(flag(), { default: true }) },
    generateToken,
  ),
  method("GET", "/access/acl", {}, (call) =>
    call.world.state.access.acl
      .filter(({ path }) => call.may(path, "Permissions.Modify"))
      .map(({ path, who, role, propagates }) => ({
        path,
        type: who.includes("!") ? "token" : "user",
        ugid: who,
        roleid: role,
        propagate: propagates ? 1 : 0,
      })),
  ),
  method(
    "PUT",
    "/access/acl",
    {
      path: text(),
      roles: text(),
      delete: opt(flag()),
      groups: opt(text()),
      propagate: opt(flag(), { default: true }),
      tokens: opt(text()),
      users: opt(text()),
    },
    updateAcl,
  ),
  method("GET", "/version", {}, (call) => {
    const { version, release, repoid } = call.world.version;
    return { version, release, repoid, console: "xtermjs" };
  }),
];
