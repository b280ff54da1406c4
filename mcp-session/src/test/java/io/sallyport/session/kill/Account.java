package io.sallyport.session.kill;

import io.sallyport.protocol.JsonValue;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What became of all that clients were promised. Thread-safe. */
final class Account {

    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger unknown = new AtomicInteger();
    private final AtomicInteger unacknowledged = new AtomicInteger();
    private final AtomicInteger resumes = new AtomicInteger();
    private final AtomicLong events = new AtomicLong();
    private final AtomicInteger lost = new AtomicInteger();
    private final AtomicInteger duplicated = new AtomicInteger();
    private final AtomicInteger reordered = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> remarks = new ConcurrentLinkedQueue<>();

    private void remark(String text) {
        if (remarks.size() < 20) {
            remarks.add(text);
        }
    }

    void killed() {
        kills.incrementAndGet();
    }

    void resumed() {
        resumes.incrementAndGet();
    }

    void lost(String what) {
        lost.incrementAndGet();
        remark("lost: " + what);
    }

    void foreign(String what) {
        duplicated.incrementAndGet();
        remark("foreign: " + what);
    }

    void reordered(String what) {
        reordered.incrementAndGet();
        remark("reordered: " + what);
    }

    /** Takes note of a call: how it ended, and the numbers of its events in the order in which they came. */
    void called(Optional<JsonValue> end, List<Long> numbers, String stream) {
        calls.incrementAndGet();
        events.addAndGet(numbers.size());
        if (end.isEmpty()) {
            if (numbers.isEmpty()) {
                unacknowledged.incrementAndGet();
            }
        } else if (end.get()
                .get("error")
                .flatMap(error -> error.get("code"))
                .map(JsonValue::toJson)
                .equals(Optional.of("50900"))) {
            unknown.incrementAndGet();
        } else {
            answered.incrementAndGet();
        }
        long expected = 1;
        for (long number : numbers) {
            if (number < expected) {
                duplicated.incrementAndGet();
                remark("duplicated: " + numbers + " in " + stream);
                return;
            }
            if (number > expected) {
                lost("between " + numbers + " in " + stream);
                return;
            }
            expected++;
        }
    }

    int kills() {
        return kills.get();
    }

    /** Returns how many calls a client had to go on with elsewhere, or to give up. */
    int interrupted() {
        return resumes.get() + unacknowledged.get() + unknown.get();
    }

    int calls() {
        return calls.get();
    }

    boolean isClean() {
        return lost.get() + duplicated.get() + reordered.get() == 0;
    }

    int unknownOutcomes() {
        return unknown.get();
    }

    @Override
    public String toString() {
        return "kills=" + kills + " calls=" + calls + " answered=" + answered + " unknown=" + unknown
                + " unacknowledged=" + unacknowledged + " resumes=" + resumes + " events=" + events + " lost=" + lost
                + " duplicated=" + duplicated + " reordered=" + reordered + (remarks.isEmpty() ? "" : " " + remarks);
    }
}
