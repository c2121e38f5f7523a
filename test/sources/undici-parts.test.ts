import { buildConnector, Client, Dispatcher, Pool } from 'undici';
import request from 'undici/lib/api/api-request.js';
import connector from 'undici/lib/core/connect.js';
import BareClient from 'undici/lib/dispatcher/client.js';
import BarePool from 'undici/lib/dispatcher/pool.js';
import { expect, it } from 'vitest';

it('what is imported by the files of undici is what undici offers', () => {
  expect(BarePool).toBe(Pool);
  expect(BareClient).toBe(Client);
  expect(connector).toBe(buildConnector);
  expect(request).toBe(Dispatcher.prototype.request);
});
