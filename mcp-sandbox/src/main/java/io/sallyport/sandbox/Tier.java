package io.sallyport.sandbox;

/**
 * What stands between code and everything else, the weakest first. An {@link Execution} names the weakest that it
 * accepts.
 */
public enum Tier {
    /** An interpreter that is shared with other code, elsewhere: whoever gets out of his own code is in the others'. */
    SHARED("shared"),
    /** The memory safety of WebAssembly, within the process of the gateway: code has nothing that it was not given. */
    WASM("wasm"),
    /** A process of its own, which the kernel gives nothing but what it was given: namespaces, system-call filter, limits. */
    PROCESS("process"),
    /** A virtual machine of its own: another kernel. */
    VM("vm");

    private final String word;

    Tier(String word) {
        this.word = word;
    }

    /** Returns the stable word for settings, tools and logs. */
    public String word() {
        return word;
    }

    /** Returns whether this one is as strong as the other, or stronger. */
    public boolean isAtLeast(Tier other) {
        return compareTo(other) >= 0;
    }
}
