package io.sallyport.examples.cluster;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What became of what clients were promised. Thread-safe.
 *
 * <ul>
 *   <li><b>Lost</b> is a session that no node knows any more; an event between two that came; the rest of an answer that
 *       had begun; a number that a tool has reported before its result came, and that did not come; an answer to a call
 *       that nobody has run; a read that failed; and half a minute in which no node took a client's calls.
 *   <li><b>Duplicated</b> is an event that came twice, or in the stream of another call, and a call that was run twice.
 *   <li><b>Reordered</b> are numbers that a tool has reported in another order.
 * </ul>
 *
 * <p>Not lost is a call of a tool whose node died: it ends with an error that says so ({@code outcome_unknown}), because it
 * must not be made a second time. Nor is a request lost whose node died before it answered anything: nothing was promised.
 */
final class Account {

    private static final int MAX_REMARKS = 20;

    /** Calls get numbers from here on, so high that a client of somebody else, who numbers from 1, does not meet them. */
    private final long firstCall = ThreadLocalRandom.current().nextLong(1L << 40, 1L << 52);

    private final AtomicLong nextCall = new AtomicLong(firstCall);
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicLong events = new AtomicLong();
    private final AtomicInteger lost = new AtomicInteger();
    private final AtomicInteger duplicated = new AtomicInteger();
    private final AtomicInteger reordered = new AtomicInteger();
    private final AtomicInteger resumed = new AtomicInteger();
    private final AtomicInteger unknown = new AtomicInteger();
    private final AtomicInteger unacknowledged = new AtomicInteger();
    private final Map<Long, Integer> runs = new ConcurrentHashMap<>();
    private final Set<Long> answered = ConcurrentHashMap.newKeySet();
    private final Queue<String> remarks = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** Closes the account: what becomes of calls from now on is no longer counted. */
    void close() {
        closed = true;
    }

    void killed() {
        kills.incrementAndGet();
    }

    /** Returns a number for a call of one of our clients. */
    long nextCall() {
        return nextCall.getAndIncrement();
    }

    /** A node has begun to run the call with this number; returns whether one of our clients has made it. */
    boolean ran(long call) {
        if (call < firstCall || call >= nextCall.get()) {
            return false;
        }
        if (!closed && runs.merge(call, 1, Integer::sum) > 1) {
            duplicated("call " + call + " was run again");
        }
        return true;
    }

    /** A client has the result of the call with this number. */
    void answered(long call) {
        answered.add(call);
    }

    /** A call has ended, one way or the other; these are the numbers of its events in the order in which they came. */
    void called(List<Long> numbers) {
        if (closed) {
            return;
        }
        calls.incrementAndGet();
        events.addAndGet(numbers.size());
        for (int i = 0; i < numbers.size(); i++) {
            if (numbers.get(i) > i + 1) {
                lost("an event before " + numbers.get(i) + " in " + numbers);
                return;
            }
            if (numbers.get(i) < i + 1) {
                duplicated("event " + numbers.get(i) + " in " + numbers);
                return;
            }
        }
    }

    /** A client went on with a call at another node. */
    void resumed() {
        resumed.incrementAndGet();
    }

    /** A call has ended with an error that says that its outcome is unknown. */
    void unknown() {
        unknown.incrementAndGet();
    }

    /** A request broke before anything was answered. */
    void unacknowledged() {
        unacknowledged.incrementAndGet();
    }

    void lost(String what) {
        count(lost, "lost: " + what);
    }

    void duplicated(String what) {
        count(duplicated, "duplicated: " + what);
    }

    void reordered(String what) {
        count(reordered, "reordered: " + what);
    }

    private void count(AtomicInteger counter, String remark) {
        if (closed) {
            return;
        }
        counter.incrementAndGet();
        if (remarks.size() < MAX_REMARKS) {
            remarks.add(remark);
        }
    }

    /** Looks at what can be known only when no node says anything more. */
    void settle() {
        answered.stream()
                .filter(call -> !runs.containsKey(call))
                .forEach(call -> lost("call " + call + " was never run"));
    }

    int calls() {
        return calls.get();
    }

    boolean isClean() {
        return lost.get() + duplicated.get() + reordered.get() == 0;
    }

    /** Returns the first of what was lost, duplicated or reordered. */
    List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** Returns what kills have done to calls that were not lost. */
    String interruptions() {
        return "resumed at another node: " + resumed + ", ended as outcome_unknown: " + unknown
                + ", broken before anything was answered: " + unacknowledged;
    }

    @Override
    public String toString() {
        return "kills=" + kills + " calls=" + calls + " events=" + events + " lost=" + lost + " duplicated="
                + duplicated + " reordered=" + reordered;
    }
}
