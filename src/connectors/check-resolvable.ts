import { type ASTNode, Kind, type SelectionSetNode } from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { parseFieldSet } from '../supergraph/field-set.ts';
import { typesOf } from './check-selection.ts';
import type { Connector } from './connector.ts';
import { type ConnectorProblem, problemAt } from './connector-problem.ts';
import { fieldSetOf, providedBy, providedWithin } from './entity-lookups.ts';
import { objectsIn, type Shape, shapeOf } from './mapping/shape.ts';
import {
  type ConnectorModel,
  impliedKeys,
  isExternal,
  lookupsWithin,
  neededOfThis,
  resolvableFields,
} from './resolvable-fields.ts';
import { isComposite, isRootType, nameOfType, type TypeFacts } from './schema-facts.ts';

/**
 * Whether every field can be had wherever its object turns up: where a selection gives the object, the other fields must
 * follow from connectors on them or from entity lookups; and so from each key by which other subgraphs may ask for it.
 */
export function checkResolvable(model: ConnectorModel): ConnectorProblem[] {
  const walk = new ResolvableWalk(model);
  for (const connector of model.connectors.connectors) walk.connector(connector);
  for (const type of model.schema.types.values()) walk.keys(type);
  return walk.connectorProblems;
}

class ResolvableWalk {
  readonly connectorProblems: ConnectorProblem[] = [];
  readonly #model: ConnectorModel;
  readonly #told = new Set<string>();

  constructor(model: ConnectorModel) {
    this.#model = model;
  }

  connector(connector: Connector): void {
    const { field, selection, coordinate, typeName } = connector;
    if (field === undefined) return;
    const node = selection.node;
    // what other connectors of the field give is there, too
    const others = (this.#model.ofFields.get(coordinate) ?? []).filter((other) => other !== connector);
    const beside = others.flatMap((other) => [...providedBy(other)]);
    this.#value(
      shapeOf(selection.expression),
      nameOfType(field.type),
      coordinate,
      { node, at: selection.expression.at, beside },
      [typeName],
    );
  }

  /** Of each key, written or implied, all other fields must follow. */
  keys(type: TypeFacts): void {
    if (type.kind !== 'object' || isRootType(this.#model.schema, type.name)) return;
    for (const { fields, node } of keysOf(this.#model, type)) {
      const have = resolvableFields(this.#model, type.name, [...fields, ...externals(this.#model, type)]);
      const missing = [...type.fields.keys()].find((name) => !have.has(name));
      if (missing === undefined) continue;
      const from = `the key "${[...fields].join(' ')}" of ${type.name}`;
      this.#missing(type, missing, from, { node, isKey: true }, [], have);
    }
  }

  #value(shape: Shape, typeName: string, where: string, place: Place, above: readonly string[]): void {
    const type = this.#model.schema.types.get(typeName);
    if (!isComposite(type)) return;
    for (const object of objectsIn(shape)) {
      for (const name of typesOf(object, type, this.#model)) {
        const concrete = this.#model.schema.types.get(name);
        if (concrete !== undefined && !object.open) this.#object(object, concrete, where, place, above);
      }
    }
  }

  #object(object: ObjectShape, type: TypeFacts, where: string, place: Place, above: readonly string[]): void {
    const have = resolvableFields(this.#model, type.name, [
      ...object.fields.keys(),
      ...(place.beside ?? []),
      ...externals(this.#model, type),
    ]);
    const missing = [...type.fields.keys()].find((name) => !have.has(name));
    if (missing !== undefined) this.#missing(type, missing, where, place, above, have);
    for (const [name, field] of object.fields) {
      const definition = type.fields.get(name);
      if (definition === undefined) continue;
      const inner = { node: place.node, at: field.at, beside: this.#addedWithin(object, type, name) };
      this.#value(field.shape, nameOfType(definition.type), `${type.name}.${name}`, inner, [...above, type.name]);
    }
  }

  /** What lookups, whose key the selection gives, add to the object in a field. */
  #addedWithin(object: ObjectShape, type: TypeFacts, field: string): string[] {
    const lookups = lookupsWithin(this.#model, type.name, field);
    const ready = lookups.filter(({ key }) => key.every(([first]) => first !== undefined && object.fields.has(first)));
    return ready.flatMap(({ connector }) => [...providedWithin(connector, field)]);
  }

  #missing(
    type: TypeFacts,
    name: string,
    where: string,
    place: Place,
    above: readonly string[],
    have: ReadonlySet<string>,
  ): void {
    const once = `${type.name}.${name} ${where}`;
    if (this.#told.has(once)) return;
    this.#told.add(once);
    const circle = this.#circle(type, name, have);
    if (circle !== undefined) {
      const hint = 'Let one of them do without the other, or select one of the two fields.';
      this.connectorProblems.push(problemAt(place.node, 'CIRCULAR_REFERENCE', circle, hint, place.at));
      return;
    }
    if (above.includes(type.name)) {
      const message = `${where} holds ${type.name} within ${type.name}, and "${name}" cannot be had there.`;
      const hint = `Select what identifies the inner ${type.name}, and put a @connect on the type, or on ${type.name}.${name}.`;
      this.connectorProblems.push(problemAt(place.node, 'CIRCULAR_REFERENCE', message, hint, place.at));
      return;
    }
    const needed = type.fields.get(name)?.type.kind === Kind.NON_NULL_TYPE ? ', which cannot be null,' : '';
    const message = `"${name}" of ${type.name}${needed} cannot be had from ${where}.`;
    const first = place.isKey ? 'Mark the key resolvable: false' : 'Add it to the selection';
    const hint = `${first}, give ${type.name}.${name} a @connect, or put a @connect that looks ${type.name} up on the type.`;
    this.connectorProblems.push(problemAt(place.node, 'UNRESOLVABLE_FIELD', message, hint, place.at));
  }

  /** Two connectors of a type that wait for each other. */
  #circle(type: TypeFacts, name: string, have: ReadonlySet<string>): string | undefined {
    const needs = this.#needsOf(type, name).filter((needed) => !have.has(needed));
    const back = needs.find((needed) =>
      this.#needsOf(type, needed).some((other) => other === name || other === needed),
    );
    if (back === undefined) return undefined;
    return `${type.name}.${name} needs "${back}", and ${type.name}.${back} needs "${this.#needsOf(type, back)[0]}": each waits for the other.`;
  }

  #needsOf(type: TypeFacts, name: string): string[] {
    const connectors = this.#model.ofFields.get(`${type.name}.${name}`);
    if (connectors !== undefined) return neededOfThis(connectors);
    const lookups = this.#model.lookups.get(type.name) ?? [];
    return lookups.filter(({ provides }) => provides.has(name)).flatMap(({ key }) => key.map(([first]) => first ?? ''));
  }
}

type ObjectShape = Extract<Shape, { kind: 'object' }>;

interface Place {
  readonly node: ASTNode;
  readonly at?: number;
  readonly isKey?: boolean;
  /** Fields of the object that other connectors of the same field give. */
  readonly beside?: readonly string[];
}

function externals(model: ConnectorModel, type: TypeFacts): string[] {
  return [...type.fields.keys()].filter((name) => isExternal(model, type.name, name));
}

/** The first names of each key's fields. */
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
    // the composer tells of it
    return new Set();
  }
  return new Set(set.selections.flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : [])));
}
