package io.sallyport.sandbox.wasm;

/** How far proofs go. */
final class Proof {

    private Proof() {}

    /** Returns how often something is tried: as often as is said if all is to be proven, else a fiftieth of that. */
    static int times(int full) {
        return "full".equals(System.getProperty("sallyport.proof")) ? full : full / 50;
    }
}
