import type { Identity } from '../../client/identity.ts';

/** What a shape may know of the request beside the data. */
export interface ShapeContext {
  /** Variables of the operation, with their defaults; also those that only the shape uses. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Who asks; `undefined` for anonymous requests, and where the answer is kept for everyone (`scope: PUBLIC`). */
  readonly identity: Identity | undefined;
  /** Names in lower case. Where the answer is kept only those in `cache.vary`: to read another throws. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Makes the answer of an endpoint out of its data, after fallbacks and `@flatten`. */
export type Shape<Data = unknown, Answer = unknown> = (data: Data, context: ShapeContext) => Answer | Promise<Answer>;

/**
 * Says what the answer of an endpoint looks like: the default export of `bff/CLIENT/NAME.ts`.
 *
 * @example
 * export default defineShape<ProductData>(({ product }) => ({ ...product, price: product.price / 100 }));
 */
export function defineShape<Data = unknown, Answer = unknown>(shape: Shape<Data, Answer>): Shape<Data, Answer> {
  return shape;
}
