import {
  type ASTNode,
  buildASTSchema,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isObjectType,
  Kind,
  type SelectionSetNode,
  validateSchema,
  visit,
} from 'graphql';
import { stringOf, useOf } from './arguments.ts';
import { sdlErrors, serviceUses, withoutDirectives, withoutOwnDefinitions } from './definitions.ts';
import { federationDocument, type TypeKey } from './federation-document.ts';
import { leafPaths, parsed, printFields, selectionOf } from './key-shape.ts';
import { type Mistake, mistake } from './mistake.ts';
import { type NamesRead, type PublicNames, readNames } from './names.ts';
import { declaredKeys, type ReadLookup, readLookups } from './read-lookups.ts';
import { renameDocument, renamePath, renameSelection } from './rename.ts';
import type { Lookup, Service } from './service.ts';

export interface ServiceRead {
  readonly service: Service;
  /** The service as a federation subgraph. */
  readonly subgraph: DocumentNode;
}

/** Reads the schema file of a plain GraphQL service; everything that is wrong with it comes back at once. */
export function readService(file: DocumentNode): ServiceRead | Mistake[] {
  const uses = serviceUses(file);
  const [use, second] = uses;
  if (use === undefined) {
    const hint = 'Write `extend schema @service(url: "http://…")` at the top of the file.';
    return [mistake(firstMerge(file), 'MISSING_SERVICE_URL', 'The file does not say where the service is.', hint)];
  }
  if (second)
    return [mistake(second, 'REPEATED_SERVICE_URL', 'The file says twice where the service is.', 'Keep one.')];
  const document = withoutOwnDefinitions(file);
  const errors = sdlErrors(document);
  if (errors.length > 0) return errors.map(asMistake);
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  const invalid = validateSchema(schema);
  if (invalid.length > 0) return invalid.map(asMistake);
  return readValid(document, schema, { url: stringOf(use, 'url') ?? '', prefix: stringOf(use, 'prefix') ?? '' });
}

/** What shows that the file is about a service at all. */
function firstMerge(file: DocumentNode): ASTNode | undefined {
  let first: ASTNode | undefined;
  visit(file, {
    Directive(node) {
      if (node.name.value === 'merge') first ??= node;
    },
  });
  return first;
}

function asMistake(error: GraphQLError): Mistake {
  return mistake(error.nodes?.[0], 'INVALID_SERVICE_SCHEMA', error.message);
}

interface Said {
  readonly url: string;
  readonly prefix: string;
}

function readValid(document: DocumentNode, schema: GraphQLSchema, { url, prefix }: Said): ServiceRead | Mistake[] {
  const { lookups, mistakes } = readLookups(schema);
  const { keys, mistakes: wrongKeys } = readKeys(schema, lookups);
  const { publicNames, names, mistakes: wrongNames } = readNames(schema, prefix, new Set(keys.keys()));
  const computedRead = checkComputed(schema, lookups);
  const all = [...mistakes, ...wrongKeys, ...wrongNames, ...computedRead.mistakes];
  if (all.length > 0) return all;
  const hidden = new Set(lookups.filter((lookup) => !lookup.public).map(({ field }) => field));
  const service: Service = {
    url,
    document: renameDocument(withoutDirectives(withoutExternals(document)), publicNames),
    lookups: publicLookups(lookups, schema, publicNames, new Set(computedRead.inputs.keys())),
    computed: publicComputed(computedRead.inputs, schema, publicNames),
    names,
  };
  return { service, subgraph: federationDocument({ document, schema, names: publicNames, keys, hidden }) };
}

/** What other subgraphs own is declared in the file, but is nothing that the service can be asked for. */
function withoutExternals(document: DocumentNode): DocumentNode {
  return visit(document, { FieldDefinition: (node) => (useOf(node, 'external') ? null : undefined) });
}

/** Every entity's keys: those of its look-ups, and those that it declares without one. */
function readKeys(
  schema: GraphQLSchema,
  lookups: readonly ReadLookup[],
): { keys: Map<string, TypeKey[]>; mistakes: Mistake[] } {
  const keys = new Map<string, TypeKey[]>();
  const mistakes: Mistake[] = [];
  const add = (type: string, key: TypeKey) => {
    const known = keys.get(type) ?? [];
    keys.set(type, known);
    if (!known.some(({ fields }) => printFields(fields) === printFields(key.fields))) known.push(key);
  };
  for (const { types, keyPaths } of lookups)
    for (const type of types) add(type, { fields: selectionOf(keyPaths), resolvable: true });
  for (const type of Object.values(schema.getTypeMap())) {
    for (const { node, fields } of declaredKeys(type)) {
      if (fields instanceof GraphQLError) mistakes.push(mistake(node, 'INVALID_KEY', fields.message));
      else add(type.name, { fields: selectionOf(leafPaths(fields)), resolvable: false });
    }
  }
  return { keys, mistakes };
}

