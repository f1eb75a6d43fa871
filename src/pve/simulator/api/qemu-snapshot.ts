import { flag, opt, snapshotName, text } from "../schema/schema.ts";
import { listSnapshots, removeSnapshot, rollBack, snapshotOf, takeSnapshot } from "../vm/snapshots.ts";
import { method } from "./method.ts";

export const QEMU_SNAPSHOT = [
  method("GET", "/nodes/{node}/qemu/{vmid}/snapshot", {}, listSnapshots),
  method(
    "POST",
    "/nodes/{node}/qemu/{vmid}/snapshot",
    { snapname: snapshotName, description: opt(text()), vmstate: opt(flag()) },
    takeSnapshot,
  ),
  method("GET", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", {}, () => [{ cmd: "rollback" }, { cmd: "config" }]),
  method("DELETE", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", { force: opt(flag()) }, removeSnapshot),
  method("PUT", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config", { description: opt(text()) }, (call) => {
    const snapshot = snapshotOf(call.vm(), call.text("snapname"));
    snapshot.description = call.optional("description") ?? snapshot.description;
    call.world.touch();
  }),
  method(
    "POST",
    "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback",
    { start: opt(flag(), { default: false }) },
    rollBack,
  ),
];
