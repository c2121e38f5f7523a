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

/** A field to read with its arguments, and its preferred response key. */
export interface WantedField {
  readonly responseKey: string;
  readonly name: string;
  readonly args: readonly ArgumentNode[];
  readonly argsKey: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The most positions of objects in one response; an operation with more is refused. Where each type of an interface
 * has to be read separately, positions grow exponentially, and planning must not delay other requests.
 */
export const MAX_POSITIONS = 2_000;

function tooManyPositions(parent: Position, alias: Alias): OperationTooLargeError {
  return new OperationTooLargeError(
    `The operation has more than ${MAX_POSITIONS} places to read objects at, because "${alias.name}" below ${parent.type} ` +
      'and others have to be read for each type on its own. Select less below interfaces and unions, or in fragments on fewer types.',
  );
}

/**
 * The fetches of one plan while it is being built. Fields are added where they belong at once; nothing is moved
 * later.
 */
export class FetchGraph {
  readonly fieldIndex: FieldIndex;
  readonly fetches: Fetch[] = [];
  readonly root: Position;
  private positions = 0;
  /** The shape of each response key in one fetch on one path: GraphQL forbids two shapes under one key. */
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
    isApart?: boolean | undefined;
  }): FetchNode {
    return this.addFetch({ ...look, kind: 'entity' });
  }

  private addFetch(parts: Omit<Fetch, 'id' | 'node' | 'level'> & { type: SubgraphType }): FetchNode {
    let level = 0;
    for (const fetch of parts.dependsOn) level = Math.max(level, fetch.level + 1);
    const { type, subgraph, kind, position, condition, representation, contexts, dependsOn, isApart } = parts;
    const id = this.fetches.length;
    // listed one by one: V8 keeps objects that are made by rest and spread in a slow form
    const made = { id, subgraph, kind, position, condition, representation, contexts, dependsOn, level, isApart };
    const fetch = made as Writable<Fetch>;
    fetch.node = new FetchNode(fetch, position, type, []);
    this.fetches.push(fetch);
    position.nodes.push(fetch.node);
    return fetch.node;
  }

  /**
   * Adds a field to a node, under a key that stands for this field only at the position. Adding a field twice has no
   * effect.
   */
  addField(node: FetchNode, owner: string, wanted: WantedField, field: SubgraphField, ownAlias = false): Alias {
    const alias = this.aliasFor(node, wanted, field, ownAlias);
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

  /** Returns the type of a field; an object type may declare a narrower one than its interface. */
  private typeOf(owner: string, field: SubgraphField): string {
    return this.fieldIndex.supergraph.types.get(owner)?.fields.get(field.name)?.namedType ?? field.namedType;
  }

  /** Returns the node for `... on T` inside another, or the node itself where the condition is redundant. */
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

  private aliasFor(node: FetchNode, wanted: WantedField, field: SubgraphField, ownAlias: boolean): Alias {
    const { aliasScope } = node.position;
    const shapes = this.shapesAt(node);
    const composite = this.fieldIndex.isComposite(field.namedType);
    const shape = shapeOf(field.type, composite);
    if (!ownAlias) {
      // one alias must not become null because of an error under another
      const own = composite && aliasScope.known(wanted.responseKey, wanted);
      for (const alias of own ? [own] : composite ? [] : aliasScope.aliasesFor(wanted)) {
        const taken = shapes.get(alias.key);
        if (taken !== undefined && taken !== shape) continue;
        shapes.set(alias.key, shape);
        return alias;
      }
    }
    const alias = aliasScope.add(wanted, wanted.responseKey);
    shapes.set(alias.key, shape);
    return alias;
  }

  private shapesAt(node: FetchNode): Map<string, string> {
    const ofFetch = getOrMake(this.shapes, node.fetch, () => new Map<AliasScope, Map<string, string>>());
    return getOrMake(ofFetch, node.position.aliasScope, () => new Map<string, string>());
  }
}

/** Returns what GraphQL compares when fields of different types share a key. */
function shapeOf(type: TypeNode, composite: boolean): string {
  if (type.kind === Kind.NON_NULL_TYPE) return `${shapeOf(type.type, composite)}!`;
  if (type.kind === Kind.LIST_TYPE) return `[${shapeOf(type.type, composite)}]`;
  return composite ? '{}' : type.name.value;
}
