package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.AuditEvent.Outcome;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.Principal;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the host's record who did what with secrets and their keys, and what was refused or has failed: names, and never a
 * value. What has been done is done: if the record fails, the log says so. Thread-safe, if the sink is.
 */
final class VaultAudit {

    static final String USE = "secret/use";
    static final String REVEAL = "secret/reveal";
    static final String PUT = "secret/put";
    static final String DELETE = "secret/delete";
    static final String EXPIRE = "secret/expire";
    static final String SHRED = "tenant/shred";
    static final String ROTATION_BEGIN = "rotation/begin";
    static final String ROTATION_END = "rotation/end";
    static final String ROTATION_ABORT = "rotation/abort";
    static final String KEY_DESTROY = "key/destroy";
    static final String KEY_REWRAP = "key/rewrap";

    static final String NO_SUCH_SECRET = "no_such_secret";
    static final String SECRET_UNREADABLE = "secret_unreadable";
    static final String KEK_UNAVAILABLE = "kek_unavailable";
    static final String STORE_UNAVAILABLE = "store_unavailable";

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final int MOST_DETAIL_CHARS = 4096;

    private final String who;
    private final AuditSink sink;
    private final InstantSource clock;

    /** @param who the program, or the person that it works for */
    VaultAudit(String who, AuditSink sink, InstantSource clock) {
        this.who = requireNonNull(who, "who");
        this.sink = requireNonNull(sink, "sink");
        this.clock = requireNonNull(clock, "clock");
    }

    /** Records what was done or not, and what else is known of it. */
    void record(String action, String tenant, Outcome outcome, Consumer<AuditEvent.Builder> more) {
        try {
            AuditEvent.Builder event = AuditEvent.of(new Principal("host", who, who, tenant), "", action, outcome)
                    .time(clock.instant(), Duration.ZERO);
            more.accept(event);
            sink.record(event.build());
        } catch (RuntimeException e) {
            LOGGER.atError()
                    .addKeyValue("action", action)
                    .addKeyValue("tenant", tenant)
                    .setCause(e)
                    .log("an audit event was lost");
        }
    }

    /** Records what was done to a tenant. */
    void done(String action, String tenant, Consumer<AuditEvent.Builder> more) {
        record(action, tenant, Outcome.ANSWERED, more);
    }

    /** Records what was done to a secret, or that there was none. */
    void done(String action, String tenant, String name, boolean wasThere) {
        record(
                action,
                tenant,
                wasThere ? Outcome.ANSWERED : Outcome.REFUSED,
                event -> about(event, tenant, name).reason(wasThere ? "" : NO_SUCH_SECRET));
    }

    /** Records what has failed for a tenant. */
    void failed(String action, String tenant, Exception why) {
        record(action, tenant, Outcome.FAILED, event -> event.reason(word(why)));
    }

    /** Records what has failed for a secret. */
    void failed(String action, String tenant, String name, Exception why) {
        record(
                action,
                tenant,
                Outcome.FAILED,
                event -> about(event, tenant, name).reason(word(why)));
    }

    private static AuditEvent.Builder about(AuditEvent.Builder event, String tenant, String name) {
        return event.about(Optional.empty(), Optional.of(tenant + "/" + name));
    }

    private static String word(Exception why) {
        if (why instanceof SecretUnreadableException) {
            return SECRET_UNREADABLE;
        }
        if (why instanceof KekUnavailableException) {
            return KEK_UNAVAILABLE;
        }
        if (why instanceof StoreUnavailableException) {
            return STORE_UNAVAILABLE;
        }
        return why instanceof InterruptedException ? "interrupted" : "internal";
    }

    /** Returns as much of what somebody has said as an event takes. */
    static String cut(String text) {
        return text.substring(0, Math.min(text.length(), MOST_DETAIL_CHARS));
    }
}
