import type { PfIpsec, PfOpenVpn, PfPppServer } from "../model/vpn.ts";
import type { Cursor } from "./cursor.ts";

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

/** Reads `openvpn`: servers, then clients. */
export function readOpenVpn(c: Cursor | undefined): readonly PfOpenVpn[] {
  if (!c) return [];
  const read =
    (role: "server" | "client") =>
    (o: Cursor): PfOpenVpn => {
      const vpn: PfOpenVpn = {
        place: o.place,
        role,
        vpnId: o.text("vpnid"),
        isDisabled: o.flag("disable"),
        mode: o.text("mode"),
        protocol: o.text("protocol"),
        interface: o.text("interface"),
        localPort: o.text("local_port"),
        serverAddress: o.text("server_addr"),
        serverPort: o.text("server_port"),
        tunnelNetwork: o.text("tunnel_network"),
        tunnelNetworkV6: o.text("tunnel_networkv6"),
        remoteNetwork: o.text("remote_network"),
        localNetwork: o.text("local_network"),
        description: o.text("description"),
        fields: o.fields(),
      };
      o.keepRest();
      return vpn;
    };
  const servers = c.list("openvpn-server").map(read("server"));
  const clients = c.list("openvpn-client").map(read("client"));
  c.keep("openvpn-csc");
  return [...servers, ...clients];
}

/** Reads `ipsec`: what decides which packets pfSense passes for its peers. */
export function readIpsec(c: Cursor | undefined): PfIpsec {
  const client = c?.child("client");
  const ipsec: PfIpsec = {
    phase1: (c?.list("phase1") ?? []).map((p) => {
      const phase1 = {
        place: p.place,
        ikeId: p.text("ikeid"),
        interface: p.text("interface"),
        remoteGateway: p.text("remote-gateway"),
        protocol: p.text("protocol"),
        isMobile: p.flag("mobile"),
        isDisabled: p.flag("disabled"),
        isGatewayDuplicate: p.flag("gw_duplicates"),
        ikePort: p.text("ikeport"),
        natTPort: p.text("nattport"),
        description: p.text("descr"),
      };
      p.keepRest();
      return phase1;
    }),
    phase2: (c?.list("phase2") ?? []).map((p) => {
      const local = p.child("localid");
      const remote = p.child("remoteid");
      const nat = p.child("natlocalid");
      nat?.keepRest();
      const phase2 = {
        place: p.place,
        ikeId: p.text("ikeid"),
        mode: p.text("mode"),
        protocol: p.text("protocol"),
        isMobile: p.flag("mobile"),
        isDisabled: p.flag("disabled"),
        local: local?.fields() ?? NO_FIELDS,
        remote: remote?.fields() ?? NO_FIELDS,
        hasNat: nat !== undefined,
      };
      p.keepRest();
      return phase2;
    }),
    port: c?.text("port"),
    portNatT: c?.text("port_nat_t"),
    isClientEnabled: client?.flag("enable") ?? false,
    client: client?.fields() ?? NO_FIELDS,
  };
  c?.keepRest();
  return ipsec;
}

/** Reads an L2TP or PPPoE server. */
export function readPppServer(c: Cursor): PfPppServer {
  const server: PfPppServer = {
    place: c.place,
    mode: c.text("mode"),
    localAddress: c.text("localip"),
    remoteAddress: c.text("remoteip"),
    prefix: c.text("l2tp_subnet") ?? c.text("pppoe_subnet"),
  };
  c.keepRest();
  return server;
}
