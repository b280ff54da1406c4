package io.sallyport.resilience.ratelimit;

import static java.util.Objects.requireNonNull;

import io.sallyport.filter.CallContext;
import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Refusal;
import io.sallyport.filter.Stage;
import io.sallyport.health.HealthPart;
import io.sallyport.protocol.Methods;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.Principal;
import io.sallyport.spi.StoreUnavailableException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The limits of a gateway, or of a servlet.
 *
 * <pre>{@code
 * RateLimits limits = RateLimits.builder()
 *         .limit(Limit.of("all", LimitScope.GLOBAL, Rate.of(500, Duration.ofSeconds(1))))
 *         .limit(Limit.builder("user", LimitScope.PRINCIPAL, Rate.of(60, Duration.ofMinutes(1)))
 *                 .weight("reports", "export", 20)
 *                 .build())
 *         .build();
 * McpGateway.Builder gateway = McpGateway.builder().filter(limits.filter());
 * }</pre>
 *
 * <p>A call passes if each limit that concerns it has room for it; what one refuses costs the others nothing. Calls are those
 * that go to an upstream: {@code initialize}, {@code ping}, {@code server/discover} and the lists are answered from what the
 * gateway knows, and are free.
 *
 * <p><b>Several nodes.</b> With a {@linkplain Builder#store store} that is shared all nodes count together. A node takes calls
 * of large limits in advance, up to a hundredth of the burst, so that a key that everybody uses does not wear out the store; so many
 * more than the limit may pass per node, once, and are missing later. Nobody waits for the store longer than {@linkplain
 * Builder#patience a moment}. While it does not answer each node goes on with its {@linkplain Builder#nodes share} of each limit.
 *
 * <p><b>At run time</b> operators set, boost and reset limits; each change is told to the {@linkplain Builder#audit audit
 * record}. With a shared store it holds on all nodes within about a second, and is still there after a restart.
 *
 * <p>Thread-safe. {@link #close} ends the thread that looks at a shared store; the store itself stays open.
 */
public final class RateLimits implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.limits");

    private static final int MOST_ATTEMPTS = 100;
    private static final int MOST_DETAIL_CHARS = 4096;
    private static final double MOST_BOOST = 100;
    private static final Duration LONGEST_BOOST = Duration.ofDays(7);
    private static final int HASH_BYTES = 16;

    /** The one key of a limit that counts all calls. */
    private static final String ALL = "*";

    /**
     * How a limit stands at this node.
     *
     * @param configured the rate that it was built with
     * @param rate the rate that holds now
     * @param boostedUntil until when it is raised, if it is
     * @param keys of how many keys this node knows
     * @param mostKeys of how many it may know at a time
     * @param isStoreReachable whether the store answers; if not, this node goes on with its share
     */
    public record Status(
            String limit,
            LimitScope scope,
            Rate configured,
            Rate rate,
            Optional<Instant> boostedUntil,
            int keys,
            int mostKeys,
            boolean isStoreReachable) {}

    /** A limit and what is known of it. */
    private static final class Held {

        private final Limit limit;
        private final Cells cells;
        private volatile LimitRule rule;

        Held(Limit limit, int mostKeys, Cells.Making making) {
            this.limit = limit;
            this.cells = new Cells(mostKeys, making);
            this.rule = LimitRule.initial(limit.rate());
        }
    }

    /** What a call asks of a limit. */
    private record Charge(Held held, Cell cell, long calls) {
        Verdict.Said said(BucketStore.Taken taken) {
            // Rounded up to what clients are told in: who comes when he was told to is not to be too early.
            Duration retryIn = taken.retryIn().plusNanos(999_999).truncatedTo(ChronoUnit.MILLIS);
            return new Verdict.Said(held.limit.name(), cell.rate(), taken.left(), retryIn);
        }
    }

    private final Map<String, Held> limits = new LinkedHashMap<>();
    private final BucketStore store;
    private final StoreWatch watch;
    private final long patience;
    private final AuditSink audit;
    private final LongSupplier ticker;
    private final InstantSource wall;

    private RateLimits(Builder builder) {
        this.store = builder.store != null ? builder.store : new LocalBucketStore(builder.ticker, builder.wall);
        this.patience = builder.patience.toNanos();
        this.audit = builder.audit;
        this.ticker = builder.ticker;
        this.wall = builder.wall;
        // Before the watch, which brings what operators have changed.
        builder.limits.forEach((name, limit) -> limits.put(
                name,
                new Held(
                        limit,
                        builder.mostKeys,
                        (key, generation, effective) -> cell(limit, builder.nodes, key, generation, effective))));
        this.watch = new StoreWatch(
                store, new LocalBucketStore(builder.ticker, builder.wall), builder.ticker, builder.period, this::adopt);
    }

    private Cell cell(Limit limit, int nodes, String key, long generation, LimitRule.Effective effective) {
        Rate rate = limit.rate();
        // Nodes that were given different rates, as while a new release is rolled out, do not count in one bucket.
        String name = limit.name() + ":" + rate.calls() + "-" + rate.per().toSeconds() + "-" + rate.burst() + ":"
                + generation + ":" + hash(key);
        return new Cell(watch, nodes, name, generation, effective);
    }

    /** Who is counted is nothing that a store has to know. */
    private static String hash(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, HASH_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Begins limits. */
    public static Builder builder() {
        return new Builder();
    }

    /** Puts limits together. Confined to one thread. */
    public static final class Builder {

        private static final int MOST_NODES = 10_000;
        private static final int MOST_KEYS = 1_000_000;
        private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(5);

        private final Map<String, Limit> limits = new LinkedHashMap<>();
        private @Nullable BucketStore store;
        private int nodes = 1;
        private Duration patience = Duration.ofMillis(250);
        private int mostKeys = 20_000;
        private AuditSink audit = AuditSink.none();
        private LongSupplier ticker = System::nanoTime;
        private InstantSource wall = InstantSource.system();
        private Duration period = Duration.ofSeconds(1);

        private Builder() {}

        /**
         * Adds a limit. Limits are asked in the order in which they were added: those that refuse often, and concern few, best come
         * first.
         *
         * @throws IllegalArgumentException if there is one of this name
         */
        public Builder limit(Limit limit) {
            if (limits.containsKey(limit.name())) {
                throw new IllegalArgumentException(
                        "there is a limit \"" + limit.name() + "\" already; each needs a name of its own");
            }
            limits.put(limit.name(), limit);
            return this;
        }

        /** Sets where calls are counted. Defaults to this process. */
        public Builder store(BucketStore buckets) {
            this.store = requireNonNull(buckets, "buckets");
            return this;
        }

        /**
         * Sets how many nodes share the store: while it does not answer, each of them goes on with one part in so many. Defaults
         * to 1, with which each goes on with all of the limit.
         *
         * @throws IllegalArgumentException unless it is from 1 to 10,000
         */
        public Builder nodes(int count) {
            this.nodes = within("nodes", count, MOST_NODES);
            return this;
        }

        /**
         * Sets how long a call waits for a shared store, for all limits together. Defaults to 250 milliseconds.
         *
         * @throws IllegalArgumentException unless it is positive and at most 5 seconds
         */
        public Builder patience(Duration most) {
            if (most.isNegative() || most.isZero() || most.compareTo(LONGEST_PATIENCE) > 0) {
                throw new IllegalArgumentException(
                        "patience must be positive and at most " + LONGEST_PATIENCE + ", but was " + most);
            }
            this.patience = most;
            return this;
        }

        /**
         * Sets how many keys of each limit this node knows at a time. Beyond that, one that has all its calls again is forgotten;
         * if there is none, those that come share 64 buckets. Defaults to 20,000.
         *
         * @throws IllegalArgumentException unless it is from 1 to 1,000,000
         */
        public Builder mostKeys(int count) {
            this.mostKeys = within("mostKeys", count, MOST_KEYS);
            return this;
        }

        /** Sets who is told what operators change: actions {@code limits/set}, {@code limits/boost}, {@code limits/reset}. Defaults to nobody. */
        public Builder audit(AuditSink sink) {
            this.audit = requireNonNull(sink, "sink");
            return this;
        }

        /** For tests: what time it is, and how often a shared store is looked at. */
        Builder time(LongSupplier nanos, InstantSource instants, Duration lookedAtEvery) {
            this.ticker = nanos;
            this.wall = instants;
            this.period = lookedAtEvery;
            return this;
        }

        private static int within(String name, int value, int most) {
            if (value < 1 || value > most) {
                throw new IllegalArgumentException(
                        name + " must be at least 1 and at most " + most + ", but was " + value);
            }
            return value;
        }

        /** Returns the limits. A shared store is asked what operators have changed; if it does not answer, that comes later. */
        public RateLimits build() {
            return new RateLimits(this);
        }
    }

    /** Returns the key of a principal, of all that is known of it. */
    public static String keyOf(Principal principal) {
        return String.join(
                "/",
                plain(principal.tenant()),
                plain(principal.issuer()),
                plain(principal.clientId()),
                plain(principal.subject()));
    }

    /** Returns the key of a principal's part of another key, for limits that count {@linkplain Limit.Builder#perPrincipal apart}. */
    public static String keyOf(String key, Principal principal) {
        return plain(key) + " for " + keyOf(principal);
    }

    /** What separates parts is in none of them, so that no two keys are the same text. */
    private static String plain(String part) {
        return part.replace("%", "%25").replace("/", "%2F").replace(" ", "%20");
    }

    /** Returns the filter that asks the limits, at {@link Stage#LIMIT}. It may be given to several gateways, which then share the limits. */
    public McpFilter filter() {
        return McpFilter.onRequest(Stage.LIMIT, (call, request) -> {
            Verdict verdict = ask(charges(call));
            return verdict.isGranted() ? Decision.proceed() : Decision.refuse(refusal(verdict));
        });
    }

    private static Refusal refusal(Verdict verdict) {
        Refusal refusal = Refusal.rateLimited(
                        verdict.message().orElseThrow(), verdict.retryAfter().orElseThrow())
                .remedy("Wait, then call again. Whoever runs the gateway can raise the limit.");
        for (Map.Entry<String, String> header : verdict.headers().entrySet()) {
            refusal = refusal.header(header.getKey(), header.getValue());
        }
        return refusal;
    }

    private List<Charge> charges(CallContext call) {
        List<Charge> charges = new ArrayList<>(limits.size());
        Optional<String> tool = call.method().equals(Methods.TOOLS_CALL)
                ? call.upstream().flatMap(upstream -> call.target().map(target -> upstream + "/" + target))
                : Optional.empty();
        for (Held held : limits.values()) {
            int weight = tool.map(held.limit::weight).orElse(1);
            Optional<String> key = weight == 0 ? Optional.empty() : key(held.limit, call, tool);
            key.ifPresent(found -> charges.add(charge(held, found, weight)));
        }
        return charges;
    }

    private static Optional<String> key(Limit limit, CallContext call, Optional<String> tool) {
        if (limit.scope() == LimitScope.PRINCIPAL) {
            return Optional.of(keyOf(call.principal())).filter(limit::concerns);
        }
        Optional<String> key = switch (limit.scope()) {
            case GLOBAL, PRINCIPAL -> Optional.of(ALL);
            case ENDPOINT -> Optional.of(call.endpoint());
            case TENANT -> Optional.of(call.principal().tenant());
            case UPSTREAM -> call.upstream();
            case TOOL -> tool;
        };
        return key.filter(limit::concerns)
                .map(found -> limit.isPerPrincipal() ? keyOf(found, call.principal()) : found);
    }

    /** Only what has an end is a matter of time. */
    private LimitRule.Effective effective(LimitRule rule) {
        return rule.at(rule.boost().isPresent() ? store.now() : Instant.EPOCH);
    }

    private Charge charge(Held held, String key, int weight) {
        LimitRule rule = held.rule;
        Cell cell = held.cells.get(key, rule.generation(), effective(rule), ticker.getAsLong());
        // An operator may have set a burst that is less than a weight; then a call takes all there is.
        return new Charge(held, cell, Math.min(weight, cell.rate().burst()));
    }

    /**
     * Asks the limits for a call of somebody of whom nothing else is known: those that count all calls, and those per principal.
     * Others are not concerned.
     *
     * @param key who it is, as was verified; never what a header of a client says
     */
    public Verdict ask(String key) {
        requireNonNull(key, "key");
        List<Charge> charges = new ArrayList<>(limits.size());
        for (Held held : limits.values()) {
            if (held.limit.scope() == LimitScope.GLOBAL) {
                charges.add(charge(held, held.limit.isPerPrincipal() ? key : ALL, 1));
            } else if (held.limit.scope() == LimitScope.PRINCIPAL && held.limit.concerns(key)) {
                charges.add(charge(held, key, 1));
            }
        }
        return ask(charges);
    }

    private Verdict ask(List<Charge> charges) {
        long now = ticker.getAsLong();
        // Looked at first: what is refused a moment later would be taken from the others and given back, again and
        // again.
        for (Charge charge : charges) {
            Optional<BucketStore.Taken> known = charge.cell().refusal(charge.calls(), now);
            if (known.isPresent()) {
                return Verdict.refused(charge.said(known.get()));
            }
        }
        List<Cell.Taking> takings = new ArrayList<>(charges.size());
        List<Verdict.Said> said = new ArrayList<>(charges.size());
        for (Charge charge : charges) {
            Cell.Taking taking = charge.cell().take(charge.calls(), now, now + patience);
            if (!taking.taken().granted()) {
                for (int i = 0; i < takings.size(); i++) {
                    takings.get(i).from().giveBack(charges.get(i).calls());
                }
                return Verdict.refused(charge.said(taking.taken()));
            }
            takings.add(taking);
            said.add(charge.said(taking.taken()));
        }
        return Verdict.granted(said);
    }

    /**
     * Sets the rate of a limit. What is left of each bucket stays in proportion. Holds until it is set again; with a shared store
     * also after a restart.
     *
     * @param actor which operator, for the record
     * @param why in his words
     * @throws IllegalArgumentException if there is no such limit
     * @throws StoreUnavailableException if a shared store cannot be reached; nothing is changed
     */
    public void set(String limit, Rate rate, String actor, String why) {
        requireNonNull(rate, "rate");
        change("limits/set", limit, actor, why, Map.of("rate", rate.toString()), rule -> rule.with(rate));
    }

    /**
     * Raises a limit for a time, after which it is as before by itself. In the place of a boost that there is.
     *
     * @param factor more than 1, at most 100
     * @param time positive, at most 7 days
     * @param actor which operator, for the record
     * @param why in his words
     * @throws IllegalArgumentException if there is no such limit, or the factor or the time is not like that
     * @throws StoreUnavailableException if a shared store cannot be reached; nothing is changed
     */
    public void boost(String limit, double factor, Duration time, String actor, String why) {
        if (!(factor > 1 && factor <= MOST_BOOST)) {
            throw new IllegalArgumentException(
                    "factor must be more than 1 and at most " + MOST_BOOST + ", but was " + factor);
        }
        if (time.isNegative() || time.isZero() || time.compareTo(LONGEST_BOOST) > 0) {
            throw new IllegalArgumentException(
                    "time must be positive and at most " + LONGEST_BOOST + ", but was " + time);
        }
        change(
                "limits/boost",
                limit,
                actor,
                why,
                Map.of("factor", String.valueOf(factor), "time", time.toString()),
                rule -> rule.with(new LimitRule.Boost(factor, store.now().plus(time))));
    }

    /**
     * Lets all keys of a limit begin with full buckets.
     *
     * @param actor which operator, for the record
     * @param why in his words
     * @throws IllegalArgumentException if there is no such limit
     * @throws StoreUnavailableException if a shared store cannot be reached; nothing is changed
     */
    public void reset(String limit, String actor, String why) {
        change("limits/reset", limit, actor, why, Map.of(), LimitRule::afresh);
    }

    /**
     * Lets one key of a limit begin with a full bucket.
     *
     * @param key see {@link LimitScope} and {@link #keyOf(Principal)}; for a limit per principal {@link #keyOf(String, Principal)}
     * @param actor which operator, for the record
     * @param why in his words
     * @throws IllegalArgumentException if there is no such limit
     * @throws StoreUnavailableException if a shared store cannot be reached
     */
    public void resetKey(String limit, String key, String actor, String why) {
        requireNonNull(key, "key");
        requireNonNull(actor, "actor");
        requireNonNull(why, "why");
        Held held = held(limit);
        Map<String, String> details = Map.of("key", key);
        try {
            charge(held, key, 1).cell().fill();
        } catch (RuntimeException e) {
            record("limits/reset", limit, actor, why, details, AuditEvent.Outcome.FAILED);
            throw e.getCause() instanceof StoreUnavailableException unavailable
                    ? unavailable
                    : new StoreUnavailableException("the store of limits does not fill a bucket", e);
        }
        record("limits/reset", limit, actor, why, details, AuditEvent.Outcome.ANSWERED);
    }

    private void change(
            String action,
            String name,
            String actor,
            String why,
            Map<String, String> details,
            UnaryOperator<LimitRule> change) {
        requireNonNull(actor, "actor");
        requireNonNull(why, "why");
        Held held = held(name);
        try {
            held.rule = changed(held, change);
        } catch (RuntimeException e) {
            record(action, name, actor, why, details, AuditEvent.Outcome.FAILED);
            throw e;
        }
        record(action, name, actor, why, details, AuditEvent.Outcome.ANSWERED);
    }

    private LimitRule changed(Held held, UnaryOperator<LimitRule> change) {
        String name = held.limit.name();
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            String before = store.settings().getOrDefault(name, "");
            LimitRule next = change.apply(newer(held.rule, before));
            if (store.change(name, before, next.text())) {
                return next;
            }
        }
        throw new StoreUnavailableException("others change the limit \"" + name + "\" all the time");
    }

    /** A store may have lost what was set, or have it from a backup; then what this node knows is what others know, too. */
    private static LimitRule newer(LimitRule known, String stored) {
        if (stored.isEmpty()) {
            return known;
        }
        LimitRule parsed = LimitRule.parse(stored);
        return parsed.revision() < known.revision() ? known : parsed;
    }

    private Held held(String name) {
        Held held = limits.get(name);
        if (held == null) {
            throw new IllegalArgumentException("there is no limit \"" + name + "\"; there are " + limits.keySet());
        }
        return held;
    }

    /** Takes over what operators have changed, here or at other nodes. */
    private void adopt(Map<String, String> settings) {
        limits.forEach((name, held) -> {
            String text = settings.getOrDefault(name, "");
            if (text.isEmpty()) {
                return;
            }
            try {
                LimitRule rule = LimitRule.parse(text);
                if (rule.revision() > held.rule.revision()) {
                    held.rule = rule;
                }
            } catch (RuntimeException e) {
                LOGGER.atWarn()
                        .addKeyValue("limit", name)
                        .addKeyValue("error", e.toString())
                        .log("what was set for a limit cannot be read; it stays as it is at this node");
            }
        });
    }

    private void record(
            String action,
            String limit,
            String actor,
            String why,
            Map<String, String> details,
            AuditEvent.Outcome outcome) {
        AuditEvent.Builder event = AuditEvent.of(
                        new Principal("host", actor, actor, Principal.DEFAULT_TENANT), "", action, outcome)
                .about(Optional.empty(), Optional.of(limit))
                .time(wall.instant(), Duration.ZERO)
                .reason(outcome == AuditEvent.Outcome.FAILED ? "store_unavailable" : "")
                .detail("why", cut(why));
        details.forEach((word, value) -> event.detail(word, cut(value)));
        try {
            audit.record(event.build());
        } catch (RuntimeException e) {
            // It has been done, or not, by now.
            LOGGER.atError().addKeyValue("action", action).setCause(e).log("an audit event was lost");
        }
    }

    private static String cut(String text) {
        return text.substring(0, Math.min(text.length(), MOST_DETAIL_CHARS));
    }

    /** Returns how the limits stand at this node, in their order. */
    public List<Status> status() {
        return limits.values().stream()
                .map(held -> {
                    LimitRule rule = held.rule;
                    LimitRule.Effective effective = effective(rule);
                    return new Status(
                            held.limit.name(),
                            held.limit.scope(),
                            held.limit.rate(),
                            effective.rate(),
                            rule.boost().filter(its -> effective.isBoosted()).map(LimitRule.Boost::until),
                            held.cells.size(),
                            held.cells.most(),
                            watch.isReachable());
                })
                .toList();
    }

    /**
     * Returns the limits as a part of a gateway's health, {@code limits}, that operators see and reset; see {@code
     * McpGateway.Builder.healthPart}.
     */
    public HealthPart health() {
        return new LimitHealth(this);
    }

    /** Ends the thread that looks at a shared store. Calls are counted as before. May be called twice. */
    @Override
    public void close() {
        watch.close();
    }
}
