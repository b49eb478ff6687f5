import { dispatch } from './dispatch.ts';

// Nothing that is still open may keep a command that has its result from ending.
// (Without a top-level await, which a CommonJS bundle cannot have.)
void dispatch(process.argv.slice(2)).then((status) => process.exit(status));
