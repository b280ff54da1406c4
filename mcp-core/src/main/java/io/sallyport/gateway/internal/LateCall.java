package io.sallyport.gateway.internal;

import io.sallyport.upstream.CallHandle;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A call that is made a little later, unless it is given up before. Thread-safe. */
final class LateCall implements CallHandle {

    private final ReentrantLock lock = new ReentrantLock();

    /** Both guarded by the lock. */
    private @Nullable CallHandle call;

    private @Nullable String cancelled;

    /** Does something unless the call was given up; what it does may be to make the call. */
    void unlessCancelled(Runnable action) {
        boolean isWanted;
        lock.lock();
        try {
            isWanted = cancelled == null;
        } finally {
            lock.unlock();
        }
        if (isWanted) {
            action.run();
        }
    }

    /** The call has been made. */
    void began(CallHandle made) {
        @Nullable String reason;
        lock.lock();
        try {
            call = made;
            reason = cancelled;
        } finally {
            lock.unlock();
        }
        if (reason != null) {
            made.cancel(reason);
        }
    }

    @Override
    public void cancel(String reason) {
        @Nullable CallHandle made;
        lock.lock();
        try {
            cancelled = reason;
            made = call;
        } finally {
            lock.unlock();
        }
        if (made != null) {
            made.cancel(reason);
        }
    }
}
