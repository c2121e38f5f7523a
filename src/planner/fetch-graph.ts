import type { ArgumentNode, SelectionSetNode, TypeNode } from 'graphql';
import { Kind } from 'graphql';
import { OperationTooLargeError } from '../operation/normalise.ts';
import type { Subgraph, SubgraphField, SubgraphType } from '../supergraph/supergraph.ts';
import { type FieldIndex, needsOwnLookup, providedBelow, providedOn } from './field-index.ts';
import { getOrMake } from './maps.ts';
import {
  type Alias,
  type AliasScope,
  type ContextValue,
  type Fetch,
  FetchNode,
  Position,
  type Representation,
} from './positions.ts';

/** What is asked to be read: a field with its arguments, and the key that its reader would like best. */
export interface WantedField {
  readonly responseKey: string;
  readonly name: string;
  readonly args: readonly ArgumentNode[];
  readonly argsKey: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * More places with objects than this in one response, and the operation is refused. Where each type of an interface has to
 * be read on its own, they grow with the power of its types, and planning must not hold up other requests.
 */
export const MAX_POSITIONS = 2_000;

function tooManyPositions(parent: Position, alias: Alias): OperationTooLargeError {
  return new OperationTooLargeError(
    `The operation has more than ${MAX_POSITIONS} places to read objects at, because "${alias.name}" below ${parent.type} ` +
      'and others have to be read for each type on its own. Select less below interfaces and unions, or in fragments on fewer types.',
  );
}

/** The fetches of one plan while it is being built. Fields are put where they belong at once; nothing is moved later. */
export class FetchGraph {
  readonly fieldIndex: FieldIndex;
  readonly fetches: Fetch[] = [];
  readonly root: Position;
  private positions = 0;
  /** Shapes of the response keys in one fetch on one path: GraphQL forbids two shapes under one key. */
  private readonly shapes = new Map<Fetch, Map<AliasScope, Map<string, string>>>();

  constructor(fieldIndex: FieldIndex, rootType: string) {
    this.fieldIndex = fieldIndex;
    this.root = new Position(this.positions++, rootType, undefined);
  }

  get positionCount(): number {
    return this.positions;
  }

  addRootFetch(subgraph: Subgraph, position: Position, dependsOn: ReadonlySet<Fetch>): FetchNode {
    const type = subgraph.types.get(position.type);
    if (!type) throw new Error(`subgraph ${subgraph.name} has no ${position.type}`);
    return this.addFetch({
      subgraph,
      kind: 'root',
      position,
      condition: position.type,
      type,
      representation: undefined,
      contexts: [],
      dependsOn,
    });
  }

  addEntityFetch(look: {
    subgraph: Subgraph;
    position: Position;
    condition: string;
    type: SubgraphType;
    representation: Representation;
    contexts: readonly ContextValue[];
    dependsOn: ReadonlySet<Fetch>;
  }): FetchNode {
    return this.addFetch({ ...look, kind: 'entity' });
  }

  private addFetch(parts: Omit<Fetch, 'id' | 'node' | 'level'> & { type: SubgraphType }): FetchNode {
    let level = 0;
    for (const fetch of parts.dependsOn) level = Math.max(level, fetch.level + 1);
    const { type, subgraph, kind, position, condition, representation, contexts, dependsOn } = parts;
    const id = this.fetches.length;
    // named one by one: copying what is left over makes objects that are slow for good
    const made = { id, subgraph, kind, position, condition, representation, contexts, dependsOn, level };
    const fetch = made as Writable<Fetch>;
    fetch.node = new FetchNode(fetch, position, type, []);
    this.fetches.push(fetch);
    position.nodes.push(fetch.node);
    return fetch.node;
  }

