package io.sallyport.spi;

/**
 * Takes secrets out of bytes that come in pieces, wherever one piece ends and the next begins. It keeps back what may be the
 * beginning of a secret. Confined to one thread at a time; if a method throws, what was kept back is dropped.
 */
public interface RedactingStream {

    /**
     * Takes the next piece, and returns what may be passed on by now: some of what was kept back and of this piece, or
     * nothing. The array is the caller's.
     */
    byte[] accept(byte[] piece, int offset, int length);

    /** Returns what was kept back; no more comes. */
    byte[] finish();
}
