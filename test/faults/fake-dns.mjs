/** Loaded into the gateway before anything else: `subgraph.test` has the addresses that the file `FAKE_DNS` lists. */
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { lookup } = dns;

dns.lookup = (host, options, done) => {
  if (host !== 'subgraph.test') return lookup(host, options, done);
  const addresses = readFileSync(process.env.FAKE_DNS, 'utf8').split(' ');
  process.nextTick(() =>
    done(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    ),
  );
};
syncBuiltinESMExports();
