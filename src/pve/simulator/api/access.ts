import { opt, text } from "../schema/schema.ts";
import { method } from "./method.ts";

const PRIVILEGES = (
  "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit Group.Allocate Mapping.Audit Mapping.Modify " +
  "Mapping.Use Permissions.Modify Pool.Allocate Pool.Audit Realm.Allocate Realm.AllocateUser SDN.Allocate SDN.Audit SDN.Use " +
  "Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog User.Modify VM.Allocate VM.Audit " +
  "VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType VM.Config.Memory " +
  "VM.Config.Network VM.Config.Options VM.Console VM.Migrate VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback"
).split(" ");
/** What a guest agent needs became privileges of their own in 9, where VM.Monitor went. */
const SINCE_9 = [
  "VM.GuestAgent.Audit",
  "VM.GuestAgent.FileRead",
  "VM.GuestAgent.FileSystemMgmt",
  "VM.GuestAgent.FileWrite",
  "VM.GuestAgent.Unrestricted",
  "VM.Replicate",
];
const UNTIL_8 = ["VM.Monitor"];
const PATHS = ["/", "/access", "/nodes", "/pool", "/sdn", "/storage", "/vms"];

/** Every token of the simulator may do everything. */
export const ACCESS = [
  method("GET", "/access/permissions", { path: opt(text()), userid: opt(text()) }, (call) => {
    const names = [...PRIVILEGES, ...(call.world.version.major === 8 ? UNTIL_8 : SINCE_9)];
    const all = Object.fromEntries(names.map((name) => [name, 1]));
    const path = call.optional("path");
    return Object.fromEntries((path === undefined ? PATHS : [path]).map((p) => [p, all]));
  }),
  method("GET", "/version", {}, (call) => {
    const { version, release, repoid } = call.world.version;
    return { version, release, repoid, console: "xtermjs" };
  }),
];
