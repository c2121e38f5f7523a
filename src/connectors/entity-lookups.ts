import { type FieldDefinitionNode, Kind } from 'graphql';
import type { Connector, Connectors } from './connector.ts';
import { objectsIn, shapeOf } from './mapping/shape.ts';
import { nameOfType, type SchemaFacts } from './schema-facts.ts';

/** A connector that resolves fields of an entity from its key. */
export interface EntityLookup {
  readonly connector: Connector;
  readonly typeName: string;
  /** Key fields as paths: `["id"]`, `["store", "id"]`. */
  readonly key: readonly (readonly string[])[];
  /** Variable that contains the key. */
  readonly by: '$this' | '$batch' | '$args';
  /** Names of the fields that it returns. */
  readonly provides: ReadonlySet<string>;
}

/** Returns all look-ups of a file: connectors on types, and root fields with `entity: true`. */
export function entityLookups({ connectors }: Connectors, schema: SchemaFacts): EntityLookup[] {
  return connectors.filter(({ entity }) => entity).map((connector) => lookupOf(connector, schema));
}

/** Returns the names of the fields that a connector returns. */
export function returnedFields({ selection }: Connector): Set<string> {
  return new Set(objectsIn(shapeOf(selection.expression)).flatMap(({ fields }) => [...fields.keys()]));
}

/** Returns the names of the fields that a connector returns for the object in one of its fields. */
export function returnedSubfields({ selection }: Connector, field: string): Set<string> {
  const outer = objectsIn(shapeOf(selection.expression)).flatMap(({ fields }) => fields.get(field) ?? []);
  return new Set(outer.flatMap(({ shape }) => objectsIn(shape)).flatMap(({ fields }) => [...fields.keys()]));
}

function lookupOf(connector: Connector, schema: SchemaFacts): EntityLookup {
  const { field, references } = connector;
  const provides = returnedFields(connector);
  if (field === undefined) {
    const by = connector.batchSize === undefined ? '$this' : '$batch';
    const key = distinct(references.filter(({ variable }) => variable === by).map(({ path }) => path));
    return { connector, typeName: connector.typeName, key, by, provides };
  }
  const typeName = nameOfType(field.type);
  return {
    connector,
    typeName,
    key: distinct(argumentPaths(connector, field, typeName, schema)),
    by: '$args',
    provides,
  };
}

/** Returns the key paths of arguments: required ones, and optional ones that are also fields of the entity. */
function argumentPaths(
  { references }: Connector,
  field: FieldDefinitionNode,
  typeName: string,
  schema: SchemaFacts,
): (readonly string[])[] {
  const fields = schema.types.get(typeName)?.fields;
  return (field.arguments ?? []).flatMap((argument) => {
    const name = argument.name.value;
    const required = argument.type.kind === Kind.NON_NULL_TYPE && argument.defaultValue === undefined;
    if (!required && !fields?.has(name)) return [];
    const used = references.filter(({ variable, path }) => variable === '$args' && path[0] === name);
    const input = schema.types.get(nameOfType(argument.type))?.kind === 'input';
    return input ? used.map(({ path }) => path) : [[name]];
  });
}

function distinct(paths: readonly (readonly string[])[]): (readonly string[])[] {
  const known = new Map(paths.filter((path) => path.length > 0).map((path) => [path.join('.'), path]));
  return [...known.values()];
}

interface Tree {
  readonly [name: string]: Tree;
}

/** Converts paths to a field set, sorted by name: `["id"]`, `["store", "id"]` become `id store { id }`. */
export function fieldSetOf(paths: readonly (readonly string[])[]): string {
  const root: Record<string, Tree> = {};
  for (const path of paths) {
    let at = root;
    for (const name of path) {
      at[name] ??= {};
      at = at[name] as Record<string, Tree>;
    }
  }
  return printTree(root);
}

function printTree(tree: Tree): string {
  const names = Object.keys(tree).sort();
  return names
    .map((name) => {
      const inner = printTree(tree[name] ?? {});
      return inner === '' ? name : `${name} { ${inner} }`;
    })
    .join(' ');
}
