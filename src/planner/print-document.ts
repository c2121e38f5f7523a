import type { ArgumentNode, ValueNode, VariableDefinitionNode } from 'graphql';
import { Kind, print } from 'graphql';
import type { ContextArgument } from '../supergraph/supergraph.ts';
import type { FetchField, FetchNode } from './positions.ts';

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
  /** The selection below `_entities`, with the client variables in it. */
  readonly selection: PrintedDocument;
  /** Definitions of the variables for context values: `$c0:String!`. */
  readonly definitions: readonly string[];
}

/** Returns the variable for the context value that an argument takes. */
export type ContextNames = (argument: ContextArgument) => string;

const NO_NAMES: ContextNames = (argument) => {
  throw new Error(`no value for the argument ${argument.name}, which comes from a context`);
};

/** Prints `{ topProducts { upc } }`, or `query($first: Int) { … }` where client variables are used. */
export function printRootDocument(document: RootDocument): PrintedDocument {
  const used = new Set<string>();
  const body = printSelection(document.node, used, NO_NAMES);
  const definitions = printDefinitions(document.definitions, used);
  const head =
    document.kind === 'query' && definitions === '' ? '' : `${document.kind}${definitions && `(${definitions})`}`;
  return { text: head + body, variables: [...used] };
}

/** Prints a document with some of the root fields of another one. */
export function printSomeRootFields(
  { kind, definitions }: Omit<RootDocument, 'node'>,
  fields: readonly RootFieldText[],
): PrintedDocument {
  const used = new Set(fields.flatMap(({ selection }) => selection.variables));
  const printed = printDefinitions(definitions, used);
  const head = kind === 'query' && printed === '' ? '' : `${kind}${printed && `(${printed})`}`;
  const texts = fields.map(({ key, name, selection: { text } }) => (key === name ? text : `${key}:${text}`));
  return { text: `${head}{${texts.join(' ')}}`, variables: [...used] };
}

/** A root field as text. */
export interface RootFieldText {
  /** Its key in the response. */
  readonly key: string;
  readonly name: string;
  /** The field without its alias, with its arguments and what is selected below it. */
  readonly selection: PrintedDocument;
}

/** Prints each root field; `undefined` where the selection has other parts, or takes values from contexts. */
export function printRootFields(node: FetchNode): RootFieldText[] | undefined {
  if (node.typename || node.fields.size === 0 || [...node.typeConditions].length > 0) return undefined;
  const fields: RootFieldText[] = [];
  for (const field of node.fields.values()) {
    const { alias, node: below } = field;
    if (hasContexts(field)) return undefined;
    const used = new Set<string>();
    const text =
      printField({ ...field, alias: { ...alias, key: alias.name } }, used, NO_NAMES) +
      (below ? printSelection(below, used, NO_NAMES) : '');
    fields.push({ key: alias.key, name: alias.name, selection: { text, variables: [...used] } });
  }
  return fields;
}

function hasContexts({ contextArguments, node }: FetchField): boolean {
  return contextArguments.length > 0 || (node !== undefined && hasContextsBelow(node));
}

function hasContextsBelow({ fields, typeConditions }: FetchNode): boolean {
  return [...fields.values()].some(hasContexts) || [...typeConditions.values()].some(hasContextsBelow);
}

/**
 * Prints `query($representations: [_Any!]!) { _entities(representations: $representations) { … } }`, with one alias
 * for each look-up.
 */
export function printEntityDocument(
  lookups: readonly EntityLookupDocument[],
  definitions: readonly VariableDefinitionNode[],
): PrintedDocument {
  const used = new Set(lookups.flatMap(({ selection }) => selection.variables));
  const own = lookups.flatMap(({ variable, definitions: more }) => [`$${variable}:[_Any!]!`, ...more]);
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
      // values are coerced before they are sent; a default still makes a nullable variable legal at a non-null position
      .map(({ variable, type, defaultValue }) => {
        return `$${variable.name.value}:${print(type)}${defaultValue ? `=${print(defaultValue)}` : ''}`;
      })
      .join()
  );
}

/** Prints the selection of an entity look-up: `{...on Product{name price}}`. */
export function printEntitySelection(node: FetchNode, names: ContextNames = NO_NAMES): PrintedDocument {
  const used = new Set<string>();
  const text = `{...on ${node.type.name}${printSelection(node, used, names)}}`;
  return { text, variables: [...used] };
}

function printSelection(node: FetchNode, used: Set<string>, names: ContextNames): string {
  const parts: string[] = [];
  if (node.typename) parts.push('__typename');
  for (const field of node.fields.values()) {
    parts.push(printField(field, used, names) + (field.node ? printSelection(field.node, used, names) : ''));
  }
  for (const [type, typeCondition] of node.typeConditions) {
    if (!isEmpty(typeCondition)) parts.push(`...on ${type}${printSelection(typeCondition, used, names)}`);
  }
  return `{${parts.join(' ') || placeholder(node)}}`;
}

/**
 * Returns the field of an empty selection, which must have one. The `__typename` of an interface object is not a
 * runtime type, so it gets an alias.
 */
function placeholder(node: FetchNode): string {
  return node.type.kind === 'interfaceObject' ? '_:__typename' : '__typename';
}

export function isEmpty(node: FetchNode): boolean {
  return !node.typename && node.fields.size === 0 && [...node.typeConditions.values()].every(isEmpty);
}

function printField({ alias, contextArguments }: FetchField, used: Set<string>, names: ContextNames): string {
  const name = alias.key === alias.name ? alias.name : `${alias.key}:${alias.name}`;
  if (alias.args.length === 0 && contextArguments.length === 0) return name;
  for (const argument of alias.args) collectVariables(argument.value, used);
  const args = alias.args.map(printArgument);
  for (const argument of contextArguments) args.push(`${argument.name}:$${names(argument)}`);
  return `${name}(${args.join()})`;
}

function printArgument(argument: ArgumentNode): string {
  return `${argument.name.value}:${print(argument.value)}`;
}

function collectVariables(value: ValueNode, used: Set<string>): void {
  if (value.kind === Kind.VARIABLE) used.add(value.name.value);
  else if (value.kind === Kind.LIST) for (const item of value.values) collectVariables(item, used);
  else if (value.kind === Kind.OBJECT) for (const field of value.fields) collectVariables(field.value, used);
}

/** Prints the selection of one node, for people. */
export function printNode(node: FetchNode): string {
  return printSelection(node, new Set(), ({ context }) => context);
}
