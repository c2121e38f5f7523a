import { type ASTNode, Kind, type StringValueNode } from 'graphql';
import { nearest } from '../config/nearest.ts';

/** A problem in the connectors of a schema file. Line and column are 1-based. */
export interface ConnectorProblem {
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/**
 * Creates a problem at a node.
 * @param offset offset in the value of a string node
 */
export function problemAt(
  node: ASTNode,
  code: string,
  message: string,
  hint?: string,
  offset?: number,
): ConnectorProblem {
  const place = node.kind === Kind.STRING && offset !== undefined ? placeInString(node, offset) : placeOf(node);
  return { ...place, code, message, hint };
}

function placeOf(node: ASTNode): { line: number; column: number } {
  const token = node.loc?.startToken;
  return token === undefined ? { line: 1, column: 1 } : { line: token.line, column: token.column };
}

/**
 * Returns the position in the file of a character in a string's value. The value of a block string lacks surrounding blank
 * lines and common indentation, so these are added. Escapes in a plain string shift the column.
 */
function placeInString(node: StringValueNode, offset: number): { line: number; column: number } {
  const { line, column } = placeOf(node);
  const before = node.value.slice(0, offset).split('\n');
  const inLine = before.at(-1)?.length ?? 0;
  if (!node.block) return { line, column: column + 1 + inLine };
  const raw = node.loc?.source.body.slice(node.loc.start + 3, node.loc.end - 3).split(/\r\n|[\n\r]/) ?? [];
  const isBlank = (text: string) => text.trim() === '';
  const skipped = Math.max(
    0,
    raw.findIndex((text) => !isBlank(text)),
  );
  const indents = raw
    .slice(1)
    .filter((text) => !isBlank(text))
    .map((text) => text.length - text.trimStart().length);
  const at = skipped + before.length - 1;
  if (at === 0) return { line, column: column + 3 + inLine };
  return { line: line + at, column: Math.min(...indents) + inLine + 1 };
}

/** Returns `Did you mean "name"?` with the most similar known name, else a list of the known names. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const all = [...known];
  const [close] = nearest(name, all);
  if (close !== undefined) return `Did you mean "${close}"?`;
  return all.length === 0 ? 'There are none.' : `Known names: ${all.slice(0, 20).join(', ')}.`;
}
