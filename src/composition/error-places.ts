import {
  type ASTNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLError,
  Kind,
  visit,
} from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { locate } from './locate.ts';
import type { SourceDefinition } from './source-definition.ts';
import { placeOf } from './source-file.ts';

/** The place of an error in a schema file. */
export interface ErrorPlace {
  readonly source: SourceDefinition;
  readonly node: ASTNode | undefined;
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the places of a composer error, the most relevant one first: the nodes in the error, else the types, fields,
 * directives and links in its message, in the subgraphs that it concerns. Empty where it concerns no subgraph.
 */
export function placesOf(error: GraphQLError, sources: readonly SourceDefinition[]): ErrorPlace[] {
  const owner = ownerOf(error, sources);
  const [first = ''] = quotedIn(error.message);
  const repeated = owner && REPEATED.test(error.message) ? findRepeated(owner.document, first) : undefined;
  if (owner && repeated) return [{ source: owner, node: repeated, ...placeOf(repeated) }];
  const own = placesOfNodes(error, sources);
  if (own.length > 0) return own;
  const [location] = error.locations ?? [];
  if (owner && location && !error.nodes) return [{ source: owner, node: undefined, ...location }];
  const quoted = quotedIn(error.message);
  const named = owner ? [owner] : sources.filter(({ name }) => quoted.includes(name));
  const coordinates = coordinatesOf(error, quoted);
  for (const candidates of [named, sources]) {
    const places = coordinates.map((coordinate) => placesIn(candidates, (source) => find(source, coordinate)));
    const found = places.find((list) => list.length > 0);
    if (found) return ordered(error, found);
    const links = placesIn(candidates, ({ document }) => findLink(linksIn(document), error.message));
    if (links.length > 0) return links;
    if (owner) break;
  }
  const values = placesIn(named, ({ document }) => findValue(document, quoted));
  return values.length > 0 ? values : named.map((source) => ({ source, node: undefined, line: 1, column: 1 }));
}

/** Returns the only subgraph that the error concerns. */
export function ownerOf(error: GraphQLError, sources: readonly SourceDefinition[]): SourceDefinition | undefined {
  const name = error.extensions.subgraphName ?? /^\[([^\]]+)\] /.exec(error.message)?.[1];
  return sources.find((source) => source.name === name);
}

/** Messages about a repeated element: the second occurrence is the mistake. */
const REPEATED = /only be defined once|can be only one|already (been )?defined/;

function placesOfNodes(error: GraphQLError, sources: readonly SourceDefinition[]): ErrorPlace[] {
  const places = (error.nodes ?? []).flatMap((node): ErrorPlace[] => {
    // the composer also has documents of its own, whose lines have no meaning for users
    const source = sources.find(({ file }) => file === node.loc?.source.name);
    return source ? [{ source, node, ...placeOf(node) }] : [];
  });
  return REPEATED.test(error.message) ? places.reverse() : places.slice(0, 1);
}

/** Returns the last field with a coordinate, `Type.field`. */
function findRepeated({ definitions }: DocumentNode, coordinate: string): ASTNode | undefined {
  const [type, field] = coordinate.split('.');
  return definitions
    .filter((node) => 'name' in node && node.name?.value === type && 'fields' in node)
    .flatMap((node): readonly FieldDefinitionNode[] => ('fields' in node ? (node.fields as never) : []))
    .findLast(({ name }) => name.value === field);
}

function placesIn(
  sources: readonly SourceDefinition[],
  search: (source: SourceDefinition) => ASTNode | undefined,
): ErrorPlace[] {
  return sources.flatMap((source) => {
    const node = search(source);
    return node ? [{ source, node, ...placeOf(node) }] : [];
  });
}

function quotedIn(message: string): string[] {
  return [...message.matchAll(/"([^"\s]+)"/g)].map(([, text]) => text ?? '');
}

/** Errors whose last coordinate is the mistake: the ones before it only refer to it. */
const LAST_IS_MISTAKE = new Set(['DEFAULT_VALUE_USES_INACCESSIBLE', 'REFERENCED_INACCESSIBLE']);

