import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson, plainValue } from '../../src/shared/exact-json.ts';
import { parseInSlices } from '../../src/shared/parse-in-slices.ts';
import { TimeSlices, WorkStopped } from '../../src/shared/time-slices.ts';
import { runs } from '../runs.ts';

const space = fc.constantFrom('', '', ' ', '\n\t ');
const leaf = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    '0',
    '-0',
    '1.0',
    '9007199254740993',
    '0.10',
    '1e400',
    '"]"',
    '"\\"{"',
    '"\\\\"',
    '"é😀"',
  ),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  // as long as several pieces
  fc.integer({ min: 1, max: 90_000 }).map((length) => `"${'x,[{'.repeat(length / 4)}"`),
);
const key = fc.constantFrom('"a"', '"b"', '"__proto__"', '"\\u0061"', '"1"', '"a,b"');

/** JSON texts with white space, and with keys that occur twice. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    list(tie('json')),
    object(tie('json')),
    long(tie('json')),
  ),
}));

function list(item: fc.Arbitrary<string>) {
  return fc
    .tuple(space, fc.array(item, { maxLength: 6 }))
    .map(([gap, items]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`);
}

function object(value: fc.Arbitrary<string>) {
  const member = fc.tuple(space, key, value).map(([gap, name, inner]) => `${gap}${name}${gap}:${gap}${inner}${gap}`);
  return fc.array(member, { maxLength: 6 }).map((members) => `{${members.join()}}`);
}

/** Lists and objects of many members. */
function long(item: fc.Arbitrary<string>) {
  return fc
    .tuple(fc.array(item, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 9_000 }), fc.boolean())
    .map(([items, times, isList]) => {
      const members = Array.from({ length: times }, (_, at) => items[at % items.length] as string);
      const some = members.slice(0, Math.ceil(300_000 / Math.max(...items.map(({ length }) => length), 1)));
      return isList ? `[${some.join()}]` : `{${some.map((member, at) => `"k${at}":${member}`).join()}}`;
    });
}

/** Reads JSON, or returns `undefined` for a text that is none. */
async function sliced(text: string, anyForm?: boolean): Promise<unknown> {
  try {
    return { value: await parseInSlices(text, new TimeSlices(), { anyForm }) };
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return undefined;
  }
}

function whole(text: string, anyForm?: boolean): unknown {
  try {
    return { value: parseJson(text, anyForm) };
  } catch {
    return undefined;
  }
}

test('what is read in pieces is what is read at once', async () => {
  await fc.assert(
    fc.asyncProperty(json, space, async (text, gap) => {
      expect(await sliced(gap + text + gap)).toStrictEqual(whole(text));
    }),
    { numRuns: runs(2_000, 50) },
  );
});

test('a text with one change is read as it is at once, or is no JSON for both', async () => {
  const change = fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(',', '[', ']', '{', '}', '"', ':', '1', ''),
  );
  await fc.assert(
    fc.asyncProperty(json, change, async (text, [place, put]) => {
      const at = Math.floor(place * text.length);
      const changed = text.slice(0, at) + put + text.slice(at + 1);
      expect(await sliced(changed)).toStrictEqual(whole(changed));
    }),
    { numRuns: runs(4_000, 100) },
  );
});

test('where only the value of a number matters, not its form, each number has the value that it has at once', async () => {
  await fc.assert(
    fc.asyncProperty(json, async (any) => {
      // no field that takes numbers by their value alone can have it
      const text = any.replaceAll('1e400', '1e10');
      // a long number makes the forms of others matter, at once in the whole text and else in its piece
      expect(plainValue(await sliced(text, false))).toStrictEqual(plainValue(whole(text, false)));
    }),
    { numRuns: runs(1_000, 25) },
  );
});

test('a text without long numbers is not searched for them', async () => {
  const value = await parseInSlices('[12345678901234567890]', new TimeSlices(), { mayHaveLong: false, anyForm: false });
  expect(value).toEqual([Number('12345678901234567890')]);
});

const LONG = `[${'{"a":[1,2]},'.repeat(20_000)}{}]`;

test.each([
  ['a comma before the end', LONG.replace(/\]$/, ',]')],
  ['a comma at the start', LONG.replace(/^\[/, '[,')],
  ['two commas', LONG.replace('},{', '},,{')],
  ['no comma between long lists', `[${LONG}${LONG}]`],
  ['no comma before a short member', `[${LONG} 1]`],
  ['something behind the end', `${LONG}1`],
  ['two ends', `${LONG}]`],
  ['the end of an object', LONG.replace(/\]$/, '}')],
  ['no end', LONG.slice(0, -1)],
  ['a member without a key', `{${LONG}}`],
  ['a key in a list', `["a":${LONG}]`],
  ['nested too deeply', '['.repeat(100_000) + ']'.repeat(100_000)],
])('%s is not JSON', async (_name, text) => {
  await expect(parseInSlices(text, new TimeSlices())).rejects.toThrow(SyntaxError);
});

test('other work proceeds meanwhile, and nothing is done for a client that has disconnected', async () => {
  const signal = { aborted: false };
  setImmediate(() => {
    signal.aborted = true;
  });
  const long = `[${'{"a":[1,2,{"b":"c"}]},'.repeat(700_000)}{}]`;
  await expect(parseInSlices(long, new TimeSlices(signal))).rejects.toThrow(WorkStopped);
});
