import { Kind } from 'graphql';
import type { Connector, Connectors } from './connector.ts';
import { type EntityLookup, entityLookups, returnedSubfields } from './entity-lookups.ts';
import { isRootType, readSchemaFacts, type SchemaFacts } from './schema-facts.ts';

/** A schema file's connectors, indexed by type and field. */
export interface ConnectorModel {
  readonly connectors: Connectors;
  readonly schema: SchemaFacts;
  /** Entity look-ups by type. */
  readonly lookups: ReadonlyMap<string, readonly EntityLookup[]>;
  /** Connectors by `Type.field`. Several connectors each return a part of the field's object. */
  readonly byCoordinate: ReadonlyMap<string, readonly Connector[]>;
}

/** Indexes the connectors of a file. */
export function createConnectorModel(connectors: Connectors): ConnectorModel {
  const schema = readSchemaFacts(connectors.document);
  const lookups = new Map<string, EntityLookup[]>();
  for (const lookup of entityLookups(connectors, schema)) {
    const known = lookups.get(lookup.typeName) ?? [];
    known.push(lookup);
    lookups.set(lookup.typeName, known);
  }
  const byCoordinate = new Map<string, Connector[]>();
  for (const connector of connectors.connectors) {
    if (connector.field === undefined) continue;
    const known = byCoordinate.get(connector.coordinate) ?? [];
    known.push(connector);
    byCoordinate.set(connector.coordinate, known);
  }
  return { connectors, schema, lookups, byCoordinate };
}

/** Returns the names of the parent's fields that connectors read: the first names of `$this` paths. */
export function requiredParentFields(connectors: readonly Connector[]): string[] {
  const references = connectors.flatMap((connector) => connector.references);
  const names = references.flatMap(({ variable, path }) => (variable === '$this' ? (path[0] ?? []) : []));
  return [...new Set(names)];
}

/**
 * Returns the fields of an object that can be resolved from available fields, by connectors on fields and by entity
 * look-ups, transitively.
 */
export function resolvableFields(model: ConnectorModel, typeName: string, available: Iterable<string>): Set<string> {
  const names = new Set(available);
  const fields = model.schema.types.get(typeName)?.fields ?? new Map();
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    for (const name of fields.keys()) {
      const connectors = model.byCoordinate.get(`${typeName}.${name}`);
      if (connectors !== undefined && requiredParentFields(connectors).every((needed) => names.has(needed)))
        names.add(name);
    }
    for (const { key, provides } of model.lookups.get(typeName) ?? []) {
      if (key.every(([first]) => first !== undefined && names.has(first))) for (const name of provides) names.add(name);
    }
  }
  return names;
}

/**
 * Returns the look-ups of a type that return fields of the object in one of its fields, so that they can add to that object.
 * Returns none for lists, whose items could not be matched.
 */
export function lookupsWithin(model: ConnectorModel, typeName: string, field: string): EntityLookup[] {
  const type = model.schema.types.get(typeName)?.fields.get(field)?.type;
  const named = type?.kind === Kind.NON_NULL_TYPE ? type.type : type;
  if (named?.kind !== Kind.NAMED_TYPE || model.schema.types.get(named.name.value)?.kind !== 'object') return [];
  const lookups = model.lookups.get(typeName) ?? [];
  return lookups.filter(({ connector }) => returnedSubfields(connector, field).size > 0);
}

/** Returns whether a field is `@external`. */
export function isExternal(model: ConnectorModel, typeName: string, name: string): boolean {
  const field = model.schema.types.get(typeName)?.fields.get(name);
  return field?.directives?.some((directive) => /^(federation__)?external$/.test(directive.name.value)) ?? false;
}

/** Returns the implied keys of a type: those of its look-ups, else the `$this` fields if all other fields follow from them. */
export function impliedKeys(model: ConnectorModel, typeName: string): (readonly (readonly string[])[])[] {
  const keys = (model.lookups.get(typeName) ?? []).map(({ key }) => key).filter((key) => key.length > 0);
  if (keys.length > 0 || isRootType(model.schema, typeName)) return keys;
  const fields = [...(model.schema.types.get(typeName)?.fields.keys() ?? [])];
  const needs = new Map<string, readonly string[]>();
  for (const name of fields) {
    const connectors = model.byCoordinate.get(`${typeName}.${name}`) ?? [];
    for (const { variable, path } of connectors.flatMap((connector) => connector.references)) {
      if (variable === '$this' && path[0] !== undefined && !isExternal(model, typeName, path[0]))
        needs.set(path.join('.'), path);
    }
  }
  const key = [...needs.values()];
  const available = key.flatMap(([first]) => first ?? []);
  const all = resolvableFields(model, typeName, [
    ...available,
    ...fields.filter((name) => isExternal(model, typeName, name)),
  ]);
  return key.length > 0 && fields.every((name) => all.has(name)) ? [key] : [];
}
