import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './gateways.ts';

/** Bodies that are sent in turn. */
export interface Scenario {
  readonly name: string;
  readonly bodies: readonly Body[];
}

export interface Body {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

const fixture = (name: string) => readFileSync(join(ROOT, 'test/fixtures', name), 'utf8');
const MAIN = fixture('benchmark-query.graphql');
const VARIED =
  'query Varied($first: Int) { topProducts(first: $first) { upc name price reviews { id body author { id username name } } } }';

export const main: Scenario = { name: 'main', bodies: [{ query: MAIN }] };

/** One document, nine sets of variables; answers of one to nine products. */
export const varied: Scenario = {
  name: 'varied',
  bodies: Array.from({ length: 9 }, (_, index) => ({ query: VARIED, variables: { first: index + 1 } })),
};

export const tiny: Scenario = { name: 'tiny', bodies: [{ query: '{ me { id name } }' }] };

/** The main query with the root fields under aliases that were never seen before. */
export function coldBodies(count: number): Body[] {
  return Array.from({ length: count }, (_, index) => {
    const query = MAIN.replace('  users {', `  u${index}: users {`).replace(
      '  topProducts {',
      `  t${index}: topProducts {`,
    );
    if (!query.includes(`u${index}: `) || !query.includes(`t${index}: `)) throw new Error('the main query has changed');
    return { query };
  });
}

/** The supergraph, whose URLs name port 4200, with those of the stub. */
export function supergraphFor(port: number): string {
  const text = fixture('benchmark-supergraph.graphql').replaceAll('127.0.0.1:4200', `127.0.0.1:${port}`);
  if (!text.includes(`127.0.0.1:${port}/reviews`))
    throw new Error('the supergraph names other URLs than the bench expects');
  return text;
}
