package io.sallyport.security.vault;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Writers and readers of one process, of which there are several. Each writer has names of its own, and counts under each: what a
 * reader gets must be the name that it has asked for, with a number no smaller than the last one that was acknowledged, or that it
 * has read before. Faults are told in lines that begin with {@code ERROR}; at the end, {@code ACKED} has what each name must hold.
 */
final class VaultClients {

    static final int PROCESSES = 2;

    private static final int WRITERS = 2;
    private static final int READERS = 2;
    private static final int NAMES = 10;

    private final Vault vault;
    private final int process;
    private final Map<String, Long> acked = new ConcurrentHashMap<>();
    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong writes = new AtomicLong();
    private final AtomicBoolean enough = new AtomicBoolean();

    VaultClients(Vault vault, int process) {
        this.vault = vault;
        this.process = process;
    }

    private static List<String> names(int process, int writer) {
        return IntStream.range(0, NAMES)
                .mapToObj(i -> "counter-" + process + "-" + writer + "-" + i)
                .toList();
    }

    /** Returns the names that all writers of all processes count under. */
    static List<String> allNames() {
        List<String> names = new ArrayList<>();
        for (int process = 0; process < PROCESSES; process++) {
            for (int writer = 0; writer < WRITERS; writer++) {
                names.addAll(names(process, writer));
            }
        }
        return names;
    }

    static void put(Vault vault, String name, long number) throws KekUnavailableException {
        try (SecretValue value = SecretValue.of((name + "=" + number).toCharArray())) {
            vault.put(VaultKillProgram.TENANT, name, value);
        }
    }

    /** Returns the number under a name; nothing if there is none. */
    static Optional<Long> get(Vault vault, String name) throws KekUnavailableException, SecretUnreadableException {
        Optional<SecretValue> found = vault.get(VaultKillProgram.TENANT, name);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        try (SecretValue value = found.get()) {
            String text = value.use(bytes -> new String(bytes, StandardCharsets.UTF_8));
            if (!text.startsWith(name + "=")) {
                throw new IllegalStateException("another secret was under " + name);
            }
            return Optional.of(Long.valueOf(text.substring(name.length() + 1)));
        }
    }

    /** Works until the input ends. */
    void work() throws Exception {
        VaultKillProgram.atEndOfInput(() -> enough.set(true));
        ExecutorService threads = Executors.newCachedThreadPool();
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            List<String> names = names(process, i);
            all.add(threads.submit(() -> whileItLasts(Duration.ofMillis(20), () -> write(names))));
        }
        for (int i = 0; i < READERS; i++) {
            Map<String, Long> seen = new HashMap<>();
            all.add(threads.submit(() -> whileItLasts(Duration.ofMillis(2), () -> read(seen))));
        }
        System.out.println("READY");
        for (Future<?> one : all) {
            one.get();
        }
        vault.close();
        acked.forEach((name, number) -> System.out.println("ACKED " + name + " " + number));
        System.out.println("DONE " + writes + " " + reads);
    }

    private interface Work {
        void run() throws Exception;
    }

    private void whileItLasts(Duration pace, Work work) {
        while (!enough.get()) {
            try {
                work.run();
            } catch (Exception | Error e) {
                System.out.println("ERROR in process " + process + ": " + e);
                e.printStackTrace();
            }
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(pace.toNanos()));
        }
    }

    private static String anyOf(List<String> names) {
        return names.get(ThreadLocalRandom.current().nextInt(names.size()));
    }

    private void write(List<String> names) throws KekUnavailableException {
        String name = anyOf(names);
        long next = acked.getOrDefault(name, 0L) + 1;
        put(vault, name, next);
        acked.put(name, next);
        writes.incrementAndGet();
    }

    private void read(Map<String, Long> seen) throws Exception {
        String name = anyOf(allNames());
        long atLeast = Math.max(acked.getOrDefault(name, 0L), seen.getOrDefault(name, 0L));
        long found = get(vault, name).orElseThrow(() -> new IllegalStateException(name + " is not there"));
        if (found < atLeast) {
            throw new IllegalStateException(name + " was " + atLeast + " before, and is " + found);
        }
        seen.put(name, found);
        reads.incrementAndGet();
    }
}
