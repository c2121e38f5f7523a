import { type ConstDirectiveNode, type DocumentNode, Kind } from 'graphql';
import { directiveUses } from './directives.ts';

/** A use of `@cacheTag`: a tag of what is cached of a type or a root field, by which it is invalidated. */
export interface CacheTagUse {
  /** `Product` or `Query.product`. */
  readonly coordinate: string;
  /** `product-{$key.id}` */
  readonly format: string;
}

/** A use of `@invalidates`: the tags of what a mutation changes. */
export interface InvalidatesUse {
  /** `Mutation.renameProduct` */
  readonly coordinate: string;
  /** `product-{$args.id}` */
  readonly tags: readonly string[];
}

/** The directives that carry `@cacheTag` and `@invalidates` of schema files in a supergraph. */
export const CACHE_TAG_DIRECTIVE = 'headgate__cacheTag';
export const INVALIDATES_DIRECTIVE = 'headgate__invalidates';

/** What a supergraph says about tags of cached values. */
export interface CacheTags {
  readonly cacheTags: readonly CacheTagUse[];
  readonly invalidates: readonly InvalidatesUse[];
}

/**
 * Reads the tags of a supergraph: those that the schema extension carries, and `@cacheTag` as other composers leave it there, in
 * `@join__directive(graphs: […], name: "federation__cacheTag", args: {format: "…"})`.
 */
export function readCacheTags(document: DocumentNode): CacheTags {
  const cacheTags: CacheTagUse[] = [];
  const invalidates: InvalidatesUse[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION) {
      for (const { coordinate, format } of directiveUses(definition, CACHE_TAG_DIRECTIVE))
        if (typeof coordinate === 'string' && typeof format === 'string') cacheTags.push({ coordinate, format });
      for (const { coordinate, tags } of directiveUses(definition, INVALIDATES_DIRECTIVE))
        if (typeof coordinate === 'string' && Array.isArray(tags))
          invalidates.push({ coordinate, tags: tags.map(String) });
    } else if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) {
      const type = definition.name.value;
      cacheTags.push(...joinedUses(type, definition.directives));
      for (const field of definition.fields ?? [])
        cacheTags.push(...joinedUses(`${type}.${field.name.value}`, field.directives));
    }
  }
  return { cacheTags, invalidates };
}

function joinedUses(coordinate: string, directives: readonly ConstDirectiveNode[] | undefined): CacheTagUse[] {
  if (!directives?.some(({ name }) => name.value === 'join__directive')) return [];
  return directiveUses({ directives }, 'join__directive').flatMap(({ name, args }) => {
    const format = (args as { readonly format?: unknown } | undefined)?.format;
    const isTag = name === 'federation__cacheTag' || name === 'cacheTag';
    return isTag && typeof format === 'string' ? [{ coordinate, format }] : [];
  });
}

/** A part of a format: a text, or a reference to a value. */
export type FormatPart = string | { readonly root: '$key' | '$args'; readonly path: readonly string[] };

const REFERENCE = /^(\$key|\$args)((?:\.[_A-Za-z]\w{0,200}){1,10})$/;

/**
 * Reads a format: `product-{$key.id}` → `['product-', {root: '$key', path: ['id']}]`. `{{` stands for nothing special: braces always
 * contain a reference.
 * @returns the text in braces that is no reference, or the rest of the format where a brace is not closed
 */
export function readTagFormat(format: string): readonly FormatPart[] | { readonly invalid: string } {
  const parts: FormatPart[] = [];
  let at = 0;
  while (at < format.length) {
    const open = format.indexOf('{', at);
    if (open === -1) {
      parts.push(format.slice(at));
      break;
    }
    if (open > at) parts.push(format.slice(at, open));
    const close = format.indexOf('}', open);
    if (close === -1) return { invalid: format.slice(open) };
    const inside = format.slice(open + 1, close).trim();
    const [, root, path = ''] = REFERENCE.exec(inside) ?? [];
    if (root === undefined) return { invalid: `{${inside}}` };
    parts.push({ root: root as '$key' | '$args', path: path.slice(1).split('.') });
    at = close + 1;
  }
  return parts;
}
