/**
 * The privileges and built-in roles of Proxmox VE, as pve-access-control makes them (src/PVE/AccessControl.pm,
 * `$privgroups`, `create_roles`). `root` privileges are in no built-in role but Administrator.
 */

type Level = "root" | "admin" | "user" | "audit";
type Group = Readonly<Record<Level, string>>;

const GROUPS: Readonly<Record<string, Group>> = {
  VM: {
    root: "",
    admin:
      "VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.HWType VM.Config.Options VM.Allocate " +
      "VM.Clone VM.Migrate VM.Snapshot VM.Snapshot.Rollback",
    user: "VM.Config.CDROM VM.Config.Cloudinit VM.Console VM.Backup VM.PowerMgmt",
    audit: "VM.Audit",
  },
  Sys: {
    root: "Sys.PowerMgmt Sys.Modify Sys.Incoming Sys.AccessNetwork",
    admin: "Sys.Console Sys.Syslog",
    user: "",
    audit: "Sys.Audit",
  },
  Datastore: {
    root: "",
    admin: "Datastore.Allocate Datastore.AllocateTemplate",
    user: "Datastore.AllocateSpace",
    audit: "Datastore.Audit",
  },
  SDN: { root: "", admin: "SDN.Allocate SDN.Audit", user: "SDN.Use", audit: "SDN.Audit" },
  User: { root: "Realm.Allocate", admin: "User.Modify Group.Allocate Realm.AllocateUser", user: "", audit: "" },
  Pool: { root: "", admin: "Pool.Allocate", user: "Pool.Audit", audit: "Pool.Audit" },
  Mapping: { root: "", admin: "Mapping.Modify", user: "Mapping.Use", audit: "Mapping.Audit" },
};

/** What a guest agent may be asked became privileges of their own in 9, where VM.Monitor went. */
const VM_ONLY: Readonly<Record<8 | 9, Partial<Record<Level, string>>>> = {
  8: { admin: "VM.Monitor" },
  9: {
    admin: "VM.GuestAgent.Unrestricted VM.Replicate",
    user: "VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite",
    audit: "VM.GuestAgent.Audit",
  },
};

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

function groupsOf(major: 8 | 9): ReadonlyMap<string, Readonly<Record<Level, readonly string[]>>> {
  return new Map(
    Object.entries(GROUPS).map(([name, group]) => {
      const extra = name === "VM" ? VM_ONLY[major] : {};
      const level = (l: Level): string[] => [...words(group[l]), ...words(extra[l] ?? "")];
      return [name, { root: level("root"), admin: level("admin"), user: level("user"), audit: level("audit") }];
    }),
  );
}

/** Every privilege that the version knows. */
export const privilegesOf = (major: 8 | 9): ReadonlySet<string> => KNOWN[major];

function allPrivileges(major: 8 | 9): ReadonlySet<string> {
  const all = [...groupsOf(major).values()].flatMap((g) => [...g.root, ...g.admin, ...g.user, ...g.audit]);
  return new Set(["Permissions.Modify", ...all]);
}

/** Built-in roles by name. */
export const builtInRoles = (major: 8 | 9): ReadonlyMap<string, ReadonlySet<string>> => ROLES[major];

function rolesIn(major: 8 | 9): ReadonlyMap<string, ReadonlySet<string>> {
  const roles = new Map<string, Set<string>>([
    ["NoAccess", new Set()],
    ["Administrator", new Set(allPrivileges(major))],
    ["PVETemplateUser", new Set(["VM.Clone", "VM.Audit"])],
  ]);
  const give = (role: string, privileges: readonly string[]): void => {
    const held = roles.get(role) ?? new Set();
    for (const privilege of privileges) held.add(privilege);
    roles.set(role, held);
  };
  for (const [name, { admin, user, audit }] of groupsOf(major)) {
    give(`PVE${name}Admin`, [...admin, ...user, ...audit]);
    give("PVEAdmin", [...admin, ...user, ...audit]);
    if (user.length > 0) give(`PVE${name}User`, [...user, ...audit]);
    give("PVEAuditor", audit);
  }
  roles.get("PVEAdmin")!.delete("Mapping.Modify");
  return roles;
}

const KNOWN = { 8: allPrivileges(8), 9: allPrivileges(9) };
const ROLES = { 8: rolesIn(8), 9: rolesIn(9) };
