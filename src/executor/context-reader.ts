import type { ContextSource, RepresentationSelection } from '../planner/positions.ts';
import { isObject, isOfType, type ResponseObject } from './objects.ts';

/** Reads the value of a context from the object that sets it; `undefined` where it was not fetched. */
export type ContextReader = (object: ResponseObject) => unknown;

/**
 * Compiles a reader for the value of a context: one field, through the objects and fragments around it.
 *
 * In:  `... on User { settings { locale } }`
 * Out: a function that returns `"de"` for `{ __typename: 'User', settings: { locale: 'de' } }`
 */
export function compileContextReader({ fields, type }: Pick<ContextSource, 'fields' | 'type'>): ContextReader {
  return compileItems(fields, type);
}

function compileItems(items: RepresentationSelection, typeName: string | undefined): ContextReader {
  // a `__typename` that only distinguishes fragments is not the value
  const distinguishesTypes = items.length > 1;
  const readers = items.flatMap((item): { possible?: ReadonlySet<string>; read: ContextReader }[] => {
    if (item.kind === 'typeCondition') return [{ possible: item.possible, read: compileItems(item.nested, undefined) }];
    const { subgraphKey, nested } = item;
    if (item.name === '__typename')
      return distinguishesTypes ? [] : [{ read: (object) => object.__typename ?? typeName }];
    const below = nested && compileItems(nested, undefined);
    return [{ read: below ? (object) => readBelow(object[subgraphKey], below) : (object) => object[subgraphKey] }];
  });
  return (object) => {
    for (const { possible, read } of readers)
      if (possible === undefined || isOfType(object, possible)) return read(object);
    return null;
  };
}

function readBelow(value: unknown, read: ContextReader): unknown {
  if (Array.isArray(value)) {
    const values = value.map((item) => readBelow(item, read));
    return values.includes(undefined) ? undefined : values;
  }
  return isObject(value) ? read(value) : value;
}
