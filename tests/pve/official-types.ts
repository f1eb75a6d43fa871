import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";

export interface OfficialParameter {
  readonly isOptional: boolean;
}

export interface OfficialMethod {
  readonly parameters: ReadonlyMap<string, OfficialParameter>;
  /** Properties that an answer (or each row of it) must have, with their primitive type where it is one. */
  readonly required: ReadonlyMap<string, string>;
  readonly isList: boolean;
}

/**
 * Proxmox' official API as the npm package proxmox-api 1.1.1 holds it in types, read syntactically.
 * @returns by `GET /nodes/{node}/qemu`
 */
export function readOfficialMethods(): ReadonlyMap<string, OfficialMethod> {
  const entry = createRequire(import.meta.url).resolve("proxmox-api");
  const file = join(dirname(dirname(entry)), "esm", "model.d.ts");
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2023);
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  const visit = (node: ts.Node): void => {
    if (ts.isInterfaceDeclaration(node)) interfaces.set(node.name.text, node);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  const methods = new Map<string, OfficialMethod>();
  walk(interfaces.get("Api")!.members, "", { source, interfaces, methods });
  return methods;
}

interface Walk {
  readonly source: ts.SourceFile;
  readonly interfaces: ReadonlyMap<string, ts.InterfaceDeclaration>;
  readonly methods: Map<string, OfficialMethod>;
}

const nameOf = (name: ts.PropertyName): string => (ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : "");

function walk(members: ts.NodeArray<ts.TypeElement>, path: string, at: Walk): void {
  for (const member of members) {
    if (ts.isPropertySignature(member) && member.type !== undefined && ts.isTypeLiteralNode(member.type))
      walk(member.type.members, `${path}/${nameOf(member.name)}`, at);
    if (!ts.isMethodSignature(member)) continue;
    const name = nameOf(member.name);
    const first = member.parameters[0];
    if (name === "$") {
      if (member.type !== undefined && ts.isTypeLiteralNode(member.type))
        walk(member.type.members, `${path}/{${(first!.name as ts.Identifier).text}}`, at);
    } else at.methods.set(`${name.slice(1).toUpperCase()} ${path}`, readMethod(member, at));
  }
}

function readMethod(member: ts.MethodSignature, at: Walk): OfficialMethod {
  const parameters = new Map<string, OfficialParameter>();
  const given = member.parameters[0]?.type;
  if (given !== undefined && ts.isTypeLiteralNode(given)) {
    for (const property of given.members.filter(ts.isPropertySignature))
      parameters.set(nameOf(property.name), { isOptional: property.questionToken !== undefined });
  }
  return { parameters, ...readAnswer(member, at) };
}

/** `Promise<x[]>` or `Promise<x>`. */
function readAnswer(member: ts.MethodSignature, at: Walk): Pick<OfficialMethod, "required" | "isList"> {
  const promise = member.type;
  let type = promise !== undefined && ts.isTypeReferenceNode(promise) ? promise.typeArguments?.[0] : undefined;
  const isList = type !== undefined && ts.isArrayTypeNode(type);
  if (type !== undefined && ts.isArrayTypeNode(type)) type = type.elementType;
  const required = new Map<string, string>();
  const declared =
    type !== undefined && ts.isTypeReferenceNode(type)
      ? at.interfaces.get(type.typeName.getText(at.source))
      : undefined;
  for (const property of [...(declared?.members ?? [])].filter(ts.isPropertySignature)) {
    if (property.questionToken === undefined)
      required.set(nameOf(property.name), property.type?.getText(at.source) ?? "any");
  }
  return { required, isList };
}
