import { createHash } from "node:crypto";
import { digest, flag, format, opt, text } from "../schema/schema.ts";
import { checkDigest, digestOf, nodeOf, nowSeconds } from "../world.ts";
import { method } from "./method.ts";
import { describeNode, nodeStatus } from "./node-facts.ts";
import { madeUpFile } from "./storage-facts.ts";

const address = opt(format("ip"));

export const NODES = [
  method("GET", "/nodes", {}, (call) =>
    Object.values(call.world.state.nodes).map((node) => ({
      ...describeNode(call.world, node, call.may(`/nodes/${node.name}`, "Sys.Audit")),
      ssl_fingerprint: (createHash("sha256").update(node.name).digest("hex").toUpperCase().match(/../g) ?? []).join(
        ":",
      ),
    })),
  ),
  method("GET", "/nodes/{node}", {}, (call) => {
    nodeOf(call.world, call.node);
    return [
      "dns",
      "hosts",
      "network",
      "qemu",
      "query-url-metadata",
      "status",
      "storage",
      "tasks",
      "time",
      "version",
    ].map((name) => ({ name }));
  }),
  method("GET", "/nodes/{node}/status", {}, (call) => nodeStatus(call.world, nodeOf(call.world, call.node))),
  method("GET", "/nodes/{node}/version", {}, (call) => {
    nodeOf(call.world, call.node);
    const { version, release, repoid } = call.world.version;
    return { version, release, repoid };
  }),
  method("GET", "/nodes/{node}/dns", {}, (call) => nodeOf(call.world, call.node).dns),
  method("PUT", "/nodes/{node}/dns", { search: text(), dns1: address, dns2: address, dns3: address }, (call) => {
    nodeOf(call.world, call.node).dns = call.rest("node");
    call.world.touch();
  }),
  method("GET", "/nodes/{node}/hosts", {}, (call) => {
    const { hosts } = nodeOf(call.world, call.node);
    return { data: hosts, digest: digestOf(hosts) };
  }),
  method("POST", "/nodes/{node}/hosts", { data: text(), digest: opt(digest) }, (call) => {
    const node = nodeOf(call.world, call.node);
    checkDigest(call.optional("digest"), digestOf(node.hosts));
    node.hosts = call.text("data");
    call.world.touch();
  }),
  method("GET", "/nodes/{node}/time", {}, (call) => {
    const { timezone } = nodeOf(call.world, call.node);
    return { timezone, time: nowSeconds(), localtime: nowSeconds() };
  }),
  method("PUT", "/nodes/{node}/time", { timezone: text() }, (call) => {
    nodeOf(call.world, call.node).timezone = call.text("timezone");
    call.world.touch();
  }),
  method(
    "GET",
    "/nodes/{node}/query-url-metadata",
    { url: text({ pattern: /https?:\/\/.*/ }), "verify-certificates": opt(flag(), { default: true }) },
    (call) => {
      nodeOf(call.world, call.node);
      const { filename, sizeBytes, mimetype } = madeUpFile(call.text("url"));
      return { filename, size: sizeBytes, mimetype };
    },
  ),
];
