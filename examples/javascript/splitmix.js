// splitmix64 (Steele, Lea and Flood 2014) in two halves of 32 bits: BigInt, which holds 64, takes
// a hundred times as long.
"use strict";

/** The upper 32 bits of the product of two numbers of 32 bits. */
function multiplyHigh(a, b) {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const inner = aHigh * bLow + ((aLow * bLow) >>> 16);
  const outer = aLow * bHigh + (inner & 0xffff);
  return aHigh * bHigh + (inner >>> 16) + (outer >>> 16);
}

class Generator {
  constructor(seed) {
    const state = BigInt.asUintN(64, BigInt(seed));
    this.high = Number(state >> 32n);
    this.low = Number(state & 0xffffffffn);
  }

  /** A number from 0 up to but not including 1. */
  uniform() {
    const low = this.low + 0x7f4a7c15;
    this.low = low >>> 0;
    this.high = (this.high + 0x9e3779b9 + (low > 0xffffffff ? 1 : 0)) >>> 0;
    this.mix(this.high, this.low, 30, 0xbf58476d, 0x1ce4e5b9);
    this.mix(this.mixedHigh, this.mixedLow, 27, 0x94d049bb, 0x133111eb);
    const last = this.mixedLow ^ ((this.mixedLow >>> 31) | (this.mixedHigh << 1));
    const first = this.mixedHigh ^ (this.mixedHigh >>> 31);
    return ((first >>> 0) * 2 ** 21 + (last >>> 11)) * 2 ** -53;
  }

  /** mixed = (z ^ (z >> shift)) * factor, each of 64 bits. */
  mix(high, low, shift, factorHigh, factorLow) {
    const x = low ^ ((low >>> shift) | (high << (32 - shift)));
    const y = high ^ (high >>> shift);
    this.mixedLow = Math.imul(x, factorLow);
    this.mixedHigh =
      (multiplyHigh(x, factorLow) + Math.imul(x, factorHigh) + Math.imul(y, factorLow)) | 0;
  }
}

module.exports = { Generator };
