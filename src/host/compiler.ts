/**
 * Imported for its effect, before anything that executes guests: tells the host's JavaScript engine
 * never to exchange the code of a running loop. Code that is entered at its beginning is compiled
 * with the machine's arrays as constants, and the interpreter is more than half again as fast.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--no-use-osr');
