import { enableCompileCache } from 'node:module';
import { compileCacheDirectory } from './compile-cache.ts';

/** What Node loads before each program but netd, see scripts/start.sh. */
const directory = compileCacheDirectory(process.env);
if (directory !== undefined) enableCompileCache(directory);
