/** splitmix64 (Steele, Lea and Flood 2014). */
final class SplitMix {
    private long state;

    SplitMix(long seed) {
        state = seed;
    }

    /** A number from 0 up to but not including 1. */
    double uniform() {
        state += 0x9E3779B97F4A7C15L;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return ((z ^ (z >>> 31)) >>> 11) * 0x1.0p-53;
    }
}
