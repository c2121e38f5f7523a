import {
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { people, products, reviews, shippingEstimate } from './data.ts';

type Values = Readonly<Record<string, unknown>>;

/** Objects are walked by name; an argument of a root field goes to a function. */
type Root = Readonly<Record<string, (args: Values) => unknown>>;

const QUERY: Root = {
  me: () => people[0],
  user: ({ id }) => people.find((person) => person.id === id) ?? null,
  users: () => people,
  topProducts: ({ first }) => products.slice(0, typeof first === 'number' ? first : 5),
};

/** SDL of Federation 1, for gateways that ask the subgraphs for it. */
export const SDL: Readonly<Record<string, string>> = {
  accounts: `extend type Query { me: User user(id: ID!): User users: [User] }
    type User @key(fields: "id") { id: ID! name: String username: String birthday: Int }`,
  inventory: `extend type Product @key(fields: "upc") {
      upc: String! @external weight: Int @external price: Int @external
      inStock: Boolean shippingEstimate: Int @requires(fields: "price weight") }`,
  products: `extend type Query { topProducts(first: Int = 5): [Product] }
    type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
  reviews: `type Review @key(fields: "id") { id: ID! body: String product: Product author: User @provides(fields: "username") }
    extend type User @key(fields: "id") { id: ID! @external username: String @external reviews: [Review] }
    extend type Product @key(fields: "upc") { upc: String! @external reviews: [Review] }`,
};

/** The answer of the whole graph, or of one subgraph with its federation fields. Throws for a query that cannot be parsed. */
export function answerQuery(query: string, variables: Values = {}, subgraph?: string): string {
  const document = parse(query, { noLocation: true });
  const walk = new Walk(variables);
  let operation: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      walk.fragments.set(definition.name.value, definition.selectionSet);
    else if (definition.kind === Kind.OPERATION_DEFINITION) operation = definition;
  }
  if (!operation) throw new Error('The document has no operation.');
  return JSON.stringify({ data: walk.root(operation, subgraph) });
}

class Walk {
  readonly fragments = new Map<string, SelectionSetNode>();
  private readonly variables: Values;

  constructor(variables: Values) {
    this.variables = variables;
  }

  root({ selectionSet }: OperationDefinitionNode, subgraph: string | undefined): Values {
    const root: Root = {
      ...QUERY,
      _service: () => ({ sdl: SDL[subgraph ?? ''] }),
      _entities: ({ representations }) => (representations as Values[]).map(entity),
    };
    const data: Record<string, unknown> = {};
    for (const field of this.fields(selectionSet, 'Query')) {
      const name = field.name.value;
      const value = name === '__typename' ? 'Query' : root[name]?.(this.args(field));
      if (value === undefined) throw new Error(`There is no root field "${name}".`);
      data[field.alias?.value ?? name] = this.value(value, field.selectionSet);
    }
    return data;
  }

  private value(value: unknown, below: SelectionSetNode | undefined): unknown {
    if (Array.isArray(value)) return value.map((one) => this.value(one, below));
    if (below === undefined || value === null) return value;
    const object = value as Values;
    const shown: Record<string, unknown> = {};
    for (const field of this.fields(below, object.__typename)) {
      const key = field.alias?.value ?? field.name.value;
      shown[key] = merge(shown[key], this.value(object[field.name.value], field.selectionSet));
    }
    return shown;
  }

  /** The fields of a selection for one type, those of fragments among them; a key may come twice. */
  private fields(set: SelectionSetNode, type: unknown): FieldNode[] {
    return set.selections.flatMap((node) => {
      if (node.kind === Kind.FIELD) return [node];
      if (node.kind === Kind.FRAGMENT_SPREAD) return this.fields(this.fragment(node.name.value), type);
      const condition = node.typeCondition?.name.value;
      return condition === undefined || condition === type ? this.fields(node.selectionSet, type) : [];
    });
  }

  private fragment(name: string): SelectionSetNode {
    const set = this.fragments.get(name);
    if (!set) throw new Error(`There is no fragment "${name}".`);
    return set;
  }

  private args({ arguments: given = [] }: FieldNode): Values {
    return Object.fromEntries(given.map(({ name, value }) => [name.value, this.literal(value)]));
  }

  private literal(node: ValueNode): unknown {
    if (node.kind === Kind.VARIABLE) return this.variables[node.name.value];
    if (node.kind === Kind.INT) return Number(node.value);
    if (node.kind === Kind.LIST) return node.values.map((value) => this.literal(value));
    if (node.kind === Kind.OBJECT)
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, this.literal(value)]));
    return 'value' in node ? node.value : null;
  }
}

function merge(known: unknown, value: unknown): unknown {
  if (typeof known !== 'object' || known === null || typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) {
    const both: Record<string, unknown> = { ...known };
    for (const [key, one] of Object.entries(value)) both[key] = merge(both[key], one);
    return both;
  }
  return value.map((one, index) => merge((known as unknown[])[index], one));
}

function entity(representation: Values): unknown {
  if (representation.__typename === 'User') return people.find(({ id }) => id === representation.id) ?? null;
  if (representation.__typename === 'Review') return reviews.find(({ id }) => id === representation.id) ?? null;
  const product = products.find(({ upc }) => upc === representation.upc);
  if (!product) return null;
  const { price, weight } = representation;
  // Where what `@requires` asks for was not sent, the answer shows that the plan was wrong.
  const known = typeof price === 'number' && typeof weight === 'number';
  return { ...product, shippingEstimate: known ? shippingEstimate(price, weight) : null };
}
