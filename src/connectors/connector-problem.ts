import { type ASTNode, Kind, type StringValueNode } from 'graphql';
import { nearest } from '../config/nearest.ts';

/** Something wrong in a schema file's connectors. Line and column are 1-based. */
export interface ConnectorProblem {
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Trouble at a node; with `offset`, at that place of the string that the node is. */
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
 * Where in the file a character of a string's value stands. A block string's value lacks the blank lines round it and the
 * indentation that all its lines share, so they are counted back in. (Escapes in a plain string shift the column.)
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

/** `Did you mean "name"?` with the nearest of the known names, else a list of them. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const all = [...known];
  const [close] = nearest(name, all);
  if (close !== undefined) return `Did you mean "${close}"?`;
  return all.length === 0 ? 'There are none.' : `There are: ${all.slice(0, 20).join(', ')}.`;
}
