package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.Execution;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.Principal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the audit what was found in code. The code itself is told nobody: its hash is. Thread-safe. */
final class CodeAudit {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    /** As many as an event has room for. */
    private static final int MOST_RULES = 16;

    private static final Execution.Origin NOBODY = new Execution.Origin(Principal.anonymous(), "", "");

    private final AuditSink sink;

    CodeAudit(AuditSink sink) {
        this.sink = sink;
    }

    void record(Execution execution, Verdict verdict, boolean isRefused) {
        Execution.Origin origin = execution.origin().orElse(NOBODY);
        String rules = verdict.findings().stream()
                .map(Finding::rule)
                .distinct()
                .limit(MOST_RULES)
                .collect(Collectors.joining(" "));
        String hash = sha256(execution.code());
        String reason = verdict.unchecked().isPresent() ? "unchecked_code" : "unsafe_code";
        LOGGER.atWarn()
                .addKeyValue("principal", origin.principal().subject())
                .addKeyValue("tool", origin.tool())
                .addKeyValue("rules", rules)
                .addKeyValue("unchecked", verdict.unchecked().orElse(""))
                .addKeyValue("codeSha256", hash)
                .log(isRefused ? "code was refused" : "code is run in spite of what was found in it");
        AuditEvent event = AuditEvent.of(
                        origin.principal(),
                        "",
                        "sandbox/run",
                        isRefused ? AuditEvent.Outcome.REFUSED : AuditEvent.Outcome.ANSWERED)
                .time(Instant.now(), Duration.ZERO)
                .about(Optional.empty(), origin.tool().isEmpty() ? Optional.empty() : Optional.of(origin.tool()))
                .reason(reason)
                .detail("language", execution.language().word())
                .detail("rules", rules)
                .detail("findings", String.valueOf(verdict.findings().size()))
                .detail("sandboxSession", origin.session())
                .detail("codeSha256", hash)
                .build();
        try {
            sink.record(event);
        } catch (RuntimeException e) {
            LOGGER.atError()
                    .addKeyValue("error", e.toString())
                    .log("the audit has failed to record what was found in code");
        }
    }

    private static String sha256(String code) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(code.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
