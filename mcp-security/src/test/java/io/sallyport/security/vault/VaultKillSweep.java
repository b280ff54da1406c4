package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.VaultStore.WrappedKey;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever moment a process dies at that rotates keys, those that use the vault meanwhile meet no error, nothing that was
 * acknowledged is lost, and the next one comes to the end of the rotation. For any store that several processes can share.
 */
abstract class VaultKillSweep {

    static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));

    private static final int RANDOM_KILLS = FULL ? 200 : 1;

    /** With those that writers count under, more than one batch of a rotation. */
    private static final int OTHER_SECRETS = FULL ? 500 : 250;

    @TempDir
    Path logs;

    private final String kek = randomKey();
    private final Class<? extends VaultStores> stores;
    private String place;
    private int kills;

    VaultKillSweep(Class<? extends VaultStores> stores) {
        this.stores = stores;
    }

    /** Returns a place that has nothing in it. */
    abstract String newPlace() throws Exception;

    /** Returns points within the store, such as {@code step:NAME:2}. */
    List<String> pointsWithin() {
        return List.of();
    }

    private static String randomKey() {
        byte[] key = new byte[LocalKek.BYTES];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    private VaultStore open() throws ReflectiveOperationException {
        return stores.getDeclaredConstructor().newInstance().open(place, "-");
    }

    @BeforeEach
    void putSecretsIn() throws Exception {
        place = newPlace();
        try (VaultStore store = open();
                Vault vault = VaultKillProgram.vault(store, kek)) {
            for (String name : VaultClients.allNames()) {
                VaultClients.put(vault, name, 0);
            }
            for (int i = 0; i < OTHER_SECRETS; i++) {
                VaultClients.put(vault, "other-" + i, i);
            }
        }
    }

    private ChildJvm start(String point, String... what) throws IOException, InterruptedException {
        ChildJvm child = launch(point, what);
        child.await("READY");
        return child;
    }

    /** Starts a program that may die before it is ready. */
    private ChildJvm launch(String point, String... what) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(stores.getName(), place, kek, point));
        arguments.addAll(List.of(what));
        return ChildJvm.start(logs.resolve(what[0] + ".log"), VaultKillProgram.class, arguments.toArray(String[]::new));
    }

    /** Those that use the vault, and what they have said. */
    private final class Clients implements AutoCloseable {

        private final List<ChildJvm> processes = new ArrayList<>();
        private final Map<String, Long> acked = new HashMap<>();
        private long writes;
        private long reads;

        Clients() throws IOException, InterruptedException {
            for (int i = 0; i < VaultClients.PROCESSES; i++) {
                processes.add(start("-", "clients", String.valueOf(i)));
            }
        }

        void assertHaveMetNoError(String so) {
            for (ChildJvm process : processes) {
                assertThat(process.isAlive()).as(so).isTrue();
                assertThat(process.saidSoFar()).as(so).isEmpty();
            }
        }

        void finish() throws InterruptedException {
            processes.forEach(ChildJvm::stop);
            for (ChildJvm process : processes) {
                for (String line : process.rest()) {
                    String[] words = line.split(" ");
                    switch (words[0]) {
                        case "ACKED" -> acked.put(words[1], Long.valueOf(words[2]));
                        case "DONE" -> {
                            writes += Long.parseLong(words[1]);
                            reads += Long.parseLong(words[2]);
                        }
                        default -> throw new AssertionError(line);
                    }
                }
            }
        }

        @Override
        public void close() {
            processes.forEach(ChildJvm::close);
        }

        @Override
        public String toString() {
            return "kills=" + kills + " writes=" + writes + " reads=" + reads;
        }
    }

    private void resume(String so) throws Exception {
        try (ChildJvm next = start("-", "resume")) {
            next.await("ROTATED");
            assertThat(next.exitCode()).as(so).isZero();
        }
    }

    /** Checks that all is as was acknowledged, under one key. */
    private void assertNothingIsLost(Clients clients) throws Exception {
        clients.finish();
        resume("the last rotation");
        try (VaultStore store = open();
                Vault vault = VaultKillProgram.vault(store, kek)) {
            for (String name : VaultClients.allNames()) {
                assertThat(VaultClients.get(vault, name)).as(name).hasValue(clients.acked.getOrDefault(name, 0L));
            }
            for (int i = 0; i < OTHER_SECRETS; i++) {
                assertThat(VaultClients.get(vault, "other-" + i)).hasValue((long) i);
            }
            assertThat(store.ring(VaultKillProgram.TENANT).keys())
                    .extracting(WrappedKey::state)
                    .containsOnlyOnce(KeyState.PRIMARY)
                    .containsOnly(KeyState.PRIMARY, KeyState.DESTROYED);
        }
        // Each kill was met by clients at work.
        assertThat(clients.writes).as(clients.toString()).isGreaterThan(kills);
        assertThat(clients.reads).as(clients.toString()).isGreaterThan(kills);
    }

    private static List<String> points() {
        if (!FULL) {
            return List.of("after:reseal:1");
        }
        List<String> points = new ArrayList<>();
        Map<String, Integer> calls = Map.of("replaceRing", 4, "ring", 8, "under", 4, "reseal", 4, "oldestKnown", 2);
        calls.forEach((method, most) -> {
            for (int i = 1; i <= most; i++) {
                points.add("before:" + method + ":" + i);
                points.add("after:" + method + ":" + i);
            }
        });
        return points;
    }

    @Test
    void aRotationMayDieAtAnyPoint() throws Exception {
        List<String> points = new ArrayList<>(points());
        points.addAll(pointsWithin());
        try (Clients clients = new Clients()) {
            for (String point : points) {
                try (ChildJvm dies = launch(point, "rotate")) {
                    assertThat(dies.exitCode()).as(point).isEqualTo(137);
                }
                kills++;
                resume(point);
                clients.assertHaveMetNoError(point);
            }

            assertNothingIsLost(clients);
            System.out.println(stores.getSimpleName() + " points " + clients);
        }
    }

    @Test
    void aRotationMayDieAtAnyMoment() throws Exception {
        long seed = new SecureRandom().nextLong();
        Random random = new Random(seed);
        String so = "seed " + seed;
        try (Clients clients = new Clients()) {
            for (int i = 0; i < RANDOM_KILLS; i++) {
                try (ChildJvm dies = start("-", "rotate")) {
                    // What the one before has left is brought to its end; the next one is cut.
                    dies.await("ROTATED");
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(400));
                    dies.kill();
                }
                kills++;
                clients.assertHaveMetNoError(so);
            }

            assertNothingIsLost(clients);
            System.out.println(stores.getSimpleName() + " random " + so + " " + clients);
        }
    }
}
