import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/caching.md says, in its order', () => {
  followDocument('docs/caching.md', { atLeast: 6 });
});
