package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What a child that crashes over and over leaves behind: nothing. */
@EnabledOnOs(OS.LINUX)
class ChildCrashTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));
    private static final int CRASHES = FULL ? 1_000 : 40;

    private static final List<String> WAYS = List.of(
            "exit 3",
            "kill -9 $$",
            "echo partial; printf '{\"half'; exit 1",
            "sleep 100 & (setsid sleep 100 &) ; exit 1",
            "read -r line; exit 2");

    @Test
    @Incident("S201")
    @Incident("X5")
    void crashesLeaveNoZombieNoThreadAndNoDescriptor() throws Exception {
        ChildGuard guard = new ChildGuard();
        crash(guard, WAYS.size()); // Whatever is made once is made now.
        long pid = ProcessHandle.current().pid();
        Eventually.until("the first are gone", () -> threads() == 0);
        int descriptors = Children.descriptorsOf(pid).size();
        long zombies = Children.zombies();
        long started = System.nanoTime();

        // When
        crash(guard, CRASHES);

        Eventually.until("no thread is left", () -> threads() == 0);
        Eventually.until("no zombie is left", () -> Children.zombies() <= zombies);
        Eventually.until(
                "no descriptor is left", () -> Children.descriptorsOf(pid).size() <= descriptors);
        assertThat(Children.marked(guard.ownerMark())).isEmpty();
        System.out.printf(
                "%d crashes in %d ms: %d zombies, %d threads, %d descriptors more%n",
                CRASHES,
                Duration.ofNanos(System.nanoTime() - started).toMillis(),
                Children.zombies() - zombies,
                threads(),
                Children.descriptorsOf(pid).size() - descriptors);
        assertThat(guard.close(Duration.ofSeconds(10))).isTrue();
    }

    private static void crash(ChildGuard guard, int times) throws Exception {
        for (int i = 0; i < times; i++) {
            Recorder recorder = new Recorder();
            ChildProcess child = Children.start(guard, Children.sh(WAYS.get(i % WAYS.size())), recorder);
            child.send("a line".getBytes(StandardCharsets.US_ASCII));
            assertThat(recorder.awaitExit().treeGone()).isTrue();
        }
    }

    /** Our threads; the JDK's "process reaper" threads are its own and leave after a minute without work. */
    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("sallyport-child-test"))
                .count();
    }
}
