import { GraphQLError, type GraphQLLeafType, isEnumType, isSpecifiedScalarType } from 'graphql';
import { isObject, type Json, property, put } from '../../connectors/mapping/json.ts';
import { MappedList } from '../../connectors/mapping/mapped-list.ts';
import { type Complete, type FetchRun, ignore } from './fetch-run.ts';

/** Items of a list between two checks whether the slice is over. A power of two. */
const ITEMS_PER_CHECK = 16;

/** Returns a completer that throws for null. @param coordinate the field, like `Query.products` */
export function nonNull(complete: Complete, coordinate: string): Complete {
  const present = (value: Json): Json => {
    if (value === null) throw new GraphQLError(`Cannot return null for non-nullable field ${coordinate}.`);
    return value;
  };
  return (value, run, depth) => {
    // the error of an object that no look-up has found
    if (value instanceof Error) throw value;
    const completed = complete(value, run, depth);
    return completed instanceof Promise ? completed.then(present) : present(completed);
  };
}

/** Returns a completer of a built-in scalar, an enum, or a scalar of the schema. */
export function leaf(type: GraphQLLeafType): Complete {
  if (!isEnumType(type) && !isSpecifiedScalarType(type)) return (value) => copyJson(value) ?? null;
  const isUnchanged = UNCHANGED[type.name] ?? never;
  return (value) => {
    if (value === undefined || value === null) return null;
    return isUnchanged(value) ? value : (type.serialize(copyJson(value)) as Json);
  };
}

/** Checks whether the serialization of a built-in scalar leaves a value unchanged, by the name of the scalar. */
const UNCHANGED: Readonly<Record<string, (value: Json) => boolean>> = {
  String: (value) => typeof value === 'string',
  ID: (value) => typeof value === 'string',
  Int: (value) => typeof value === 'number' && (value | 0) === value,
  Float: (value) => typeof value === 'number' && Number.isFinite(value),
  Boolean: (value) => typeof value === 'boolean',
};

const never = () => false;

/**
 * Copies lists and objects, because the executor merges responses in place, and because the items of a `MappedList` are computed when
 * they are read.
 */
function copyJson(value: Json): Json {
  if (Array.isArray(value)) return value.map(copyJson);
  if (value instanceof MappedList) return Array.from({ length: value.length }, (_, at) => copyJson(value.at(at)));
  if (!isObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value)) put(copy, key, copyJson(value[key]));
  return copy;
}

interface Items {
  readonly complete: Complete;
  readonly areNonNull: boolean;
  readonly coordinate: string;
}

/** Returns a completer of lists. */
export function listOf(items: Items): Complete {
  return (value, run, depth) => {
    if (value === undefined || value === null) return null;
    if (!Array.isArray(value) && !(value instanceof MappedList))
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${items.coordinate}".`);
    const list = new ListCompletion(items, value, depth);
    if (list.proceed(run)) return list.result();
    return list.proceedInSlices(run.fork(depth));
  };
}

/** One list that is being completed. */
class ListCompletion {
  readonly #items: Items;
  readonly #list: readonly Json[] | MappedList;
  readonly #depth: number;
  readonly #completed: Json[] = [];
  #pending: Promise<unknown>[] | undefined;

  constructor(items: Items, list: readonly Json[] | MappedList, depth: number) {
    this.#items = items;
    this.#list = list;
    this.#depth = depth;
  }

  /** Completes items until the slice is over. Returns whether each item is complete, or a promise. */
  proceed(run: FetchRun): boolean {
    const list = this.#list;
    const completed = this.#completed;
    const depth = this.#depth;
    for (let at = completed.length; at < list.length; at++) {
      run.path[depth] = at;
      const item = this.#complete(list instanceof MappedList ? list.at(at) : list[at], run);
      const isPending = item instanceof Promise;
      if (isPending) this.#await(item, at);
      completed.push(isPending ? null : item);
      if ((isPending || at % ITEMS_PER_CHECK === 0) && run.slices?.isOver()) return completed.length === list.length;
    }
    return true;
  }

  async proceedInSlices(run: FetchRun): Promise<Json> {
    do {
      await run.shared.context.slices?.next();
      // lists inside that pause: the rest comes after them, so that the first error counts, as it does without pauses
      if (!run.shared.looksUp) await this.result();
    } while (!this.proceed(run));
    return this.result();
  }