  /** Adds a field to a node, under a key that means just this field at the position; the same field twice is one. */
  addField(node: FetchNode, owner: string, wanted: WantedField, field: SubgraphField, fresh = false): Alias {
    const alias = this.aliasFor(node, wanted, field, fresh);
    const known = node.fields.get(alias.key);
    if (known) return alias;
    const composite = this.fieldIndex.isComposite(field.namedType);
    const child = composite ? this.childNode(node, owner, alias, field) : undefined;
    const { type, contextArguments } = field;
    node.fields.set(alias.key, { alias, type, needsInputs: needsOwnLookup(field), contextArguments, node: child });
    return alias;
  }

  private childNode(node: FetchNode, owner: string, alias: Alias, field: SubgraphField): FetchNode {
    const { position } = node;
    let child = position.below(alias, owner);
    if (!child) {
      if (this.positions >= MAX_POSITIONS) throw tooManyPositions(position, alias);
      child = new Position(this.positions++, this.typeOf(owner, field), { parent: position, owner, alias });
      position.addBelow(alias, owner, child);
    }
    const type = node.fetch.subgraph.types.get(field.namedType);
    if (!type) throw new Error(`subgraph ${node.fetch.subgraph.name} has no type ${field.namedType}`);
    const provided: SelectionSetNode[] = providedBelow(node.provided, field.name);
    if (field.provides) provided.push(field.provides);
    const childNode = new FetchNode(node.fetch, child, type, provided);
    child.nodes.push(childNode);
    if (this.fieldIndex.isAbstract(child.type) && type.kind !== 'interfaceObject')
      childNode.typename = child.nodes.length === 1;
    return childNode;
  }

  /** An object type may promise a narrower type than the interface through which the field was selected. */
  private typeOf(owner: string, field: SubgraphField): string {
    return this.fieldIndex.supergraph.types.get(owner)?.fields.get(field.name)?.namedType ?? field.namedType;
  }

  /** The node for `... on T` inside another; itself where that says nothing new. */
  narrow(node: FetchNode, typeName: string): FetchNode {
    if (node.type.name === typeName || node.type.kind === 'interfaceObject' || node.type.kind === 'object') return node;
    const known = node.typeConditions.get(typeName);
    if (known) return known;
    const type = node.fetch.subgraph.types.get(typeName);
    if (!type) throw new Error(`subgraph ${node.fetch.subgraph.name} has no type ${typeName}`);
    const typeCondition = new FetchNode(node.fetch, node.position, type, providedOn(node.provided, typeName));
    node.typeConditions.set(typeName, typeCondition);
    return typeCondition;
  }

  private aliasFor(node: FetchNode, wanted: WantedField, field: SubgraphField, fresh: boolean): Alias {
    const { space } = node.position;
    const shapes = this.shapesAt(node);
    const composite = this.fieldIndex.isComposite(field.namedType);
    const shape = shapeOf(field.type, composite);
    if (!fresh) {
      // one alias must not become null because of what was asked under another
      const own = composite && space.known(wanted.responseKey, wanted);
      for (const alias of own ? [own] : composite ? [] : space.meaning(wanted)) {
        const taken = shapes.get(alias.key);
        if (taken !== undefined && taken !== shape) continue;
        shapes.set(alias.key, shape);
        return alias;
      }
    }
    const alias = space.add(wanted, wanted.responseKey);
    shapes.set(alias.key, shape);
    return alias;
  }

  private shapesAt(node: FetchNode): Map<string, string> {
    const ofFetch = getOrMake(this.shapes, node.fetch, () => new Map<AliasScope, Map<string, string>>());
    return getOrMake(ofFetch, node.position.space, () => new Map<string, string>());
  }
}

/** What GraphQL compares when fields of different types meet under one key. */
function shapeOf(type: TypeNode, composite: boolean): string {
  if (type.kind === Kind.NON_NULL_TYPE) return `${shapeOf(type.type, composite)}!`;
  if (type.kind === Kind.LIST_TYPE) return `[${shapeOf(type.type, composite)}]`;
  return composite ? '{}' : type.name.value;
}
