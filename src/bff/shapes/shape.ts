import type { Identity } from '../../client/identity.ts';

/** The request properties that a shape can read. */
export interface ShapeContext {
  /** Variables of the operation with their defaults, including those that only the shape uses. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Identity of the client; `undefined` for anonymous requests, and where the response is cached with `scope: PUBLIC`. */
  readonly identity: Identity | undefined;
  /** Request headers, names in lower case. With a cache, only those in `cache.vary`: reading another one throws. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A function that creates an endpoint's response from its data, after fallbacks and `@flatten`. */
export type Shape<Data = unknown, Answer = unknown> = (data: Data, context: ShapeContext) => Answer | Promise<Answer>;

/**
 * Defines the response of an endpoint: use it for the default export of `bff/CLIENT/NAME.ts`.
 *
 * @example
 * export default defineShape<ProductData>(({ product }) => ({ ...product, price: product.price / 100 }));
 */
export function defineShape<Data = unknown, Answer = unknown>(shape: Shape<Data, Answer>): Shape<Data, Answer> {
  return shape;
}
