package io.sallyport.sandbox;

/** What code may use only so much of, see {@link Limits}. */
public enum Limit {
    /** Time on the clock. */
    WALL_TIME,
    /** Time of processors. */
    CPU_TIME,
    /** Memory. */
    MEMORY,
    /** What is said: standard output, standard error, and the value. */
    OUTPUT,
    /** Bytes in files. */
    FILES,
    /** Processes that code may start. */
    PROCESSES
}
