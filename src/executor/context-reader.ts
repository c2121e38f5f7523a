import type { ContextSource, RepresentationSelection } from '../planner/positions.ts';
import { isObject, isOfType, type ResponseObject } from './objects.ts';

/** Reads what a context holds from the object that sets it; `undefined` where it was not fetched. */
export type ContextReader = (object: ResponseObject) => unknown;

/**
 * Compiles the reading of a context's value: one field, through the objects and fragments around it.
 *
 * In:  `... on User { settings { locale } }`
 * Out: a function that makes `"de"` of `{ __typename: 'User', settings: { locale: 'de' } }`
 */
export function compileContextReader({ fields, type }: Pick<ContextSource, 'fields' | 'type'>): ContextReader {
  return compileItems(fields, type);
}

function compileItems(items: RepresentationSelection, typeName: string | undefined): ContextReader {
  // a type that is read only to tell fragments apart is no value
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
