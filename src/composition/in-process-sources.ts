import { Kind, parseValue, print, type StringValueNode } from 'graphql';
import { IN_PROCESS_DIRECTIVE } from '../supergraph/in-process.ts';
import type { SourceDefinition } from './source-definition.ts';

/** The specification that supergraphs link when they carry extensions of the gateway. */
export const SPEC = 'https://headgate.dev/specs/headgate/v0.1';

const DEFINITIONS = `directive @${IN_PROCESS_DIRECTIVE}(graph: String!, kind: headgate__SourceKind!, sdl: String!) repeatable on SCHEMA

enum headgate__SourceKind {
  REST
  SERVICE
}`;

/**
 * Adds to a supergraph SDL everything that the gateway needs to resolve some of its subgraphs itself, so that one
 * file is enough to serve it. Other gateways ignore it: the `@link` is not `for: EXECUTION`.
 */
export function withInProcessSources(supergraphSdl: string, sources: readonly SourceDefinition[]): string {
  const uses = sources.flatMap(({ name, kind, inProcessSdl }) =>
    inProcessSdl === undefined
      ? []
      : [`  @${IN_PROCESS_DIRECTIVE}(graph: "${name}", kind: ${kind.toUpperCase()}, sdl: ${quoted(inProcessSdl)})`],
  );
  if (uses.length === 0) return supergraphSdl;
  const extension = ['extend schema', `  @link(url: "${SPEC}")`, ...uses].join('\n');
  return `${supergraphSdl.trimEnd()}\n\n${DEFINITIONS}\n\n${extension}\n`;
}

/** Prints a block string where that preserves the text, else an escaped string. */
function quoted(text: string): string {
  const value = { kind: Kind.STRING, value: text.trimEnd() } satisfies StringValueNode;
  const block = print({ ...value, block: true });
  const read = parseValue(block);
  return read.kind === Kind.STRING && read.value === value.value ? block : print(value);
}
