import { post } from '../measure.ts';
import type { Subject } from './run.ts';

const AT_ONCE = 10;
const PARTS = 5;

/** A sentence: memory over documents that were never seen before, ten at a time, as Headgate is shipped. */
export async function measureDocuments({ url, running }: Subject, documents: number): Promise<string> {
  const startedAt = performance.now();
  const resident: number[] = [];
  let failures = 0;
  let next = 0;
  const work = async (until: number) => {
    while (next < until) {
      const { status, text } = await post(url, { query: documentOf(next++) });
      if (status !== 200 || text.includes('"errors"')) failures++;
    }
  };
  for (let part = 1; part <= PARTS; part++) {
    const until = Math.round((documents * part) / PARTS);
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(until)));
    resident.push(Math.round(running.residentMb()));
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  return [
    `${documents} distinct documents in ${seconds} s, ${AT_ONCE} at a time: resident memory after each fifth`,
    `${resident.join(', ')} MB, at most ${Math.round(running.peakMb())} MB; ${failures} failed.`,
  ].join('\n');
}

function documentOf(index: number): string {
  const products = `products${index}: topProducts(first: ${1 + (index % 9)}) { upc name price reviews { id body author { id username name } } }`;
  return [
    `{ ${products} }`,
    `{ me${index}: me { id name reviews { id body } } }`,
    `query Q${index} { topProducts { upc inStock } }`,
  ][index % 3] as string;
}
