import { expect, test } from 'vitest';
import { failed } from '../../src/plugins/call-hooks.ts';
import type { LoadedPlugin } from '../../src/plugins/plugin-set.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

test.each(['ignore', 'fail'] as const)(
  'a line about a plugin that fails has its name once, with on_error: %s',
  (onError) => {
    const texts: string[] = [];
    const stream = { write: (text: string) => void texts.push(text) };
    // as a plugin is loaded: each line of its log has its name
    const log = createLogger({ level: 'info', format: 'json', stream }).child({ plugin: 'broken' });
    const plugin = { name: 'broken', plugin: { name: 'broken', hooks: {} }, onError, log } as unknown as LoadedPlugin;
    const call = () => failed({ plugin, hook: 'onRequest' }, new Error('no'), 'r1');
    if (onError === 'fail') expect(call).toThrow('A plugin of the gateway failed.');
    else call();
    expect(texts.map((text) => text.split('"plugin":"broken"').length - 1)).toEqual([1]);
    expect(JSON.parse(texts[0] ?? '')).toMatchObject({ plugin: 'broken', hook: 'onRequest', requestId: 'r1' });
  },
);
