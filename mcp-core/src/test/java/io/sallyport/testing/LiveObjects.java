package io.sallyport.testing;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What lives in this virtual machine after a garbage collection: our objects by class, our threads, all descriptors and
 * bytes. Counting instances tells more, and depends on less, than counting bytes.
 *
 * @param instances how many objects there are of each class of ours
 */
public record LiveObjects(Map<String, Long> instances, long threads, long descriptors, long heapBytes) {

    /** What may differ by chance, in each of the counts: a buffer that a pool keeps, a class used for the first time. */
    private static final int CHANCE = 8;

    private static final long HEAP_CHANCE = 16L * 1024 * 1024;
    private static final Duration AT_MOST = Duration.ofSeconds(60);
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

    private static final Pattern LINE = Pattern.compile("\\s*\\d+:\\s+(\\d+)\\s+\\d+\\s+(\\S*io\\.sallyport\\.\\S+).*");

    /** Returns what lives when a condition holds and two looks in a row have seen the same objects. */
    public static LiveObjects settled(BooleanSupplier quiet) {
        long end = System.nanoTime() + AT_MOST.toNanos();
        LiveObjects last = look();
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(PAUSE);
            boolean isQuiet = quiet.getAsBoolean();
            LiveObjects next = look();
            if (isQuiet && next.instances.equals(last.instances) && next.descriptors == last.descriptors) {
                return next;
            }
            last = next;
        }
        throw new AssertionError("no quiet within " + AT_MOST);
    }

    /** Waits until a condition holds and no more lives than when this was seen, and returns what lives then. */
    public LiveObjects awaitReturn(BooleanSupplier quiet) {
        long end = System.nanoTime() + AT_MOST.toNanos();
        while (true) {
            boolean isQuiet = quiet.getAsBoolean();
            LiveObjects next = look();
            if (isQuiet && !next.exceeds(this)) {
                return next;
            }
            if (System.nanoTime() > end) {
                throw new AssertionError(
                        "after " + AT_MOST + " there is no quiet, or more than before: " + next.comparedWith(this));
            }
            LockSupport.parkNanos(PAUSE);
        }
    }

    private boolean exceeds(LiveObjects before) {
        return !more(before, CHANCE).isEmpty()
                || threads > before.threads
                || descriptors > before.descriptors + CHANCE
                || heapBytes > before.heapBytes + HEAP_CHANCE;
    }

    private Map<String, Long> more(LiveObjects before, int than) {
        Map<String, Long> more = new TreeMap<>();
        instances.forEach((name, count) -> {
            long by = count - before.instances.getOrDefault(name, 0L);
            if (by > than) {
                more.put(name, by);
            }
        });
        return more;
    }

    /** Returns what there is more of than before, in words. */
    public String comparedWith(LiveObjects before) {
        return "%d threads, %d descriptors, %d KiB and these objects more: %s"
                .formatted(
                        threads - before.threads,
                        descriptors - before.descriptors,
                        (heapBytes - before.heapBytes) / 1024,
                        more(before, 0));
    }

    private static LiveObjects look() {
        Map<String, Long> instances = new TreeMap<>();
        Matcher line = LINE.matcher("");
        histogram().lines().forEach(text -> {
            if (line.reset(text).matches()) {
                instances.merge(line.group(2), Long.valueOf(line.group(1)), Long::sum);
            }
        });
        long threads = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("sallyport-"))
                .count();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        return new LiveObjects(instances, threads, openDescriptors(), heap);
    }

    /** Collects garbage and returns what is left. */
    private static String histogram() {
        try {
            return (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcClassHistogram",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new AssertionError(e);
        }
    }

    private static long openDescriptors() {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
