import { type DocumentNode, type InputValueDefinitionNode, Kind, type TypeNode } from 'graphql';
import type { Problem } from '../config/problem.ts';
import { rateLimitMistakes } from '../config/rate-limit-settings.ts';
import { RATE_LIMIT_DIRECTIVE, type RateLimitUse } from '../supergraph/rate-limits.ts';
import { SPEC } from './in-process-sources.ts';
import { locate } from './locate.ts';
import type { GatewayDirectiveUse, SourceDefinition } from './source-definition.ts';

const DEFINITIONS = `directive @${RATE_LIMIT_DIRECTIVE}(coordinate: String!, limit: Int!, window: String!, burst: Int, by: [String!]!, algorithm: headgate__RateLimitAlgorithm!, name: String) repeatable on SCHEMA

enum headgate__RateLimitAlgorithm {
  TOKEN_BUCKET
  SLIDING_WINDOW
  FIXED_WINDOW
  LEAKY_BUCKET
}`;

interface PlacedUse {
  readonly source: SourceDefinition;
  readonly use: GatewayDirectiveUse;
  readonly limit: RateLimitUse;
}

/** Returns the mistakes in uses of `@rateLimit`, each at its place. */
export function rateLimitProblems(sources: readonly SourceDefinition[]): Problem[] {
  const uses = usesOf(sources);
  return [...uses.flatMap(mistakesOf), ...nameClashes(uses)].map(({ placed: { source, use }, message, hint }) => ({
    file: source.file,
    line: use.line,
    column: use.column,
    subgraph: source.name,
    code: 'INVALID_RATE_LIMIT',
    message: `@rateLimit on "${use.coordinate}": ${message}`,
    hint,
  }));
}

/** Adds the rate limits of all sources to a supergraph SDL, so that one file is enough to serve it. */
export function withRateLimits(supergraphSdl: string, sources: readonly SourceDefinition[]): string {
  const uses = [...new Set(usesOf(sources).map(({ limit }) => printUse(limit)))];
  if (uses.length === 0) return supergraphSdl;
  const link = supergraphSdl.includes(SPEC) ? [] : [`  @link(url: "${SPEC}")`];
  return `${supergraphSdl.trimEnd()}\n\n${DEFINITIONS}\n\n${['extend schema', ...link, ...uses].join('\n')}\n`;
}

function usesOf(sources: readonly SourceDefinition[]): PlacedUse[] {
  return sources.flatMap((source) =>
    source.gatewayDirectives
      .filter((use) => use.directive === 'rateLimit')
      .map((use) => ({ source, use, limit: limitOf(use) })),
  );
}

function limitOf({ coordinate, args }: GatewayDirectiveUse): RateLimitUse {
  const { limit, window, burst, by, algorithm, name } = args as unknown as RateLimitUse & { burst?: number | null };
  return { coordinate, limit, window, burst: burst ?? undefined, by, algorithm, name: name ?? undefined };
}

function printUse({ coordinate, limit, window, burst, by, algorithm, name }: RateLimitUse): string {
  const optional = `${burst === undefined ? '' : `, burst: ${burst}`}${name === undefined ? '' : `, name: "${name}"`}`;
  const args = `limit: ${limit}, window: "${window}", by: ${JSON.stringify(by)}, algorithm: ${algorithm}${optional}`;
  return `  @${RATE_LIMIT_DIRECTIVE}(coordinate: "${coordinate}", ${args})`;
}

interface UseProblem {
  readonly placed: PlacedUse;
  readonly message: string;
  readonly hint?: string | undefined;
}

function mistakesOf(placed: PlacedUse): UseProblem[] {
  const { limit, source } = placed;
  const own = rateLimitMistakes(limit).map(({ message }) => ({ placed, message }));
  const paths = limit.by.flatMap((key) => (key.startsWith('arg:') ? [key.slice('arg:'.length)] : []));
  return [...own, ...paths.flatMap((path) => pathMistake(placed, source.document, path) ?? [])];
}

/** Checks that `arg:filter.owner.id` leads from an argument of the field through input objects. */
function pathMistake(placed: PlacedUse, document: DocumentNode, path: string): UseProblem | undefined {
  const field = placed.use.coordinate.includes('.') ? locate(document, placed.use.coordinate) : undefined;
  if (field?.kind !== Kind.FIELD_DEFINITION) {
    return {
      placed,
      message: `"arg:${path}" has no effect on a type.`,
      hint: 'Put the limit on the field with the argument.',
    };
  }
  let members: readonly InputValueDefinitionNode[] = field.arguments ?? [];
  let owner = `the field`;
  for (const name of path.split('.')) {
    const member = members.find((candidate) => candidate.name.value === name);
    if (member === undefined) {
      const known = members.map((candidate) => candidate.name.value).join(', ');
      const hint = known === '' ? undefined : `Known names: ${known}.`;
      return { placed, message: `"arg:${path}" does not exist: ${owner} has no "${name}".`, hint };
    }
    owner = `"${namedType(member.type)}"`;
    members = inputFields(document, namedType(member.type));
  }
  return undefined;
}

function inputFields(document: DocumentNode, type: string): InputValueDefinitionNode[] {
  return document.definitions.flatMap((definition) => {
    const isInput =
      definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION || definition.kind === Kind.INPUT_OBJECT_TYPE_EXTENSION;
    return isInput && definition.name.value === type ? (definition.fields ?? []) : [];
  });
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}

/** Finds limits with the same name and different settings: limits of one name share their counters. */
function nameClashes(uses: readonly PlacedUse[]): UseProblem[] {
  const first = new Map<string, PlacedUse>();
  return uses.flatMap((placed): UseProblem[] => {
    const { name } = placed.limit;
    const known = name === undefined ? undefined : first.get(name);
    if (name !== undefined && known === undefined) first.set(name, placed);
    if (known === undefined || settingsOf(known) === settingsOf(placed)) return [];
    const message = `the name "${name}" is used for another limit at ${known.source.file}:${known.use.line}:${known.use.column}.`;
    return [{ placed, message, hint: 'Limits of one name count together: give both the same settings, or two names.' }];
  });
}

function settingsOf({ limit }: PlacedUse): string {
  return JSON.stringify([limit.limit, limit.window, limit.burst, limit.by, limit.algorithm]);
}
