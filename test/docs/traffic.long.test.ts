import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/traffic.md says, in its order', () => {
  followDocument('docs/traffic.md', { atLeast: 3 });
});
