let last = 0;

/** Returns a number that is larger than all before: it says what was first in this process, also within a millisecond. */
export function nextInOrder(): number {
  last += 1;
  return last;
}
