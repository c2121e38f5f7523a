import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { configFileSchema } from '../../../src/config/config.ts';
import { createPersistedDocuments } from '../../../src/policy/persisted/persisted-documents.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

function safelist() {
  const { persisted_queries, apq } = configFileSchema.parse({
    persisted_queries: { enabled: true, manifest: ['list.json'], safelist: { enabled: true } },
  });
  return createPersistedDocuments({
    config: persisted_queries,
    apq,
    manifest: new Map([['1', '{ me }']]),
    registered: { get: () => undefined, set: () => {} },
    isValid: () => true,
    logger: createLogger({ level: 'silent' }),
  });
}

const plain = (query: string) => ({ query, id: undefined, hash: undefined });

test('what is in the list may be spaced and commented as one likes', () => {
  const documents = safelist();
  expect(documents.resolve(plain('{ me # yes\n}'))).toBe('{ me # yes\n}');
  expect(() => documents.resolve(plain('{ me you }'))).toThrow('This operation is not in the list');
});

test('texts that are not in the list do not fill the memory, however long they are', () => {
  setFlagsFromString('--expose_gc');
  const collect: () => void = runInNewContext('gc');
  const documents = safelist();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 60; i++) {
    const query = Buffer.from(`{ you${i} } #${'x'.repeat(1_000_000)}`).toString('latin1');
    expect(() => documents.resolve(plain(query))).toThrow('not in the list');
  }
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000);
});
