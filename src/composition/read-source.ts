import { GraphQLError } from 'graphql';
import type { Env } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { rootTypeMistakes, withDefaultRoots } from './default-roots.ts';
import { federationLinkMistakes } from './federation-version.ts';
import { extractGatewayDirectives } from './gateway-directives.ts';
import { normaliseDirectives } from './normalise-directives.ts';
import { readRestSource } from './read-rest-source.ts';
import { readServiceSource } from './read-service-source.ts';
import { readSubgraphSource } from './read-subgraph-source.ts';
import type { SourceDefinition, SourceKind } from './source-definition.ts';
import { parseSource, problemAt, problemOfError, type SourceFile, type SourceReader } from './source-file.ts';
import { readKinds } from './source-kind.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

const READERS: Readonly<Record<SourceKind, SourceReader>> = {
  subgraph: readSubgraphSource,
  rest: readRestSource,
  service: readServiceSource,
};

/** Reads one schema file. Returns the mistakes in it as problems. */
export function readSource(source: SourceFile, env: Env): SourceDefinition | Problem[] {
  if (!NAME.test(source.name)) {
    const message = `"${source.name}" cannot be the name of a subgraph.`;
    const hint = 'Use letters, digits, "_" and "-", starting with a letter.';
    return [problemAt(source, undefined, 'INVALID_NAME', message, hint)];
  }
  const parsed = parseSource(source);
  if (parsed instanceof GraphQLError) return [problemOfError(source, 'INVALID_GRAPHQL', parsed)];

  const kinds = readKinds(parsed);
  const [kind = 'subgraph', other] = kinds.keys();
  if (other !== undefined) {
    const names = [...kinds.values()].map((node) => `@${node.name.value}`).join(' and ');
    const message = `The file describes more than one kind of source: it has ${names}.`;
    const hint = 'Put each source into a file of its own; types of the same name are joined by their @key.';
    return [problemAt(source, kinds.get(other), 'MIXED_SOURCE_KINDS', message, hint)];
  }
  // requests to a plain service use its own names, and its reader renames the root types itself
  const renames = kind !== 'service';
  const wrong = [...federationLinkMistakes(parsed), ...(renames ? rootTypeMistakes(parsed) : [])];
  if (wrong.length > 0)
    return wrong.map(({ node, code, message, hint }) => problemAt(source, node, code, message, hint));
  const normalised = normaliseDirectives(renames ? withDefaultRoots(parsed) : parsed, kind);
  if (normalised.mistakes.length > 0)
    return normalised.mistakes.map(({ node, message, hint }) =>
      problemAt(source, node, 'INEFFECTIVE_DIRECTIVE', message, hint),
    );
  const { document, uses, errors } = extractGatewayDirectives(normalised.document);
  if (errors.length > 0) return errors.map((error) => problemOfError(source, 'INVALID_GATEWAY_DIRECTIVE', error));
  return READERS[kind]({ source, document, uses, env });
}
