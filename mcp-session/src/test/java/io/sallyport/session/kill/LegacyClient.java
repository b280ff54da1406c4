package io.sallyport.session.kill;

/** A client with a session, which keeps account of what it was promised. For one thread. */
interface LegacyClient {

    /** Opens a session; what was not answered was not promised, so it tries until it is. */
    void initialize() throws InterruptedException;

    /** Makes a call during which it is asked something. */
    void ask() throws InterruptedException;

    /** Reads what may be read twice. */
    void read() throws InterruptedException;

    /** Makes a call that reports each number up to one, and sees that nothing of it is lost. */
    void count(int to) throws InterruptedException;

    /** Says which messages it wants to have, and sees that a call, at whichever node, heeds that. */
    void choose(boolean chatty) throws InterruptedException;

    /** Ends the session. */
    void delete() throws InterruptedException;
}
