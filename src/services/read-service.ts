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
import { leafPaths, parseFieldsAt, printFields, selectionOf } from './key-shape.ts';
import { type NamesRead, type PublicNames, readNames } from './names.ts';
import { declaredKeys, type ReadLookup, readLookups } from './read-lookups.ts';
import { renameDocument, renamePath, renameSelection } from './rename.ts';
import type { Lookup, Service } from './service.ts';
import { type ServiceProblem, serviceProblem } from './service-problem.ts';

/** A service, and its federation subgraph. */
export interface ServiceRead {
  readonly service: Service;
  /** The service as a federation subgraph. */
  readonly subgraph: DocumentNode;
}

/** Reads the schema file of a plain GraphQL service. Returns all problems at once. */
export function readService(file: DocumentNode): ServiceRead | ServiceProblem[] {
  const uses = serviceUses(file);
  const [use, second] = uses;
  if (use === undefined) {
    const hint = 'Add `extend schema @service(url: "http://…")` at the top of the file.';
    return [
      serviceProblem(
        firstMerge(file),
        'MISSING_SERVICE_URL',
        'The file has no @service with the URL of the service.',
        hint,
      ),
    ];
  }
  if (second)
    return [
      serviceProblem(second, 'REPEATED_SERVICE_URL', 'The file has more than one @service.', 'Remove all but one.'),
    ];
  const document = withoutOwnDefinitions(file);
  const errors = sdlErrors(document);
  if (errors.length > 0) return errors.map(asProblem);
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  const invalid = validateSchema(schema);
  if (invalid.length > 0) return invalid.map(asProblem);
  return readValid(document, schema, { url: stringOf(use, 'url') ?? '', prefix: stringOf(use, 'prefix') ?? '' });
}

/** Returns the first `@merge`, as the place of a problem. */
function firstMerge(file: DocumentNode): ASTNode | undefined {
  let first: ASTNode | undefined;
  visit(file, {
    Directive(node) {
      if (node.name.value === 'merge') first ??= node;
    },
  });
  return first;
}

function asProblem(error: GraphQLError): ServiceProblem {
  return serviceProblem(error.nodes?.[0], 'INVALID_SERVICE_SCHEMA', error.message);
}

interface ServiceArguments {
  readonly url: string;
  readonly prefix: string;
}

function readValid(
  document: DocumentNode,
  schema: GraphQLSchema,
  { url, prefix }: ServiceArguments,
): ServiceRead | ServiceProblem[] {
  const { lookups, problems } = readLookups(schema);
  const { keys, problems: wrongKeys } = readKeys(schema, lookups);
  const { publicNames, names, problems: wrongNames } = readNames(schema, prefix, new Set(keys.keys()));
  const computedRead = checkComputed(schema, lookups);
  const all = [...problems, ...wrongKeys, ...wrongNames, ...computedRead.problems];
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

/** Removes external fields, which other subgraphs own and the service does not have. */
function withoutExternals(document: DocumentNode): DocumentNode {
  return visit(document, { FieldDefinition: (node) => (useOf(node, 'external') ? null : undefined) });
}

/** Returns the keys of all entities: those of look-ups, and those that are declared without one. */
function readKeys(
  schema: GraphQLSchema,
  lookups: readonly ReadLookup[],
): { keys: Map<string, TypeKey[]>; problems: ServiceProblem[] } {
  const keys = new Map<string, TypeKey[]>();
  const problems: ServiceProblem[] = [];
  const add = (type: string, key: TypeKey) => {
    const known = keys.get(type) ?? [];
    keys.set(type, known);
    if (!known.some(({ fields }) => printFields(fields) === printFields(key.fields))) known.push(key);
  };
  for (const { types, keyPaths } of lookups)
    for (const type of types) add(type, { fields: selectionOf(keyPaths), resolvable: true });
  for (const type of Object.values(schema.getTypeMap())) {
    for (const { node, fields } of declaredKeys(type)) {
      if (fields instanceof GraphQLError) problems.push(serviceProblem(node, 'INVALID_KEY', fields.message));
      else add(type.name, { fields: selectionOf(leafPaths(fields)), resolvable: false });
    }
  }
  return { keys, problems };
}

/** Returns the field sets that `@computed` fields need, by type. */
function checkComputed(
  schema: GraphQLSchema,
  lookups: readonly ReadLookup[],
): { inputs: Map<string, string[]>; problems: ServiceProblem[] } {
  const inputs = new Map<string, string[]>();
  const problems: ServiceProblem[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const computed = field.astNode && useOf(field.astNode, 'computed');
      if (!computed) continue;
      const text = stringOf(computed, 'selectionSet') ?? '';
      const selection = parseFieldsAt(text, computed);
      const found = lookups.filter(({ types }) => types.includes(type.name));
      if (selection instanceof GraphQLError) {
        problems.push(serviceProblem(computed, 'INVALID_COMPUTED', selection.message, 'Example: "{ price weight }".'));
      } else if (!found.some(({ objectKey }) => objectKey)) {
        const message = `"${type.name}.${field.name}" is computed from other fields, but no look-up of ${type.name} accepts them.`;
        const hint =
          'Add a look-up that receives the whole key as an object: products(keys: [ProductKey!]!): [Product]! @merge';
        problems.push(serviceProblem(computed, 'COMPUTED_WITHOUT_LOOKUP', message, hint));
      } else {
        const unmatchedFields = inputWithoutPlace(selection, found);
        if (unmatchedFields !== undefined) {
          const message = `"${type.name}.${field.name}" needs "${unmatchedFields}", which is not a field of its look-up's key.`;
          problems.push(
            serviceProblem(
              computed,
              'COMPUTED_WITHOUT_INPUT',
              message,
              'Add the field to the input type as a nullable field.',
            ),
          );
        }
        inputs.set(type.name, [...(inputs.get(type.name) ?? []), printFields(selection)]);
      }
    }
  }
  return { inputs, problems };
}

/** Returns a field that no look-up with an object key accepts. */
function inputWithoutPlace(selection: SelectionSetNode, lookups: readonly ReadLookup[]): string | undefined {
  const matching = lookups.filter(({ objectKey }) => objectKey);
  if (matching.some(({ keyInputs }) => keyInputs === undefined)) return undefined;
  return selection.selections
    .flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : []))
    .find((field) => !matching.some(({ keyInputs }) => keyInputs?.includes(field)));
}

function publicComputed(
  inputs: ReadonlyMap<string, readonly string[]>,
  schema: GraphQLSchema,
  names: PublicNames,
): Map<string, string> {
  return new Map(
    [...inputs].map(([type, texts]) => {
      const selection = parseFieldsAt(texts.join(' '), NO_NODE);
      const renamed =
        selection instanceof GraphQLError ? texts : [printFields(renameSelection(selection, type, schema, names))];
      return [names.types.get(type) ?? type, renamed.join(' ')];
    }),
  );
}

const NO_NODE = undefined as never;

/**
 * Returns the look-ups with names of the supergraph, in order of preference: first those that accept the inputs of
 * `@computed` fields, then those that accept many keys at once.
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
