import { type ASTNode, Kind, type SelectionSetNode } from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { parseFieldSet } from '../supergraph/field-set.ts';
import { typesOf } from './check-selection.ts';
import type { Connector } from './connector.ts';
import { type ConnectorProblem, problemAt } from './connector-problem.ts';
import { fieldSetOf, returnedFields, returnedSubfields } from './entity-lookups.ts';
import { objectsIn, type Shape, shapeOf } from './mapping/shape.ts';
import {
  type ConnectorModel,
  impliedKeys,
  isExternal,
  lookupsWithin,
  requiredParentFields,
  resolvableFields,
} from './resolvable-fields.ts';
import { isComposite, isRootType, nameOfType, type TypeFacts } from './schema-facts.ts';

/**
 * Checks that every field of an object can be resolved. Where a selection returns the object, its other fields need
 * connectors or entity look-ups. The same applies to each key by which other subgraphs refer to the object.
 */
export function checkResolvable(model: ConnectorModel): ConnectorProblem[] {
  const walk = new ResolvableWalk(model);
  for (const connector of model.connectors.connectors) walk.connector(connector);
  for (const type of model.schema.types.values()) walk.keys(type);
  return walk.connectorProblems;
}

/** Collects the unresolvable fields of a file. */
class ResolvableWalk {
  readonly connectorProblems: ConnectorProblem[] = [];
  readonly #model: ConnectorModel;
  readonly #reported = new Set<string>();

  constructor(model: ConnectorModel) {
    this.#model = model;
  }

  connector(connector: Connector): void {
    const { field, selection, coordinate, typeName } = connector;
    if (field === undefined) return;
    const node = selection.node;
    // other connectors of the same field add their fields
    const others = (this.#model.byCoordinate.get(coordinate) ?? []).filter((other) => other !== connector);
    const otherFields = others.flatMap((other) => [...returnedFields(other)]);
    this.#value(
      shapeOf(selection.expression),
      nameOfType(field.type),
      coordinate,
      { node, at: selection.expression.at, otherFields },
      [typeName],
    );
  }

