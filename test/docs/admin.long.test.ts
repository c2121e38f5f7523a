import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/admin.md says, in its order', () => {
  followDocument('docs/admin.md', { atLeast: 6, arrive: async () => ({ ADMIN_LISTEN: '127.0.0.1:0' }) });
});
