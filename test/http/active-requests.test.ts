import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ActiveRequests, type RequestContext } from '../../src/http/request-context.ts';

it('knows those that are under way, in whatever order they end', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(7), { maxLength: 40 }), (steps) => {
      const open = new ActiveRequests();
      const all = Array.from({ length: 8 }, () => ({ index: -1 }) as RequestContext);
      const expected = new Set<RequestContext>();
      for (const step of steps) {
        const context = all[step] as RequestContext;
        // each is begun once, and ends once
        if (expected.delete(context)) open.delete(context);
        else {
          open.add(context);
          expected.add(context);
        }
        expect(new Set(open.list)).toEqual(expected);
        expect(open.list).toHaveLength(expected.size);
      }
    }),
  );
});