  /** Checks that all fields can be resolved from each key, declared or implied. */
  keys(type: TypeFacts): void {
    if (type.kind !== 'object' || isRootType(this.#model.schema, type.name)) return;
    for (const { fields, node } of keysOf(this.#model, type)) {
      const available = resolvableFields(this.#model, type.name, [...fields, ...externals(this.#model, type)]);
      const missing = [...type.fields.keys()].find((name) => !available.has(name));
      if (missing === undefined) continue;
      const from = `the key "${[...fields].join(' ')}" of ${type.name}`;
      this.#missing(type, missing, from, { node, isKey: true }, [], available);
    }
  }

  #value(shape: Shape, typeName: string, where: string, place: Place, parents: readonly string[]): void {
    const type = this.#model.schema.types.get(typeName);
    if (!isComposite(type)) return;
    for (const object of objectsIn(shape)) {
      for (const name of typesOf(object, type, this.#model)) {
        const concrete = this.#model.schema.types.get(name);
        if (concrete !== undefined && !object.open) this.#object(object, concrete, where, place, parents);
      }
    }
  }

  #object(object: ObjectShape, type: TypeFacts, where: string, place: Place, parents: readonly string[]): void {
    const available = resolvableFields(this.#model, type.name, [
      ...object.fields.keys(),
      ...(place.otherFields ?? []),
      ...externals(this.#model, type),
    ]);
    const missing = [...type.fields.keys()].find((name) => !available.has(name));
    if (missing !== undefined) this.#missing(type, missing, where, place, parents, available);
    for (const [name, field] of object.fields) {
      const definition = type.fields.get(name);
      if (definition === undefined) continue;
      const inner = { node: place.node, at: field.at, otherFields: this.#addedWithin(object, type, name) };
      this.#value(field.shape, nameOfType(definition.type), `${type.name}.${name}`, inner, [...parents, type.name]);
    }
  }

  /** Returns the fields that look-ups add to the object in a field, where the selection has their key. */
  #addedWithin(object: ObjectShape, type: TypeFacts, field: string): string[] {
    const lookups = lookupsWithin(this.#model, type.name, field);
    const ready = lookups.filter(({ key }) => key.every(([first]) => first !== undefined && object.fields.has(first)));
    return ready.flatMap(({ connector }) => [...returnedSubfields(connector, field)]);
  }

  #missing(
    type: TypeFacts,
    name: string,
    where: string,
    place: Place,
    parents: readonly string[],
    available: ReadonlySet<string>,
  ): void {
    const once = `${type.name}.${name} ${where}`;
    if (this.#reported.has(once)) return;
    this.#reported.add(once);
    const cycle = this.#cycle(type, name, available);
    if (cycle !== undefined) {
      const hint = 'Remove one of the dependencies, or select one of the two fields.';
      this.connectorProblems.push(problemAt(place.node, 'CIRCULAR_REFERENCE', cycle, hint, place.at));
      return;
    }
    if (parents.includes(type.name)) {
      const message = `${where} contains ${type.name} within ${type.name}, and "${name}" cannot be resolved there.`;
      const hint = `Select the key of the inner ${type.name}, and add @connect to the type or to ${type.name}.${name}.`;
      this.connectorProblems.push(problemAt(place.node, 'CIRCULAR_REFERENCE', message, hint, place.at));
      return;
    }
    const needed = type.fields.get(name)?.type.kind === Kind.NON_NULL_TYPE ? ', which is non-null,' : '';
    const message = `"${name}" of ${type.name}${needed} cannot be resolved from ${where}.`;
    const first = place.isKey ? 'Mark the key resolvable: false' : 'Add it to the selection';
    const hint = `${first}, add @connect to ${type.name}.${name}, or add a @connect that looks up ${type.name} to the type.`;
    this.connectorProblems.push(problemAt(place.node, 'UNRESOLVABLE_FIELD', message, hint, place.at));
  }

  /** Describes two connectors of a type that depend on each other; returns `undefined` where there are none. */
  #cycle(type: TypeFacts, name: string, available: ReadonlySet<string>): string | undefined {
    const needs = this.#needsOf(type, name).filter((needed) => !available.has(needed));
    const back = needs.find((needed) =>
      this.#needsOf(type, needed).some((other) => other === name || other === needed),
    );
    if (back === undefined) return undefined;
    return `${type.name}.${name} needs "${back}", and ${type.name}.${back} needs "${this.#needsOf(type, back)[0]}": they depend on each other.`;
  }

  #needsOf(type: TypeFacts, name: string): string[] {
    const connectors = this.#model.byCoordinate.get(`${type.name}.${name}`);
    if (connectors !== undefined) return requiredParentFields(connectors);
    const lookups = this.#model.lookups.get(type.name) ?? [];
    return lookups.filter(({ provides }) => provides.has(name)).flatMap(({ key }) => key.map(([first]) => first ?? ''));
  }
}

type ObjectShape = Extract<Shape, { kind: 'object' }>;

interface Place {
  readonly node: ASTNode;
  readonly at?: number;
  readonly isKey?: boolean;
  /** Fields of the object that other connectors of the same field return. */
  readonly otherFields?: readonly string[];
}

function externals(model: ConnectorModel, type: TypeFacts): string[] {
  return [...type.fields.keys()].filter((name) => isExternal(model, type.name, name));
}

/** Returns the top-level fields of each key. */
function keysOf(model: ConnectorModel, type: TypeFacts): { fields: Set<string>; node: ASTNode }[] {
  const written = type.directives.flatMap((node) => {
    if (!/^(federation__)?key$/.test(node.name.value)) return [];
    const [use] = directiveUses({ directives: [node] }, node.name.value);
    if (use?.resolvable === false) return [];
    return [{ fields: topNames(text(use?.fields) ?? ''), node }];
  });
  const lookups = model.lookups.get(type.name) ?? [];
  const implied = impliedKeys(model, type.name).flatMap((key) => {
    const lookup = lookups.find((candidate) => fieldSetOf(candidate.key) === fieldSetOf(key));
    return lookup === undefined
      ? []
      : [{ fields: new Set(key.map(([first]) => first ?? '')), node: lookup.connector.node }];
  });
  return [...written, ...implied];
}

function topNames(fieldSet: string): Set<string> {
  let set: SelectionSetNode;
  try {
    set = parseFieldSet(fieldSet);
  } catch {
    // composition reports it
    return new Set();
  }
  return new Set(set.selections.flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : [])));
}
