package io.sallyport.security.vault;

import io.sallyport.security.vault.KeyRotation.Report;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/** One of the processes that share a vault: some write and read, one rotates, until it is killed or its input ends. */
final class VaultKillProgram {

    static final String TENANT = "acme";

    /** What has been killed is waited for as long. */
    private static final Duration LEASE = Duration.ofSeconds(1);

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private VaultKillProgram() {}

    /**
     * Takes the class of a {@link VaultStores}, the place, the key-encryption key in base64, where to die ({@code -} for nowhere),
     * and what to do: {@code rotate} again and again, {@code resume} to come to the end of a rotation, or {@code clients} and
     * which of them.
     */
    public static void main(String[] arguments) throws Exception {
        VaultStores stores = (VaultStores)
                Class.forName(arguments[0]).getDeclaredConstructor().newInstance();
        VaultStore store = FailpointStore.of(stores.open(arguments[1], arguments[3]), arguments[3]);
        Vault vault = vault(store, arguments[2]);
        switch (arguments[4]) {
            case "rotate" -> rotate(vault, Integer.MAX_VALUE);
            case "resume" -> rotate(vault, 1);
            case "clients" -> new VaultClients(vault, Integer.parseInt(arguments[5])).work();
            default -> throw new IllegalArgumentException(arguments[4]);
        }
        store.close();
        Runtime.getRuntime().halt(0);
    }

    static Vault vault(VaultStore store, String kek) {
        KekProvider wraps =
                new LocalKek(Primitives.ofJdk(), List.of(Base64.getDecoder().decode(kek)));
        return Vault.builder(store, wraps).lease(LEASE).build();
    }

    /** Lets something happen when there is no more input: whoever has started us wants it, or is dead. */
    static void atEndOfInput(Runnable then) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (System.in.read() >= 0) {
                            Thread.onSpinWait();
                        }
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    } finally {
                        then.run();
                    }
                },
                "input");
        thread.setDaemon(true);
        thread.start();
    }

    private static void rotate(Vault vault, int times) throws Exception {
        atEndOfInput(() -> Runtime.getRuntime().halt(0));
        KeyRotation rotation = vault.rotation().patience(PATIENCE).build();
        System.out.println("READY");
        for (int i = 0; i < times; i++) {
            Report report = rotation.rotate(TENANT);
            if (!report.isDone()) {
                System.out.println("ERROR a rotation did not come to its end: " + report);
                return;
            }
            rotation.destroy(TENANT);
            System.out.println("ROTATED " + report);
        }
    }
}
