import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTopic, renderTopic, type TopicTemplate } from '../../src/supergraph/event-topic.ts';

const topic = (text: string, allowsWildcards = true): TopicTemplate => {
  const read = readTopic(text, allowsWildcards);
  if ('mistake' in read) throw new Error(read.mistake);
  return read;
};

describe('the text of a topic', () => {
  test('has fixed text and arguments', () => {
    expect(topic('order.{args.id}.updated').parts).toEqual(['order.', { path: ['id'] }, '.updated']);
    expect(topic('a:{ args.input.id }').parts).toEqual(['a:', { path: ['input', 'id'] }]);
    expect(topic('order.*.updated.>').parts).toEqual(['order.*.updated.>']);
  });

  test.each([
    ['', 'it has to begin with fixed text.'],
    ['{args.id}.updated', 'it has to begin with fixed text.'],
    ['order.{id}', '"{id}" is not an argument; expected {args.ARGUMENT}.'],
    ['order.{args.id', '"{args.id}" is not an argument; expected {args.ARGUMENT}.'],
    ['order.}', 'it has a "}" without "{".'],
    ['order updated', 'it has a space.'],
    ['order{args.id}', 'a character such as "." has to be before and after each argument.'],
    ['order.{args.id}x', 'a character such as "." has to be before and after each argument.'],
    ['order.{args.a}{args.b}', 'a character such as "." has to be before and after each argument.'],
    ['order..updated', 'a part between points is empty.'],
    ['order.', 'a part between points is empty.'],
    ['order.a*', 'a wildcard has to be a part of its own: "*" between points, or ">" at the end.'],
    ['order.>.a', 'a wildcard has to be a part of its own: "*" between points, or ">" at the end.'],
  ])('%j is none: %s', (text, mistake) => {
    expect(readTopic(text, true)).toEqual({ mistake });
  });

  test('has no wildcards where a message is sent', () => {
    expect(readTopic('order.*', false)).toEqual({ mistake: 'it has a wildcard, and a message is for one topic.' });
  });
});

describe('the topic of a request', () => {
  test('has the values of the arguments', () => {
    expect(renderTopic(topic('order.{args.id}.updated'), { id: 'a-1_b=' })).toBe('order.a-1_b=.updated');
    expect(renderTopic(topic('a.{args.in.n}.{args.on}'), { in: { n: 7 }, on: false })).toBe('a.7.false');
  });

  test.each([
    ['', 'it is empty'],
    ['*', 'it has the character "*"'],
    ['>', 'it has the character ">"'],
    ['1.secret', 'it has the character "."'],
    ['a b', 'it has a space, or a character that is no text'],
    ['a\r\nPUB x', 'it has a space, or a character that is no text'],
    ['\ud800', 'it has a space, or a character that is no text'],
    ['x'.repeat(201), 'it has more than 200 characters'],
    [null, 'it is no text, number or boolean'],
    [undefined, 'it is no text, number or boolean'],
    [['1'], 'it is no text, number or boolean'],
    [{ text: 'x' }, 'it is no text, number or boolean'],
  ])('does not have %j: %s', (id, reason) => {
    const mistake = `The argument "id" cannot be part of the topic "order.{args.id}": ${reason}.`;
    expect(renderTopic(topic('order.{args.id}'), { id })).toEqual({ mistake });
  });

  test('does not have the character around an argument in it', () => {
    expect(renderTopic(topic('order:{args.id}:updated'), { id: '1:2' })).toMatchObject({
      mistake: expect.stringContaining('it has the character ":"'),
    });
    expect(renderTopic(topic('order.{args.id}'), { id: '1:2' })).toBe('order.1:2');
  });
});

describe('property: whatever the values are', () => {
  const separator = fc.constantFrom('.', ':', '-', '/');
  const word = fc.stringMatching(/^[a-z]{1,5}$/);
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: fc.constantFrom('a', '1', '.', '*', '>', ':', '-', '/', ' ', '\n', '_'), maxLength: 8 }),
  );
  const places = fc.array(fc.record({ separator, word, value }), { minLength: 1, maxLength: 4 });

  test('a topic has the parts of its text, and values can be read back from it', () => {
    let rendered = 0;
    fc.assert(
      fc.property(places, separator, word, (all, end, last) => {
        const text = all.map((one, index) => `${one.word}${one.separator}{args.a${index}}${one.separator}`).join('');
        const template = topic(`${text}${end}${last}`.replaceAll('..', '.x.'));
        const args = Object.fromEntries(all.map((one, index) => [`a${index}`, one.value]));
        const result = renderTopic(template, args);
        if (typeof result !== 'string') return;
        rendered += 1;
        expect(result).not.toMatch(/[*>\s]/);
        expect(result.split('.')).toHaveLength(template.text.replaceAll(/\{[^}]*\}/g, 'v').split('.').length);
        expect(valuesOf(result, template)).toEqual(all.map((one) => one.value));
      }),
      { numRuns: 2_000 },
    );
    expect(rendered).toBeGreaterThan(100);
  });
});

/** Reads the values back: each ends where the text after it begins. */
function valuesOf(text: string, { parts }: TopicTemplate): string[] {
  const values: string[] = [];
  let rest = text;
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') {
      expect(rest.startsWith(part)).toBe(true);
      rest = rest.slice(part.length);
      continue;
    }
    const next = parts[index + 1];
    const end = typeof next === 'string' ? rest.indexOf(next[0] ?? '') : rest.length;
    values.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  expect(rest).toBe('');
  return values;
}
