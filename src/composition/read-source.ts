import { type ASTNode, type DocumentNode, GraphQLError, parse, Source, visit } from 'graphql';
import { type Env, expand } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { type TakenDirective, takeGatewayDirectives } from './gateway-directives.ts';
import type { GatewayDirectiveUse, SourceDefinition } from './source-definition.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const URL_HINT = 'Write `extend schema @subgraph(url: "http://…")` at the top of the file.';

/** Directives of source kinds that are planned, and what they would make of the file. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  source: 'a REST API (@source, @connect)',
  connect: 'a REST API (@source, @connect)',
  service: 'a plain GraphQL service (@service, @merge)',
  merge: 'a plain GraphQL service (@service, @merge)',
};

export interface SourceFile {
  readonly name: string;
  /** As shown to people. */
  readonly file: string;
  readonly text: string;
}

/** Reads one schema file; what is wrong with it alone comes back as problems. */
export function readSource(source: SourceFile, env: Env): SourceDefinition | Problem[] {
  const problem = (code: string, message: string, hint?: string, node?: ASTNode): Problem => {
    const { line, column } = placeOf(node);
    return { file: source.file, line, column, subgraph: source.name, code, message, hint };
  };
  if (!NAME.test(source.name)) {
    const hint = 'Use letters, digits, "_" and "-", starting with a letter.';
    return [problem('INVALID_NAME', `"${source.name}" cannot be the name of a subgraph.`, hint)];
  }
  const parsed = parseSdl(source);
  if (parsed instanceof GraphQLError) return [atError(source, 'INVALID_GRAPHQL', parsed)];

  const other = firstOtherKind(parsed);
  if (other !== undefined) {
    const message = `This file describes ${OTHER_KINDS[other.name]}: not supported yet by this version.`;
    const hint = 'Only federation subgraphs are: `extend schema @subgraph(url: "http://…")`.';
    return [problem('UNSUPPORTED_SOURCE_KIND', message, hint, other.node)];
  }
  const { document, uses, errors } = takeGatewayDirectives(parsed);
  if (errors.length > 0) return errors.map((error) => atError(source, 'INVALID_GATEWAY_DIRECTIVE', error));

  const places = uses.filter((use) => use.node.name.value === 'subgraph');
  const [place, second] = places;
  if (place === undefined)
    return [problem('MISSING_SUBGRAPH_URL', 'The file does not say where the subgraph is.', URL_HINT)];
  if (second !== undefined) {
    return [problem('REPEATED_SUBGRAPH_URL', 'The file says twice where the subgraph is.', 'Keep one.', second.node)];
  }
  const url = expand(String(place.args.url), env);
  if (!url.ok) {
    const hint = `Set ${url.variable}, or give it a default: \${${url.variable}:-http://localhost:4001/graphql}`;
    return [problem('UNSET_VARIABLE', `The environment variable ${url.variable} is not set.`, hint, place.node)];
  }
  if (!isHttpUrl(url.text)) {
    const message = `"${url.text}" is not an http:// or https:// URL.`;
    return [problem('INVALID_SUBGRAPH_URL', message, 'Write it like "http://localhost:4001/graphql".', place.node)];
  }
  const gatewayDirectives = uses.filter((use) => use !== place).map(asUse);
  return { name: source.name, file: source.file, kind: 'subgraph', url: url.text, document, gatewayDirectives };
}

/** 1-based line and column where a node begins; the file's beginning when it has no location. */
export function placeOf(node: ASTNode | undefined): { line: number; column: number } {
  const token = node?.loc?.startToken;
  return token === undefined ? { line: 1, column: 1 } : { line: token.line, column: token.column };
}

function parseSdl(source: SourceFile): DocumentNode | GraphQLError {
  try {
    return parse(new Source(source.text, source.file));
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

function atError(source: SourceFile, code: string, error: GraphQLError): Problem {
  const { line, column } = error.locations?.[0] ?? { line: 1, column: 1 };
  return { file: source.file, line, column, subgraph: source.name, code, message: error.message };
}

/** The first use of another source kind's directive, unless the file declares a directive of that name itself. */
function firstOtherKind(document: DocumentNode): { name: string; node: ASTNode } | undefined {
  const declared = new Set<string>();
  const found: { name: string; node: ASTNode }[] = [];
  visit(document, {
    DirectiveDefinition: (node) => void declared.add(node.name.value),
    Directive(node) {
      if (Object.hasOwn(OTHER_KINDS, node.name.value)) found.push({ name: node.name.value, node });
    },
  });
  return found.find((use) => !declared.has(use.name));
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function asUse({ node, coordinate, args }: TakenDirective): GatewayDirectiveUse {
  return { directive: node.name.value, coordinate, args, ...placeOf(node) };
}
