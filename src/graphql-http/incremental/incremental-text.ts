import type { Payload, PendingFragment } from '../../executor/payload.ts';
import type { PayloadStream } from '../../executor/payload-stream.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { IncrementalProtocol } from './negotiate.ts';

/** Writes the payloads that are sent together as one JSON text. */
type WriteTogether = (payloads: readonly Payload[], hasNext: boolean) => string;

/**
 * Returns the JSON texts of a streamed result: the first payload, and then what is ready at the same time together. A first payload from
 * which a plugin has removed the data is the only one.
 * @param observe called with each payload before it is written
 */
export async function* incrementalTexts(
  payloads: PayloadStream,
  protocol: IncrementalProtocol,
  observe: (payload: Payload) => void,
): AsyncGenerator<string> {
  const write = protocol === 'v0.2' ? writeByIds : writeByPaths;
  let isFirst = true;
  let hasNext = true;
  for (let next = await payloads.next(); !next.done; next = await payloads.next()) {
    const together = [next.value];
    while (!isFirst && payloads.isReady) together.push((await payloads.next()).value as Payload);
    for (const payload of together) observe(payload);
    const { dataText } = next.value;
    if (isFirst && dataText === undefined) {
      void payloads.return();
      return yield `{"errors":${stringifyJson(next.value.errors)}${extensionsText(next.value)},"hasNext":false}`;
    }
    hasNext = !payloads.isDone;
    yield isFirst ? firstText(next.value, protocol, hasNext) : write(together, hasNext);
    isFirst = false;
  }
  if (hasNext) yield '{"hasNext":false}';
}

function firstText(payload: Payload, protocol: IncrementalProtocol, hasNext: boolean): string {
  const pending = protocol === 'v0.2' ? announcedText([payload]) : '';
  return `{"data":${payload.takeText()}${notesText(payload)}${pending},"hasNext":${hasNext}}`;
}

/**
 * Writes payloads as Apollo's clients read them with `deferSpec=20220824`.
 * @see https://github.com/graphql/graphql-spec/pull/742
 */
const writeByPaths: WriteTogether = (payloads, hasNext) => {
  const parts = payloads.map((payload) => {
    const { path, label, text } = atFragment(payload);
    const named = label === undefined ? '' : `,"label":${JSON.stringify(label)}`;
    const { pending, index } = payload.deferred?.fragment ?? {};
    if (pending?.isList)
      return `{"items":${text},"path":${JSON.stringify([...path, index])}${named}${notesText(payload)}}`;
    return `{"data":${text},"path":${JSON.stringify(path)}${named}${notesText(payload)}}`;
  });
  return `{"incremental":[${parts.join()}],"hasNext":${hasNext}}`;
};

/** Returns the data at the path of its fragment, where no list is between; clients find the fragment by its path and label. */
function atFragment(payload: Payload) {
  const { path = [], fragment } = payload.deferred ?? {};
  const text = payload.takeText() ?? 'null';
  const label = fragment?.pending.label;
  const above = fragment?.pending.path ?? path;
  const between = path.slice(above.length);
  if (!between.every((step) => typeof step === 'string')) return { path, label, text };
  const whole = between.reduceRight<string>((inner, key) => `{${JSON.stringify(key)}:${inner}}`, text);
  return { path: above, label, text: whole };
}

/**
 * Writes payloads as the current proposal has them: `pending` announces parts, `incremental` has their data, `completed` ends them.
 * @see https://github.com/graphql/graphql-spec/pull/1110
 */
const writeByIds: WriteTogether = (payloads, hasNext) => {
  const incremental: string[] = [];
  const completed: string[] = [];
  for (const payload of payloads) {
    const { path = [], fragment } = payload.deferred ?? {};
    if (fragment === undefined) continue;
    const { pending, kind, isLast } = fragment;
    const id = `"id":${JSON.stringify(pending.id)}`;
    if (kind === 'data') {
      const below = path.slice(pending.path.length);
      const at = below.length === 0 ? '' : `,"subPath":${JSON.stringify(below)}`;
      incremental.push(`{${id}${at},"data":${payload.takeText() ?? 'null'}${notesText(payload)}}`);
    }
    if (kind === 'items') incremental.push(`{${id},"items":${payload.takeText() ?? 'null'}${notesText(payload)}}`);
    if (isLast) completed.push(`{${id}${kind === 'failed' ? errorsText(payload) : ''}}`);
  }
  const members = [announcedText(payloads), listText('incremental', incremental), listText('completed', completed)];
  return `{${members.join('').slice(1)},"hasNext":${hasNext}}`;
};

function announcedText(payloads: readonly Payload[]): string {
  const announced = payloads.flatMap((payload) => payload.announced);
  return listText(
    'pending',
    announced.map(({ id, path, label }: PendingFragment) => JSON.stringify({ id, path, label })),
  );
}

/** Returns a member with a comma before it; nothing for an empty list. */
function listText(name: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `,"${name}":[${items.join()}]`;
}

function notesText(payload: Payload): string {
  return errorsText(payload) + extensionsText(payload);
}

function extensionsText({ extensions }: Payload): string {
  return extensions === undefined ? '' : `,"extensions":${stringifyJson(extensions)}`;
}

function errorsText({ errors }: Payload): string {
  return errors.length === 0 ? '' : `,"errors":${stringifyJson(errors)}`;
}
