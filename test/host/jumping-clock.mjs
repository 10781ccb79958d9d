/**
 * Given to node by --import: the date of this process jumps, an hour ahead or a day back, ten times
 * a second, as that of a host may whose clock somebody sets. The monotonic clock goes on.
 */
const Real = Date;
const HOUR_MS = 3_600_000;
let offsetMs = 0;
let jumps = 0;
setInterval(() => {
  jumps++;
  offsetMs += jumps % 5 === 0 ? -24 * HOUR_MS : HOUR_MS;
}, 100).unref();
globalThis.Date = class extends Real {
  static now() {
    return Real.now() + offsetMs;
  }

  constructor(...parts) {
    if (parts.length > 0) super(...parts);
    else super(Real.now() + offsetMs);
  }
};
