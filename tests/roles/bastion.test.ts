import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/plan/index.ts";
import { decide } from "../../src/policy/engine/index.ts";
import { rowsOf } from "../../src/policy/intent.ts";
import { packetOf } from "../../src/policy/question.ts";
import { spaceOf } from "../../src/policy/space.ts";
import { permittedForwards } from "../../src/roles/bastion/forwards.ts";
import { renderedLab } from "./lab.ts";

const lab = await renderedLab();
const { plan } = lab;
const bastion = plan.hosts.get("bastion")!;
const permitted = (p: Plan = plan): readonly string[] => permittedForwards(p, p.hosts.get("bastion")!);

describe("the bastion forwards by name", () => {
  const rows = rowsOf(spaceOf(plan));
  const open = new Set(permitted());

  test.each([22, 25, 53, 443, 445, 636, 993, 3389, 10050, 10051])(
    "port %i to the hosts that the flow table opens it to, by address and by name, and to no other",
    (port) => {
      for (const host of plan.hosts.values()) {
        if (host === bastion || host.isOutside) continue;
        const packet = packetOf(plan, { from: "bastion", to: `host:${host.id}`, protocol: "tcp", port });
        const isOpen = decide(rows, packet, "block").action === "pass";
        for (const name of [host.id, `${host.id}.cod.test`]) {
          expect([name, port, open.has(`${name}:${port}`)]).toEqual([name, port, isOpen]);
        }
      }
    },
  );

  test("never to scenery, nor to itself", () => {
    for (const entry of open) expect(entry).not.toMatch(/^(field|internet|bastion|localhost|127\.|192\.0\.2\.)/);
  });

  test("to a router by its leg in the bastion's zone", () => {
    expect([...open].filter((e) => e.startsWith("10.20.") && e.endsWith(":443") && e.includes("10.20.10."))).toEqual([
      "10.20.10.2:443",
      "10.20.10.3:443",
    ]);
  });

  test("what one row opens and a row before it denies stays shut", () => {
    const deny = { ...plan.flows.find((f) => f.id === "F401")!, id: "F400", action: "deny" as const };
    const shut: Plan = { ...plan, flows: [{ ...deny, to: [{ kind: "host", host: "mail" }] }, ...plan.flows] };
    expect(permitted(shut)).not.toContain("mail:22");
    expect(permitted(shut)).toContain("pbx:22");
  });

  test("to all ports of a host where the table opens more than a list should hold", () => {
    const row = plan.flows.find((f) => f.id === "F402")!;
    const wide: Plan = { ...plan, flows: [{ ...row, services: ["any"] }, ...plan.flows] };
    expect(permitted(wide)).toContain("ebrigade:*");
  });
});

describe("the bastion's sshd", () => {
  const files = lab.files("bastion");

  test("reads what the bastion says before what the base says", () => {
    const drops = [...files.keys()].filter((path) => path.startsWith("/etc/ssh/sshd_config.d/")).sort();
    expect(drops).toEqual(["/etc/ssh/sshd_config.d/05-bastion.conf", "/etc/ssh/sshd_config.d/10-maquette.conf"]);
    expect(files.get(drops[0]!)!.content).toMatch(/^AllowTcpForwarding local\nPermitOpen 10\.20\.10\.2:22 /m);
  });

  test("begins every session in the recorder", () => {
    const force = /^ForceCommand (.*)$/m.exec(files.get("/etc/ssh/sshd_config.d/05-bastion.conf")!.content)![1]!;
    expect(files.get(force)!.mode).toBe("0755");
  });

  test("says in French who may come in", () => {
    expect(files.get("/etc/issue.net")!.content).toContain("Accès réservé");
  });
});
