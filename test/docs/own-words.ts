import ts from 'typescript';

/** Functions of vitest whose first argument is a title. */
const TITLED = new Set(['describe', 'it', 'test']);

/**
 * Returns a TypeScript file with its strings blanked, except titles of tests: what remains are comments, identifiers and titles.
 * Strings of tests are schemas, queries and data, whose words are those of their domain. Lines keep their numbers.
 */
export function ownWords(code: string, fileName: string): string {
  const source = ts.createSourceFile(fileName, code, ts.ScriptTarget.Latest, true);
  const blanked: [start: number, end: number][] = [];
  const visit = (node: ts.Node): void => {
    if (isText(node) && !isTitle(node)) blanked.push([node.getStart(), node.end]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  let text = '';
  let at = 0;
  for (const [start, end] of blanked) {
    text += code.slice(at, start) + code.slice(start, end).replaceAll(/[^\n]/g, ' ');
    at = end;
  }
  return text + code.slice(at);
}

function isText(node: ts.Node): boolean {
  return (
    ts.isStringLiteral(node) ||
    ts.isNoSubstitutionTemplateLiteral(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node) ||
    ts.isRegularExpressionLiteral(node)
  );
}

/** Whether a text is the first argument of `test(…)`, `test.each(…)(…)` and the like. */
function isTitle(node: ts.Node): boolean {
  const whole = ts.isTemplateHead(node) ? node.parent : node;
  const { parent } = whole;
  return ts.isCallExpression(parent) && parent.arguments[0] === whole && TITLED.has(calleeOf(parent.expression));
}

/** Returns the name of the function at the beginning of a callee: `test` of `test.skipIf(…)`. */
function calleeOf(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression))
    return calleeOf(expression.expression);
  return '';
}