/** Returns the schema coordinates in a message, in the order in which to look for them. */
function coordinatesOf({ extensions, message }: GraphQLError, quoted: readonly string[]): string[] {
  const [first] = quoted;
  const value = /\bvalue "(\w+)" /.exec(message)?.[1];
  if (extensions.code === 'ENUM_VALUE_MISMATCH' && value !== undefined) return [`${first}.${value}`, `${first}`];
  const implementing = /type "(\w+)", which implements/.exec(message)?.[1];
  if (implementing !== undefined) return [implementing, ...quoted];
  const plain = [...message.matchAll(/\b([A-Z_a-z]\w*\.[a-z_A-Z]\w*)\b/g)].map(([, text]) => text ?? '');
  const subtype = /^(\[[^\]]+\] )?Interface field /.test(message) && quoted.length === 0;
  if (subtype) return plain.reverse();
  return LAST_IS_MISTAKE.has(String(extensions.code)) ? [...quoted].reverse() : [...quoted, ...plain];
}

function find({ document }: SourceDefinition, coordinate: string): ASTNode | undefined {
  if (!coordinate.startsWith('@')) return locate(document, coordinate);
  const links = linksIn(document);
  const composed = links.find((use) => use.name.value.endsWith('composeDirective') && hasText(use, coordinate));
  return composed ?? links.find((use) => hasText(use, coordinate)) ?? locate(document, coordinate);
}

/**
 * Puts the likely mistake first: the external field of an external mismatch, and the plain argument beside a
 * contextual one.
 */
function ordered({ extensions }: GraphQLError, places: readonly ErrorPlace[]): ErrorPlace[] {
  const code = String(extensions.code);
  const isWrong = (place: ErrorPlace) => {
    if (code.startsWith('EXTERNAL_')) return hasDirective(place.node, 'external');
    return code.startsWith('CONTEXTUAL_') && !hasDirective(place.node, 'fromContext');
  };
  return [...places.filter(isWrong), ...places.filter((place) => !isWrong(place))];
}

function hasDirective(node: ASTNode | undefined, name: string): boolean {
  const uses = node && 'directives' in node ? (node.directives ?? []) : [];
  return uses.some((use) => use.name.value === name || use.name.value.endsWith(`__${name}`));
}

/** Returns the directives of the schema itself: `@link`, `@composeDirective`. */
function linksIn({ definitions }: SourceDefinition['document']): ConstDirectiveNode[] {
  return definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION ? (node.directives ?? []) : [],
  );
}

/** Returns the last `@link` that a message can refer to: by its URL, or by its name and version. */
function findLink(links: readonly ConstDirectiveNode[], message: string): ConstDirectiveNode | undefined {
  const words = new Set(message.split(/[\s,"']+/));
  return links.findLast((link) => {
    const url = text(directiveUses({ directives: [link] }, link.name.value)[0]?.url);
    if (link.name.value !== 'link' || url === undefined) return false;
    const [, identity = url, name = '', version = ''] = /^(.*\/([^/]+))\/(v[^/]+)\/?$/.exec(url) ?? [];
    if (words.has(url) || words.has(identity)) return true;
    return words.has(version) && (words.has(name) || /version string/.test(message));
  });
}

function hasText(use: ConstDirectiveNode, wanted: string): boolean {
  let found = false;
  visit(use, {
    StringValue(node) {
      found ||= node.value === wanted;
    },
  });
  return found;
}

/** Returns an argument value that the message quotes. */
function findValue(document: SourceDefinition['document'], quoted: readonly string[]): ASTNode | undefined {
  let found: ASTNode | undefined;
  visit(document, {
    StringValue(node, _key, parent) {
      const isArgument = parent && 'kind' in parent && parent.kind === Kind.ARGUMENT;
      if (isArgument && quoted.includes(node.value)) found ??= node;
    },
  });
  return found;
}
