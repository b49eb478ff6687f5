import { messageOf, systemCodeOf } from '../../common/errors.ts';

/**
 * Our output, opened when something is written: that takes a while, and most commands write to one stream
 * only. A reader that went away, as in `banger vm list | head -1`, ends us without a word. A terminal that
 * went away tells so with SIGHUP: what is left to do is done without it.
 */
export const output = {
  get results(): NodeJS.WriteStream {
    return guarded(process.stdout);
  },
  get diagnostics(): NodeJS.WriteStream {
    return guarded(process.stderr);
  },
};

function guarded(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (stream.listenerCount('error') === 0) stream.on('error', (error) => failed(stream, error));
  return stream;
}

function failed(stream: NodeJS.WriteStream, error: Error): void {
  const code = systemCodeOf(error);
  if (code === 'EIO' || code === 'ERR_STREAM_DESTROYED') return;
  if (code !== 'EPIPE' && stream === process.stdout)
    output.diagnostics.write(`banger: the output cannot be written: ${messageOf(error)}\n`);
  process.exit(1);
}
