package io.sallyport.upstream.stdio;

import io.sallyport.upstream.stdio.ProcessTable.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * A tree found through {@code /proc} (Linux).
 *
 * <p>A process belongs if one of these holds, in the order of their weight:
 *
 * <ol>
 *   <li>it carries the mark in the environment that it was started with, or it is the child itself;
 *   <li>its parent belongs;
 *   <li>it is in a session that a process that belongs is in, the gateway's own session excepted. Nobody joins a
 *       session from outside: it is inherited or opened.
 * </ol>
 *
 * So a process escapes only if it cleared its environment <em>and</em> opened a session of its own <em>and</em> its
 * parents that belong were dead before anybody looked.
 *
 * <p>Pids are used again, and a look at {@code /proc} is not one moment. Therefore nothing is signalled on the strength
 * of one look: each process is read again, must be the same one (pid and start time) for the same reason, and the
 * process that it leans on must have stood this test before it. {@link ProcessHandle} compares the start time once more
 * when it sends the signal.
 */
final class MarkedTree implements ProcessTree {

    /** A process that belongs, and why. */
    record Member(Entry entry, Reason reason) {}

    enum Reason {
        SEED,
        PARENT,
        SESSION
    }

    private final ProcessTable table;
    private final String mark;
    private final long childPid;
    private final long childStart;
    private final long self;
    private final long ownSession;

    /** Sessions that belong; they outlast the processes that opened them. Guarded by {@code lock}. */
    private final Set<Long> sessions = new HashSet<>();

    private final ReentrantLock lock = new ReentrantLock();

    private MarkedTree(ProcessTable table, String mark, long childPid, long childStart) {
        this.table = table;
        this.mark = mark;
        this.childPid = childPid;
        this.childStart = childStart;
        this.self = ProcessHandle.current().pid();
        this.ownSession = table.find(self, mark).map(Entry::session).orElse(0L);
    }

    /** Returns the tree of whatever carries the mark. */
    static MarkedTree of(ProcessTable table, String mark) {
        return new MarkedTree(table, mark, -1, -1);
    }

    /**
     * Returns the tree of a child.
     *
     * @param childStart when the child began, or -1 if it has ended
     * @param leader whether the child opened a session, which then bears its pid
     */
    static MarkedTree of(ProcessTable table, String mark, long childPid, long childStart, boolean leader) {
        MarkedTree tree = new MarkedTree(table, mark, childPid, childStart);
        if (leader) {
            tree.sessions.add(childPid);
        }
        return tree;
    }

    @Override
    public int size() {
        return find().size();
    }

    @Override
    public int terminate() {
        return signal(false);
    }

    @Override
    public int kill() {
        return signal(true);
    }

    private int signal(boolean force) {
        List<ProcessHandle> found = find();
        // Parents before their children: one that lives on might start another in the place of each that is killed.
        for (ProcessHandle process : found) {
            if (force) {
                process.destroyForcibly();
            } else {
                process.destroy();
            }
        }
        return found.size();
    }

    private List<ProcessHandle> find() {
        lock.lock();
        try {
            List<Entry> entries = table.all(mark);
            forgetSessionOfAnother(entries);
            return verified(members(entries, this::isSeed, sessions, ownSession, self));
        } finally {
            lock.unlock();
        }
    }

    private boolean isSeed(Entry entry) {
        return entry.marked() || entry.pid() == childPid && entry.start() == childStart;
    }

    /** While a session has members its number is not given to a new process; so if one has it, the session is over. */
    private void forgetSessionOfAnother(List<Entry> entries) {
        if (entries.stream().anyMatch(entry -> entry.pid() == childPid && entry.start() != childStart)) {
            sessions.remove(childPid);
        }
    }

    /** Returns who belongs by one look; each comes after the one that it leans on. */
    static List<Member> members(
            List<Entry> entries, Predicate<Entry> seed, Set<Long> knownSessions, long foreignSession, long self) {
        Map<Long, Member> members = new HashMap<>();
        List<Member> ordered = new ArrayList<>();
        Set<Long> sessions = new HashSet<>(knownSessions);
        boolean grown = true;
        while (grown) {
            grown = false;
            for (Entry entry : entries) {
                if (entry.pid() == self || members.containsKey(entry.pid())) {
                    continue;
                }
                Optional<Reason> reason = seed.test(entry)
                        ? Optional.of(Reason.SEED)
                        : members.containsKey(entry.parent())
                                ? Optional.of(Reason.PARENT)
                                : sessions.contains(entry.session()) ? Optional.of(Reason.SESSION) : Optional.empty();
                if (reason.isPresent()) {
                    Member member = new Member(entry, reason.get());
                    members.put(entry.pid(), member);
                    ordered.add(member);
                    if (entry.session() != foreignSession && entry.session() != 0) {
                        sessions.add(entry.session());
                    }
                    grown = true;
                }
            }
        }
        return ordered;
    }

    private List<ProcessHandle> verified(List<Member> members) {
        Set<Long> proven = new HashSet<>();
        List<ProcessHandle> handles = new ArrayList<>();
        for (Member member : members) {
            Entry entry = member.entry();
            // The handle first: what is read afterwards is then about the process that the handle stands for.
            Optional<ProcessHandle> handle = ProcessHandle.of(entry.pid());
            Optional<Entry> again = table.find(entry.pid(), mark);
            if (handle.isPresent() && again.isPresent() && stillHolds(member, again.get(), proven)) {
                handles.add(handle.get());
                proven.add(entry.pid());
                if (entry.session() != ownSession && entry.session() != 0) {
                    sessions.add(entry.session());
                }
            }
        }
        return handles;
    }

    private boolean stillHolds(Member member, Entry again, Set<Long> proven) {
        if (again.start() != member.entry().start()) {
            return false;
        }
        return switch (member.reason()) {
            case SEED -> isSeed(again);
            case PARENT -> again.parent() == member.entry().parent() && proven.contains(again.parent());
            case SESSION -> sessions.contains(again.session());
        };
    }
}
