import { flattenString } from './json-text.ts';
import type { ValueWriter } from './object-writer.ts';
import type { StreamedList } from './streamed-lists.ts';
import type { WriteContext } from './write-context.ts';
import { LIST_START, PAUSE, type WritePauses } from './write-pauses.ts';

/** Characters of a list that are written before the text is flattened. */
const MAX_PIECE = 65_536;

/** Items between two checks whether the slice is over. */
const ITEMS_PER_CHECK = 16;

/**
 * Returns a writer of lists.
 * @param write the writer of the items
 * @param coordinate the field, like `Query.products`
 */
export function listWriter(write: ValueWriter, coordinate: string): ValueWriter {
  return (value, context) => {
    if (!Array.isArray(value)) return context.addViolation(`Expected a list for ${coordinate}.`);
    const { path, pauses } = context;
    if (path !== undefined) return locateInItems(value, write, context, path);
    if (pauses !== undefined) return writeWithPauses(value, write, context, pauses);
    let text = '';
    let part = '[';
    let missing = false;
    for (let i = 0; i < value.length; i++) {
      const item = write(value[i], context);
      if (item === undefined) missing = true;
      else part += i === 0 ? item : `,${item}`;
      if (part.length > MAX_PIECE) {
        text += flattenString(part);
        part = '';
      }
    }
    return missing ? undefined : `${text}${part}]`;
  };
}

/** Returns a writer of the first items of a streamed list. */
export function firstItemsWriter(write: ValueWriter, list: StreamedList): ValueWriter {
  return (value, context) => {
    const count = context.firstItems?.get(list) ?? 0;
    if (!Array.isArray(value) || value.length <= count) return write(value, context);
    const text = write(value.slice(0, count), context);
    // then nothing of the list is delivered later
    return text === 'null' ? context.nullFor(value) : text;
  };
}

/** Continues where the list was left at the last pause. Throws {@link PAUSE}. */
function writeWithPauses(
  list: readonly unknown[],
  write: ValueWriter,
  context: WriteContext,
  pauses: WritePauses,
): string | undefined {
  let { text, part, at, missing } = pauses.take(write, list) ?? LIST_START;
  const from = at;
  const { mark } = pauses;
  try {
    for (; at < list.length; at++) {
      if (at % ITEMS_PER_CHECK === 0 && at > from && pauses.isOver()) throw PAUSE;
      const item = write(list[at], context);
      if (item === undefined) missing = true;
      else part += at === 0 ? item : `,${item}`;
      if (part.length > MAX_PIECE) {
        text += flattenString(part);
        part = '';
      }
      if (pauses.mark > mark) pauses.forgetSince(mark);
    }
  } catch (error) {
    if (error === PAUSE) pauses.save(write, list, { text, part, at, missing });
    throw error;
  }
  pauses.remember(write, list, { text, part, at, missing });
  return missing ? undefined : `${text}${part}]`;
}

/** Looks for violations in the items. The text was written before; only missing values matter. */
function locateInItems(
  list: readonly unknown[],
  write: ValueWriter,
  context: WriteContext,
  path: (string | number)[],
): string | undefined {
  const outer = context.coverage;
  let missing = false;
  for (let i = 0; i < list.length; i++) {
    path.push(i);
    context.coverage = outer.item(i);
    if (write(list[i], context) === undefined) missing = true;
    path.pop();
  }
  context.coverage = outer;
  return missing ? undefined : '';
}
