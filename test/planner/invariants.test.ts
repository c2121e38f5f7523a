import { describe, expect, it } from 'vitest';
import type { PlannedRequest, QueryPlan } from '../../src/planner/plan.ts';
import { checkPlan } from './invariants.ts';
import { planner } from './plan.ts';

const { stages, supergraph } = planner({
  products: `
    type Query { top: [Product!]! }
    type Product @key(fields: "id") { id: ID! weight: Int! maker: Maker! @shareable }
    type Maker @shareable { name: String! }
  `,
  shipping: `
    type Query { heavy: [Product!]! }
    type Product @key(fields: "id") { id: ID! weight: Int! @external parcel: String! @requires(fields: "weight") }
  `,
});

/** The plan of `{ top { parcel } }` with one of its two requests changed. */
function broken(id: number, change: Partial<PlannedRequest>): () => void {
  const { plan } = stages('{ top { parcel } }');
  const requests = plan.requests.map((request) => (request.id === id ? { ...request, ...change } : request));
  const changed: QueryPlan = { ...plan, requests };
  return () => checkPlan(changed, supergraph);
}

describe('the check of plans', () => {
  it('finds nothing in a good plan', () => {
    expect(broken(0, {})).not.toThrow();
  });

  it('finds a document that the subgraph does not accept', () => {
    expect(broken(0, { document: '{ top { colour } }' })).toThrow('Cannot query field "colour"');
  });

  it('finds a field that belongs to another subgraph', () => {
    const { subgraph } = stages('{ heavy { id } }').plan.requests[0] ?? {};
    expect(broken(0, { subgraph, document: '{ heavy { weight } }' })).toThrow('Product.weight is external there');
  });

  it('finds a field without the inputs that it requires', () => {
    const { subgraph } = stages('{ heavy { id } }').plan.requests[0] ?? {};
    expect(broken(0, { subgraph, document: '{ heavy { parcel } }' })).toThrow('Product.parcel lacks what it requires');
  });

  it('finds a look-up that waits for nothing', () => {
    expect(broken(1, { dependsOn: [] })).toThrow('nothing before it reads "weight" on Product');
  });

  it('finds requests out of order', () => {
    expect(broken(0, { dependsOn: [1] })).toThrow('depends on what comes later');
    expect(broken(1, { level: 0 })).toThrow('is in a wave no later');
  });

  it('finds what is read by nobody', () => {
    const { plan } = stages('{ top { parcel } }');
    expect(() => checkPlan({ ...plan, requests: plan.requests.slice(0, 1) }, supergraph)).toThrow(
      'Product.parcel should be under "parcel", but no request reads that',
    );
  });
});
