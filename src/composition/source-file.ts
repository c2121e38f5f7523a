import { type ASTNode, type DocumentNode, GraphQLError, parse, Source } from 'graphql';
import type { Env } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { urlWithoutSecrets } from '../shared/secret-parameters.ts';
import { readSubgraphUrl } from '../shared/subgraph-url.ts';
import type { ExtractedDirective } from './gateway-directives.ts';
import type { GatewayDirectiveUse, SourceDefinition } from './source-definition.ts';

export interface SourceFile {
  readonly name: string;
  /** Its path for messages. */
  readonly file: string;
  readonly text: string;
}

/** A parsed schema file, as the reader of its kind receives it. */
export interface ParsedSource {
  readonly source: SourceFile;
  /** Without the gateway's directives. */
  readonly document: DocumentNode;
  readonly uses: readonly ExtractedDirective[];
  readonly env: Env;
}

/** Reads one kind of source. Returns mistakes as problems. */
export type SourceReader = (parsed: ParsedSource) => SourceDefinition | Problem[];

/** A mistake in a directive, and its place. */
export interface DirectiveMistake {
  readonly node: ASTNode;
  readonly message: string;
  readonly hint: string;
}

/** Returns a problem at `node`, or at the start of the file. */
export function problemAt(
  source: SourceFile,
  node: ASTNode | undefined,
  code: string,
  message: string,
  hint?: string,
): Problem {
  return { file: source.file, ...placeOf(node), subgraph: source.name, code, message, hint };
}

export function problemOfError(source: SourceFile, code: string, error: GraphQLError): Problem {
  const { line, column } = error.locations?.[0] ?? { line: 1, column: 1 };
  return { file: source.file, line, column, subgraph: source.name, code, message: error.message };
}

/** Returns the 1-based line and column where a node starts; the start of the file where it has no location. */
export function placeOf(node: ASTNode | undefined): { line: number; column: number } {
  const token = node?.loc?.startToken;
  return token === undefined ? { line: 1, column: 1 } : { line: token.line, column: token.column };
}

export function parseSource(source: SourceFile): DocumentNode | GraphQLError {
  if (source.text.trim() === '') return new GraphQLError('The file is empty; expected the schema of a source.');
  try {
    return parse(new Source(source.text, source.file));
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

export function asUse({ node, coordinate, args }: ExtractedDirective): GatewayDirectiveUse {
  return { directive: node.name.value, coordinate, args, ...placeOf(node) };
}

/** Returns what is wrong with the URL of a source; `undefined` for a good one. */
export function urlMistake(text: string): string | undefined {
  const address = readSubgraphUrl(text);
  return typeof address === 'string' ? `"${urlWithoutSecrets(text)}" cannot be used: ${address}.` : undefined;
}
