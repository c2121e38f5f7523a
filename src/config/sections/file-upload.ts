import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { size } from '../size.ts';

export const fileUploadSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether clients may send files by the GraphQL multipart request specification'),
    max_file_size: size.prefault('100MiB').describe('Largest file: "100MiB"; a larger one gets 413 REQUEST_TOO_LARGE'),
    max_files: z
      .int()
      .positive()
      .max(1_000)
      .default(10)
      .describe('Most files of one request; further ones get 413 REQUEST_TOO_LARGE'),
    idle_timeout: timerDuration
      .prefault('20s')
      .describe(
        'How long nothing of the body may arrive, while its source reads; then the client gets 408 REQUEST_TIMEOUT, and the connection is closed',
      ),
    timeout: timerDuration
      .prefault('1h')
      .describe(
        'How long the whole body may take to arrive; then the client gets 408 REQUEST_TIMEOUT, and the connection is closed',
      ),
  })
  .describe('Files in GraphQL requests (multipart/form-data), which are streamed to the subgraph that takes them');
