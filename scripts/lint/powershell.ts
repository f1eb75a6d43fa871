import { join } from "node:path";
import treeSitter from "@vscode/tree-sitter-wasm";
import { readProgram } from "../../bin/programs.js";
import type { Finding } from "./finding.ts";

/*
 * PowerShell by its grammar: no PowerShell is needed, and none says anything. What is found is what does not parse, a
 * variable that nothing sets, a command that is neither a function of ours nor one that is known here, and a comparison
 * that a list on its left would make a filter (PSPossibleIncorrectComparisonWithNull). What is not: whether a cmdlet has
 * a parameter, whether a class of .NET has a method, and what PowerShell 5.1 does otherwise than its grammar says.
 */

const AUTOMATIC = new Set(["_", "input", "null", "true", "false", "psscriptroot", "lastexitcode"]);

/** What scripts call, in Windows PowerShell 5.1 and on a server. */
const COMMANDS = new Set(
  [
    ...["ConvertFrom-Json", "ConvertTo-Json", "ForEach-Object", "New-Object", "Out-Null", "Where-Object"],
    ...["Get-ChildItem", "Get-Item", "Remove-Item", "Split-Path", "Test-Path"],
    ...["Get-Service", "Set-Service", "Start-Service", "Stop-Service"],
    ...["Get-WindowsFeature", "Install-WindowsFeature", "Add-WindowsCapability"],
    ...["Get-NetFirewallRule", "New-NetFirewallRule", "Disable-NetFirewallRule", "Start-Transcript"],
    ...["Get-CimInstance", "Test-ComputerSecureChannel", "Add-Computer", "ConvertTo-SecureString", "Start-Process"],
    ...["Set-ItemProperty", "Remove-ItemProperty"],
    ...["taskkill.exe", "shutdown.exe"],
  ].map((name) => name.toLowerCase()),
);

const { Parser, Language } = treeSitter;
await Parser.init();
const folder = join(import.meta.dirname, "../../node_modules/@vscode/tree-sitter-wasm/wasm");
const parser = new Parser();
parser.setLanguage(await Language.load(join(folder, "tree-sitter-powershell.wasm")));

type Node = treeSitter.Node;

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) if (child) yield* nodesOf(child);
}
const rootOf = (text: string): Node => parser.parse(text)!.rootNode;
const nameOf = (variable: string): string => variable.replace(/^[$@]\{?|\}$/g, "").toLowerCase();

/** @param path absolute: what it dot-sources is read too */
export const lintPowerShell = (path: string, text: string): readonly Finding[] =>
  judge(rootOf(text), rootOf(readProgram(path).text));

/** @param whole what defines things for it, itself among that */
function judge(root: Node, whole: Node): readonly Finding[] {
  const { variables, functions } = definedIn(whole);
  const findings: Finding[] = [];
  const say = (node: Node, code: string, message: string): void => {
    findings.push({ line: node.startPosition.row + 1, column: node.startPosition.column + 1, code, message });
  };
  for (const node of nodesOf(root)) {
    if (node.isError || node.isMissing) say(node, "syntax", `no PowerShell: ${node.text.slice(0, 60)}`);
    else if (node.type === "variable") {
      const name = nameOf(node.text);
      if (!name.includes(":") && !AUTOMATIC.has(name) && !variables.has(name))
        say(node, "undefined-variable", `nothing sets ${node.text}`);
    } else if (node.type === "command_name") {
      const name = node.text.toLowerCase();
      if (!COMMANDS.has(name) && !functions.has(name)) say(node, "unknown-command", `nobody here knows ${node.text}`);
    } else if (node.type === "comparison_expression" && /-(eq|ne)\s+\$null$/i.test(node.text))
      say(node, "null-comparison", "$null belongs on the left: a list on the left is filtered");
  }
  return findings;
}

function definedIn(root: Node): { readonly variables: ReadonlySet<string>; readonly functions: ReadonlySet<string> } {
  const variables = new Set<string>();
  const functions = new Set<string>();
  for (const node of nodesOf(root)) {
    if (node.type === "left_assignment_expression" && /^\$\w+$/.test(node.text)) variables.add(nameOf(node.text));
    else if (node.type === "function_name") functions.add(node.text.toLowerCase());
    else if (node.type === "script_parameter" || node.type === "foreach_statement") {
      const variable = node.children.find((child) => child?.type === "variable");
      if (variable) variables.add(nameOf(variable.text));
    }
  }
  return { variables, functions };
}
