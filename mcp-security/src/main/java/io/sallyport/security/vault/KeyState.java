package io.sallyport.security.vault;

/** What a data key of a tenant is for. There is one {@link #PRIMARY} key at any time. */
public enum KeyState {
    /** Opens; nothing is sealed under it yet. All nodes learn it before anything is. */
    DISTRIBUTED,
    /** Opens, and all that is written is sealed under it. */
    PRIMARY,
    /** Opens what was sealed under it when it was primary. */
    DECRYPT_ONLY,
    /** Opens nothing; can be taken back. Nothing is sealed under it any more. */
    DISABLED,
    /** Its bytes are erased. Its name is kept for a while, so that it can be told what was under it. */
    DESTROYED;

    /** Returns whether what is sealed under such a key can be opened. */
    public boolean opens() {
        return this == DISTRIBUTED || this == PRIMARY || this == DECRYPT_ONLY;
    }
}
