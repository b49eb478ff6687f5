/** The test files that share one VM, in an order in which none needs it as another has left it. */
import './exec.test.ts';
import './copy.test.ts';
import './copy-kinds.test.ts';
import './host-channels.test.ts';
// It ends with a VM that was made anew, on which the next one looks at what a system is.
import './ssh-config.test.ts';
import './system.test.ts';
import { testAllGone } from './support/one-guest.ts';

testAllGone();
