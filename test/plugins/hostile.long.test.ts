import { describe, it } from 'vitest';
import {
  ANYWHERE,
  expectFailedFetches,
  expectFailedRequests,
  OF_OPERATION,
  OF_REQUEST,
  RESPONSES,
  RESULTS,
} from './hostile-plugins.ts';

describe.each([
  ...Object.entries(ANYWHERE).map(([name, call]) => [name, call, [...OF_REQUEST, ...OF_OPERATION]] as const),
  ...Object.entries(RESULTS).map(([name, call]) => [`returns ${name}`, call, OF_OPERATION] as const),
  ...Object.entries(RESPONSES).map(([name, call]) => [`returns a response with ${name}`, call, OF_REQUEST] as const),
])('a plugin that %s', (_, call, hooks) => {
  it('fails its request and nothing else, or is ignored', () => expectFailedRequests(call, hooks));
});

describe.each(Object.entries({ ...ANYWHERE, ...RESULTS }))('a plugin of fetches that %s', (_, call) => {
  it('fails its fetch and nothing else', () => expectFailedFetches(call));
});
