import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { besideHung, hedged, type Measure, oneOfThree, outage } from '../../test/faults/figures.ts';
import { ROOT } from '../gateways.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '12' }, rate: { type: 'string', default: '200' }, only: { type: 'string', default: '' }, cli: { type: 'string', default: join(ROOT, 'dist/cli.js') } } });
const measure: Measure = { cli: values.cli, seconds: Number(values.seconds), perSecond: Number(values.rate) };
const is = (n: string) => n.includes(values.only);
for (const fault of ['refuses connections', 'closes each connection', 'resets in the middle of a response', 'answers 500', 'answers 500 in bursts', 'answers with garbage', 'hangs', 'trickles'] as const)
  if (is(`three ${fault}`)) console.log(fault, await oneOfThree(measure, fault));
for (const fault of ['refuses connections', 'closes each connection', 'answers 503', 'hangs'] as const)
  if (is(`outage ${fault}`)) console.log('outage', fault, await outage(measure, fault));
for (const fault of ['refuses connections', 'closes each connection', 'answers 503', 'hangs'] as const)
  if (is(`breaker ${fault}`)) console.log('outage with breaker', fault, await outage(measure, fault, { circuit_breaker: {} }));
if (is('beside')) console.log('beside', await besideHung(measure));
if (is('hedge')) console.log('hedge', await hedged(measure));
