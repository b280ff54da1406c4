package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultFiles.Step;
import io.sallyport.security.vault.VaultFiles.Steps;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.spi.StoreUnavailableException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.IntConsumer;

/** Uses a vault in a folder from another process, and says what was acknowledged. */
final class FileVaultProgram {

    static final String TENANT = "acme";
    static final RowId ROW = new RowId(TENANT, "secrets", "a");

    private static final long KEY = 1;

    private static final IntConsumer SAY = counted -> System.out.println("COUNTED " + counted);

    private FileVaultProgram() {}

    /** Takes a folder, what to do there, and how often. */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]);
        switch (arguments[1]) {
            case "dieAt" -> count(open(folder, haltAt(arguments[2])), 100, SAY);
            case "count" -> count(open(folder, step -> {}), Integer.parseInt(arguments[2]), SAY);
            case "tryOnce" -> tryOnce(folder);
            case "fill" -> fill(folder, open(folder, step -> {}));
            default -> throw new IllegalArgumentException(arguments[1]);
        }
        Runtime.getRuntime().halt(0);
    }

    static VaultStore open(Path folder, Steps steps) {
        return FileVaultStore.open(folder, steps, Duration.ofSeconds(30), InstantSource.system());
    }

    /** Ends the process, as by SIGKILL, when it has done a step for the n-th time: {@code STEP:n}. */
    static Steps haltAt(String point) {
        Map<Step, Integer> done = new EnumMap<>(Step.class);
        return step -> {
            if (point.equals(step + ":" + done.merge(step, 1, Integer::sum))) {
                Runtime.getRuntime().halt(137);
            }
        };
    }

    static void beginWithOneKey(VaultStore store) {
        WrappedKey key = new WrappedKey(KEY, KeyState.PRIMARY, new byte[] {1}, "kek", Instant.EPOCH);
        store.replaceRing(TENANT, 0, List.of(key), OptionalLong.empty());
    }

    static int counted(VaultStore store) {
        return store.read(ROW)
                .map(row -> ByteBuffer.wrap(row.sealed()).getInt())
                .orElse(0);
    }

    /** Counts in a row that others count in as well. */
    static void count(VaultStore store, int times) {
        count(store, times, counted -> {});
    }

    private static void count(VaultStore store, int times, IntConsumer done) {
        beginWithOneKey(store);
        for (int left = times; left > 0; ) {
            long version = store.read(ROW).map(Row::version).orElse(0L);
            int next = counted(store) + 1;
            byte[] sealed = ByteBuffer.allocate(Integer.BYTES).putInt(next).array();
            if (store.write(ROW, version, KEY, sealed) == Written.WRITTEN) {
                left--;
                done.accept(next);
            }
        }
    }

    /** Opens it, and does not wait for anybody who writes. */
    private static void tryOnce(Path folder) {
        try {
            FileVaultStore.open(folder, step -> {}, Duration.ZERO, InstantSource.system());
            System.out.println("OPENED");
        } catch (StoreUnavailableException e) {
            System.out.println("REFUSED " + e.getMessage());
        }
    }

    /** Writes until that fails. */
    private static void fill(Path folder, VaultStore store) {
        beginWithOneKey(store);
        int written = 0;
        try {
            while (true) {
                store.write(new RowId(TENANT, "fill", "row-" + written), 0, KEY, new byte[20_000]);
                written++;
            }
        } catch (StoreUnavailableException e) {
            System.out.println("FAILED " + e.getMessage());
        }
        System.out.println("WRITTEN " + written);
        System.out.println("LEFT " + Files.exists(folder.resolve(VaultFiles.TEMPORARY)));
        System.out.println("DELETED " + store.delete(new RowId(TENANT, "fill", "row-0")));
    }
}
