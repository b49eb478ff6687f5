import { dispatch } from './dispatch.ts';
import { flushed } from './output/streams.ts';

// Nothing that is still open may keep a command that has its result from ending.
// (Without a top-level await, which a CommonJS bundle cannot have.) That a result could not be written is
// told one turn later.
void dispatch(process.argv.slice(2)).then(async (status) => {
  await flushed();
  setImmediate(() => process.exit(status));
});
