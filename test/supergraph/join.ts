import type { Subgraph, SubgraphField, SubgraphType, Supergraph } from '../../src/supergraph/supergraph.ts';

export function subgraphOf({ subgraphs }: Supergraph, name: string): Subgraph {
  const subgraph = subgraphs.find((candidate) => candidate.name === name);
  if (!subgraph) throw new Error(`no subgraph ${name}`);
  return subgraph;
}

export function typeOf(supergraph: Supergraph, subgraph: string, name: string): SubgraphType {
  const type = subgraphOf(supergraph, subgraph).types.get(name);
  if (!type) throw new Error(`${subgraph} has no type ${name}`);
  return type;
}

/** The field `Type.field` as a subgraph sees it. */
export function fieldOf(supergraph: Supergraph, subgraph: string, coordinate: string): SubgraphField {
  const [type = '', name = ''] = coordinate.split('.');
  const field = typeOf(supergraph, subgraph, type).fields.get(name);
  if (!field) throw new Error(`${subgraph} has no ${coordinate}`);
  return field;
}

/** A supergraph SDL of join v0.3 with two subgraphs, A and B, around the types given. */
export function joined(types: string): string {
  return `
    schema
      @link(url: "https://specs.apollo.dev/link/v1.0")
      @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
      @link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY) { query: Query }
    directive @join__graph(name: String!, url: String!) on ENUM_VALUE
    enum join__Graph {
      A @join__graph(name: "a", url: "http://a.test/graphql")
      B @join__graph(name: "b", url: "http://b.test/graphql")
    }
    ${types}`;
}
