/** `node peak.mjs [MODULE ARGUMENTS…]`: runs a program, and prints its peak memory in KiB at last. */
const [program, ...args] = process.argv.slice(2);
process.on('exit', () => console.error(`peak ${process.resourceUsage().maxRSS}`));
if (program) {
  process.argv = [process.argv[0], program, ...args];
  await import(program);
}
