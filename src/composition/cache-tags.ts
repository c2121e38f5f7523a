import { type DocumentNode, Kind } from 'graphql';
import type { Problem } from '../config/problem.ts';
import {
  CACHE_TAG_DIRECTIVE,
  type FormatPart,
  INVALIDATES_DIRECTIVE,
  readTagFormat,
} from '../supergraph/cache-tags.ts';
import { directiveUses } from '../supergraph/directives.ts';
import { SPEC } from './in-process-sources.ts';
import { locate } from './locate.ts';
import type { GatewayDirectiveUse, SourceDefinition } from './source-definition.ts';

const DEFINITIONS = `directive @${CACHE_TAG_DIRECTIVE}(coordinate: String!, format: String!) repeatable on SCHEMA

directive @${INVALIDATES_DIRECTIVE}(coordinate: String!, tags: [String!]!) repeatable on SCHEMA`;

interface Mistake {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Returns the mistakes in uses of `@cacheTag` and `@invalidates`, each at its place. */
export function cacheTagProblems(sources: readonly SourceDefinition[]): Problem[] {
  return sources.flatMap((source) =>
    usesIn(source).flatMap((use) => {
      const { directive, coordinate, line, column } = use;
      return formatsOf(use).flatMap((format): Problem[] => {
        const mistake = mistakeIn(format, use, source.document);
        if (mistake === undefined) return [];
        const message = `@${directive} on "${coordinate}": ${mistake.message}`;
        const place = { file: source.file, line, column, subgraph: source.name };
        return [{ ...place, code: 'INVALID_CACHE_TAG', message, hint: mistake.hint }];
      });
    }),
  );
}

/** Adds the cache tags of all sources to a supergraph SDL, so that one file is enough to serve it. */
export function withCacheTags(supergraphSdl: string, sources: readonly SourceDefinition[]): string {
  const uses = [...new Set(sources.flatMap((source) => usesIn(source).map(printUse)))];
  if (uses.length === 0) return supergraphSdl;
  const link = supergraphSdl.includes(SPEC) ? [] : [`  @link(url: "${SPEC}")`];
  return `${supergraphSdl.trimEnd()}\n\n${DEFINITIONS}\n\n${['extend schema', ...link, ...uses].join('\n')}\n`;
}

function usesIn({ gatewayDirectives }: SourceDefinition): readonly GatewayDirectiveUse[] {
  return gatewayDirectives.filter(({ directive }) => directive === 'cacheTag' || directive === 'invalidates');
}

function formatsOf({ directive, args }: GatewayDirectiveUse): readonly string[] {
  return directive === 'cacheTag' ? [String(args.format)] : (args.tags as readonly string[]);
}

function printUse(use: GatewayDirectiveUse): string {
  const { directive, coordinate } = use;
  const formats = formatsOf(use);
  return directive === 'cacheTag'
    ? `  @${CACHE_TAG_DIRECTIVE}(coordinate: "${coordinate}", format: ${JSON.stringify(formats[0])})`
    : `  @${INVALIDATES_DIRECTIVE}(coordinate: "${coordinate}", tags: ${JSON.stringify(formats)})`;
}

function mistakeIn(format: string, use: GatewayDirectiveUse, document: DocumentNode): Mistake | undefined {
  const parts = readTagFormat(format);
  if ('invalid' in parts) {
    const message = `"${parts.invalid}" in "${format}" is not a reference; expected {$key.FIELD} or {$args.ARGUMENT}.`;
    return { message };
  }
  const references = parts.filter((part) => typeof part !== 'string');
  const [type = '', field] = use.coordinate.split('.');
  if (field === undefined) return mistakeOnType(type, references, document);
  const operation = use.directive === 'cacheTag' ? 'query' : 'mutation';
  if (type !== rootType(document, operation)) {
    const hint =
      operation === 'query'
        ? 'Put it on a field of the query type, or on a type with @key.'
        : 'Put it on a field of the mutation type.';
    return { message: `it belongs on root fields of a ${operation}.`, hint };
  }
  return references.map((reference) => mistakeOnField(use.coordinate, reference, document)).find((one) => one);
}

type Reference = Exclude<FormatPart, string>;

function mistakeOnType(type: string, references: readonly Reference[], document: DocumentNode): Mistake | undefined {
  const keys = document.definitions.flatMap((node) =>
    (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION) && node.name.value === type
      ? [...directiveUses(node, 'key'), ...directiveUses(node, 'federation__key')]
      : [],
  );
  if (keys.length === 0) return { message: 'the type has no @key, so it is not an entity.' };
  const fields = keys.flatMap((key) => String(key.fields).match(/\w+/g) ?? []);
  for (const { root, path } of references) {
    const [name = ''] = path;
    const reference = `{${root}.${path.join('.')}}`;
    if (root === '$args') return { message: `${reference} has no value on a type; expected {$key.FIELD}.` };
    if (!fields.includes(name))
      return {
        message: `${reference} has no value: "${name}" is in no @key of ${type}.`,
        hint: `Known: ${fields.join(', ')}.`,
      };
  }
  return undefined;
}

function mistakeOnField(coordinate: string, { root, path }: Reference, document: DocumentNode): Mistake | undefined {
  const reference = `{${root}.${path.join('.')}}`;
  if (root === '$key') return { message: `${reference} has no value on a field; expected {$args.ARGUMENT}.` };
  const node = locate(document, coordinate);
  const names = node?.kind === Kind.FIELD_DEFINITION ? (node.arguments ?? []).map(({ name }) => name.value) : [];
  if (names.includes(path[0] ?? '')) return undefined;
  const hint = names.length === 0 ? undefined : `Known arguments: ${names.join(', ')}.`;
  return { message: `${reference} has no value: the field has no argument "${path[0]}".`, hint };
}

function rootType({ definitions }: DocumentNode, operation: 'query' | 'mutation'): string {
  for (const node of definitions) {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) continue;
    const own = node.operationTypes?.find((one) => one.operation === operation);
    if (own) return own.type.name.value;
  }
  return operation === 'query' ? 'Query' : 'Mutation';
}