  result(): Json | Promise<Json> {
    const pending = this.#pending;
    return pending === undefined ? this.#completed : Promise.all(pending).then(() => this.#completed);
  }

  #complete(value: Json, run: FetchRun): Json | Promise<Json> {
    const { complete, areNonNull } = this.#items;
    const depth = this.#depth;
    try {
      if (value instanceof Promise) {
        const own = run.fork(depth + 1);
        return value
          .then((settled: Json) => complete(settled, own, depth + 1))
          .catch((error: unknown) => own.caught(error, depth + 1, areNonNull));
      }
      const completed = complete(value, run, depth + 1);
      if (!(completed instanceof Promise)) return completed;
      const own = run.fork(depth + 1);
      return completed.catch((error: unknown) => own.caught(error, depth + 1, areNonNull));
    } catch (error) {
      return run.caught(error, depth + 1, areNonNull);
    }
  }

  #await(item: Promise<Json>, at: number): void {
    const done = item.then((completed) => {
      this.#completed[at] = completed;
    });
    // another item may fail first; until all are awaited a rejection must not count as unhandled
    done.catch(ignore);
    this.#pending ??= [];
    this.#pending.push(done);
  }
}

/** A field of an object that is being completed. */
export interface CompiledField {
  /** The response key. */
  readonly key: string;
  readonly isNonNull: boolean;
  /** Returns the field's value of an object. Rejects or throws with the error of the field. */
  resolve(source: Json, run: FetchRun): Json | Promise<Json>;
  readonly complete: Complete;
}

/** Selects the fields of an object, in their order. */
export function selectFields(
  fields: readonly CompiledField[],
  source: Json,
  run: FetchRun,
  depth: number,
): Json | Promise<Json> {
  return fillObject({}, { fields, source, depth }, 0, run);
}

interface Selected {
  readonly fields: readonly CompiledField[];
  readonly source: Json;
  readonly depth: number;
}

/** Adds the fields from an index on. */
function fillObject(
  object: Record<string, Json>,
  selected: Selected,
  from: number,
  run: FetchRun,
): Json | Promise<Json> {
  const { fields, source, depth } = selected;
  let pending: Promise<void>[] | undefined;
  try {
    for (let at = from; at < fields.length; at++) {
      const field = fields[at] as CompiledField;
      const value = completeField(field, source, run, depth);
      // set at once, which keeps the order
      put(object, field.key, value);
      if (!(value instanceof Promise)) continue;
      // a list that pauses: the rest comes after it, so that the first error counts, as it does without pauses
      if (depth > 0 && run.slices !== undefined) return fillRest(object, selected, at, run.fork(depth));
      const done = value.then((completed) => put(object, field.key, completed));
      done.catch(ignore);
      pending ??= [];
      pending.push(done);
    }
  } catch (error) {
    if (pending === undefined) throw error;
    return Promise.all(pending).finally(() => {
      throw error;
    });
  }
  return pending === undefined ? object : Promise.all(pending).then(() => object);
}

async function fillRest(object: Record<string, Json>, selected: Selected, at: number, run: FetchRun): Promise<Json> {
  const { key } = selected.fields[at] as CompiledField;
  put(object, key, await property(object, key));
  return fillObject(object, selected, at + 1, run);
}

/** Resolves and completes a field of an object at a depth of the path. */
export function completeField(field: CompiledField, source: Json, run: FetchRun, depth: number): Json | Promise<Json> {
  run.path[depth] = field.key;
  const inside = depth + 1;
  try {
    const value = field.resolve(source, run);
    if (value instanceof Promise) {
      const own = run.fork(inside);
      return value
        .then((settled: Json) => field.complete(settled, own, inside))
        .catch((error: unknown) => own.caught(error, inside, field.isNonNull));
    }
    const completed = field.complete(value, run, inside);
    if (!(completed instanceof Promise)) return completed;
    const own = run.fork(inside);
    return completed.catch((error: unknown) => own.caught(error, inside, field.isNonNull));
  } catch (error) {
    return run.caught(error, inside, field.isNonNull);
  }
}
