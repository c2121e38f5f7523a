import { Kind } from 'graphql';
import type { Connector, Connectors } from './connector.ts';
import { type EntityLookup, entityLookups, providedWithin } from './entity-lookups.ts';
import { isRootType, readSchemaFacts, type SchemaFacts } from './schema-facts.ts';

/** A schema file's connectors, ordered by what they are asked for. */
export interface ConnectorModel {
  readonly connectors: Connectors;
  readonly schema: SchemaFacts;
  /** Of one type: the lookups that give its fields from a key. */
  readonly lookups: ReadonlyMap<string, readonly EntityLookup[]>;
  /** `Type.field` → the connectors that answer it; where there are several, each gives a part of its object. */
  readonly ofFields: ReadonlyMap<string, readonly Connector[]>;
}

export function modelOf(connectors: Connectors): ConnectorModel {
  const schema = readSchemaFacts(connectors.document);
  const lookups = new Map<string, EntityLookup[]>();
  for (const lookup of entityLookups(connectors, schema)) {
    const known = lookups.get(lookup.typeName) ?? [];
    known.push(lookup);
    lookups.set(lookup.typeName, known);
  }
  const ofFields = new Map<string, Connector[]>();
  for (const connector of connectors.connectors) {
    if (connector.field === undefined) continue;
    const known = ofFields.get(connector.coordinate) ?? [];
    known.push(connector);
    ofFields.set(connector.coordinate, known);
  }
  return { connectors, schema, lookups, ofFields };
}

/** Names of the fields of its own object that a field's connectors need: the first names of `$this` paths. */
export function neededOfThis(connectors: readonly Connector[]): string[] {
  const references = connectors.flatMap((connector) => connector.references);
  const names = references.flatMap(({ variable, path }) => (variable === '$this' ? (path[0] ?? []) : []));
  return [...new Set(names)];
}

/**
 * The fields of an object that can be had when some are there already: by its fields' connectors and by entity lookups,
 * one leading to the next.
 */
export function resolvableFields(model: ConnectorModel, typeName: string, have: Iterable<string>): Set<string> {
  const names = new Set(have);
  const fields = model.schema.types.get(typeName)?.fields ?? new Map();
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    for (const name of fields.keys()) {
      const connectors = model.ofFields.get(`${typeName}.${name}`);
      if (connectors !== undefined && neededOfThis(connectors).every((needed) => names.has(needed))) names.add(name);
    }
    for (const { key, provides } of model.lookups.get(typeName) ?? []) {
      if (key.every(([first]) => first !== undefined && names.has(first))) for (const name of provides) names.add(name);
    }
  }
  return names;
}

/**
 * Lookups of a type that give fields of the one object in a field of it, so that they can add to an object there. None for
 * lists, whose items could not be told apart.
 */
export function lookupsWithin(model: ConnectorModel, typeName: string, field: string): EntityLookup[] {
  const type = model.schema.types.get(typeName)?.fields.get(field)?.type;
  const named = type?.kind === Kind.NON_NULL_TYPE ? type.type : type;
  if (named?.kind !== Kind.NAMED_TYPE || model.schema.types.get(named.name.value)?.kind !== 'object') return [];
  const lookups = model.lookups.get(typeName) ?? [];
  return lookups.filter(({ connector }) => providedWithin(connector, field).size > 0);
}

export function isExternal(model: ConnectorModel, typeName: string, name: string): boolean {
  const field = model.schema.types.get(typeName)?.fields.get(name);
  return field?.directives?.some((directive) => /^(federation__)?external$/.test(directive.name.value)) ?? false;
}

/** Keys that a type has without being written: those of its lookups, and what `$this` uses where all else follows from it. */
export function impliedKeys(model: ConnectorModel, typeName: string): (readonly (readonly string[])[])[] {
  const keys = (model.lookups.get(typeName) ?? []).map(({ key }) => key).filter((key) => key.length > 0);
  if (keys.length > 0 || isRootType(model.schema, typeName)) return keys;
  const fields = [...(model.schema.types.get(typeName)?.fields.keys() ?? [])];
  const needs = new Map<string, readonly string[]>();
  for (const name of fields) {
    const connectors = model.ofFields.get(`${typeName}.${name}`) ?? [];
    for (const { variable, path } of connectors.flatMap((connector) => connector.references)) {
      if (variable === '$this' && path[0] !== undefined && !isExternal(model, typeName, path[0]))
        needs.set(path.join('.'), path);
    }
  }
  const key = [...needs.values()];
  const have = key.flatMap(([first]) => first ?? []);
  const all = resolvableFields(model, typeName, [
    ...have,
    ...fields.filter((name) => isExternal(model, typeName, name)),
  ]);
  return key.length > 0 && fields.every((name) => all.has(name)) ? [key] : [];
}
