import ts from "typescript";

/** One small wrong edit of a file: what stands from `start` to `end` becomes `text`. */
export interface Mutant {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The operator's name: `< becomes <=`. */
  readonly what: string;
}

const K = ts.SyntaxKind;

/** What each operator becomes; the second word of a pair is what a hurried hand writes. */
const SWAPS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [K.LessThanToken, "<="],
  [K.LessThanEqualsToken, "<"],
  [K.GreaterThanToken, ">="],
  [K.GreaterThanEqualsToken, ">"],
  [K.EqualsEqualsEqualsToken, "!=="],
  [K.ExclamationEqualsEqualsToken, "==="],
  [K.PlusToken, "-"],
  [K.MinusToken, "+"],
  [K.AsteriskToken, "/"],
  [K.AmpersandToken, "|"],
  [K.BarToken, "&"],
  [K.LessThanLessThanToken, ">>"],
  [K.GreaterThanGreaterThanToken, "<<"],
]);

const METHODS: ReadonlyMap<string, string> = new Map([
  ["some", "every"],
  ["every", "some"],
  ["min", "max"],
  ["max", "min"],
  ["startsWith", "endsWith"],
  ["endsWith", "startsWith"],
  ["add", "delete"],
  ["push", "unshift"],
]);

/** Calls that hand on what they were given: without them it comes as it is. */
const PASSING: ReadonlySet<string> = new Set(["filter", "sort", "toSorted", "reverse", "toReversed", "slice", "trim"]);

/** Every mutant of a file's statements, in their order. Types, imports, and text for people have none. */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, true);
  const found: Mutant[] = [];
  const add = (node: ts.Node, text: string, what: string): void => {
    found.push({ file, start: node.getStart(tree), end: node.getEnd(), text, what });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isExportDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    mutate(node, add, tree);
    node.forEachChild(visit);
  };
  visit(tree);
  return found;
}

function mutate(node: ts.Node, add: (node: ts.Node, text: string, what: string) => void, tree: ts.SourceFile): void {
  const text = (n: ts.Node): string => n.getText(tree);
  if (ts.isBinaryExpression(node)) {
    const { left, operatorToken: operator, right } = node;
    const swap = SWAPS.get(operator.kind);
    if (swap !== undefined) add(operator, swap, `${text(operator)} becomes ${swap}`);
    if (operator.kind === K.AmpersandAmpersandToken || operator.kind === K.BarBarToken) {
      add(node, text(left), `the right side of ${text(operator)} is gone`);
      add(node, text(right), `the left side of ${text(operator)} is gone`);
    }
    if (operator.kind === K.QuestionQuestionToken) add(node, `(${text(left)})!`, "what stands in for nothing is gone");
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === K.ExclamationToken)
    add(node, `!!${text(node.operand)}`, "! is gone");
  if (ts.isIfStatement(node)) {
    add(node.expression, "true", "always");
    add(node.expression, "false", "never");
  }
  if (ts.isConditionalExpression(node)) {
    add(node.condition, "true", "always the first");
    add(node.condition, "false", "always the second");
  }
  if (node.kind === K.TrueKeyword) add(node, "false", "true becomes false");
  if (node.kind === K.FalseKeyword) add(node, "true", "false becomes true");
  if (ts.isNumericLiteral(node)) add(node, `(${text(node)} + 1)`, "one more");
  if (ts.isBigIntLiteral(node)) add(node, `(${text(node)} + 1n)`, "one more");
  // What has blanks is a sentence.
  if (ts.isStringLiteral(node) && node.text !== "" && !/\s/.test(node.text) && !ts.isPropertyAssignment(node.parent))
    add(node, '""', "the word is gone");
  if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) add(node, ";", "the call is gone");
  if (ts.isSpreadElement(node)) add(node.expression, "[]", "nothing is spread");
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name, expression } = node.expression;
    const other = METHODS.get(name.text);
    if (other !== undefined) add(name, other, `${name.text} becomes ${other}`);
    if (PASSING.has(name.text)) add(node, text(expression), `${name.text} is gone`);
  }
}
