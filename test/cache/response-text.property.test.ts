import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemsOf, membersOf, textAt } from '../../src/cache/response-text.ts';
import { runs } from '../runs.ts';

describe('the spans of a JSON text', () => {
  it('are those of its members and items, whatever is in them', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.array(fc.jsonValue())), fc.constantFrom(0, 1, 2), (object, space) => {
        const text = JSON.stringify(object, undefined, space);
        const members = membersOf(text);
        expect([...(members?.keys() ?? [])].sort()).toEqual(Object.keys(object).sort());
        for (const [name, list] of Object.entries(object)) {
          const span = members?.get(name);
          expect(span && JSON.parse(textAt(text, span))).toEqual(JSON.parse(JSON.stringify(list)));
          const items = span && itemsOf(text, span);
          expect(items?.map((item) => JSON.parse(textAt(text, item)))).toEqual(JSON.parse(JSON.stringify(list)));
        }
      }),
      { numRuns: runs(5_000) },
    );
  });

  it('end: also of a text that is cut off or is no JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.string(), (json, at, noise) => {
        const text = `{"a":${json.slice(0, at % (json.length + 1))}${noise}`;
        const span = membersOf(text)?.get('a');
        if (span) itemsOf(text, span);
      }),
      { numRuns: runs(5_000) },
    );
  });
});