/** Type → what its `@computed` fields need, as text. */
function checkComputed(
  schema: GraphQLSchema,
  lookups: readonly ReadLookup[],
): { inputs: Map<string, string[]>; mistakes: Mistake[] } {
  const inputs = new Map<string, string[]>();
  const mistakes: Mistake[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const computed = field.astNode && useOf(field.astNode, 'computed');
      if (!computed) continue;
      const text = stringOf(computed, 'selectionSet') ?? '';
      const selection = parsed(text, computed);
      const found = lookups.filter(({ types }) => types.includes(type.name));
      if (selection instanceof GraphQLError) {
        mistakes.push(mistake(computed, 'INVALID_COMPUTED', selection.message, 'Write it like "{ price weight }".'));
      } else if (!found.some(({ objectKey }) => objectKey)) {
        const message = `"${type.name}.${field.name}" is computed of other fields, but no look-up of ${type.name} can take them.`;
        const hint =
          'It needs a look-up that takes the whole key as an object: products(keys: [ProductKey!]!): [Product]! @merge';
        mistakes.push(mistake(computed, 'COMPUTED_WITHOUT_LOOKUP', message, hint));
      } else {
        const unmatchedFields = inputWithoutPlace(selection, found);
        if (unmatchedFields !== undefined) {
          const message = `"${type.name}.${field.name}" needs "${unmatchedFields}", which the key of its look-up has no place for.`;
          mistakes.push(
            mistake(computed, 'COMPUTED_WITHOUT_INPUT', message, 'Add the field to the input type, nullable.'),
          );
        }
        inputs.set(type.name, [...(inputs.get(type.name) ?? []), printFields(selection)]);
      }
    }
  }
  return { inputs, mistakes };
}

/** A field that none of the look-ups by whole keys can be given. */
function inputWithoutPlace(selection: SelectionSetNode, lookups: readonly ReadLookup[]): string | undefined {
  const able = lookups.filter(({ objectKey }) => objectKey);
  if (able.some(({ keyInputs }) => keyInputs === undefined)) return undefined;
  return selection.selections
    .flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : []))
    .find((field) => !able.some(({ keyInputs }) => keyInputs?.includes(field)));
}

function publicComputed(
  inputs: ReadonlyMap<string, readonly string[]>,
  schema: GraphQLSchema,
  names: PublicNames,
): Map<string, string> {
  return new Map(
    [...inputs].map(([type, texts]) => {
      const selection = parsed(texts.join(' '), NO_NODE);
      const renamed =
        selection instanceof GraphQLError ? texts : [printFields(renameSelection(selection, type, schema, names))];
      return [names.types.get(type) ?? type, renamed.join(' ')];
    }),
  );
}

const NO_NODE = undefined as never;

/**
 * Look-ups in the graph's names, the first of those that would do being taken: before all those that can take what
 * `@computed` fields need, then those that take many keys at once.
 */
function publicLookups(
  lookups: readonly ReadLookup[],
  schema: GraphQLSchema,
  names: NamesRead['publicNames'],
  computed: ReadonlySet<string>,
): Lookup[] {
  const query = schema.getQueryType()?.name ?? 'Query';
  const rank = ({ objectKey, list, types }: ReadLookup): number =>
    (objectKey && types.some((type) => computed.has(type)) ? 2 : 0) + (list ? 1 : 0);
  return [...lookups]
    .sort((left, right) => rank(right) - rank(left))
    .map((lookup) => {
      const [type = ''] = lookup.types;
      const paths = lookup.keyPaths.map((path) => renamePath(path, type, schema, names));
      const [only] = paths;
      return {
        field: names.fields.get(`${query}.${lookup.field}`) ?? lookup.field,
        types: lookup.types.map((name) => names.types.get(name) ?? name),
        abstract: lookup.abstract,
        list: lookup.list,
        keyFields: printFields(selectionOf(paths)),
        argsExpr: renameExpression(lookup.argsExpr, (path) => renamePath(path, type, schema, names)),
        additionalArgs: lookup.additionalArgs,
        matchBy: paths.length === 1 && only?.length === 1 ? only[0] : undefined,
      };
    });
}

function renameExpression(text: string, rename: (path: string[]) => string[]): string {
  return text.replace(/\$key((?:\.\w+)+)/g, (_, path: string) => `$key.${rename(path.split('.').slice(1)).join('.')}`);
}
