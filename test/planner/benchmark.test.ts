import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { plannerOf, size } from './plan.ts';

// supergraph and query of graphql-hive/graphql-gateways-benchmark (MIT)
const read = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const { plan, stages } = plannerOf(readSupergraph(read('benchmark-supergraph.graphql')));
const query = read('benchmark-query.graphql');

describe('the public benchmark query', () => {
  it('takes six requests in four waves', () => {
    expect(size(stages(query).plan)).toEqual([6, 4]);
  });

  it('asks each subgraph once a wave', () => {
    expect(plan(query)).toMatchInlineSnapshot(`
      "wave 1
        #0 accounts
          {
            users {
              id
              username
              name
            }
          }
        #1 products
          {
            topProducts {
              name
              price
              upc
              weight
            }
          }
      wave 2
        #2 reviews, after #0 #1
          e0: User { id } at users
          e1: Product { upc } at topProducts
          query ($r0: [_Any!]!, $r1: [_Any!]!) {
            e0: _entities(representations: $r0) {
              ... on User {
                reviews {
                  id
                  body
                  product {
                    upc
                    reviews {
                      id
                      body
                      author {
                        id
                        username
                        reviews {
                          id
                          body
                          product {
                            upc
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
            e1: _entities(representations: $r1) {
              ... on Product {
                reviews {
                  id
                  body
                  author {
                    id
                    username
                    reviews {
                      id
                      body
                      product {
                        upc
                      }
                    }
                  }
                }
              }
            }
          }
      wave 3
        #3 products, after #2
          Product { upc } at users.reviews.product, users.reviews.product.reviews.author.reviews.product, topProducts.reviews.author.reviews.product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                name
                price
                weight
              }
            }
          }
        #4 accounts, after #2
          User { id } at users.reviews.product.reviews.author, topProducts.reviews.author
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                name
              }
            }
          }
      wave 4
        #5 inventory, after #1 #2 #3
          Product { upc price weight } at users.reviews.product, users.reviews.product.reviews.author.reviews.product, topProducts, topProducts.reviews.author.reviews.product
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Product {
                inStock
                shippingEstimate
              }
            }
          }
      "
    `);
  });
});
