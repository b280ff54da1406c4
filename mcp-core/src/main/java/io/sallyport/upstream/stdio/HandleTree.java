package io.sallyport.upstream.stdio;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A tree found through the parents of processes alone: all that Java offers on systems without {@code /proc}. A
 * descendant whose parent died before anybody looked is not found.
 */
final class HandleTree implements ProcessTree {

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<ProcessHandle> known = new LinkedHashSet<>(); // Guarded by lock.

    HandleTree(ProcessHandle child) {
        known.add(child);
    }

    @Override
    public int size() {
        return each(handle -> {});
    }

    @Override
    public int terminate() {
        return each(ProcessHandle::destroy);
    }

    @Override
    public int kill() {
        return each(ProcessHandle::destroyForcibly);
    }

    private int each(Consumer<ProcessHandle> action) {
        lock.lock();
        try {
            // Looked up before anything is signalled: the children of a dead parent are lost to us.
            List.copyOf(known).forEach(handle -> handle.descendants().forEach(known::add));
            known.removeIf(handle -> !handle.isAlive());
            // Parents before their children, which one that lives on might replace.
            known.forEach(action);
            return known.size();
        } finally {
            lock.unlock();
        }
    }
}
