import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { fillText, placesOf, shown } from "../../../src/core/text.ts";
import { readSeedTemplates } from "../../../src/infra/read-templates.ts";
import { renderSeed, type SeedNaming } from "../../../src/roles/seed.ts";
import { iso9660 } from "../../../src/provision/iso9660.ts";
import { repositoryRoot } from "../../../src/stack/root.ts";
import { renderedLab } from "../lab.ts";
import { withWindows } from "./windows.ts";

/*
 * The answer file of Windows Setup. No Windows reads it here: it is XML, and each of its settings stands in a pass and at a
 * place where Microsoft's unattended reference has it. The table is of what we use: by component the passes that take it, and
 * its settings by their path below the component ("Learn: Windows hardware, customize, unattend").
 */

const LOCALE = ["InputLocale", "SystemLocale", "UILanguage", "UserLocale"];
const KNOWN: Readonly<Record<string, { readonly passes: readonly string[]; readonly settings: readonly string[] }>> = {
  "Microsoft-Windows-International-Core-WinPE": {
    passes: ["windowsPE"],
    settings: [...LOCALE, "SetupUILanguage/UILanguage"],
  },
  "Microsoft-Windows-International-Core": { passes: ["specialize", "oobeSystem"], settings: LOCALE },
  "Microsoft-Windows-PnpCustomizationsWinPE": {
    passes: ["windowsPE"],
    settings: ["DriverPaths/PathAndCredentials/Path"],
  },
  "Microsoft-Windows-Setup": {
    passes: ["windowsPE"],
    settings: [
      ...["DiskConfiguration/WillShowUI", "DiskConfiguration/Disk/DiskID", "DiskConfiguration/Disk/WillWipeDisk"],
      ...["Order", "Type", "Size", "Extend"].map((s) => `DiskConfiguration/Disk/CreatePartitions/CreatePartition/${s}`),
      ...["Order", "PartitionID", "Active", "Format", "Label", "Letter"].map(
        (s) => `DiskConfiguration/Disk/ModifyPartitions/ModifyPartition/${s}`,
      ),
      ...["InstallFrom/MetaData/Key", "InstallFrom/MetaData/Value", "InstallTo/DiskID", "InstallTo/PartitionID"].map(
        (s) => `ImageInstall/OSImage/${s}`,
      ),
      "ImageInstall/OSImage/WillShowUI",
      ...["AcceptEula", "FullName", "Organization", "ProductKey/WillShowUI"].map((s) => `UserData/${s}`),
    ],
  },
  "Microsoft-Windows-Shell-Setup": {
    passes: ["specialize", "oobeSystem"],
    settings: [
      ...["ComputerName", "TimeZone"],
      ...["Name", "DisplayName", "Group", "Password/Value", "Password/PlainText"].map(
        (s) => `UserAccounts/LocalAccounts/LocalAccount/${s}`,
      ),
      ...["Enabled", "LogonCount", "Username", "Password/Value", "Password/PlainText"].map((s) => `AutoLogon/${s}`),
      ...["HideEULAPage", "HideLocalAccountScreen", "HideOEMRegistrationScreen", "HideOnlineAccountScreens"].map(
        (s) => `OOBE/${s}`,
      ),
      ...["OOBE/HideWirelessSetupInOOBE", "OOBE/ProtectYourPC"],
      ...["Order", "CommandLine", "Description"].map((s) => `FirstLogonCommands/SynchronousCommand/${s}`),
    ],
  },
  "Microsoft-Windows-TCPIP": {
    passes: ["windowsPE", "specialize"],
    settings: [
      ...["Ipv4Settings/DhcpEnabled", "Identifier", "UnicastIpAddresses/IpAddress", "Routes/Route/Identifier"],
      ...["Routes/Route/NextHopAddress", "Routes/Route/Prefix"],
    ].map((s) => `Interfaces/Interface/${s}`),
  },
  "Microsoft-Windows-DNS-Client": {
    passes: ["windowsPE", "specialize"],
    settings: ["DNSDomain", "Interfaces/Interface/DNSServerSearchOrder/IpAddress", "Interfaces/Interface/Identifier"],
  },
};
/** Settings that the reference has in one of a component's passes alone. */
const ONLY: Readonly<Record<string, string>> = {
  ComputerName: "specialize",
  UserAccounts: "oobeSystem",
  AutoLogon: "oobeSystem",
  OOBE: "oobeSystem",
  FirstLogonCommands: "oobeSystem",
};

interface Setting {
  readonly pass: string;
  readonly component: string;
  readonly path: string;
  readonly value: string;
}

/** Every setting in order. @throws where it is no XML */
function settingsIn(xml: string): readonly Setting[] {
  const found: Setting[] = [];
  const path: string[] = [];
  const at = { pass: "", component: "", text: "", isLeaf: false };
  const parser = new SaxesParser({ xmlns: true });
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ local, uri, attributes }) => {
    expect(uri).toBe("urn:schemas-microsoft-com:unattend");
    const { name, pass } = attributes;
    if (local === "settings") at.pass = pass!.value;
    else if (local === "component") at.component = name!.value;
    else if (local !== "unattend") path.push(local);
    at.text = "";
    at.isLeaf = true;
  });
  parser.on("text", (text) => (at.text += text));
  parser.on("closetag", ({ local }) => {
    if (["settings", "component", "unattend"].includes(local)) return;
    if (at.isLeaf) found.push({ pass: at.pass, component: at.component, path: path.join("/"), value: at.text });
    at.isLeaf = false;
    path.pop();
  });
  parser.write(xml).close();
  return found;
}

