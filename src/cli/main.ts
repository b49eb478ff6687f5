import { dispatch } from './dispatch.ts';

// A reader that went away, as in `banger vm list | head -1`, is no failure worth a word.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => process.exit(1));
}

// Nothing that is still open may keep a command that has its result from ending.
// (Without a top-level await, which a CommonJS bundle cannot have.)
void dispatch(process.argv.slice(2)).then((status) => process.exit(status));
