package io.sallyport.examples.vault;

import io.sallyport.security.vault.tool.VaultTool;

/** The program that the jar of {@code sallyport-security} has; this module adds what it finds on its class path. */
public final class Main {

    private Main() {}

    /** Does what it is told, and ends with an exit code; {@code help} says which there are. */
    public static void main(String[] args) {
        VaultTool.main(args);
    }
}
