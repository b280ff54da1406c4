package io.sallyport.sandbox;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.Principal;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sessions of a {@link Sandbox} that outlive a call: named, owned, bounded, and closed when their time is over. Thread-safe.
 *
 * <p>A session belongs to the principal that has opened it. To anybody else, of the same tenant too, it is not there, and
 * nothing tells that it is. Its name is made here, from 128 random bits.
 *
 * <p>There is room for so many sessions with so much memory, of each tenant and of all together. Room is taken before a
 * session is opened, and given back when it is closed. Where a tenant has none left, its sessions that run nothing and are
 * not pinned are closed for the newcomer: those of the same principal first, the longest idle first. Never those of other
 * tenants: where they have taken what there is for all, the newcomer is refused.
 *
 * <p>A session is over when nobody has used it for a while, and at a certain age in any case; to callers it is so at that very
 * moment, whenever it is closed. What runs then may end first.
 *
 * @since 0.1
 */
public final class SandboxSessions implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private final Sandbox sandbox;
    private final SessionSettings settings;
    private final SessionTable table;
    private final Alarm alarm;
    private final SecureRandom random = new SecureRandom();
    private final ReentrantLock alarmLock = new ReentrantLock();
    private Runnable callOff = () -> {};

    SandboxSessions(Sandbox sandbox, SessionSettings settings, Alarm alarm) {
        this.sandbox = sandbox;
        this.settings = settings;
        this.table = new SessionTable(settings);
        this.alarm = alarm;
    }

    /** Returns a builder of sessions of a sandbox, which remains the host's: it is not closed with them. */
    public static Builder of(Sandbox sandbox) {
        return new Builder(sandbox);
    }

    /** Returns the limits that callers may choose by name, in the order in which they were set. */
    public Map<String, Limits> flavors() {
        return settings.flavors();
    }

    /** Returns the name of the limits of those who choose none. */
    public String defaultFlavor() {
        return settings.defaultFlavor();
    }

    /**
     * Returns what code of a flavor may use: its limits, and for commands the {@linkplain Builder#commandProcesses processes}
     * that they cannot do without; nothing if there is no such flavor.
     */
    public Optional<Limits> limits(String flavor, Language language) {
        return Optional.ofNullable(settings.flavors().get(flavor))
                .map(limits -> language == Language.SHELL && limits.processes() < settings.commandProcesses()
                        ? limits.toBuilder()
                                .processes(settings.commandProcesses())
                                .build()
                        : limits);
    }

    /**
     * Opens a session. May wait, as {@link Sandbox#open} does, and for sessions that are closed to make room.
     *
     * @param flavor the name of its limits
     * @throws SandboxRefusedException if there is no such flavor, no room, or no session to be had
     * @throws InterruptedException if the thread was interrupted; nothing is left of it then
     */
    public SessionInfo open(Principal principal, Language language, String flavor, Cancellation cancellation)
            throws SandboxRefusedException, InterruptedException {
        Limits limits = limits(flavor, language)
                .orElseThrow(() -> SessionTable.refused(
                        SandboxError.CONFIGURATION_ERROR,
                        "there is no flavor of this name; there are "
                                + String.join(", ", settings.flavors().keySet())));
        Capabilities capabilities = sandbox.capabilities();
        if (capabilities.unavailable().isPresent()) {
            throw SessionTable.refused(
                    capabilities.isUnavailableForGood()
                            ? SandboxError.SANDBOX_MISSING_ERROR
                            : SandboxError.SANDBOX_UNAVAILABLE_ERROR,
                    "this sandbox lacks what it needs, and opens no session");
        }
        if (!capabilities.stateful().contains(language)) {
            throw SessionTable.refused(
                    SandboxError.CONFIGURATION_ERROR, "this sandbox has no sessions in " + language.word());
        }
        close(table.removeExpired());
        Room room = new Room(1, limits.memoryBytes());
        SessionTable.Admission admission = table.admit(principal, room, flavor);
        boolean isKept = false;
        Optional<SandboxSession> opened = Optional.empty();
        try {
            try {
                // Their room is the newcomer's: they have to be gone before it comes.
                admission.evicted().forEach(evicted -> closeQuietly(evicted.session, "evicted"));
            } finally {
                table.giveBack(principal, admission.heldUntilTheyAreClosed());
            }
            opened = Optional.of(sandbox.open(language, limits, cancellation));
            SessionInfo info = table.add(new KeptSession(
                    newId(),
                    principal,
                    language,
                    flavor,
                    room,
                    opened.get(),
                    sandbox.capabilities().tier(),
                    settings.clock().instant(),
                    settings));
            isKept = true;
            setAlarm();
            return info;
        } catch (SandboxUnavailableException e) {
            LOGGER.atWarn()
                    .addKeyValue("language", language.word())
                    .addKeyValue("error", e.getMessage())
                    .log("no sandbox session could be opened");
            throw SessionTable.refused(
                    SandboxError.SANDBOX_CREATION_ERROR, "the sandbox could not open a session: " + e.type());
        } finally {
            if (!isKept) {
                opened.ifPresent(session -> closeQuietly(session, "not kept"));
                table.giveBack(principal, room);
            }
        }
    }

    private String newId() {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /**
     * Runs code in a session, when what runs there has ended. Where the code had to be ended, what was in the session may be
     * gone, and the session with it: {@link #find} tells.
     *
     * @throws SandboxRefusedException if there is no such session of this principal, it is in another language, or it was
     *     busy for too long
     * @throws InterruptedException if the thread was interrupted; the code does not run any more then
     */
    public Outcome run(Principal principal, String id, Execution execution, Cancellation cancellation)
            throws SandboxRefusedException, InterruptedException {
        KeptSession session = table.begin(principal, id, execution.language());
        try {
            if (!session.turn.enter(settings.patience(), cancellation)) {
                if (cancellation.isCancelled()) {
                    return cancelled(session);
                }
                throw SessionTable.busy();
            }
            try {
                if (table.isRemoved(session)) {
                    throw SessionTable.notFound();
                }
                return session.session.run(execution, cancellation);
            } finally {
                session.turn.leave();
            }
        } finally {
            if (table.finish(session, session.session.isLost())) {
                close(List.of(session));
            }
            setAlarm();
        }
    }

    private static Outcome cancelled(KeptSession session) {
        return Outcome.of(Outcome.Status.CANCELLED, session.tier)
                .error(new Outcome.Failure("Cancelled", "the code was to end", ""))
                .build();
    }

    /**
     * Returns what is to be known of a session.
     *
     * @throws SandboxRefusedException if there is no such session of this principal
     */
    public SessionInfo find(Principal principal, String id) throws SandboxRefusedException {
        return table.info(principal, id);
    }

    /** Returns the sessions of a principal, the oldest first. */
    public List<SessionInfo> list(Principal principal) {
        return table.list(principal::equals);
    }

    /** Returns the sessions of all principals of a tenant, the oldest first. For operators. */
    public List<SessionInfo> listOfTenant(String tenant) {
        return table.list(owner -> owner.tenant().equals(tenant));
    }

    /**
     * Spares a session when room is made, and however long nobody uses it; or does so no longer. It ends at its greatest age
     * in any case.
     *
     * @throws SandboxRefusedException if there is no such session of this principal, or its tenant has pinned as many as may be
     */
    public SessionInfo pin(Principal principal, String id, boolean pinned) throws SandboxRefusedException {
        SessionInfo info = table.pin(principal, id, pinned);
        setAlarm();
        return info;
    }

    /**
     * Closes a session; what runs in it ends.
     *
     * @throws SandboxRefusedException if there is no such session of this principal
     */
    public void stop(Principal principal, String id) throws SandboxRefusedException {
        close(List.of(table.remove(principal, id)));
    }

    /** Closes the sessions of a tenant that run nothing and are not pinned, and returns how many there were. For operators. */
    public int stopIdle(String tenant) {
        List<KeptSession> idle = table.removeIdle(tenant);
        close(idle);
        return idle.size();
    }

    /**
     * Takes out of a session what JSON can say, by code that runs in it.
     *
     * @throws SandboxRefusedException as {@link #run}, and if it has no variables, or they could not be had
     * @throws InterruptedException if the thread was interrupted
     */
    public SessionExport export(Principal principal, String id, Cancellation cancellation)
            throws SandboxRefusedException, InterruptedException {
        SessionInfo info = find(principal, id);
        String script = SessionExport.script(info.language())
                .orElseThrow(() -> SessionTable.refused(
                        SandboxError.CONFIGURATION_ERROR,
                        "a session in " + info.language().word() + " has no variables"));
        Outcome outcome = run(
                principal,
                id,
                Execution.of(info.language(), script)
                        .limits(limits(info.flavor(), info.language()).orElseThrow())
                        .origin(new Execution.Origin(principal, id, ""))
                        // It looks into namespaces, which code of others need not do.
                        .vouchedFor()
                        .build(),
                cancellation);
        if (outcome.value().isEmpty()) {
            throw SessionTable.refused(
                    SandboxError.of(outcome).orElse(SandboxError.CODE_EXECUTION_ERROR),
                    "the variables could not be read: "
                            + outcome.error().map(Outcome.Failure::type).orElse("NoValue"));
        }
        return SessionExport.of(outcome.value().get())
                .orElseThrow(() -> SessionTable.refused(
                        SandboxError.CODE_EXECUTION_ERROR, "code in the session has changed how variables are read"));
    }

    /** Returns how many sessions there are, those that are being opened or closed counted. A gauge. */
    public int count() {
        return table.used().sessions();
    }

    /** Returns how much memory they may use together, in bytes. A gauge. */
    public long memoryBytes() {
        return table.used().memoryBytes();
    }

    private void close(List<KeptSession> sessions) {
        for (KeptSession session : sessions) {
            try {
                closeQuietly(session.session, "over");
            } finally {
                table.giveBack(session.owner, session.room);
            }
        }
    }

    private static void closeQuietly(SandboxSession session, String why) {
        try {
            session.close();
        } catch (RuntimeException e) {
            LOGGER.atWarn()
                    .addKeyValue("why", why)
                    .addKeyValue("error", e.toString())
                    .log("a sandbox session did not close cleanly");
        }
    }

    private void setAlarm() {
        alarmLock.lock();
        try {
            callOff.run();
            callOff = table.untilNextIsOver()
                    .map(delay -> alarm.in(delay.plusMillis(1), this::expire))
                    .orElse(() -> {});
        } finally {
            alarmLock.unlock();
        }
    }

    private void expire() {
        close(table.removeExpired());
        setAlarm();
    }

    /** Ends all sessions, and what runs in them. No other can be opened then. Idempotent. */
    @Override
    public void close() {
        alarm.close();
        close(table.removeAllForGood());
    }

    /** Puts sessions together. Confined to one thread. */
    public static final class Builder {

        private static final long MEBIBYTE = 1024L * 1024;
        private static final Duration LONGEST = Duration.ofDays(7);

        private final Sandbox sandbox;
        private final Map<String, Limits> flavors = new LinkedHashMap<>();
        private String defaultFlavor = "small";
        private Room most = new Room(16, 4096 * MEBIBYTE);
        private Room mostOfTenant = new Room(10, 2048 * MEBIBYTE);
        private int commandProcesses = 32;
        private int pinnedOfTenant = 3;
        private Duration idle = Duration.ofMinutes(30);
        private Duration age = Duration.ofHours(8);
        private Duration patience = Duration.ofSeconds(10);
        private InstantSource clock = InstantSource.system();

        private Builder(Sandbox sandbox) {
            this.sandbox = requireNonNull(sandbox, "sandbox");
            flavors.put("small", flavor(128, 30));
            flavors.put("medium", flavor(256, 60));
            flavors.put("large", flavor(512, 300));
        }

        private static Limits flavor(int mebibytes, int seconds) {
            return Limits.builder()
                    .memoryBytes(mebibytes * MEBIBYTE)
                    .wallTime(Duration.ofSeconds(seconds))
                    .cpuTime(Duration.ofSeconds(seconds))
                    .build();
        }

        /**
         * Adds limits that callers may choose by name, or changes them. The time on the clock is the most that callers may ask
         * for. There are {@code small} (128 MiB, 30 s), {@code medium} (256 MiB, 60 s) and {@code large} (512 MiB, 300 s), all
         * else as {@link Limits#defaults()}.
         *
         * @throws IllegalArgumentException if the name is not 1 to 32 small letters, digits and hyphens
         */
        public Builder flavor(String name, Limits limits) {
            if (!name.matches("[a-z0-9-]{1,32}")) {
                throw new IllegalArgumentException(
                        "a flavor's name is 1 to 32 small letters, digits and hyphens, but was \"" + name + "\"");
            }
            flavors.put(name, requireNonNull(limits, "limits"));
            return this;
        }

        /** Takes all flavors away, for a host that has its own. */
        public Builder noFlavors() {
            flavors.clear();
            return this;
        }

        /** Sets the flavor of those who choose none. Defaults to {@code small}. */
        public Builder defaultFlavor(String name) {
            this.defaultFlavor = requireNonNull(name, "defaultFlavor");
            return this;
        }

        /**
         * Sets how many processes commands may start at once, where their flavor has fewer: a shell without any has its own
         * commands only. Defaults to 32. Code in other languages may start as many as its flavor says, which is none by default.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder commandProcesses(int atMost) {
            if (atMost < 0) {
                throw new IllegalArgumentException("commandProcesses must not be negative, but was " + atMost);
            }
            this.commandProcesses = atMost;
            return this;
        }

        /**
         * Sets how many sessions there may be, and how much memory they may have together. Defaults to 16 and 4 GiB. It is the
         * memory of their flavors that counts, used or not.
         *
         * @throws IllegalArgumentException if one is not positive
         */
        public Builder budget(int sessions, long memoryBytes) {
            this.most = room("budget", sessions, memoryBytes);
            return this;
        }

        /**
         * Sets how many sessions a tenant may have, and how much memory they may have together. Defaults to 10 and 2 GiB.
         *
         * @throws IllegalArgumentException if one is not positive
         */
        public Builder budgetOfTenant(int sessions, long memoryBytes) {
            this.mostOfTenant = room("budgetOfTenant", sessions, memoryBytes);
            return this;
        }

        private static Room room(String name, int sessions, long memoryBytes) {
            if (sessions <= 0 || memoryBytes <= 0) {
                throw new IllegalArgumentException(
                        name + " must be positive, but was " + sessions + " sessions with " + memoryBytes + " bytes");
            }
            return new Room(sessions, memoryBytes);
        }

        /**
         * Sets how many sessions of a tenant may be pinned at once. Defaults to 3.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder pinnedOfTenant(int atMost) {
            if (atMost < 0) {
                throw new IllegalArgumentException("pinnedOfTenant must not be negative, but was " + atMost);
            }
            this.pinnedOfTenant = atMost;
            return this;
        }

        /**
         * Sets after how long without use a session is closed. Defaults to 30 minutes.
         *
         * @throws IllegalArgumentException if it is not positive, or more than 7 days
         */
        public Builder idle(Duration atMost) {
            this.idle = positive("idle", atMost);
            return this;
        }

        /**
         * Sets at what age a session is closed however much it is used, pinned or not. Defaults to 8 hours.
         *
         * @throws IllegalArgumentException if it is not positive, or more than 7 days
         */
        public Builder age(Duration atMost) {
            this.age = positive("age", atMost);
            return this;
        }

        private static Duration positive(String name, Duration value) {
            if (value.isNegative() || value.isZero() || value.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(name + " must be positive and at most 7 days, but was " + value);
            }
            return value;
        }

        /**
         * Sets how long code waits for other code in the same session to end. Defaults to 10 seconds.
         *
         * @throws IllegalArgumentException if it is negative, or more than 7 days
         */
        public Builder patience(Duration patience) {
            this.patience = Gate.patience(patience);
            return this;
        }

        /** Sets what tells the time. Defaults to the system's clock. */
        public Builder clock(InstantSource clock) {
            this.clock = requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Returns the sessions: none so far.
         *
         * @throws IllegalArgumentException if the default flavor is none of the flavors, a tenant may have more than all
         *     together, or no session of some flavor would ever have room
         */
        public SandboxSessions build() {
            return build(Alarm.thread());
        }

        SandboxSessions build(Alarm alarm) {
            return new SandboxSessions(sandbox, settings(), alarm);
        }

        SessionSettings settings() {
            if (!flavors.containsKey(defaultFlavor)) {
                throw new IllegalArgumentException(
                        "defaultFlavor must be among " + flavors.keySet() + ", but was \"" + defaultFlavor + "\"");
            }
            if (!most.hasRoomFor(mostOfTenant)) {
                throw new IllegalArgumentException("budgetOfTenant must not be more than budget, but was "
                        + mostOfTenant + ", and budget " + most);
            }
            flavors.forEach((name, limits) -> {
                if (limits.memoryBytes() > mostOfTenant.memoryBytes()) {
                    throw new IllegalArgumentException("flavor \"" + name + "\" needs "
                            + limits.memoryBytes() / MEBIBYTE + " MiB, but all sessions of a tenant may have "
                            + mostOfTenant.memoryBytes() / MEBIBYTE + " MiB");
                }
            });
            return new SessionSettings(
                    Collections.unmodifiableMap(new LinkedHashMap<>(flavors)),
                    defaultFlavor,
                    commandProcesses,
                    most,
                    mostOfTenant,
                    pinnedOfTenant,
                    idle,
                    age,
                    patience,
                    clock);
        }
    }
}