const faultsOf = (all: readonly Setting[]): readonly string[] =>
  all.flatMap(({ pass, component, path, value }) => {
    const known = KNOWN[component];
    const at = `${pass} ${component} ${path}`;
    if (known === undefined || !known.passes.includes(pass)) return [`${at}: no such component in that pass`];
    if (!known.settings.includes(path)) return [`${at}: no such setting`];
    const only = ONLY[path.split("/")[0]!];
    if (only !== undefined && only !== pass) return [`${at}: it belongs to ${only}`];
    return value === "" ? [`${at}: empty, which no string of it may be`] : [];
  });

const templates = await readSeedTemplates(repositoryRoot());
const naming: SeedNaming = { mac: () => "02:00:00:aa:bb:0c", operator: null };
const { plan } = await renderedLab((p) => withWindows(p));
const seedOf = (of = plan) => renderSeed(of, of.hosts.get("pc2")!, templates, naming);
const PASSWORD = `<&>"'é`;
const xml = (of = plan): string => fillText(seedOf(of).files.get("autounattend.xml")!, () => PASSWORD);
const settings = settingsIn(xml());
const value = (path: string): readonly string[] => settings.filter((s) => s.path === path).map((s) => s.value);

describe("a Windows guest's answer file", () => {
  test("is XML of settings that the reference has, each in a pass that takes it", () => {
    expect(faultsOf(settings)).toEqual([]);
    expect([...new Set(settings.map((s) => s.pass))]).toEqual(["windowsPE", "specialize", "oobeSystem"]);
  });

  test("a setting under another name, or in another pass, is seen", () => {
    const wrong = [
      ["<ComputerName>", "</ComputerName>", "ComputerNames"],
      ["<LogonCount>", "</LogonCount>", "LogonCounts"],
    ] as const;
    for (const [open, close, name] of wrong) {
      const other = xml().replace(open, `<${name}>`).replace(close, `</${name}>`);
      expect(faultsOf(settingsIn(other))).toEqual([expect.stringContaining("no such setting")]);
    }
    const moved = xml().replace('pass="specialize"', 'pass="offlineServicing"');
    expect(faultsOf(settingsIn(moved)).length).toBeGreaterThan(0);
    expect(() => settingsIn(xml().replace("</OOBE>", ""))).toThrow();
  });

  test("names the host, its address by its card, its gateway and the domain's resolvers", () => {
    expect(value("ComputerName")).toEqual(["PC2"]);
    expect(value("TimeZone")).toEqual(["Romance Standard Time"]);
    expect(value("Interfaces/Interface/UnicastIpAddresses/IpAddress")).toEqual(["10.20.30.12/24"]);
    expect(new Set(value("Interfaces/Interface/Identifier"))).toEqual(new Set(["02-00-00-AA-BB-0C"]));
    expect(value("Interfaces/Interface/Routes/Route/NextHopAddress")).toEqual(["10.20.30.1"]);
    expect(value("Interfaces/Interface/DNSServerSearchOrder/IpAddress")).toEqual(["10.20.20.11", "10.20.20.12"]);
  });

  test("takes edition and language from the plan", () => {
    const other = settingsIn(xml(withWindows(plan, { edition: "Windows 10 Professionnel N", language: "fr-CH" })));
    const of = (path: string): string => other.find((s) => s.path === path)!.value;
    expect(of("ImageInstall/OSImage/InstallFrom/MetaData/Value")).toBe("Windows 10 Professionnel N");
    expect(of("UserLocale")).toBe("fr-CH");
    expect(value("UserLocale")).toEqual(["fr-FR", "fr-FR"]);
  });

  test("has no product key, and the account's password in a place of its own", () => {
    expect(settings.filter((s) => s.path.startsWith("UserData/ProductKey")).map((s) => s.path)).toEqual([
      "UserData/ProductKey/WillShowUI",
    ]);
    const text = seedOf().files.get("autounattend.xml")!;
    expect(placesOf(text).map((p) => p.secret)).toEqual(["password/windows/pc2", "password/windows/pc2"]);
    // What means something to XML is what Setup reads.
    expect(value("AutoLogon/Password/Value")).toEqual([PASSWORD]);
  });

  test("runs within the lengths that its reference allows, at the letter that the CD has", () => {
    const [command] = value("FirstLogonCommands/SynchronousCommand/CommandLine");
    expect(command!.length).toBeLessThan(1024);
    expect(command).toContain("%d:\\first.ps1");
    expect(seedOf().files.has("first.ps1")).toBe(true);
  });

  test("stands on its CD with what lets the steps in: keys alone, from the bastion alone", () => {
    const { label, files } = seedOf();
    expect([...files.keys()]).toEqual([
      ...["autounattend.xml", "first.ps1", "sshd_config", "administrators_authorized_keys"],
      ...["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"],
    ]);
    expect(shown(files.get("first.ps1")!)).toContain("-RemoteAddress '10.20.10.10'");
    const sshd = shown(files.get("sshd_config")!);
    expect(sshd).toMatch(/^PasswordAuthentication no$/m);
    expect(sshd).toMatch(/^AllowUsers maquette$/m);
    const bytes = new Map([...files].map(([name, text]) => [name, Buffer.from(fillText(text, () => "x"))] as const));
    expect(iso9660(label, bytes).includes(Buffer.from("autounattend.xml", "utf16le").swap16())).toBe(true);
  });
});
