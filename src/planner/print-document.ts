import type { ArgumentNode, ValueNode, VariableDefinitionNode } from 'graphql';
import { Kind, print } from 'graphql';
import type { FetchNode, Wire } from './positions.ts';

/** A subgraph operation as text, with the client variables that it uses. */
export interface PrintedDocument {
  readonly text: string;
  readonly variables: readonly string[];
}

export interface RootDocument {
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly node: FetchNode;
  readonly definitions: readonly VariableDefinitionNode[];
}

export interface EntityLookupDocument {
  readonly alias: string;
  readonly variable: string;
  /** What is selected below `_entities`, with the client variables in it. */
  readonly selection: PrintedDocument;
}

/** Prints `{ topProducts { upc } }`, or `query($first: Int) { … }` where client variables are used. */
export function printRootDocument(document: RootDocument): PrintedDocument {
  const used = new Set<string>();
  const body = printSelection(document.node, used);
  const definitions = printDefinitions(document.definitions, used);
  const head =
    document.kind === 'query' && definitions === '' ? '' : `${document.kind}${definitions && `(${definitions})`}`;
  return { text: head + body, variables: [...used] };
}

/** Prints `query($representations: [_Any!]!) { _entities(representations: $representations) { … } }`, one alias a look-up. */
export function printEntityDocument(
  lookups: readonly EntityLookupDocument[],
  definitions: readonly VariableDefinitionNode[],
): PrintedDocument {
  const used = new Set(lookups.flatMap(({ selection }) => selection.variables));
  const own = lookups.map(({ variable }) => `$${variable}:[_Any!]!`);
  const clients = printDefinitions(definitions, used);
  if (clients) own.push(clients);
  const fields = lookups.map(({ alias, variable, selection }) => {
    const name = alias === '_entities' ? alias : `${alias}:_entities`;
    return `${name}(representations:$${variable})${selection.text}`;
  });
  return { text: `query(${own.join()}){${fields.join(' ')}}`, variables: [...used] };
}

function printDefinitions(definitions: readonly VariableDefinitionNode[], used: ReadonlySet<string>): string {
  return (
    definitions
      .filter(({ variable }) => used.has(variable.name.value))
      // values are coerced before they are sent; a default still allows a nullable variable where null is not
      .map(({ variable, type, defaultValue }) => {
        return `$${variable.name.value}:${print(type)}${defaultValue ? `=${print(defaultValue)}` : ''}`;
      })
      .join()
  );
}

/** Prints what an entity look-up selects: `{...on Product{name price}}`. */
export function printEntitySelection(node: FetchNode): PrintedDocument {
  const used = new Set<string>();
  const text = `{...on ${node.type.name}${printSelection(node, used)}}`;
  return { text, variables: [...used] };
}

function printSelection(node: FetchNode, used: Set<string>): string {
  const parts: string[] = [];
  if (node.typename) parts.push('__typename');
  for (const { wire, node: below } of node.fields.values()) {
    parts.push(printField(wire, used) + (below ? printSelection(below, used) : ''));
  }
  for (const [type, narrowing] of node.narrowings) {
    if (!isEmpty(narrowing)) parts.push(`...on ${type}${printSelection(narrowing, used)}`);
  }
  return `{${parts.join(' ') || nothing(node)}}`;
}

/** Something must be selected; the `__typename` of an interface object is no runtime type, so it must not be taken for one. */
function nothing(node: FetchNode): string {
  return node.type.kind === 'interfaceObject' ? '_:__typename' : '__typename';
}

export function isEmpty(node: FetchNode): boolean {
  return !node.typename && node.fields.size === 0 && [...node.narrowings.values()].every(isEmpty);
}

function printField(wire: Wire, used: Set<string>): string {
  const name = wire.key === wire.name ? wire.name : `${wire.key}:${wire.name}`;
  if (wire.args.length === 0) return name;
  for (const argument of wire.args) collectVariables(argument.value, used);
  return `${name}(${wire.args.map(printArgument).join()})`;
}

function printArgument(argument: ArgumentNode): string {
  return `${argument.name.value}:${print(argument.value)}`;
}

function collectVariables(value: ValueNode, used: Set<string>): void {
  if (value.kind === Kind.VARIABLE) used.add(value.name.value);
  else if (value.kind === Kind.LIST) for (const item of value.values) collectVariables(item, used);
  else if (value.kind === Kind.OBJECT) for (const field of value.fields) collectVariables(field.value, used);
}

/** What one node selects, for people. */
export function printNode(node: FetchNode): string {
  return printSelection(node, new Set());
}
